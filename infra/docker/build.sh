#!/bin/sh
# Builds an image on the bases of digests.env. Usage: infra/docker/build.sh [functions] [arguments of docker build…]
set -eu
cd "$(dirname "$0")/../.."
name=ai-coder file=infra/docker/Dockerfile
if [ "${1-}" = functions ]; then
    shift
    name=ai-coder-functions file=infra/docker/Dockerfile.functions
fi
if [ -f infra/docker/digests.env ]; then
    while IFS='=' read -r variable image; do
        # Only those that this Dockerfile asks for: docker warns about others. Before the caller's arguments, which count.
        grep -q "^ARG $variable=" "$file" && set -- --build-arg "$variable=$image" "$@"
    done <infra/docker/digests.env
else
    echo "build: infra/docker/digests.env is not there, so the bases are taken by their tags; infra/docker/pin.sh writes it" >&2
fi
exec docker build --file "$file" --tag "$name" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || true)" "$@" .
