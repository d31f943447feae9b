{{/* What values may not say together. Lives here: refusals that a JSON schema cannot make, each naming the keys and what to do. */}}

{{- define "driftform.refuse" -}}
{{- include "driftform.refuse.config" . -}}
{{- include "driftform.refuse.roles" . -}}
{{- include "driftform.refuse.numbers" . -}}
{{- end -}}

{{- define "driftform.refuse.config" -}}
{{- $asked := include "driftform.asked" . | fromJson -}}
{{- $ours := dict "http.listen" "listen and ports.http" "admin.listen" "ports.admin" "admin.token_file" "admin.existingSecret" "serve.tls_certificate" "serve.tls" "serve.tls_key" "serve.tls" "serve.tls_client_ca" "serve.tls" "state.directory" "learner.persistence" "publish.directory" "publish" "serve.http_listen" "serve.http" "serve.grpc_listen" "serve.grpc" "model.device" "learner.gpu, followers.gpu and workers.gpu" "kafka.properties_files" "kafka.sasl, kafka.tls and kafka.propertiesFromSecrets" "prometheus.token_file" "prometheus.existingSecret" "prometheus.ca_file" "prometheus.existingSecret" "follow.id" "nothing: it is the name of the pod" -}}
{{- range $name, $instead := $ours -}}
{{- $parts := splitList "." $name -}}
{{- if not (kindIs "invalid" (dig (first $parts) (last $parts) nil $asked)) -}}
{{- fail (printf "config.%s is set by the chart; use %s" $name $instead) -}}
{{- end -}}
{{- end -}}
{{- range $property, $_ := dig "kafka" "properties" dict $asked -}}
{{- if regexMatch "password|passphrase|secret|key\\.pem|oauthbearer\\.config" $property -}}
{{- fail (printf "config.kafka.properties has %s, which would be readable in a ConfigMap; use kafka.propertiesFromSecrets" $property) -}}
{{- end -}}
{{- end -}}
{{- if not (dig "schema" "features" list $asked) -}}
{{- fail "config.schema.features is empty; describe the stream, or let `driftform init` write a first version and give it as configFile" -}}
{{- end -}}
{{- if not (dig "kafka" "brokers" "" $asked) -}}
{{- fail "config.kafka.brokers is empty; give host:port, several separated by commas" -}}
{{- end -}}
{{- end -}}

