"""docs/tasks.md's table of kinds, a test a row: what it says is what a user's script sees."""

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import BUILD, HERE, REPOSITORY

ROWS = {
    kind: [argument, result]
    for kind, argument, result in re.findall(
        r"^\| (.+?) \| (arrives|\w+) \| (arrives|\w+) \|$", (REPOSITORY / "docs" / "tasks.md").read_text(), re.M
    )
    if kind != "kind"
}


@pytest.fixture(scope="session")
def travelled(local_environment):
    """What tests/python/scripts/travel.py saw, run as a user runs it."""
    environment = dict(
        os.environ, PYTHONPATH=os.pathsep.join([str(BUILD / "python"), str(HERE / "deployed")]), **local_environment
    )
    finished = subprocess.run(
        [sys.executable, str(HERE / "scripts" / "travel.py")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_a_row_of_the_table_is_what_happens(travelled, kind):
    assert travelled[kind] == ROWS[kind]


def test_the_table_has_every_kind(travelled):
    assert set(travelled) == set(ROWS) and len(ROWS) >= 50
