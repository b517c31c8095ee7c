#!/usr/bin/env bash
# What composing steps costs beside the same coroutine by hand (benchmarks/README.md).
#
#   benchmarks/async/run.sh      after: cmake --preset release && cmake --build --preset release
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 benchmarks/async/composition.py build/release/benchmarks/benchmark_composition
