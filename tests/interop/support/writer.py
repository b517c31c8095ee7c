"""One of many processes that commit to one repository. Arguments: address, token, repository, its own number, how many commits
(0: until it is killed), and a file to which it adds `number-of-commit oid` as soon as it has the answer."""

import hashlib
import http.client
import json
import os
import sys


class Writer:
    """Ways to commit; which one is used depends on the writer's number."""

    def __init__(self, address, token, repo, number):
        self.host = address.removeprefix("http://")
        self.token, self.repo, self.number = token, repo, number
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def ask(self, method, path, body=b"", connection=None, token=True):
        headers = {"Authorization": "Bearer " + self.token} if token else {}
        connection = connection or self.connection
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 412):
            raise SystemExit(f"writer {self.number}: {method} {path}: {answer.status} {text!r}")
        return answer.status, json.loads(text) if text else None

    def commit(self, message, line, parent=None):
        header = {"summary": message, **({"parentCommit": parent} if parent else {})}
        lines = [{"key": "header", "value": header}, line]
        return self.ask("POST", f"/api/models/{self.repo}/commit/main", "\n".join(map(json.dumps, lines)).encode())

    def store(self, content):
        oid = hashlib.sha256(content).hexdigest()
        asked = {"operation": "upload", "objects": [{"oid": oid, "size": len(content)}]}
        _, answer = self.ask("POST", f"/{self.repo}.git/info/lfs/objects/batch", json.dumps(asked).encode())
        if "actions" in answer["objects"][0]:
            host, path = answer["objects"][0]["actions"]["upload"]["href"].removeprefix("http://").split("/", 1)
            self.ask("PUT", "/" + path, content, http.client.HTTPConnection(host, timeout=60), token=False)
        return oid

    def step(self, count):
        """One commit; gives its id. A file of its own, a file that others write too, a guarded commit, or a large file."""
        message, content = text_of(self.number, count), content_of(self.number, count)
        line = {"key": "file", "value": {"path": path_of(self.number, count), "content": content, "encoding": "utf-8"}}
        if kind_of(self.number) == "large":
            oid = self.store(content.encode())
            line = {"key": "lfsFile", "value": {"path": path_of(self.number, count), "algo": "sha256", "oid": oid}}
        parent = None
        while True:
            if kind_of(self.number) == "guarded":
                parent = self.ask("GET", f"/api/models/{self.repo}/revision/main")[1]["sha"]
            status, answer = self.commit(message, line, parent)
            if status == 200:
                return answer["commitOid"]


def kind_of(number):
    return ("own", "shared", "guarded", "large")[number % 4]


def path_of(number, count):
    return "shared.txt" if kind_of(number) == "shared" else f"writer-{number}/{count}.{'bin' if kind_of(number) == 'large' else 'txt'}"


def text_of(number, count):
    return f"writer {number} commit {count}"


def content_of(number, count):
    return f"{number} {count}\n" * 50


def main():
    address, token, repo, number, count, log = sys.argv[1:]
    writer = Writer(address, token, repo, int(number))
    answers = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    done = 0
    while not int(count) or done < int(count):
        oid = writer.step(done)
        os.write(answers, f"{done} {oid}\n".encode())
        done += 1


if __name__ == "__main__":
    main()
