#!/usr/bin/env python3
"""What huggingface_hub 2.4.0 does against the embedded Hub. The program is the first argument, or HUBPUSH_PROGRAM.

With more arguments it only compares: ENDPOINT TOKEN REPO_ID FOLDER says that a snapshot of the repository holds exactly the
files of the folder, which is how the pushes of other clients are checked.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import python_client  # noqa: E402
from hub_program import check  # noqa: E402
from python_client import REPO, refused  # noqa: E402


def only_in_24(session):
    """What older versions do not have."""
    api = session.api
    url = api.duplicate_repo(REPO, "alice/twin", private=False)
    check(url.repo_id == "alice/twin" and session.bare("alice/twin").history() == session.bare().history(), "a repository is duplicated")
    check(not list(api.get_repo_discussions("alice/twin")), "without its discussions")
    check(python_client.same_content(session.snapshot(REPO, "original"), session.snapshot("alice/twin", "twin")), "with its large files")
    check(refused(lambda: api.duplicate_repo(REPO, "alice/twin"), python_client.HfHubHTTPError, 409), "not over another one")
    api.create_repo("alice/kernel", repo_type="kernel")
    done = api.upload_file(repo_id="alice/kernel", repo_type="kernel", path_or_fileobj=b"k", path_in_repo="k.txt")
    check(session.bare("alice/kernel", "kernels").content(done.oid, "k.txt") == b"k", "a file in a kernel repository")
    api.verify_repo_checksums(REPO, local_dir=session.root / "original")
    check(True, "verify_repo_checksums is content")


if __name__ == "__main__":
    if len(sys.argv) == 5:
        python_client.compare(*sys.argv[1:])
    else:
        python_client.run("2.4.0", [*python_client.EXERCISES, only_in_24])
