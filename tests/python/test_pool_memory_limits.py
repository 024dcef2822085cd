"""However little address space a program has, its pool answers: with the results, or with what is missing."""

import resource
import subprocess
import sys

import pytest
from conftest import PATHS

PROGRAM = """
import sys
sys.path[:0] = %r
import lambdapool_tasks as tasks
from lambdapool import LambdaPool, LambdaPoolError
try:
    with LambdaPool(workers=4, lambda_function="algorithms") as pool:
        print(pool.map(tasks.square, range(8), chunksize=1))
except (LambdaPoolError, MemoryError) as error:
    print(type(error).__name__, error)
""" % (
    PATHS,
)


# Python, the extension, and its threads' stacks, of 8 MB each: somewhere in here each of them is refused.
@pytest.mark.parametrize("megabytes", range(80, 200, 10))
def test_a_pool_with_little_memory_ends(enter, megabytes):
    enter("local")
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    # What Python itself, or glibc, has no room for ends the program in its own words.
    assert finished.stdout or finished.stderr
    if finished.returncode == 0:
        assert finished.stdout.startswith(("[0, 1, 4, 9, 16, 25, 36, 49]", "LocalError ", "WorkerDied ", "MemoryError"))
