{{/* The daemon's configuration. Lives here: what values come to, as one tree and as TOML. */}}

{{/* Where things are in a pod. */}}
{{- define "driftform.paths" -}}
config: /etc/driftform/config
kafka: /etc/driftform/kafka
prometheus: /etc/driftform/prometheus
admin: /etc/driftform/admin
serve: /etc/driftform/serve
state: /var/lib/driftform/state
models: /var/lib/driftform/models
{{- end -}}

{{/* What was asked for: `configFile`, and `config` over it. As JSON. */}}
{{- define "driftform.asked" -}}
{{- $file := dict -}}
{{- with .Values.configFile -}}
{{- $file = fromToml . -}}
{{- with $file.Error }}{{ fail (printf "configFile is not TOML: %s" .) }}{{ end -}}
{{- end -}}
{{- mergeOverwrite $file (deepCopy .Values.config) | toJson -}}
{{- end -}}

{{/* Whether models are published: "true" or nothing. */}}
{{- define "driftform.publishes" -}}
{{- $sidecar := and .Values.sidecar.enabled (eq .Values.sidecar.role "follower") -}}
{{- if or .Values.publish.enabled .Values.followers.enabled $sidecar -}}true{{- end -}}
{{- end -}}

{{/* librdkafka's properties that hang together with secrets. As JSON. */}}
{{- define "driftform.kafka" -}}
{{- $at := (include "driftform.paths" . | fromYaml).kafka -}}
{{- $properties := dict -}}
{{- $files := dict -}}
{{- $sasl := .Values.kafka.sasl -}}
{{- $tls := .Values.kafka.tls -}}
{{- if or $sasl.existingSecret $tls.enabled -}}
{{- $protocol := printf "%s%s" (ternary "SASL_" "" (ne $sasl.existingSecret "")) (ternary "SSL" "PLAINTEXT" $tls.enabled) -}}
{{- $_ := set $properties "security.protocol" $protocol -}}
{{- end -}}
{{- if $sasl.existingSecret -}}
{{- $_ := set $properties "sasl.mechanisms" $sasl.mechanism -}}
{{- range list "sasl.username" "sasl.password" }}{{ $_ := set $files . (printf "%s/%s" $at .) }}{{ end -}}
{{- end -}}
{{- if and $tls.enabled $tls.existingSecret -}}
{{- if $tls.caKey }}{{ $_ := set $properties "ssl.ca.location" (printf "%s/ca.crt" $at) }}{{ end -}}
{{- if $tls.certKey -}}
{{- $_ := set $properties "ssl.certificate.location" (printf "%s/tls.crt" $at) -}}
{{- $_ := set $properties "ssl.key.location" (printf "%s/tls.key" $at) -}}
{{- if $tls.keyPasswordKey }}{{ $_ := set $files "ssl.key.password" (printf "%s/ssl.key.password" $at) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $property, $_ := .Values.kafka.propertiesFromSecrets -}}
{{- $_ := set $files $property (printf "%s/%s" $at $property) -}}
{{- end -}}
{{- dict "properties" $properties "files" $files | toJson -}}
{{- end -}}

{{/* What is in effect: what was asked for, and what the chart sets. As JSON. */}}
{{- define "driftform.settings" -}}
{{- $paths := include "driftform.paths" . | fromYaml -}}
{{- $values := .Values -}}
{{- $kafka := include "driftform.kafka" . | fromJson -}}
{{- $ours := dict "http" (dict "listen" (printf "%s:%v" $values.listen (int $values.ports.http))) -}}
{{- $admin := dict "listen" (printf "127.0.0.1:%v" (int $values.ports.admin)) -}}
{{- if $values.admin.existingSecret }}{{ $_ := set $admin "token_file" (printf "%s/token" $paths.admin) }}{{ end -}}
{{- $_ := set $ours "admin" $admin -}}
{{- $_ := set $ours "state" (dict "directory" $paths.state) -}}
{{- $serve := dict -}}
{{- range $road := list "http" "grpc" -}}
{{- $asked := index $values.serve $road -}}
{{- if $asked.enabled }}{{ $_ := set $serve (printf "%s_listen" $road) (printf "%s:%v" $values.listen (int $asked.port)) }}{{ end -}}
{{- end -}}
{{- if $values.serve.tls.existingSecret -}}
{{- $_ := set $serve "tls_certificate" (printf "%s/tls.crt" $paths.serve) -}}
{{- $_ := set $serve "tls_key" (printf "%s/tls.key" $paths.serve) -}}
{{- if $values.serve.tls.clientCaKey }}{{ $_ := set $serve "tls_client_ca" (printf "%s/client-ca.crt" $paths.serve) }}{{ end -}}
{{- end -}}
{{- $_ := set $ours "serve" $serve -}}
{{- if include "driftform.publishes" . }}{{ $_ := set $ours "publish" (dict "directory" $paths.models) }}{{ end -}}
{{- if $values.workers.enabled }}{{ $_ := set $ours "trials" (dict "run_by" "workers") }}{{ end -}}
{{- $section := dict -}}
{{- if $kafka.properties }}{{ $_ := set $section "properties" $kafka.properties }}{{ end -}}
{{- if $kafka.files }}{{ $_ := set $section "properties_files" $kafka.files }}{{ end -}}
{{- $_ := set $ours "kafka" $section -}}
{{- if $values.prometheus.existingSecret -}}
{{- $files := dict -}}
{{- if $values.prometheus.tokenKey }}{{ $_ := set $files "token_file" (printf "%s/token" $paths.prometheus) }}{{ end -}}
{{- if $values.prometheus.caKey }}{{ $_ := set $files "ca_file" (printf "%s/ca.crt" $paths.prometheus) }}{{ end -}}
{{- $_ := set $ours "prometheus" $files -}}
{{- end -}}
{{- mergeOverwrite (include "driftform.asked" . | fromJson) $ours | toJson -}}
{{- end -}}

