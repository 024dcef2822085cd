"""C++ tasks that fail are kept, and run again by `lambdapool replay`; a ladder of memory. What the program checks
itself stands in program/kept.cpp."""

import json
import shutil
import subprocess

import pytest
from conftest import BUILD

NAMES = [
    "kept_2-2-std__out_of_range.task",
    "kept_2-task-out_of_memory.task",
    "kept_2-task-std__out_of_range.task",
    "kept_2-task-std__runtime_error.task",
    "kept_2-task-worker_died.task",
]


@pytest.fixture
def kept(tmp_path, clean_environment):
    """The folder of what has failed."""
    folder = tmp_path / "failed"
    command = [BUILD / "tests" / "kept", folder]
    done = subprocess.run(command, env=clean_environment, capture_output=True, text=True, timeout=240)
    assert done.stdout == "ok\n", done.stdout + done.stderr
    assert sorted(path.name for path in folder.iterdir()) == NAMES
    return folder


def test_what_failed_is_run_again_by_the_program_itself(run, kept):
    done = run("replay", kept / "kept_2-2-std__out_of_range.task")
    assert (done.returncode, done.stdout) == (1, "")
    assert "item 2 of function kept:2, which failed with std::out_of_range: three" in done.stderr
    assert done.stderr.endswith("lambdapool: it threw std::out_of_range: three\n")
    with_shared = run("replay", kept / "kept_2-task-std__runtime_error.task")
    assert with_shared.returncode == 1 and "it threw std::runtime_error: the sum is 10" in with_shared.stderr
    here_is_room = run("replay", kept / "kept_2-task-out_of_memory.task")
    assert (here_is_room.returncode, here_is_room.stderr.splitlines()[-1]) == (
        0,
        "lambdapool: it returned a value of 4 bytes",
    )
    assert run("replay", kept / "kept_2-task-worker_died.task").returncode == -11
    assert "--pdb is for Python" in run("replay", kept / NAMES[0], "--pdb").stderr


@pytest.mark.skipif(shutil.which("gdb") is None, reason="without gdb")
def test_a_crash_is_seen_in_gdb(lambdapool, kept, clean_environment):
    done = subprocess.run(
        [lambdapool, "replay", kept / "kept_2-task-worker_died.task", "--gdb"],
        env=clean_environment,
        input="set pagination off\nset debuginfod enabled off\nrun\nbt\nkill\nquit\n",
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "received signal SIGSEGV" in done.stdout, done.stdout + done.stderr
    assert "crash_here" in done.stdout and "kept.cpp:" in done.stdout


def test_without_gdb_that_is_said(run, kept, tmp_path):
    done = run("replay", kept / NAMES[0], "--gdb", PATH=str(tmp_path))
    assert done.stderr == "Error: --gdb needs gdb, which is not on the PATH.\n"


def test_what_cannot_be_run_again_is_told(run, kept):
    file = kept / NAMES[0]
    head, _, parts = file.read_bytes().partition(b"\n")
    about = json.loads(head)
    for change, cut, sentence in (
        ({"peer": "aabb"}, None, "has been built anew since the task failed"),
        ({"program": "/nowhere/program"}, None, "/nowhere/program, is not there"),
        ({"format": 2}, None, "was kept by another lambdapool"),
        ({"bytes": [10**15]}, None, "ends before the task does"),
        ({"bytes": [10**15, -1]}, None, "ends before the task does"),
        ({"bytes": "no"}, None, "is no task that keep_failed has kept"),
        ({}, 20, "ends before the task does"),
        ({"bytes": [20]}, 20, "cannot be read"),
    ):
        file.write_bytes(json.dumps({**about, **change}).encode() + b"\n" + parts[:cut])
        done = run("replay", file)
        assert done.returncode in (1, 2) and sentence in done.stderr, done.stderr
