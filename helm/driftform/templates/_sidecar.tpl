{{/* For other charts. Lives here: what a chart that depends on this one puts into its own pods, as in

       annotations: {{ include "driftform.sidecar.annotations" .Subcharts.driftform | nindent 8 }}
       initContainers: {{ include "driftform.sidecar.containers" .Subcharts.driftform | nindent 8 }}
       volumes: {{ include "driftform.sidecar.volumes" .Subcharts.driftform | nindent 8 }}

     Each is called with this chart's own scope. helm/examples/sidecar is a whole chart. */}}

{{- define "driftform.sidecar.part" -}}
{{- $values := dict "resources" .Values.sidecar.resources "extraEnv" .Values.sidecar.extraEnv "extraArgs" .Values.sidecar.extraArgs -}}
{{- dict "role" .Values.sidecar.role "values" $values | toJson -}}
{{- end -}}

{{/* The container, as a list of one: an init container where it is native, and one among the others where it is not. */}}
{{- define "driftform.sidecar.containers" -}}
{{- $part := include "driftform.sidecar.part" . | fromJson -}}
- {{- include "driftform.container" (set $part "root" .) | nindent 2 }}
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
{{- end -}}

{{/* Its volumes. A leader without sidecar.existingClaim finds its state on the pod's own volume `driftform-state`. */}}
{{- define "driftform.sidecar.volumes" -}}
{{- $part := include "driftform.sidecar.part" . | fromJson -}}
{{- include "driftform.volumes" (set $part "root" .) }}
{{- if and (eq .Values.sidecar.role "leader") .Values.sidecar.existingClaim }}
- name: driftform-state
  persistentVolumeClaim: {claimName: {{ .Values.sidecar.existingClaim }}}
{{- end }}
{{- end -}}

{{/* Annotations by which a changed configuration restarts the pod. */}}
{{- define "driftform.sidecar.annotations" -}}
{{- if or (eq .Values.sidecar.role "follower") (not .Values.hotReload) -}}
checksum/driftform-config: {{ include "driftform.toml" . | sha256sum }}
{{- end -}}
{{- end -}}
