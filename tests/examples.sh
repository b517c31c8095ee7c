#!/usr/bin/env bash
# examples.sh FOLDER: runs the example programs in FOLDER against an embedded Hub. What they print has to be what is in
# examples/expected, and what they pushed has to be there.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$1
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
export HF_TOKEN=hf_canary_examples TMPDIR=$work

# wait_for PATTERN FILE: prints what matches first in a file that a running program writes.
wait_for() {
    for _ in $(seq 600); do
        grep --no-messages --only-matching --max-count=1 "$1" "$2" && return
        sleep 0.1
    done
    echo "$2 has no '$1': $(cat "$2")" >&2
    return 1
}

# start_hub PORT: the embedded Hub; sets `hub` and HF_ENDPOINT.
start_hub() {
    "${HUBPUSH_PROGRAM:-build/release/examples/hubpush}" serve --dir "$work/hub" --port "$1" --token $HF_TOKEN >"$work/address" &
    hub=$!
    HF_ENDPOINT=$(wait_for 'http://127.0.0.1:[0-9]*' "$work/address")
    export HF_ENDPOINT
}

# A Hub that takes connections and never answers; writes its address and a line for each connection.
silent_hub() {
    exec python3 -uc '
import socket
server = socket.create_server(("127.0.0.1", 0))
print("http://127.0.0.1:%d" % server.getsockname()[1])
taken = []
while True:
    taken.append(server.accept())
    print("called")'
}

# start_silent_hub: sets `silent_hub` and HF_ENDPOINT.
start_silent_hub() {
    [ -z "${silent_hub:-}" ] || kill "$silent_hub"
    silent_hub >"$work/silent" &
    silent_hub=$!
    HF_ENDPOINT=$(wait_for 'http://127.0.0.1:[0-9]*' "$work/silent")
}

# create NAME: a repository of that name; sets `repository`.
create() {
    curl --silent --show-error --fail --output /dev/null -H "Authorization: Bearer $HF_TOKEN" \
        -H 'Content-Type: application/json' -d "{\"name\": \"$1\", \"type\": \"model\"}" "$HF_ENDPOINT/api/repos/create"
    repository=local/$1
}

# expect NAME OUTPUT COMMITS: the output is the expected one, and the repository has that many commits besides the first.
expect() {
    sed --regexp-extended "s#http://127.0.0.1:[0-9]+#HUB#g; s#[0-9a-f]{40}#COMMIT#g; s#\[request [^]]*#[request REQUEST#; s#$work#WORK#g" "$2" |
        diff "examples/expected/$1.txt" -
    GIT_LFS_SKIP_SMUDGE=1 git clone --quiet "$HF_ENDPOINT/local/$1" "$work/clone/$1"
    [ "$(git -C "$work/clone/$1" rev-list --count HEAD)" -eq $(($3 + 1)) ]
    git -C "$work/clone/$1" fsck --strict --no-progress
}

# run NAME COMMITS ARGUMENT...
run() {
    create "$1"
    echo "--- $1"
    "$programs/$1" "$repository" "${@:3}" >"$work/output"
    expect "$1" "$work/output" "$2"
}

# start_server: sets `server` and `checkpoints`, the address to put them.
start_server() {
    "$programs/03_asio_server" "$repository" 0 >"$1" &
    server=$!
    checkpoints=$(wait_for 'http://127.0.0.1:[0-9]*/checkpoints/' "$1")
}

# put FILE NAME ARGUMENT...: what the server answers.
put() {
    curl --silent --output /dev/null --write-out '%{http_code} ' --path-as-is --upload-file "$1" "${@:3}" "$checkpoints$2"
}

# Four clients at once, and then four requests that are none of the server's business.
serve_clients() {
    echo "--- 03_asio_server"
    create 03_asio_server
    start_server "$work/served"
    local name clients=()
    for name in a b c d; do
        put "$work/model/Weights.safetensors" $name.safetensors >"$work/status.$name" &
        clients+=($!)
    done
    wait "${clients[@]}"
    put "$work/model/config.json" ../config.json >"$work/status.e"
    put "$work/model/config.json" config.json --request POST >"$work/status.f"
    put "$work/model/config.json" config.json -H 'Transfer-Encoding: chunked' >"$work/status.g"
    put "$work/model/config.json" config.json -H 'Content-Length: 5000000000' >"$work/status.h"
    kill -INT $server
    wait $server
    LC_ALL=C sort "$work/served" | cat - "$work"/status.? >"$work/output"
    expect 03_asio_server "$work/output" 4
}

