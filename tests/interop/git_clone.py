#!/usr/bin/env python3
"""git and git-lfs against the embedded Hub: clone and fetch over HTTP, and clone from the folder with no server running.
The program is the first argument, or HUBPUSH_PROGRAM."""

import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from hub_program import Hub, check, require_tools  # noqa: E402

TOKEN = "hf_canaryClone"
COMMITS = 3


def call(hub, method, path, body, kind="application/json"):
    """A request as any client would send it, without a client library."""
    url = path if path.startswith("http://") else hub.url + path
    headers = {"Content-Type": kind}
    if url.startswith(hub.url):
        headers["Authorization"] = "Bearer " + TOKEN
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def push(hub, repo, files, message):
    """One commit with these files; what is longer than 1 MB goes to the storage first."""
    lines = [{"key": "header", "value": {"summary": message}}]
    for path, content in files.items():
        if len(content) <= 1_000_000:
            value = {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}
            lines.append({"key": "file", "value": value})
            continue
        oid = hashlib.sha256(content).hexdigest()
        asked = {"operation": "upload", "objects": [{"oid": oid, "size": len(content)}]}
        answer = call(hub, "POST", f"/{repo}.git/info/lfs/objects/batch", json.dumps(asked).encode())
        if "actions" in answer["objects"][0]:
            call(hub, "PUT", answer["objects"][0]["actions"]["upload"]["href"], content)
        lines.append({"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(content)}})
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return call(hub, "POST", f"/api/models/{repo}/commit/main", body, "application/x-ndjson")["commitOid"]


class Git:
    """git with a configuration of its own: nothing of the user's is read or written."""

    def __init__(self, root):
        self.config = root / "gitconfig"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1",
                            "GIT_CONFIG_GLOBAL": str(self.config), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}
        self("config", "--global", "user.name", "Bob")
        self("config", "--global", "user.email", "bob@example.org")
        self("lfs", "install", "--skip-repo")

    def __call__(self, *arguments, folder=None, fails=False, **more):
        ended = subprocess.run(["git", *map(str, arguments)], cwd=folder, env={**self.environment, **more}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if (ended.returncode != 0) != fails:
            raise SystemExit(f"git {arguments} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        return ended.stdout


def holds(folder, files):
    present = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*")
               if path.is_file() and ".git" not in path.relative_to(folder).parts}
    present.pop(".gitattributes", None)
    return present == files


def check_history(git, folder, ids, what):
    found = git("log", "--reverse", "--format=%H %s", folder=folder).split("\n")[1:-1]
    check(found == [f"{oid} step {n}" for n, oid in enumerate(ids)], f"{what}: one commit per push, in order")
    git("fsck", "--strict", "--full", folder=folder)
    check(True, f"{what}: git fsck --strict is clean")


def fill(hub, repo, private):
    body = {"name": repo.split("/")[1], "organization": repo.split("/")[0], "visibility": "private" if private else "public"}
    call(hub, "POST", "/api/repos/create", json.dumps(body).encode())
    random.seed(repo)
    files = {f"folder {n}/part.txt": str(n).encode() for n in range(200)}
    ids = []
    for step in range(COMMITS):
        files |= {"model.safetensors": random.randbytes(3_000_000), "notes.txt": f"step {step}\n".encode(),
                  "größe/weights.blob": random.randbytes(1_500_000)}
        ids.append(push(hub, repo, files, f"step {step}"))
    return files, ids


def clone_over_http(git, hub, root, public, private):
    files, ids = public
    for address in (f"{hub.url}/alice/public", f"{hub.url}/alice/public.git"):
        target = root / f"http-{address.endswith('.git')}"
        git("clone", address, target)
        check(holds(target, files), f"git clone {address[len(hub.url):]} without a token gives back every byte")
        check_history(git, target, ids, "over HTTP")
    git("clone", f"{hub.url}/alice/private", root / "refused", fails=True)
    check(not (root / "refused").exists(), "a private repository needs a token")
    address = hub.url.replace("http://", f"http://alice:{TOKEN}@") + "/alice/private"
    git("clone", address, root / "private")
    check(holds(root / "private", private[0]), "a private repository is cloned with basic credentials")
    wrong = hub.url.replace("http://", "http://alice:hf_wrong@") + "/alice/private"
    git("clone", wrong, root / "wrong", fails=True)
    check(not (root / "wrong").exists(), "a wrong token is refused")


def fetch_after_local_commits(git, hub, folder):
    """Many unknown commits make git send a long list of what it has, compressed."""
    for number in range(120):
        git("commit", "--allow-empty", "--quiet", "--message", f"local {number}", folder=folder)
    oid = push(hub, "alice/public", {"notes.txt": b"news\n"}, "news")
    trace = folder.parent / "trace"
    git("fetch", folder=folder, GIT_TRACE_CURL=str(trace))
    check("content-encoding: gzip" in trace.read_text().lower(), "the fetch was a compressed request")
    check(git("rev-parse", "origin/main", folder=folder).strip() == oid, "a fetch after 120 local commits brings the news")
    git("push", "origin", "HEAD:main", folder=folder, fails=True)
    check(git("ls-remote", "origin", "main", folder=folder).split()[0] == oid, "git push is refused")


def main():
    require_tools("git", "git-lfs")
    with tempfile.TemporaryDirectory(prefix="hubpush-clone-") as name:
        root = pathlib.Path(name)
        git = Git(root)
        with Hub(root / "state", TOKEN) as hub:
            public = fill(hub, "alice/public", private=False)
            private = fill(hub, "alice/private", private=True)
            clone_over_http(git, hub, root, public, private)
            fetch_after_local_commits(git, hub, root / "http-True")
        files = public[0] | {"notes.txt": b"news\n"}
        for repo, expected in (("public", files), ("private", private[0])):
            bare = root / "state" / "models" / "alice" / f"{repo}.git"
            git("clone", bare, root / f"path-{repo}")
            check(holds(root / f"path-{repo}", expected), f"git clone of the folder gives back every byte ({repo}, no server)")
            git("fsck", "--strict", "--full", folder=bare)
        check_history(git, root / "path-private", private[1], "from the folder")


if __name__ == "__main__":
    main()
