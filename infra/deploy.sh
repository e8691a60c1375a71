#!/bin/sh
# From the provisioned resource group to a running release: builds the image in the registry, makes the two Secrets where they are
# missing, installs the chart. `azd up` runs it; without azd, set what main.bicep puts out (see docs/deployment.md) and run it yourself.
# Needs az (logged in), kubelogin, kubectl, helm, openssl. Running it again upgrades; what it is not told again stays as it was.
# AICODER_ENGINE=qwen puts the Qwen Code command line into the image, each time it is set.
set -eu
cd "$(dirname "$0")/.."

missing=
for name in AZURE_RESOURCE_GROUP AZURE_AKS_CLUSTER_NAME AZURE_CONTAINER_REGISTRY_NAME AZURE_CONTAINER_REGISTRY_ENDPOINT \
    AICODER_CLIENT_ID AICODER_STORAGE_ACCOUNT AICODER_SHARE_ACCOUNT AICODER_SHARE AICODER_SHARE_PROTOCOL; do
    eval "value=\${$name-}"
    [ -n "$value" ] || missing="$missing $name"
done
[ -z "$missing" ] || {
    echo "deploy: not set:$missing. infra/bicep puts them out: docs/deployment.md, 'From nothing to AKS', has the command that takes them over." >&2
    exit 2
}
for program in az kubelogin kubectl helm openssl; do
    command -v "$program" >/dev/null || missing="$missing $program"
done
[ -z "$missing" ] || {
    echo "deploy: not installed:$missing. 'az aks install-cli' installs kubectl and kubelogin." >&2
    exit 2
}
namespace=${AICODER_NAMESPACE:-aicoder}
# One tag is one image: nodes keep what they have under a tag.
tag=${AICODER_TAG:-$(git rev-parse --short=12 HEAD 2>/dev/null || date -u +%Y%m%d%H%M%S)${AICODER_ENGINE:+-$AICODER_ENGINE}}

echo "deploy: building ai-coder-functions:$tag in $AZURE_CONTAINER_REGISTRY_NAME" >&2
set --
if [ -f infra/docker/digests.env ]; then
    while IFS='=' read -r variable image; do
        grep -q "^ARG $variable=" infra/docker/Dockerfile.functions && set -- "$@" --build-arg "$variable=$image"
    done <infra/docker/digests.env
fi
if [ -n "${AICODER_ENGINE-}" ]; then
    set -- "$@" --build-arg "ENGINE=$AICODER_ENGINE"
else
    # The registry's builder builds every stage, and shall not fetch from another registry what nothing is taken from.
    set -- "$@" --build-arg "NODE_IMAGE=$(sed -n 's/^ARG FUNCTIONS_IMAGE=//p' infra/docker/Dockerfile.functions)"
fi
az acr build --registry "$AZURE_CONTAINER_REGISTRY_NAME" --image "ai-coder-functions:$tag" \
    --file infra/docker/Dockerfile.functions --build-arg "REVISION=$tag" "$@" . >&2

az aks get-credentials --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_AKS_CLUSTER_NAME" --overwrite-existing >&2
kubelogin convert-kubeconfig --login azurecli

kubectl create namespace "$namespace" --dry-run=client -o yaml | kubectl apply -f - >&2
# The chart's default keeps the strictest of Kubernetes' own rules; the cluster shall hold it to that.
kubectl label namespace "$namespace" --overwrite pod-security.kubernetes.io/enforce=restricted >&2

# has NAME: whether a Secret is there. A missing one is made once and never touched again; values go in by standard input.
has() { kubectl --namespace "$namespace" get secret "$1" >/dev/null 2>&1; }
make() { kubectl --namespace "$namespace" create secret generic "$1" --from-env-file=/dev/stdin >&2; }
has ai-coder-function-keys || {
    for key in host.master host.function.default host.systemKey.default; do echo "$key=$(openssl rand -hex 32)"; done
} | make ai-coder-function-keys
has ai-coder-secrets || {
    echo "AICODER_API_KEY=$(openssl rand -hex 24)"
    for name in OPENAI_API_KEY GITLAB_API_TOKEN GITHUB_TOKEN WEBHOOK_SECRET APPLICATIONINSIGHTS_CONNECTION_STRING; do
        eval "value=\${$name-}"
        [ -z "$value" ] || printf '%s=%s\n' "$name" "$value"
    done
} | make ai-coder-secrets

# The account's model where there is one; else that of the caller's, and of an earlier release's account nothing stays.
set --
[ -z "${AICODER_MODEL_DEPLOYMENT-}" ] || OPENAI_MODEL=$AICODER_MODEL_DEPLOYMENT
[ -n "${AZURE_OPENAI_ENDPOINT-}" ] || set -- "$@" --set-string config.AZURE_OPENAI_ENDPOINT=
for name in AZURE_OPENAI_ENDPOINT OPENAI_BASE_URL OPENAI_MODEL WEBHOOK_URL KEY_VAULT_CERTIFICATE ALLOWED_NETWORKS; do
    eval "value=\${$name-}"
    # Commas would begin the next value.
    [ -z "$value" ] || set -- "$@" --set-string "config.$name=$(printf '%s' "$value" | sed 's/,/\\,/g')"
done
# Values of earlier releases stay: without KEY_VAULT_CERTIFICATE, say, the key ring could not be read any more.
helm upgrade --install aicoder infra/kubernetes/chart --namespace "$namespace" --reset-then-reuse-values --wait --timeout 15m \
    --set serve.enabled=false --set functions.enabled=true \
    --set "functions.image.repository=$AZURE_CONTAINER_REGISTRY_ENDPOINT/ai-coder-functions" --set-string "functions.image.tag=$tag" \
    --set "functions.storageAccount=$AICODER_STORAGE_ACCOUNT" --set-string "workloadIdentity.clientId=$AICODER_CLIENT_ID" \
    --set "workspace.azureFile.share=$AICODER_SHARE" --set "workspace.azureFile.storageAccount=$AICODER_SHARE_ACCOUNT" \
    --set "workspace.azureFile.resourceGroup=$AZURE_RESOURCE_GROUP" --set "workspace.azureFile.protocol=$AICODER_SHARE_PROTOCOL" \
    "$@"
