{{/* Pods. Lives here: the one container that runs driftform, and the pod around it, for every role.
     A part is {root, role, values}: the chart, `leader`, `follower` or `worker`, and the component's own values. */}}

{{/* Whether a component computes on a card: "true" or nothing. */}}
{{- define "driftform.gpu" -}}
{{- with .values.gpu }}{{ if .enabled }}true{{ end }}{{ end -}}
{{- end -}}

{{/* Ports of a pod, as a list. */}}
{{- define "driftform.ports" -}}
- {name: driftform, containerPort: {{ int .root.Values.ports.http }}, protocol: TCP}
{{- if include "driftform.serves" . }}
{{- if .root.Values.serve.http.enabled }}
- {name: infer-http, containerPort: {{ int .root.Values.serve.http.port }}, protocol: TCP}
{{- end }}
{{- if .root.Values.serve.grpc.enabled }}
- {name: infer-grpc, containerPort: {{ int .root.Values.serve.grpc.port }}, protocol: TCP}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether a component may be asked for inference, and has what that takes: "true" or nothing. */}}
{{- define "driftform.serves" -}}
{{- if ne .role "worker" }}true{{ end -}}
{{- end -}}

{{/* Whether a component has anything of the Prometheus' secret: "true" or nothing. A worker asks it nothing, but the configuration
     it reads names who vouches for it; the token stays away from there. */}}
{{- define "driftform.readsPrometheus" -}}
{{- with .root.Values.prometheus -}}
{{- if and .existingSecret (or .caKey (include "driftform.serves" $)) }}true{{ end -}}
{{- end -}}
{{- end -}}

{{/* What is asked of a container while it lives, and how it is told to go. */}}
{{- define "driftform.probes" -}}
startupProbe:
  httpGet: {path: /startupz, port: driftform}
  periodSeconds: 5
  failureThreshold: {{ divf .Values.probes.startupSeconds 5 | ceil | int }}
livenessProbe:
  httpGet: {path: /livez, port: driftform}
  periodSeconds: {{ int .Values.probes.livenessPeriodSeconds }}
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: driftform}
  periodSeconds: {{ int .Values.probes.readinessPeriodSeconds }}
  failureThreshold: 1
{{- if .Values.drain.preStopSeconds }}
lifecycle:
  # Who sends requests hears of the end while they are still answered.
  preStop:
    sleep: {seconds: {{ int .Values.drain.preStopSeconds }}}
{{- end }}
{{- end -}}

{{/* Whether a component takes orders by a token that was given: "true" or nothing. */}}
{{- define "driftform.takesOrders" -}}
{{- if and (eq .role "leader") .root.Values.admin.existingSecret }}true{{ end -}}
{{- end -}}

{{/* Where a container finds its files. */}}
{{- define "driftform.mounts" -}}
{{- $paths := include "driftform.paths" .root | fromYaml -}}
{{- $kafka := include "driftform.kafkaSources" .root | fromJson -}}
# As a folder, not a file: only so is a changed ConfigMap seen by a running pod.
- {name: driftform-config, mountPath: {{ $paths.config }}, readOnly: true}
- {name: driftform-tmp, mountPath: /tmp}
{{- if $kafka.is }}
- {name: driftform-kafka, mountPath: {{ $paths.kafka }}, readOnly: true}
{{- end }}
{{- if include "driftform.readsPrometheus" . }}
- {name: driftform-prometheus, mountPath: {{ $paths.prometheus }}, readOnly: true}
{{- end }}
{{- if include "driftform.takesOrders" . }}
- {name: driftform-admin, mountPath: {{ $paths.admin }}, readOnly: true}
{{- end }}
{{- if and .root.Values.serve.tls.existingSecret (include "driftform.serves" .) }}
# As a folder, too: certificates are renewed.
- {name: driftform-serve, mountPath: {{ $paths.serve }}, readOnly: true}
{{- end }}
{{- if eq .role "leader" }}
- {name: driftform-state, mountPath: {{ $paths.state }}}
{{- end }}
{{- if and (include "driftform.publishes" .root) (include "driftform.serves" .) }}
- {name: driftform-models, mountPath: {{ $paths.models }}, readOnly: {{ eq .role "follower" }}}
{{- end }}
{{- end -}}

{{/* Secrets that librdkafka's properties are read from, as sources of one volume. As JSON. */}}
{{- define "driftform.kafkaSources" -}}
{{- $sources := list -}}
{{- $sasl := .Values.kafka.sasl -}}
{{- $tls := .Values.kafka.tls -}}
{{- with $sasl.existingSecret -}}
{{- $items := list (dict "key" $sasl.usernameKey "path" "sasl.username") (dict "key" $sasl.passwordKey "path" "sasl.password") -}}
{{- $sources = append $sources (dict "secret" (dict "name" . "items" $items)) -}}
{{- end -}}
{{- if and $tls.enabled $tls.existingSecret -}}
{{- $items := list -}}
{{- range $pair := list (list $tls.caKey "ca.crt") (list $tls.certKey "tls.crt") (list $tls.keyKey "tls.key") (list $tls.keyPasswordKey "ssl.key.password") -}}
{{- if first $pair }}{{ $items = append $items (dict "key" (first $pair) "path" (last $pair)) }}{{ end -}}
{{- end -}}
{{- $sources = append $sources (dict "secret" (dict "name" $tls.existingSecret "items" $items)) -}}
{{- end -}}
{{- range $property, $from := .Values.kafka.propertiesFromSecrets -}}
{{- $items := list (dict "key" $from.key "path" $property) -}}
{{- $sources = append $sources (dict "secret" (dict "name" $from.name "items" $items)) -}}
{{- end -}}
{{- dict "is" $sources | toJson -}}
{{- end -}}

