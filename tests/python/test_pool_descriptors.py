"""The limit of open files: what has no room waits, what can never work is refused at once."""

import resource
import subprocess
import sys

import pytest
from conftest import PATHS

PROGRAM = """
import resource, sys
sys.path[:0] = %r
import lambdapool_tasks as tasks
from lambdapool import LambdaPool
workers = int(sys.argv[1])
try:
    with LambdaPool(workers=workers, lambda_function="algorithms") as pool:
        assert pool.map(tasks.square, range(3 * workers), chunksize=1) == [i * i for i in range(3 * workers)]
    print("all ran with", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
except Exception as error:
    print(type(error).__name__, error)
""" % (
    PATHS,
)


def run(workers, soft, hard=None):
    limits = (soft, hard or soft)
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(workers)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limits),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return finished.stdout + finished.stderr


@pytest.mark.parametrize("limit, workers", [(64, 40), (128, 200), (1024, 150)])
def test_calls_and_workers_without_room_wait_for_others(enter, limit, workers):
    enter("local")
    assert run(workers, limit) == f"all ran with {limit}\n"


def test_the_soft_limit_is_raised(enter):
    enter("local")
    hard = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 4096)
    assert run(2, 64, hard) == f"all ran with {hard}\n"


@pytest.mark.parametrize("limit", [12, 30])
def test_what_can_never_work_is_refused_at_once(enter, limit):
    enter("local")
    said = run(2, limit)
    assert said.startswith(f"LocalError This process may have {limit} files open and has "), said
    assert "Raise the limit (ulimit -n 1024)" in said
