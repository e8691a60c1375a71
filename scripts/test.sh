#!/bin/sh
# Sets up what is missing, builds everything and runs every test. Ends with "N passed, N failed, N skipped".
# Usage: scripts/test.sh [project-name-part]      AICODER_TEST_WORKERS: tests at once in a project (default 4)
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh test || echo "test: going on without; tests that need it are skipped and say so" >&2

# Invariant: a plain system has no ICU, without which the SDK does not start; nothing here depends on a culture.
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 MSBUILDDISABLENODEREUSE=1
azurite=$PWD/artifacts/azurite/node_modules/azurite/dist/src/azurite.js
[ -n "${AICODER_AZURITE:-}" ] || [ ! -f "$azurite" ] || export AICODER_AZURITE="$azurite"
results=artifacts/tests
rm -rf "$results"
mkdir -p "$results"

echo "test: building" >&2
dotnet build AiCoder.Core.slnf -v quiet -p:UseSharedCompilation=false >"$results/build.log" 2>&1 || {
    grep -E 'error|warn' "$results/build.log" | sort -u | head -n 40
    tail -n 3 "$results/build.log"
    echo "test: the build failed"
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}

passed=0 failed=0 skipped=0 broken=
for project in tests/*.Tests/*.csproj; do
    name=$(basename "$project" .csproj)
    case $name in *"${1:-}"*) ;; *) continue ;; esac
    trx=$results/$name.trx
    echo "test: $name" >&2
    started=$(date +%s)
    # A test that never ends must not take the whole run with it; a loaded machine takes ten times what an idle one does.
    timeout --kill-after=30 "${AICODER_TEST_TIMEOUT:-1800}" \
        dotnet test "$project" --no-build --nologo -v quiet \
        --results-directory "$results" --logger "trx;LogFileName=$name.trx" --logger "console;verbosity=minimal" \
        -- xUnit.MaxParallelThreads="${AICODER_TEST_WORKERS:-4}" >"$results/$name.log" 2>&1 && code=0 || code=$?

    count() { [ -f "$trx" ] && grep -o "<UnitTestResult [^>]*outcome=\"$1\"" "$trx" | wc -l || echo 0; }
    p=$(count Passed) f=$(count Failed) s=$(count NotExecuted)
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    echo "$name: $p passed, $f failed, $s skipped in $(($(date +%s) - started)) s"
    if [ "$f" -gt 0 ]; then
        grep -vE '^(Test run for|A total of|Starting test execution|Results File)' "$results/$name.log" || true
    elif [ "$code" -ne 0 ] || [ $((p + s)) -eq 0 ]; then
        broken="$broken $name"
        failed=$((failed + 1))
        tail -n 40 "$results/$name.log"
        echo "$name did not run to its end (exit code $code)"
    fi
    # The reasons of what was skipped, each once.
    if [ "$s" -gt 0 ]; then
        grep -A 8 'outcome="NotExecuted"' "$trx" | grep -oE '<(StdOut|Message)>[^<]*' | sed -E 's/<[^>]*>/  skipped: /' | sort | uniq -c || true
    fi
done

[ -z "$broken" ] || echo "did not run:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