{{- define "driftform.refuse.roles" -}}
{{- $values := .Values -}}
{{- $leads := and $values.sidecar.enabled (eq $values.sidecar.role "leader") -}}
{{- if and $values.learner.enabled $leads -}}
{{- fail "learner.enabled and sidecar.role leader are two learners of one model; learning has one owner" -}}
{{- end -}}
{{- if not (or $values.learner.enabled $values.followers.enabled $values.workers.enabled $values.sidecar.enabled) -}}
{{- fail "there is nothing to run: enable learner, followers, workers or sidecar" -}}
{{- end -}}
{{- if and (include "driftform.publishes" .) (not (or $values.learner.enabled $leads $values.publish.existingClaim)) -}}
{{- fail "followers without a learner in this release need publish.existingClaim: the claim that the learner elsewhere publishes to" -}}
{{- end -}}
{{- if $values.followers.autoscaling.enabled -}}
{{- if not $values.followers.enabled -}}
{{- fail "followers.autoscaling.enabled scales nothing while followers.enabled is false" -}}
{{- end -}}
{{- $answers := (include "driftform.setting" (dict "root" . "section" "serve" "key" "answers") | fromJson).is -}}
{{- if not (or $answers $values.followers.autoscaling.extraTriggers) -}}
{{- fail "followers.autoscaling looks at the lag of those who answer the events topic, but config.serve.answers is false; give other triggers as followers.autoscaling.extraTriggers" -}}
{{- end -}}
{{- end -}}
{{- if and $values.workers.autoscaling.enabled (not $values.workers.enabled) -}}
{{- fail "workers.autoscaling.enabled scales nothing while workers.enabled is false" -}}
{{- end -}}
{{- if and $values.workers.enabled (eq (dig "trials" "run_by" "" (include "driftform.asked" . | fromJson)) "child") -}}
{{- fail "config.trials.run_by is child, so nobody would ask the workers: leave it out, or disable workers" -}}
{{- end -}}
{{- if and $values.workers.enabled $values.learner.enabled (ne $values.workers.gpu.enabled $values.learner.gpu.enabled) -}}
{{- fail "workers.gpu.enabled and learner.gpu.enabled differ, so the workers would refuse the learner's trials: enable both or none" -}}
{{- end -}}
{{- if and $values.serviceMonitor.enabled $values.podMonitor.enabled -}}
{{- fail "serviceMonitor.enabled and podMonitor.enabled would scrape every pod twice; choose one" -}}
{{- end -}}
{{- if and $values.kafka.tls.enabled (not $values.kafka.tls.existingSecret) $values.kafka.tls.certKey -}}
{{- fail "kafka.tls.certKey is a key of kafka.tls.existingSecret, which is empty" -}}
{{- end -}}
{{- if and $values.kafka.tls.certKey (not $values.kafka.tls.keyKey) -}}
{{- fail "kafka.tls.certKey is the client's certificate; give its private key, too, as kafka.tls.keyKey" -}}
{{- end -}}
{{- $serveTls := $values.serve.tls -}}
{{- if and $serveTls.existingSecret (not (and $serveTls.certKey $serveTls.keyKey)) -}}
{{- fail "serve.tls.existingSecret has certificate and key under serve.tls.certKey and serve.tls.keyKey; give both" -}}
{{- end -}}
{{- if and $serveTls.clientCaKey (not $serveTls.existingSecret) -}}
{{- fail "serve.tls.clientCaKey is a key of serve.tls.existingSecret, which is empty" -}}
{{- end -}}
{{- if and $values.kafka.tls.existingSecret (not $values.kafka.tls.enabled) -}}
{{- fail "kafka.tls.existingSecret is given, but kafka.tls.enabled is false: nothing would be encrypted" -}}
{{- end -}}
{{- end -}}

{{- define "driftform.refuse.numbers" -}}
{{- $values := .Values -}}
{{- $scaling := $values.followers.autoscaling -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "followers.autoscaling.minReplicas is %d, more than maxReplicas, which is %d" (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- $crew := $values.workers -}}
{{- if gt (int $crew.autoscaling.minReplicas) (int $crew.autoscaling.maxReplicas) -}}
{{- fail (printf "workers.autoscaling.minReplicas is %d, more than maxReplicas, which is %d" (int $crew.autoscaling.minReplicas) (int $crew.autoscaling.maxReplicas)) -}}
{{- end -}}
{{- $most := (include "driftform.setting" (dict "root" . "section" "trials" "key" "workers_max") | fromJson).is | int -}}
{{- $asked := ternary $crew.autoscaling.maxReplicas $crew.replicas $crew.autoscaling.enabled | int -}}
{{- if and $crew.enabled (gt $asked $most) -}}
{{- fail (printf "workers may be %d, but config.trials.workers_max is %d, and more have nothing to do" $asked $most) -}}
{{- end -}}
{{- $ports := dict -}}
{{- $used := list (list "ports.http" $values.ports.http) (list "ports.admin" $values.ports.admin) -}}
{{- if $values.serve.http.enabled }}{{ $used = append $used (list "serve.http.port" $values.serve.http.port) }}{{ end -}}
{{- if $values.serve.grpc.enabled }}{{ $used = append $used (list "serve.grpc.port" $values.serve.grpc.port) }}{{ end -}}
{{- range $entry := $used -}}
{{- $port := last $entry | int | toString -}}
{{- with get $ports $port }}{{ fail (printf "%s and %s are both %s" . (first $entry) $port) }}{{ end -}}
{{- $_ := set $ports $port (first $entry) -}}
{{- end -}}
{{- $grace := $values.drain.terminationGracePeriodSeconds -}}
{{- if not (kindIs "invalid" $grace) -}}
{{- $needed := include "driftform.graceSeconds" . | int -}}
{{- if lt (int $grace) $needed -}}
{{- fail (printf "drain.terminationGracePeriodSeconds is %d, but stopping may take %d: answers and the last snapshot would be cut off" (int $grace) $needed) -}}
{{- end -}}
{{- end -}}
{{- end -}}
