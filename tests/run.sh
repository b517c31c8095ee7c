#!/usr/bin/env bash
# Builds and runs all tests, from nothing if need be: as root or with sudo it installs what is missing first.
set -uo pipefail
cd "$(dirname "$0")/.."
source tests/checks.sh

unset ${!HF_@} ${!HUGGING@}
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

build() {
    local preset=$1
    shift
    cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" "$@"
}

# The clients that nobody here wrote, at exactly the versions that tests/interop was written against.
install_clients() {
    local stamp=build/clients/requirements.txt
    cmp -s tests/interop/requirements.txt $stamp && return
    rm -rf build/clients
    python3 -m venv build/clients &&
        build/clients/bin/pip install --quiet --requirement tests/interop/requirements.txt &&
        cp tests/interop/requirements.txt $stamp
}

run_interop() {
    export HUBPUSH_PROGRAM=$PWD/build/release/examples/hubpush HUBPUSH_PUSH=$PWD/build/release/examples/01_push_folder
    export HF_HUB_DISABLE_XET=1
    for driver in tests/interop/*.py; do
        check "interop/$(basename "$driver")" interop "$driver"
    done
}

interop() {
    build/clients/bin/python "$1" 2>&1 | tee "build/$(basename "$1").log"
}

# Every token of the tests begins with hf_canary. None of them is printed by any test, passed or failed.
no_token_in_any_output() {
    ! grep --line-number hf_canary build/*/Testing/Temporary/LastTest.log build/*.py.log
}

check "install packages" bash cmake/install_dependencies.sh test || { close; exit 1; }
check "install clients" install_clients
check "build with address and undefined sanitizers" build gcc-asan && run_ctest gcc-asan
check "build with the thread sanitizer" build clang-tsan && run_ctest clang-tsan
check "build the programs" build release --target hubpush-cli --target 01_push_folder --target benchmark_enqueue \
    --target benchmark_composition && run_interop
check "enqueue p99 under 100 us" build/release/benchmarks/benchmark_enqueue
check "five composed steps cost at most 5 % more instructions than by hand" bash benchmarks/async/run.sh
check "no token in any output" no_token_in_any_output
close
