"""A chunk's outcomes come before its answer, and what had come stays where the worker dies."""

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from functools import partial

import lambdapool_tasks as tasks
import pytest
from conftest import HERE, PATHS
from lambdapool import LambdaPool, OutOfMemory, WorkerDied

pytestmark = pytest.mark.usefixtures("early_service")
WAIT = 100  # seconds: none of it where all is well


@pytest.fixture(autouse=True)
def runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def pool():
    with LambdaPool(1, "algorithms") as pool:
        yield pool


def dying(port, way, at=7):
    def task(item):
        tasks.tell(item, port)
        if item == at and way == "exit":
            os._exit(3)
        if item == at and way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        taken = []
        while item == at:
            taken.append(b"1" * (16 << 20))
        return item * item

    return task


def outcomes_of(results, count):
    came = []
    for _ in range(count):
        try:
            came.append(results.next(timeout=WAIT))
        except WorkerDied as error:
            came.append(error)
    return came


@pytest.mark.parametrize("kind", ["imap", "imap_unordered"])
@pytest.mark.parametrize("way, error", [("exit", WorkerDied), ("kill", WorkerDied), ("memory", OutOfMemory)])
def test_a_worker_that_dies_leaves_what_was_done(pool, ear, kind, way, error):
    results = getattr(pool, kind)(dying(ear.port, way), range(10), chunksize=10)
    assert [results.next(timeout=WAIT) for _ in range(7)] == [item * item for item in range(7)]
    for _ in range(3):  # the other two had not begun, and are not sent any more
        with pytest.raises(error) as caught:
            results.next(timeout=WAIT)
        assert "item 7" in str(caught.value)
    assert ear.heard == [str(item) for item in range(8)]


@pytest.mark.parametrize("kind", ["imap", "imap_unordered"])
def test_what_is_done_is_there_while_the_next_item_runs(pool, ear, kind):
    ear.hold(lambda told: told == "7")
    results = getattr(pool, kind)(partial(tasks.tell_and_sleep, port=ear.port, seconds=0), range(10), chunksize=10)
    assert [results.next(timeout=WAIT) for _ in range(7)] == list(range(7))
    ear.release()
    assert [results.next(timeout=WAIT) for _ in range(3)] == [7, 8, 9]
    with pytest.raises(StopIteration):
        results.next(timeout=WAIT)


def test_a_failure_that_comes_early_is_the_items_own(pool, ear):
    ear.hold(lambda told: told == "7")

    def task(item):
        tasks.tell(item, ear_port)
        if item == 2:
            raise ValueError("two")
        return item

    ear_port = ear.port
    results = pool.imap(task, range(10), chunksize=10)
    assert [results.next(timeout=WAIT) for _ in range(2)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        results.next(timeout=WAIT)
    assert [results.next(timeout=WAIT) for _ in range(4)] == [3, 4, 5, 6]
    ear.release()
    assert [results.next(timeout=WAIT) for _ in range(3)] == [7, 8, 9]


def test_what_had_not_begun_is_sent_again_where_failures_are_retried(pool, ear):
    def die_once(item):
        tasks.tell(item, port)
        mark = os.path.join(tempfile.gettempdir(), name)  # the worker's own, which outlives its process
        if item == 7 and not os.path.exists(mark):
            open(mark, "w").close()
            os._exit(3)
        return item

    port, name = ear.port, uuid.uuid4().hex
    results = pool.map(die_once, range(10), 10, retry_on=WorkerDied, backoff=0.01)
    assert results == list(range(10))
    assert sorted(ear.heard) == sorted([*map(str, range(10)), "7"])


def test_a_child_that_runs_the_tasks_tells_early(ear):
    with LambdaPool(1, "algorithms", maxtasksperchild=100) as pool:
        assert pool.apply(tasks.square, (3,)) == 9  # which makes the child
        results = pool.imap(dying(ear.port, "exit"), range(10), chunksize=10)
        assert [results.next(timeout=WAIT) for _ in range(7)] == [item * item for item in range(7)]
        with pytest.raises(WorkerDied, match="item 7"):
            results.next(timeout=WAIT)


def test_what_does_not_fit_comes_with_the_answer(pool, ear):
    def task(item):
        tasks.tell(item, port)
        return bytes([item]) * (700_000 if item < 9 else 5_000_000)

    port = ear.port
    results = pool.map(task, range(10), 10)
    assert [len(one) for one in results] == [700_000] * 9 + [5_000_000]
    assert all(one[0] == one[-1] == item for item, one in enumerate(results))
    assert sorted(ear.heard) == [str(item) for item in range(10)]


@pytest.mark.parametrize("byte", [b"\x00", b"\xff", b"P"])
def test_who_writes_over_the_memory_gets_no_wrong_answer(pool, byte):
    def task(item):
        from lambdapool_agent import early

        if item % 3 == 2:
            early._place.memory[:65536] = byte * 65536
        if item == fatal:
            os._exit(3)
        return item

    fatal = None
    assert pool.map(task, range(10), 10) == list(range(10))
    fatal = 7
    came = outcomes_of(pool.imap(task, range(10), chunksize=10), 10)
    assert all(type(one) is WorkerDied or one == item for item, one in enumerate(came))
    assert type(came[7]) is WorkerDied


def test_a_child_of_a_task_tells_nothing(pool):
    def task(item):
        child = os.fork()
        if child == 0:
            return -1
        os.waitpid(child, 0)
        return item

    assert list(pool.imap_unordered(task, range(10), chunksize=10)) == list(range(10))


CLIENT = """
import sys, lambdapool, lambdapool_tasks as tasks
from functools import partial
port, at = int(sys.argv[1]), 7
with lambdapool.LambdaPool(1, "algorithms", idempotent=len(sys.argv) > 2) as pool:
    task = partial(tasks.tell_and_sleep, port=port, seconds=0)
    for value in pool.imap(task, range(10), chunksize=10, name="early"):
        print(value, flush=True)
"""


def client(ear, *more):
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(ear.port), *more],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join([*map(str, PATHS), str(HERE / "deployed")])),
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_named_run_has_what_came_early_when_its_client_is_killed(ear):
    ear.hold(lambda told: told == "7" and ear.heard.count("7") == 1)
    with client(ear) as first:
        assert [int(first.stdout.readline()) for _ in range(7)] == list(range(7))
        first.kill()
    with client(ear, "again") as second:
        assert [int(line) for line in second.stdout] == list(range(10))
    assert sorted(ear.heard) == sorted([*map(str, range(10)), "7"])
