{{- define "relay.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "relay.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "relay.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "relay.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "relay.selectorLabels" -}}
app.kubernetes.io/name: {{ include "relay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "relay.labels" -}}
{{ include "relay.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "relay.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "relay.sasl" -}}
{{- if hasPrefix "SASL_" .Values.kafka.securityProtocol -}}true{{- end -}}
{{- end -}}

{{/* The files that the configuration is read from; of two that have a key, the first one has the say. */}}
{{- define "relay.configLocations" -}}
{{- range $i, $file := .Values.secretConfig -}}
/run/secrets/dbt-cloud-relay/config-{{ $i }}/secret.properties,
{{- end -}}
/etc/dbt-cloud-relay/relay.properties
{{- end -}}

{{/* One disk cannot be in two places. */}}
{{- define "relay.oneAtATime" -}}
{{- if and .Values.fileStore.enabled (not .Values.fileStore.existingClaim) (not (has "ReadWriteMany" .Values.fileStore.accessModes)) -}}true{{- end -}}
{{- end -}}

{{- define "relay.checks" -}}
{{- if and (include "relay.oneAtATime" .) (gt (int .Values.replicaCount) 1) -}}
{{- fail "fileStore: replicas share one volume, so it has to be ReadWriteMany; or take replicaCount=1, or a store in S3" -}}
{{- end -}}
{{- if and (include "relay.sasl" .) (not .Values.kafka.sasl.jaasSecret.name) -}}
{{- fail "kafka.sasl.jaasSecret.name: must be set with securityProtocol SASL_PLAINTEXT or SASL_SSL" -}}
{{- end -}}
{{- range $key, $value := .Values.config -}}
{{- if regexMatch "(password|secret|token|jaas|relay\\.api\\.keys)" $key -}}
{{- if not (hasSuffix "-file" $key) -}}
{{- fail (printf "config.%s: looks like a secret, and config becomes a ConfigMap; put it into a Secret and name that in secretConfig" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Helm reads numbers as floating point, and would write a million as 1e+06. */}}
{{- define "relay.value" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}