# A client that leaves takes its push along.
client_leaves() {
    echo "--- 03_asio_server, a client leaves"
    start_silent_hub
    repository=local/03_asio_server
    start_server "$work/left"
    curl --silent --upload-file "$work/model/config.json" "$checkpoints" &
    local client=$!
    wait_for called "$work/silent"
    kill $client
    wait_for 'the client has gone' "$work/left"
    grep '^config.json: .*cancelled' "$work/left"
    kill -INT $server
    wait $server
}

# A Hub that asks the real one, and says when it has made a commit instead of answering it.
holding_hub() {
    exec python3 -uc '
import http.server, sys, threading, urllib.request

class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fields = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        asked = urllib.request.Request(sys.argv[1] + self.path, body or None, fields, method=self.command)
        content = urllib.request.urlopen(asked).read()
        if "/commit/" in self.path:
            print("committed")
            threading.Event().wait()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
print("http://127.0.0.1:%d" % server.server_port)
server.serve_forever()' "$HF_ENDPOINT" 2>/dev/null
}

# A client that leaves while the answer of its commit is on its way does not make the commit unheard of.
client_leaves_late() {
    echo "--- 03_asio_server, a client leaves after the commit"
    create client_leaves_late
    holding_hub >"$work/held" &
    local relay=$!
    HF_ENDPOINT=$(wait_for 'http://127.0.0.1:[0-9]*' "$work/held") start_server "$work/left_late"
    curl --silent --upload-file "$work/model/config.json" "$checkpoints" &
    local client=$!
    wait_for committed "$work/held"
    kill $client
    wait $client || true
    wait_for 'the client has gone' "$work/left_late"
    grep '^config.json: http.*/commit/' "$work/left_late"
    kill -INT $server
    wait $server
    kill $relay
}

# An endpoint that is set to nothing is none: the checkpoints go to the embedded Hub, and not to huggingface.co.
demonstrate() {
    echo "--- train_and_push, an empty endpoint"
    HF_ENDPOINT='' HTTPS_PROXY=http://127.0.0.1:1 "$programs/train_and_push" --steps 2 --every 1 --dir "$work/demo" \
        --out "$work/demo.svg" >"$work/demonstrated"
    grep "git clone $work/demo/hub/" "$work/demonstrated"
}

# A push ends when its time is over, and at Ctrl-C.
push_ends() {
    echo "--- 05_cancel_timeout, two ends"
    start_silent_hub
    "$programs/05_cancel_timeout" local/05_cancel_timeout "$work/model" 1 >"$work/late" || true
    wait_for 'too late, and the branch has not moved' "$work/late"
    start_silent_hub
    "$programs/05_cancel_timeout" local/05_cancel_timeout "$work/model" 600 >"$work/stopped" &
    local push=$!
    wait_for called "$work/silent"
    kill -INT $push
    wait $push || true
    wait_for 'stopped, and the branch has not moved' "$work/stopped"
}

# The Hub comes back while the example waits.
outage() {
    echo "--- 07_retry"
    create 07_retry
    kill $hub
    wait $hub || true
    "$programs/07_retry" "$repository" "$work/model" >"$work/retried" &
    local push=$!
    wait_for 'not yet' "$work/retried"
    start_hub "${HF_ENDPOINT##*:}"
    wait $push
    uniq "$work/retried" >"$work/output"
    expect 07_retry "$work/output" 1
}

mkdir "$work/model"
echo '{"hidden_size": 64}' >"$work/model/config.json"
head -c 30000000 /dev/urandom >"$work/model/Weights.safetensors"

start_hub 0
run 01_push_folder 1 "$work/model"
run 02_training_loop 10
run 04_progress 1 "$work/model"
run 05_cancel_timeout 1 "$work/model" 600
run 06_tokens 3
run 08_commit_operations 2 "$work/model/Weights.safetensors"
run 09_own_steps 1 "$work/model"
serve_clients
client_leaves_late
demonstrate
outage
client_leaves
push_ends
