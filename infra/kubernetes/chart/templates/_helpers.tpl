{{- define "aicoder.name" -}}
{{- if contains "aicoder" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-aicoder" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "aicoder.labels" -}}
app.kubernetes.io/name: aicoder
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Called with (list $ component). */}}
{{- define "aicoder.selector" -}}
app.kubernetes.io/name: aicoder
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Called with (list $ image). */}}
{{- define "aicoder.image" -}}
{{- $root := index . 0 }}{{- $image := index . 1 -}}
{{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "aicoder.workspaceClaim" -}}
{{ .Values.workspace.existingClaim | default (printf "%s-workspace" (include "aicoder.name" .)) }}
{{- end }}

{{/* Of the pod: identity, user, and what bubblewrap needs of its node. */}}
{{- define "aicoder.pod" -}}
serviceAccountName: {{ include "aicoder.name" . }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- if eq .Values.sandbox.mode "bubblewrap" }}
hostUsers: false
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1654
  runAsGroup: 1654
  fsGroup: 1654
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* Of the container: where its sandboxes are to run. */}}
{{- define "aicoder.sandboxNode" -}}
{{- if and (eq .Values.sandbox.mode "kubernetes") .Values.sandbox.sameNode }}
- name: SANDBOX_NODE
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- end }}
{{- end }}

{{- define "aicoder.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- if eq .Values.sandbox.mode "bubblewrap" }}
procMount: Unmasked
seccompProfile:
  type: Localhost
  localhostProfile: {{ .Values.sandbox.bubblewrap.seccompProfile }}
appArmorProfile:
  type: Unconfined
{{- end }}
{{- end }}

{{- define "aicoder.environmentFrom" -}}
- configMapRef:
    name: {{ include "aicoder.name" . }}
- secretRef:
    name: {{ .Values.existingSecret }}
{{- end }}

{{- define "aicoder.metricsEnvironment" -}}
{{- if .Values.metrics.enabled }}
- name: OTEL_EXPORTER_OTLP_METRICS_ENDPOINT
  value: http://127.0.0.1:4317
{{- end }}
{{- end }}

{{- define "aicoder.metricsContainer" -}}
{{- if .Values.metrics.enabled }}
- name: collector
  image: {{ .Values.metrics.image }}
  args: [--config=/etc/collector/config.yaml]
  ports:
    - name: metrics
      containerPort: {{ .Values.metrics.port }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  resources:
    {{- toYaml .Values.metrics.resources | nindent 4 }}
  volumeMounts:
    - name: collector
      mountPath: /etc/collector
      readOnly: true
{{- end }}
{{- end }}

{{- define "aicoder.metricsVolume" -}}
{{- if .Values.metrics.enabled }}
- name: collector
  configMap:
    name: {{ include "aicoder.name" . }}-collector
{{- end }}
{{- end }}
