{{/* Names, labels and images. Lives here: what objects are called and found by. */}}

{{- define "driftform.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 52 characters: what is put behind it (`-followers`) has to fit into 63. */}}
{{- define "driftform.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What objects of a release are found by; may never change, so nothing of a version is in it. */}}
{{- define "driftform.selector" -}}
app.kubernetes.io/name: {{ include "driftform.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "driftform.labels" -}}
{{ include "driftform.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "driftform.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "driftform.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The image, for a root and whether it is for a card. */}}
{{- define "driftform.image" -}}
{{- $image := .root.Values.image -}}
{{- $name := list $image.registry $image.repository | compact | join "/" -}}
{{- $tag := default .root.Chart.AppVersion $image.tag -}}
{{- $digest := ternary $image.cudaDigest $image.digest .gpu -}}
{{- if $digest -}}
{{- printf "%s@%s" $name $digest -}}
{{- else -}}
{{- printf "%s:%s%s" $name $tag (ternary "-cuda" "" .gpu) -}}
{{- end -}}
{{- end -}}

{{/* Names of monitors and rules may live elsewhere. */}}
{{- define "driftform.elsewhere" -}}
{{- default .root.Release.Namespace .namespace -}}
{{- end -}}
