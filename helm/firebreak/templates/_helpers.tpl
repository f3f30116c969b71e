{{- define "firebreak.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "firebreak.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "firebreak.labels" -}}
{{ include "firebreak.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "firebreak.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "firebreak.fullname" .) -}}
{{- end -}}

{{/* A rule file as text: it may be written as text or as the JSON itself. */}}
{{- define "firebreak.ruleText" -}}
{{- if kindIs "string" . -}}{{- . -}}{{- else -}}{{- toPrettyJson . -}}{{- end -}}
{{- end -}}
