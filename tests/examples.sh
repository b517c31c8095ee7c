#!/usr/bin/env bash
# examples.sh FOLDER: runs the example programs in FOLDER against an embedded Hub and looks at what arrived there.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$1
work=$(mktemp -d)
trap 'kill $server 2>/dev/null; wait; rm -rf "$work"' EXIT
export HF_TOKEN=hf_examples

"${HUBPUSH_PROGRAM:-build/release/examples/hubpush}" serve --dir "$work/hub" --port 0 --token $HF_TOKEN >"$work/address" &
server=$!
for _ in $(seq 100); do
    HF_ENDPOINT=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/address") && break
    sleep 0.1
done
export HF_ENDPOINT

mkdir "$work/model"
echo '{"hidden_size": 64}' >"$work/model/config.json"
head -c 30000000 /dev/urandom >"$work/model/Weights.safetensors"

# run NAME COMMITS ARGUMENT...: the example must succeed and leave that many commits besides the first.
run() {
    local name=$1 commits=$2
    shift 2
    curl --silent --show-error --fail --output /dev/null -H "Authorization: Bearer $HF_TOKEN" \
        -H 'Content-Type: application/json' -d "{\"name\": \"$name\", \"type\": \"model\"}" "$HF_ENDPOINT/api/repos/create"
    local repository
    repository=$(curl --silent --show-error --fail -H "Authorization: Bearer $HF_TOKEN" "$HF_ENDPOINT/api/whoami-v2" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["name"])')/$name
    echo "--- $name $repository $*"
    "$programs/$name" "$repository" "$@"
    GIT_LFS_SKIP_SMUDGE=1 git clone --quiet "$HF_ENDPOINT/$repository" "$work/clone/$name"
    local found
    found=$(git -C "$work/clone/$name" rev-list --count HEAD)
    [ "$found" -eq $((commits + 1)) ] || { echo "$name: $found commits instead of $((commits + 1))"; return 1; }
    git -C "$work/clone/$name" fsck --strict --no-progress
}

run 01_push_folder 1 "$work/model"
run 02_training_loop 10
run 03_coroutine 1 "$work/model"
run 04_progress 1 "$work/model"
run 08_commit_operations 2 "$work/model/Weights.safetensors"
run 09_own_steps 1 "$work/model"
