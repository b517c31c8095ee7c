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
    install_python clients requirements.txt && install_python clients-0.36 requirements-0.36.txt &&
        install_python clients-js requirements-node.txt && install_node_client
}

# A Python of its own with what a file of requirements lists.
install_python() {
    local folder=build/$1 wanted=tests/interop/$2
    cmp -s "$wanted" "$folder/$2" && return
    rm -rf "$folder"
    python3 -m venv "$folder" && "$folder/bin/pip" install --quiet --requirement "$wanted" && cp "$wanted" "$folder/"
}

install_node_client() {
    local folder=build/clients-js
    cmp -s tests/interop/package.json $folder/installed.json && return
    cp tests/interop/package.json $folder/ && $folder/bin/npm install --prefix $folder --silent --omit=optional &&
        cp tests/interop/package.json $folder/installed.json
}

run_interop() {
    export HUBPUSH_PROGRAM=$PWD/build/release/examples/hubpush HUBPUSH_PUSH=$PWD/build/release/examples/01_push_folder
    export HUBPUSH_MATCH_PATHS=$PWD/build/gcc-asan/tests/match_paths HUBPUSH_JS_CLIENT=$PWD/build/clients-js
    export HF_HUB_DISABLE_XET=1
    for driver in tests/interop/*.py; do
        check "interop/$(basename "$driver")" interop "$driver"
    done
}

interop() {
    local python=build/clients/bin/python
    [[ $1 == *_036.py ]] && python=build/clients-0.36/bin/python
    $python "$1" 2>&1 | tee "build/$(basename "$1").log"
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
    --target benchmark_many_files --target benchmark_composition && run_interop
check "enqueue p99 under 100 us" build/release/benchmarks/benchmark_enqueue
check "10,000 files of 4 KiB" build/release/benchmarks/benchmark_many_files run build/clients/bin/python \
    benchmarks/upload/many_files.py
check "five composed steps cost at most 5 % more instructions than by hand" bash benchmarks/async/run.sh
check "no token in any output" no_token_in_any_output
close