{{/* A setting that templates need, by section and key, with the default of config/default.toml. As JSON. */}}
{{- define "driftform.setting" -}}
{{- $defaults := dict "model.name" "model" "serve.answers" true "serve.deadline_seconds" 1.0 "serve.drain_seconds" 0.0 "serve.log_events" 0.0 "kafka.events" "" "kafka.trials" "" "trials.workers_max" 16 "kafka.brokers" "" "state.records_bytes_max" 8589934592 -}}
{{- $settings := include "driftform.settings" .root | fromJson -}}
{{- $given := dig .section .key nil $settings -}}
{{- dict "is" (ternary (index $defaults (printf "%s.%s" .section .key)) $given (kindIs "invalid" $given)) | toJson -}}
{{- end -}}

{{- define "driftform.model" -}}
{{- (include "driftform.setting" (dict "root" . "section" "model" "key" "name") | fromJson).is -}}
{{- end -}}

{{/* Ports of the brokers, once each. As JSON. */}}
{{- define "driftform.brokerPorts" -}}
{{- $brokers := (include "driftform.setting" (dict "root" . "section" "kafka" "key" "brokers") | fromJson).is -}}
{{- $ports := list -}}
{{- range splitList "," $brokers -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .) | default "9092" | int) -}}
{{- end -}}
{{- dict "is" (uniq $ports) | toJson -}}
{{- end -}}

{{/* Seconds between being told to stop and having stopped, at most: answers for as long as they are given on, and on their way, then the waits of the daemon for its
     last snapshot, the brokers and every thread, which are 26 seconds together, and a few to spare. */}}
{{- define "driftform.graceSeconds" -}}
{{- $deadline := (include "driftform.setting" (dict "root" . "section" "serve" "key" "deadline_seconds") | fromJson).is -}}
{{- $drain := (include "driftform.setting" (dict "root" . "section" "serve" "key" "drain_seconds") | fromJson).is -}}
{{- add (int .Values.drain.preStopSeconds) (ceil $drain | int) (ceil $deadline | int) 30 -}}
{{- end -}}

{{/* A value as TOML. Whole numbers are written as such: Helm reads all numbers as floats, and its own toToml writes `3.0`. */}}
{{- define "driftform.toml.value" -}}
{{- if kindIs "map" . -}}
{{- $map := . -}}
{{- $fields := list -}}
{{- range $key := keys . | sortAlpha -}}
{{- $value := index $map $key -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $fields = append $fields (printf "%s = %s" (ternary $key (toRawJson $key) (regexMatch "^[A-Za-z0-9_-]+$" $key)) (include "driftform.toml.value" $value)) -}}
{{- end -}}
{{- end -}}
{{- if $fields }}{ {{ join ", " $fields }} }{{ else }}{}{{ end -}}
{{- else if kindIs "slice" . -}}
{{- $items := list -}}
{{- range . }}{{ $items = append $items (include "driftform.toml.value" .) }}{{ end -}}
{{- if gt (len (join ", " $items)) 100 -}}
{{- printf "[\n  %s,\n]" (join ",\n  " $items) -}}
{{- else -}}
{{- printf "[%s]" (join ", " $items) -}}
{{- end -}}
{{- else if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ printf "%.0f" . }}{{ else }}{{ toRawJson . }}{{ end -}}
{{- else -}}
{{- toRawJson . -}}
{{- end -}}
{{- end -}}

{{/* All of it, section by section. */}}
{{- define "driftform.toml" -}}
{{- $settings := include "driftform.settings" . | fromJson -}}
{{- range $section := keys $settings | sortAlpha -}}
{{- $keys := index $settings $section -}}
{{- if $keys }}
[{{ $section }}]
{{- range $key := keys $keys | sortAlpha }}
{{- $value := index $keys $key }}
{{- if not (kindIs "invalid" $value) }}
{{ $key }} = {{ include "driftform.toml.value" $value }}
{{- end }}
{{- end }}
{{ end -}}
{{- end -}}
{{- end -}}
