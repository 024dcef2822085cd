"""A C++ program that deploys: itself, on the local Lambda."""

import subprocess

from conftest import BUILD

TRANSCRIPT = """\
self provided.al2023 256 MB 60 s
self, ..., Uploaded the code of self
42
9 s
create again: thrown
too little memory: thrown
given up: thrown
10
remove again: thrown
0
"""


def test_a_program_deploys_calls_changes_and_removes_itself(clean_environment):
    done = subprocess.run(
        [BUILD / "tests" / "deploys"], env=clean_environment, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr, done.returncode) == (TRANSCRIPT, "", 0)


def test_a_program_compares_sizes_of_memory(clean_environment):
    done = subprocess.run(
        [BUILD / "tests" / "tunes"], env=clean_environment, capture_output=True, text=True, timeout=240
    )
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stdout + done.stderr
