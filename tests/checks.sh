# Sourced by the scripts that run tests: each check has a name, is timed, and counts as passed or failed; one that fails
# does not stop the others. The counts are kept in a file so that a script can call another one.

export HUBPUSH_RESULTS=${HUBPUSH_RESULTS:-}
if [ -z "$HUBPUSH_RESULTS" ]; then
    outermost=true
    HUBPUSH_RESULTS=$(mktemp)
fi

# check NAME COMMAND...
check() {
    local name=$1 start=$SECONDS verdict=pass
    shift
    echo "=== $name"
    "$@" || verdict=fail
    echo "=== $name: $verdict, $((SECONDS - start)) s"
    echo "$verdict $name" >>"$HUBPUSH_RESULTS"
    [ $verdict = pass ]
}

# Runs the tests of a preset; each of them counts.
run_ctest() {
    local report=build/$1/tests.xml
    rm -f "$report"
    ctest --preset "$1" --parallel "$(nproc)" --no-tests=error --output-junit "$PWD/$report" || true
    python3 - "$report" "$1" >>"$HUBPUSH_RESULTS" <<'EOF' || echo "fail $1: no report" >>"$HUBPUSH_RESULTS"
import sys
import xml.etree.ElementTree

for case in xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    print("pass" if case.get("status") == "run" else "fail", sys.argv[2], case.get("name"))
EOF
}

# Prints the counts, when this is the script that was called first, and says whether all passed.
close() {
    local passed failed
    passed=$(grep -c '^pass ' "$HUBPUSH_RESULTS" || true)
    failed=$(grep -c '^fail ' "$HUBPUSH_RESULTS" || true)
    if [ "${outermost:-}" ]; then
        sed -n 's/^fail /failed: /p' "$HUBPUSH_RESULTS"
        rm -f "$HUBPUSH_RESULTS"
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
