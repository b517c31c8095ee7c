#!/usr/bin/env bash
# Installs what is missing, builds the main example and runs it: a training loop that pushes its checkpoints to a Hub on
# this machine (or to HF_ENDPOINT, when that and HF_TOKEN are set). Arguments go to the example.
set -euo pipefail
cd "$(dirname "$0")/.."

bash cmake/install_dependencies.sh build
cmake --preset release >/dev/null
cmake --build --preset release --target train_and_push
exec build/release/examples/train_and_push "$@"
