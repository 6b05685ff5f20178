{{- define "strongroom.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "strongroom.selector" -}}
app.kubernetes.io/name: strongroom
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "strongroom.labels" -}}
{{ include "strongroom.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "strongroom.scheme" -}}
{{ eq .Values.tls.mode "off" | ternary "HTTP" "HTTPS" }}
{{- end -}}

{{- /* The settings that are no secret, as the server's configuration file has them; `settings` of the values wins. */ -}}
{{- define "strongroom.settings" -}}
{{- $own := dict "listen" "0.0.0.0:7700" "data" "/var/lib/strongroom" "workers" .Values.workers "root-key-provider" .Values.rootKey.provider -}}
{{- if eq .Values.rootKey.provider "file" }}{{ if .Values.rootKey.secret }}{{ $_ := set $own "root-key-file" "/etc/strongroom/root-key/root-key" }}{{ end }}{{ end -}}
{{- if eq .Values.rootKey.provider "passphrase" }}{{ $_ := set $own "passphrase-file" "/etc/strongroom/root-key/root-key" }}{{ end -}}
{{- if eq .Values.tls.mode "secret" }}{{ $_ := set $own "tls-cert" "/etc/strongroom/tls/tls.crt" }}{{ $_ := set $own "tls-key" "/etc/strongroom/tls/tls.key" }}{{ end -}}
{{- if eq .Values.tls.mode "self-signed" }}{{ $_ := set $own "tls" "self-signed" }}{{ $_ := set $own "tls-names" (printf "%s.%s.svc" (include "strongroom.name" .) .Release.Namespace) }}{{ end -}}
{{- if eq .Values.tls.mode "off" }}{{ $_ := set $own "insecure-http" true }}{{ end -}}
{{- if .Values.metrics.enabled }}{{ $_ := set $own "metrics-listen" "0.0.0.0:9700" }}{{ end -}}
{{- if .Values.hsm.enabled }}{{ $_ := set $own "hsm-module" .Values.hsm.module }}{{ $_ := set $own "hsm-token" .Values.hsm.token }}{{ end -}}
{{- if .Values.traces.endpoint }}{{ $_ := set $own "traces-endpoint" .Values.traces.endpoint }}{{ end -}}
{{- merge (dict) .Values.settings $own | toPrettyJson -}}
{{- end -}}
