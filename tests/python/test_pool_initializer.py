"""What an initializer leaves for the tasks after it, and what of it cannot be sent."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import initialized_tasks as tasks
import pytest
from conftest import BUILD
from lambdapool import InitializerFailed, LambdaExecutor, LambdaPool

FUNCTION = "algorithms"


def test_pools_that_share_an_environment_each_find_their_own_state(service):
    with LambdaPool(1, FUNCTION, initializer=tasks.initialize, initargs=("a",)) as one:
        with LambdaPool(1, FUNCTION, initializer=tasks.initialize, initargs=("b",)) as other:
            for _ in range(3):
                assert one.apply(tasks.look, (0,))[1] == "a"
                assert other.apply(tasks.look, (0,))[1] == "b"


def test_an_initializer_that_is_not_there_is_told_as_such(service):
    import test_pool_initializer as not_deployed

    with LambdaPool(1, FUNCTION, initializer=not_deployed.only_here) as pool:
        with pytest.raises(InitializerFailed, match="No module named 'test_pool_initializer'"):
            pool.apply(tasks.look, (1,))


def only_here():
    pass


def test_a_child_that_the_initializer_forks_never_answers_for_the_worker(service):
    with LambdaPool(1, FUNCTION, initializer=tasks.fork_and_return) as pool:
        assert [pool.apply(tasks.look, (n,))[:2] for n in range(3)] == [(n, "parent") for n in range(3)]


SCRIPT = """
    import sys
    from lambdapool import LambdaPool

    connection, cache, LIMIT = None, {}, 10

    def initialize(value):
        global connection
        connection = value
        cache["made"] = value * LIMIT

    def task(n):
        return n + connection, cache.get("made")

    if __name__ == "__main__":
        with LambdaPool(2, "algorithms", initializer=initialize, initargs=(5,)) as pool:
            print(pool.map(task, range(3), chunksize=1), pool.apply(task, (7,)))
            print(connection, cache)
"""


def test_what_a_scripts_initializer_sets_is_there_for_the_scripts_tasks(service, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120,
        env=dict(os.environ, PYTHONPATH=str(BUILD / "python")),
    )
    assert done.stdout == "[(5, 50), (6, 50), (7, 50)] (12, 50)\nNone {}\n", done.stderr


def test_what_cannot_be_sent_is_refused_at_once(service):
    with pytest.raises(TypeError, match="initializer must be a callable"):
        LambdaPool(1, FUNCTION, initializer=5)
    with pytest.raises(TypeError, match="initargs cannot be sent to the workers.*mean nothing there"):
        LambdaPool(1, FUNCTION, initializer=tasks.initialize, initargs=(threading.Lock(),))
    with pytest.raises(TypeError, match="initargs cannot be sent to the workers"):
        LambdaExecutor(FUNCTION, 1, initializer=tasks.initialize, initargs=(multiprocessing.RLock(),))
    with pytest.raises(TypeError):
        LambdaPool(1, FUNCTION, initializer=tasks.initialize, initargs=5)
