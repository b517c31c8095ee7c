"""git and git-lfs with a configuration of their own, and requests without any client library."""

import base64
import hashlib
import json
import os
import subprocess
import urllib.request


def call(hub, token, method, path, body=None, kind="application/json"):
    """A request as any client would send it, without a client library."""
    url = path if path.startswith("http://") else hub.url + path
    headers = {"Content-Type": kind}
    if url.startswith(hub.url):
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(url, data=body, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def push(hub, token, repo, files, message):
    """One commit with these files; what is longer than 1 MB goes to the storage first."""
    lines = [{"key": "header", "value": {"summary": message}}]
    for path, content in files.items():
        if len(content) <= 1_000_000:
            value = {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}
            lines.append({"key": "file", "value": value})
            continue
        oid = hashlib.sha256(content).hexdigest()
        asked = {"operation": "upload", "objects": [{"oid": oid, "size": len(content)}]}
        answer = call(hub, token, "POST", f"/{repo}.git/info/lfs/objects/batch", json.dumps(asked).encode())
        if "actions" in answer["objects"][0]:
            call(hub, token, "PUT", answer["objects"][0]["actions"]["upload"]["href"], content)
        lines.append({"key": "lfsFile", "value": {"path": path, "algo": "sha256", "oid": oid, "size": len(content)}})
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return call(hub, token, "POST", f"/api/models/{repo}/commit/main", body, "application/x-ndjson")["commitOid"]


class Git:
    """git with a configuration of its own: nothing of the user's is read or written."""

    def __init__(self, root):
        self.config = root / "gitconfig"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1",
                            "GIT_CONFIG_GLOBAL": str(self.config), "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false"}
        self("config", "--global", "user.name", "Bob")
        self("config", "--global", "user.email", "bob@example.org")
        self("config", "--global", "safe.directory", "*")
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


def create(hub, token, repo, private=False):
    owner, name = repo.split("/")
    body = {"name": name, "organization": owner, "visibility": "private" if private else "public"}
    call(hub, token, "POST", "/api/repos/create", json.dumps(body).encode())
