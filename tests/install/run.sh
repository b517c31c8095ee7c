#!/usr/bin/env bash
# run.sh [all]: builds and runs the projects of this folder, each in one of its ways: with hubpush installed and moved
# elsewhere, as a folder of the project, fetched, through pkg-config, and from the single header.
#
# A project is three translation units with all of hubpush, about a minute of one core, so a change is tried with every
# project, every pair of compiler and language standard, once each; `all` is the full product.
set -uo pipefail
cd "$(dirname "$0")/../.."
source tests/checks.sh

root=$PWD
work=$root/build/consumers
prefix=$work/prefix/moved
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
unset ${!HF_@} ${!HUGGING@}

# The package is installed in one place and used in another.
install_package() {
    rm -rf "$work/prefix"
    cmake -S . -B "$work/package" -G Ninja >/dev/null && cmake --build "$work/package" &&
        cmake --install "$work/package" --prefix "$work/prefix/first" >/dev/null && mv "$work/prefix/first" "$prefix"
}

# configure KIND FOLDER ARGUMENT...
configure() {
    rm -rf "$2"
    cmake -S "tests/install/$1" -B "$2" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" "${@:3}"
}

# with_cmake KIND COMPILER STANDARD FOLDER
with_cmake() {
    configure "$1" "$4" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_CXX_STANDARD="$3" -DCMAKE_CXX_FLAGS="$warnings" >/dev/null &&
        cmake --build "$4"
}

with_make() {
    local c_compiler=${2/clang++/clang}
    rm -rf "$4" && mkdir -p "$4" &&
        PKG_CONFIG_PATH=$prefix/lib/pkgconfig CXXFLAGS="-std=c++$3 $warnings" \
            make --silent -C "$4" -j "$CMAKE_BUILD_PARALLEL_LEVEL" -f "$root/tests/install/$1/Makefile" \
            CXX="$2" CC="${c_compiler/g++/gcc}"
}

# An object with a constructor of hubpush's own would run at load: g++ and clang give each inline one a guard.
has_no_global_state() {
    ! nm --demangle "$1" | grep 'guard variable for hubpush::' | grep --extended-regexp --invert-match '\)( const)?::'
}

# consumer KIND COMPILER STANDARD
consumer() {
    local how=with_cmake folder=$work/$1-$2-$3 program
    [ -e "tests/install/$1/Makefile" ] && how=with_make
    $how "$@" "$folder" || return
    for program in "$folder"/{consumer,source/consumer,without_rtti}; do
        [ ! -e "$program" ] || { "$program" && has_no_global_state "$program"; } || return
    done
    has_no_global_state "$(find "$folder" -name libcheckpoints.so)"
}

# refuses MESSAGE ARGUMENT...: find_package ends with that message.
refuses() {
    ! configure find_package "$work/refused" "${@:2}" >"$work/refusal" 2>&1 && tr -s '\n ' ' ' <"$work/refusal" | grep -q "$1"
}

# The first error for whoever forgets -std=c++20 says so.
names_the_standard() {
    ! "$1" -std=c++17 -fsyntax-only -Iinclude -include hubpush/hubpush.hpp -x c++ /dev/null 2>"$work/refusal" &&
        grep --max-count=1 error: "$work/refusal" | grep "hubpush needs C++20"
}

# What differs between translation units under one name is only seen by link-time optimisation.
one_definition() {
    local warnings="$warnings -flto=auto -Wodr -Wlto-type-mismatch"
    with_cmake find_package g++ 20 "$work/one_definition"
}

matrix=("find_package g++ 20" "subdirectory clang++-19 23" "fetch_content g++ 23" "pkg_config clang++-19 20"
    "single_header clang++-19 23")
if [ "${1:-}" = all ]; then
    matrix=({find_package,subdirectory,fetch_content,pkg_config,single_header}" "{g++,clang++-19}" "{20,23})
fi

check "install packages" bash cmake/install_dependencies.sh test || { close; exit 1; }
check "consumers: install" install_package
for cell in "${matrix[@]}"; do
    check "consumer: $cell" consumer $cell
done
check "consumer: the package to install is named" refuses "OpenSSL 3.0 or newer (Debian package libssl-dev)" \
    -DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON
for compiler in g++ clang++-19; do
    check "consumer: $compiler names the standard" names_the_standard $compiler
done
check "consumer: another minor version is refused" refuses 'compatible with requested version "0.2"' -DCONSUMER_WANTS=0.2
[ "${1:-}" != all ] || check "consumer: one definition of everything" one_definition
close
