#!/usr/bin/env bash
# What takes too long for tests/run.sh: every test under the thread sanitizer, fuzzing, every consumer with every compiler
# and standard, and the benchmarks at full size.
set -uo pipefail
cd "$(dirname "$0")/.."
source tests/checks.sh

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

build_everything_for_threads() {
    cmake --preset clang-tsan -DHUBPUSH_TEST_FOLDERS= >/dev/null && cmake --build --preset clang-tsan
}

# Looks for inputs that break a reader, one minute each, beginning with the corpus; what it finds goes into the corpus.
fuzz() {
    mkdir -p build/fuzz/found
    clang++-19 -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined -DHUBPUSH_LIBFUZZER -DHUBPUSH_HAS_LZ4 \
        -DASIO_HAS_CO_AWAIT=1 -Iinclude -I/usr/share/include/llhttp "tests/fuzz/$1.cpp" -llz4 -lcrypto -o "build/fuzz/$1" &&
        "build/fuzz/$1" -max_total_time=60 -artifact_prefix=build/fuzz/ build/fuzz/found "tests/fuzz/corpus/$1"
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
for target in xorb_reader shard_reader; do
    check "fuzz $target" fuzz $target
done
check "tests/install/run.sh all" bash tests/install/run.sh all
check "build benchmarks" build_benchmarks && run_benchmarks
close
