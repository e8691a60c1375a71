#!/bin/sh
# Sets up what is missing, builds `aicoder` into artifacts/aicoder and runs its demo: no key, no network, nothing to configure.
# Arguments go to `aicoder demo`: --live uses the real model of OPENAI_API_KEY, --keep keeps the demo's folder.
set -eu
cd "$(dirname "$0")/.."

# Without the sandbox's program the demo says so and runs without it, so only git is indispensable.
scripts/setup.sh demo || command -v git >/dev/null 2>&1 || exit 1

# Invariant: a plain system has no ICU, without which the SDK does not start; nothing here depends on a culture.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
echo "demo: building aicoder" >&2
dotnet publish src/AiCoder.Cli -c Release -o artifacts/aicoder -v quiet >&2

# The program looks for the runtime in the usual places only.
DOTNET_ROOT=${DOTNET_ROOT:-$(dirname "$(readlink -f "$(command -v dotnet)")")}
export DOTNET_ROOT
exec artifacts/aicoder/aicoder demo "$@"
