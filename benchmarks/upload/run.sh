#!/usr/bin/env bash
# One big file by LFS: CPU seconds and peak memory of the pushing process alone, against the floor measured in the same run.
# Fails when the push costs more than 1.25 x the floor, or when it or the server holds 64 MiB or more.
#
#   benchmarks/upload/run.sh [--size BYTES] [--runs N]      after: cmake --preset release && cmake --build --preset release
set -euo pipefail

size=$((2 * 1024 * 1024 * 1024)) runs=3
while (($# > 1)); do
    case $1 in
        --size) size=$2 ;;
        --runs) runs=$2 ;;
        *) echo "unknown option $1" >&2; exit 2 ;;
    esac
    shift 2
done

build=$(dirname "$0")/../../build/release
benchmark=$build/benchmarks/benchmark_lfs_2gib
hub=$build/examples/hubpush
work=$(mktemp -d)
server= sink=
stop() {  # those of the two that still run
    for process in $server $sink; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true; done
    server= sink=
}
trap 'stop; rm -rf "$work"' EXIT

# Waits for the first line that a program in the background writes to a file.
first_line() {
    for _ in $(seq 100); do
        if read -r line <"$1"; then echo "$line"; return; fi
        sleep 0.1
    done
    echo "no line in $1" >&2
    return 1
}

one_run() {
    "$benchmark" prepare "$work/content" "$size"
    export HF_TOKEN=hf_benchmark HF_HUB_DISABLE_XET=1
    "$hub" serve --dir "$work/hub" --port 0 --token "$HF_TOKEN" >"$work/hub.out" &
    server=$!
    HF_ENDPOINT=$(first_line "$work/hub.out" | grep -o 'http://127.0.0.1:[0-9]*')
    export HF_ENDPOINT
    "$benchmark" push "$work/content" benchmark/lfs
    awk '/^VmHWM/ { printf "server peak %.1f MiB\n", $2 / 1024 }' "/proc/$server/status"
    "$benchmark" sink >"$work/sink.out" &
    sink=$!
    "$benchmark" floor "$work/content" "$(first_line "$work/sink.out")"
    stop
    rm -rf "$work/hub"
}

echo "one file of $((size / 1024 / 1024)) MiB, $runs runs; each line: CPU seconds, peak MiB, wall seconds"
for ((run = 1; run <= runs; ++run)); do
    one_run >"$work/run.out"
    tee -a "$work/results" <"$work/run.out"
done

# The least of each is the least disturbed; memory counts at its worst.
awk '
    $1 == "push" { if (!push || $2 < push) push = $2; if ($3 > peak) peak = $3 }
    $1 == "server" { if ($3 > server) server = $3 }
    $1 == "floor" { if (!floor || $2 < floor) floor = $2 }
    END {
        printf "push %.2f s CPU, floor %.2f s CPU, ratio %.2f (at most 1.25); ", push, floor, push / floor
        printf "peak %.1f MiB, server %.1f MiB (both under 64)\n", peak, server
        exit !(push / floor <= 1.25 && peak < 64 && server < 64)
    }' "$work/results"
