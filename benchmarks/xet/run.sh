#!/usr/bin/env bash
# What a Xet push computes, against the implementations everybody uses: BLAKE3, SHA-256, CRC-64, chunking, and the one pass
# over a file. Fails where hubpush is slower than its goals (benchmarks/README.md). Needs a quiet machine.
#
#   benchmarks/xet/run.sh      after: cmake --preset release && cmake --build --preset release
set -euo pipefail
cd "$(dirname "$0")/../.."

peers=build/benchmark_peers
if ! cmp -s benchmarks/xet/requirements.txt $peers/requirements.txt; then
    rm -rf $peers
    python3 -m venv $peers
    $peers/bin/pip install --quiet --requirement benchmarks/xet/requirements.txt
    cp benchmarks/xet/requirements.txt $peers/
fi

status=0
$peers/bin/python benchmarks/xet/hashes.py build/release/benchmarks/benchmark_hashes || status=1
$peers/bin/python benchmarks/xet/chunking.py build/release/benchmarks/benchmark_chunking || status=1
exit $status
