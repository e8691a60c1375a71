#!/bin/sh
# Asks the registry which digests the bases' tags have now, and writes digests.env: a line NAME_IMAGE=image:tag@digest for each base.
# Needs docker with buildx, and a network.
# Run it to take up the bases' security fixes; the difference shows what changes.
set -eu
cd "$(dirname "$0")"
docker buildx version >/dev/null 2>&1 || {
    echo "pin: 'docker buildx' is needed to ask a registry, and it does not run here: https://docs.docker.com/go/buildx/" >&2
    exit 1
}
new=$(mktemp)
trap 'rm -f "$new"' EXIT
sed -n 's/^ARG \([A-Z]*\)_IMAGE=\(.*\)$/\1 \2/p' Dockerfile Dockerfile.functions | sort -u | while read -r name image; do
    digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
    case $digest in
        sha256:*) echo "${name}_IMAGE=$image@$digest" >>"$new" ;;
        *)
            echo "pin: the registry names no digest for $image" >&2
            exit 1
            ;;
    esac
done
cp "$new" digests.env
cat digests.env
