"""retry_on: an item that failed in a way which its user has named is run again."""

import collections
import socketserver
import threading

import lambdapool_tasks as tasks
import pytest
from flaky_tasks import Flaky, tell_and_fail
from lambdapool import LambdaExecutor, LambdaPool, PoolTerminated, WorkerDied

QUICK = {"backoff": 0.01}


@pytest.fixture(autouse=True)
def local(enter, tmp_path, monkeypatch):
    enter("local")
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path / "runs"))


class Runs(socketserver.ThreadingTCPServer):
    """Counts how often each item was run, and tells who asks how often before."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Counted)
        self.counts = collections.Counter()
        self.changing = threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Counted(socketserver.StreamRequestHandler):
    def handle(self):
        item = int(self.rfile.readline())
        with self.server.changing:
            before = self.server.counts[item]
            self.server.counts[item] += 1
        self.wfile.write(b"%d\n" % before)


@pytest.fixture
def runs():
    with Runs() as server:
        yield server
        server.shutdown()


@pytest.fixture
def pool():
    with LambdaPool(2, "algorithms") as pool:
        yield pool


def test_only_what_failed_so_is_run_again_and_the_report_counts_it(pool, runs):
    flaky = Flaky(runs.port, {3, 7}, times=2)
    result = pool.map_async(flaky, range(10), retry_on=TimeoutError, **QUICK)
    assert result.get(60) == list(range(10))
    assert runs.counts == {item: 3 if item in (3, 7) else 1 for item in range(10)}
    assert result.report.retries["failed_items"] == 4
    assert result.report.items == 10
    assert "4 failed items" in str(result.report)


def test_items_of_a_chunk_that_did_not_fail_are_not_run_again(pool, runs):
    flaky = Flaky(runs.port, {1, 4, 5}, kind=OSError)
    assert pool.map(flaky, range(6), chunksize=3, retry_on=(KeyError, OSError), **QUICK) == list(range(6))
    assert runs.counts == {item: 2 if item in (1, 4, 5) else 1 for item in range(6)}


def test_the_last_failure_is_the_outcome(pool, runs):
    flaky = Flaky(runs.port, {2}, times=9)
    with pytest.raises(TimeoutError, match="item 2, time 3") as told:
        pool.map(flaky, range(4), retry_on=TimeoutError, retries=3, **QUICK)
    assert told.value.__cause__.item == 2


def test_other_exceptions_are_outcomes_at_once(pool, runs):
    flaky = Flaky(runs.port, {2}, kind=KeyError)
    with pytest.raises(KeyError):
        pool.map(flaky, range(4), retry_on=TimeoutError, **QUICK)
    assert runs.counts[2] == 1


@pytest.mark.parametrize("kind", ["imap", "imap_unordered", "starmap"])
def test_every_kind_of_map_has_it(pool, runs, kind):
    flaky = Flaky(runs.port, {0, 5})
    items = [(item,) for item in range(8)] if kind == "starmap" else iter(range(8))
    results = list(getattr(pool, kind)(flaky, items, 3, retry_on=TimeoutError, **QUICK))
    assert (sorted(results) if kind == "imap_unordered" else results) == list(range(8))
    assert sum(runs.counts.values()) == 10


def test_a_worker_that_died_is_another_s_turn_where_that_is_named(pool, runs):
    flaky = Flaky(runs.port, {1}, kind=None)
    assert pool.map(flaky, range(4), chunksize=2, retry_on=WorkerDied, **QUICK) == list(range(4))
    assert runs.counts[1] == 2
    with pytest.raises(WorkerDied):
        pool.map(Flaky(runs.port, {11}, kind=None), range(10, 14), retry_on=WorkerDied, retries=0)


def test_an_executor_s_tasks_and_maps_have_it(runs):
    with LambdaExecutor("algorithms", 2, retry_on=TimeoutError, retries=1, **QUICK) as executor:
        flaky = Flaky(runs.port, {1, 10, 12})
        assert [executor.submit(flaky, item).result(60) for item in range(3)] == [0, 1, 2]
        assert list(executor.map(flaky, range(10, 14), chunksize=2)) == [10, 11, 12, 13]
        assert runs.counts == {item: 2 if item in (1, 10, 12) else 1 for item in [0, 1, 2, 10, 11, 12, 13]}
        with pytest.raises(TimeoutError):
            executor.submit(Flaky(runs.port, {20}, times=2), 20).result(60)
        with pytest.raises(TimeoutError):
            list(executor.map(Flaky(runs.port, {31}), range(30, 33), retries=0))


def test_apply_waits_for_the_last_word(runs):
    with LambdaPool(1, "algorithms", retry_on=(TimeoutError, WorkerDied), **QUICK) as pool:
        assert pool.apply(Flaky(runs.port, {1}), (1,)) == 1
        assert pool.apply(Flaky(runs.port, {2}, kind=None), (2,)) == 2


def test_a_named_run_keeps_what_came_after_a_retry(pool, runs):
    flaky = Flaky(runs.port, {2})
    for _ in range(2):
        assert pool.map(flaky, range(4), name="r", retry_on=TimeoutError, **QUICK) == list(range(4))
    assert runs.counts == {0: 1, 1: 1, 2: 2, 3: 1}


def test_a_pool_that_ends_does_not_wait_for_what_is_to_come_again(ear):
    pool = LambdaPool(1, "algorithms", retry_on=ValueError, backoff=60)
    result = pool.apply_async(tell_and_fail, (ear.port,))
    assert ear.wait_for(1)
    pool.terminate()
    with pytest.raises(PoolTerminated):
        result.get(60)


@pytest.mark.parametrize(
    ("options", "kind", "complaint"),
    [
        ({"retry_on": "TimeoutError"}, TypeError, "retry_on must be a class of exceptions"),
        ({"retry_on": (ValueError, 3)}, TypeError, "retry_on must be a class of exceptions"),
        ({"retries": 3}, ValueError, "need retry_on"),
        ({"backoff": 3}, ValueError, "need retry_on"),
        ({"retry_on": ValueError, "retries": 101}, ValueError, "between 0 and 100"),
        ({"retry_on": ValueError, "backoff": -1}, ValueError, "backoff must be between 0 and 60"),
        ({"retry_only": ValueError}, TypeError, "no option 'retry_only'"),
    ],
)
def test_what_makes_no_sense_is_refused(pool, options, kind, complaint):
    with pytest.raises(kind, match=complaint):
        pool.map(tasks.square, [1], **options)