{{/* Volumes of every role, but for a leader's state. */}}
{{- define "driftform.volumes" -}}
{{- $kafka := include "driftform.kafkaSources" .root | fromJson -}}
- name: driftform-config
  configMap: {name: {{ include "driftform.fullname" .root }}}
- name: driftform-tmp
  emptyDir: {sizeLimit: {{ ternary "1Gi" "64Mi" (ne (include "driftform.gpu" .) "") }}}
{{- with $kafka.is }}
- name: driftform-kafka
  projected:
    defaultMode: 0440
    sources:
      {{- toYaml . | nindent 6 }}
{{- end }}
{{- $serves := include "driftform.serves" . }}
{{- $prometheus := include "driftform.readsPrometheus" . }}
{{- with .root.Values.prometheus }}
{{- if $prometheus }}
- name: driftform-prometheus
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items:
      {{- if and .tokenKey $serves }}
      - {key: {{ .tokenKey | quote }}, path: token}
      {{- end }}
      {{- if .caKey }}
      - {key: {{ .caKey | quote }}, path: ca.crt}
      {{- end }}
{{- end }}
{{- end }}
{{- if include "driftform.takesOrders" . }}
- name: driftform-admin
  secret:
    secretName: {{ .root.Values.admin.existingSecret }}
    defaultMode: 0440
    items:
      - {key: {{ .root.Values.admin.tokenKey | quote }}, path: token}
{{- end }}
{{- with .root.Values.serve.tls }}
{{- if and .existingSecret $serves }}
- name: driftform-serve
  secret:
    secretName: {{ .existingSecret }}
    defaultMode: 0440
    items:
      - {key: {{ .certKey | quote }}, path: tls.crt}
      - {key: {{ .keyKey | quote }}, path: tls.key}
      {{- if .clientCaKey }}
      - {key: {{ .clientCaKey | quote }}, path: client-ca.crt}
      {{- end }}
{{- end }}
{{- end }}
{{- if and (include "driftform.publishes" .root) $serves }}
- name: driftform-models
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-models" (include "driftform.fullname" .root)) .root.Values.publish.existingClaim }}
    readOnly: {{ eq .role "follower" }}
{{- end }}
{{- end -}}

{{/* The container. */}}
{{- define "driftform.container" -}}
{{- $root := .root -}}
{{- $gpu := include "driftform.gpu" . -}}
name: driftform
image: {{ include "driftform.image" (dict "root" $root "gpu" (ne $gpu "")) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args:
  - {{ ternary "worker" "run" (eq .role "worker") }}
  - --config
  - {{ (include "driftform.paths" $root | fromYaml).config }}/driftform.toml
  {{- if ne .role "worker" }}
  - --role
  - {{ .role }}
  {{- end }}
  {{- range .values.extraArgs }}
  - {{ . | quote }}
  {{- end }}
{{- if or $gpu .values.extraEnv }}
env:
  {{- if $gpu }}
  - {name: DRIFTFORM__MODEL__DEVICE, value: "cuda:0"}
  # What the driver has compiled for this card; the home directory cannot be written to.
  - {name: CUDA_CACHE_PATH, value: /tmp/cuda}
  {{- end }}
  {{- with .values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with .values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  {{- include "driftform.ports" . | nindent 2 }}
{{ include "driftform.probes" $root }}
{{- $resources := deepCopy .values.resources }}
{{- if $gpu }}
{{- $card := dict .values.gpu.resource (int .values.gpu.count) }}
{{- $resources = mergeOverwrite $resources (dict "limits" $card "requests" $card) }}
{{- end }}
{{- with $resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $root.Values.containerSecurityContext | nindent 2 }}
volumeMounts:
  {{- include "driftform.mounts" . | nindent 2 }}
  {{- with .values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The pod's own metadata. Followers and workers read their configuration at their start only. */}}
{{- define "driftform.podMetadata" -}}
{{- $checksum := or (ne .role "leader") (not .root.Values.hotReload) -}}
{{- $annotations := deepCopy .values.podAnnotations -}}
{{- if $checksum -}}
{{- $_ := set $annotations "checksum/config" (include "driftform.toml" .root | sha256sum) -}}
{{- end -}}
labels:
  # Without versions: a chart that only looks otherwise restarts nobody.
  {{- include "driftform.selector" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with .root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if or (eq .role "follower") (and (eq .role "leader") .root.Values.serve.learner) }}
  driftform.io/answers: "true"
  {{- end }}
  {{- with .values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The pod. */}}
{{- define "driftform.podSpec" -}}
{{- $root := .root -}}
serviceAccountName: {{ include "driftform.serviceAccount" $root }}
# The daemon never speaks to the cluster.
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ $root.Values.drain.terminationGracePeriodSeconds | default (include "driftform.graceSeconds" $root) | int }}
securityContext:
  {{- toYaml $root.Values.podSecurityContext | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . | quote }}}
  {{- end }}
{{- end }}
{{- range $key := list "priorityClassName" "runtimeClassName" }}
{{- with index $.values $key }}
{{ $key }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $key := list "hostAliases" "nodeSelector" "tolerations" "affinity" "initContainers" }}
{{- with index $.values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- $spread := .values.topologySpreadConstraints }}
{{- if and (not $spread) (ne .role "leader") }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "driftform.selector" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- else if $spread }}
topologySpreadConstraints:
  {{- toYaml $spread | nindent 2 }}
{{- end }}
containers:
  - {{- include "driftform.container" . | nindent 4 }}
  {{- with .values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  {{- include "driftform.volumes" . | nindent 2 }}
  {{- with .stateVolume }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
