#!/usr/bin/env bash
# install_dependencies.sh PACKAGE...: installs the Debian packages that are not there yet, as root or with sudo, and does
# nothing at all when none is missing. The names `build` and `test` stand for what building and testing hubpush need.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config libasio-dev node-llhttp libssl-dev nlohmann-json3-dev libcli11-dev git git-lfs
    ca-certificates)
tests=("${build[@]}" make catch2 liblz4-dev clang-19 libclang-rt-19-dev clang-format-19 python3 python3-venv openssl curl
    valgrind)

packages=()
for name in "$@"; do
    case $name in
        build) packages+=("${build[@]}") ;;
        test) packages+=("${tests[@]}") ;;
        *) packages+=("$name") ;;
    esac
done

installed() {
    dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

missing=()
for package in "${packages[@]}"; do
    installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "this is not a Debian system; install what corresponds to: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "run as root, or install sudo; missing: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
