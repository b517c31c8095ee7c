#!/usr/bin/env bash
# What takes too long for tests/run.sh: every test under the thread sanitizer, and the benchmarks at full size.
set -uo pipefail
cd "$(dirname "$0")/.."
source tests/checks.sh

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

build_everything_for_threads() {
    cmake --preset clang-tsan -DHUBPUSH_TEST_FOLDERS= >/dev/null && cmake --build --preset clang-tsan
}

build_benchmarks() {
    cmake --preset release >/dev/null && cmake --build --preset release
}

run_benchmarks() {
    for benchmark in benchmarks/*/run.sh; do
        check "$benchmark" bash "$benchmark"
    done
}

check "install packages" bash cmake/install_dependencies.sh test || { close; exit 1; }
check "build all tests with the thread sanitizer" build_everything_for_threads && run_ctest clang-tsan
check "build benchmarks" build_benchmarks && run_benchmarks
close
