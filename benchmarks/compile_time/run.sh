#!/usr/bin/env bash
# What including hubpush costs the compiler (benchmarks/README.md). Takes about three minutes on a quiet machine.
#
#   benchmarks/compile_time/run.sh [ROUNDS] [COMPILER]
set -euo pipefail
cd "$(dirname "$0")/../.."
exec python3 benchmarks/compile_time/compile_time.py "$@"
