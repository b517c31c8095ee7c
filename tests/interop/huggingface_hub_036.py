#!/usr/bin/env python3
"""What huggingface_hub 0.36.0 does against the embedded Hub. The program is the first argument, or HUBPUSH_PROGRAM."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import python_client  # noqa: E402
from hub_program import check  # noqa: E402


def only_in_036(session):
    """What newer versions do not have any more."""
    api = session.api
    api.create_repo("alice/huge")
    api.upload_large_folder("alice/huge", session.folder, repo_type="model", num_workers=2, print_report=False)
    check(python_client.same_content(session.folder, session.snapshot("alice/huge", "huge")), "upload_large_folder")
    check(api.whoami()["auth"]["accessToken"]["role"] == "write", "the token's role is known")


if __name__ == "__main__":
    python_client.run("0.36.0", [*python_client.EXERCISES, only_in_036])
