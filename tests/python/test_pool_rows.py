"""Tiny items of a map with the chunksize 1 share a call, on this machine. Nobody notices but the clock."""

import threading
from collections import defaultdict

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, LambdaPoolError, WorkerDied

ITEMS = 1000
AT = 500  # where something happens: rows are certain to be there


@pytest.fixture
def pool(enter):
    enter("local")
    with LambdaPool(2, "algorithms") as pool:
        yield pool


def each_once(told):
    """`told`: of each item the process, and how many it had run then."""
    by_process = defaultdict(list)
    for process, count in told:
        by_process[process].append(count)
    return all(sorted(counts) == list(range(min(counts), max(counts) + 1)) for counts in by_process.values())


def with_at(*at, port):
    """Items, of which some have a port."""
    return [(n, port if n in at else 0) for n in range(ITEMS)]


def in_rows(pool):
    """How many calls carry more than one item, from now on."""
    rows, next_call = [], pool._dispatcher.engine.next

    class Engine:
        def __getattr__(self, name):
            return getattr(engine, name)

        def next(self):
            chunk = next_call()
            if chunk is not None and chunk[3] > 1:
                rows.append(chunk[3])
            return chunk

    engine = pool._dispatcher.engine
    pool._dispatcher.engine = Engine()
    return rows


@pytest.mark.parametrize("kind", ["map", "imap", "imap_unordered"])
def test_each_item_runs_once(pool, kind):
    rows = in_rows(pool)
    told = list(getattr(pool, kind)(tasks.count_here, range(ITEMS), chunksize=1))
    assert len(told) == ITEMS and each_once(told)
    assert rows and max(rows) <= 16
    report = pool.report()
    assert report.items == ITEMS > report.calls


def test_items_keep_their_order(pool):
    rows = in_rows(pool)
    for _ in range(5):
        assert pool.map(tasks.square, range(ITEMS), 1) == [n * n for n in range(ITEMS)]
        assert list(pool.imap(tasks.square, range(ITEMS))) == [n * n for n in range(ITEMS)]
        assert list(pool.imap(tasks.square, iter(range(ITEMS)))) == [n * n for n in range(ITEMS)]
    assert rows


def test_an_item_that_takes_long_holds_up_no_other(pool, ear):
    ear.hold(lambda told: True)
    items = with_at(AT, AT + 1, port=ear.port)  # so that both workers have one
    results = pool.imap_unordered(tasks.tell_where_asked, items)
    before = [next(results) for _ in range(AT)]
    assert ear.wait_for(2)
    ear.release()
    assert sorted(before + list(results)) == list(range(ITEMS))
    assert sorted(ear.heard) == [str(AT), str(AT + 1)]


def test_while_one_takes_long_the_others_of_its_row_run_elsewhere(pool, ear):
    rows = in_rows(pool)
    ear.hold(lambda told: True)
    results = pool.imap_unordered(tasks.tell_where_asked, with_at(AT, port=ear.port))
    assert sorted(next(results) for _ in range(ITEMS - 1)) == [n for n in range(ITEMS) if n != AT]
    ear.release()
    assert list(results) == [AT]
    assert ear.heard == [str(AT)] and rows


def test_an_exception_is_of_its_item_alone(pool):
    items = [(n, "the one" if n == AT else "") for n in range(ITEMS)]
    rows, results, came = in_rows(pool), pool.imap(tasks.raise_where_asked, items), []
    while len(came) < ITEMS:
        try:
            came.append(next(results))
        except ValueError as error:
            came.append(str(error))
    assert came[AT].startswith("the one") and rows
    assert came[:AT] + came[AT + 1 :] == [n for n in range(ITEMS) if n != AT]


@pytest.mark.parametrize("retries", [0, 2])
def test_an_item_that_kills_its_worker_is_the_one_that_is_named(pool, ear, retries):
    options = {"retry_on": WorkerDied, "retries": retries, "backoff": 0.001} if retries else {}
    results = pool.imap(tasks.exit_where_asked, with_at(AT, port=ear.port), **options)
    assert [next(results) for _ in range(AT)] == list(range(AT))
    with pytest.raises(WorkerDied, match="item %d" % AT):
        next(results)
    assert ear.heard == [str(AT)] * (1 + retries)


def test_large_items_and_results_go_alone(pool):
    rows = in_rows(pool)
    assert pool.map(tasks.length_of, ["%d" % n * 5_000 for n in range(1000, 1200)], 1) == [20_000] * 200
    assert pool.map(tasks.zeros, [5_000] * 200, 1) == [bytes(5_000)] * 200
    assert len(rows) == 1  # which turned out not to fit


def test_an_item_that_cannot_be_pickled_is_the_only_one_that_fails(pool):
    for at in range(AT, AT + 17):
        items = [threading.Lock() if n == at else n for n in range(AT + 100)]
        results, came = pool.imap(tasks.identity, items), []
        while len(came) < len(items):
            try:
                came.append(next(results))
            except (TypeError, LambdaPoolError) as error:
                came.append(str(error))
        assert "item %d" % at in came[at], came[at]
        assert came[:at] + came[at + 1 :] == [n for n in range(len(items)) if n != at]


def test_a_named_run_has_no_rows(pool, monkeypatch, tmp_path):
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path))
    rows = in_rows(pool)
    assert list(pool.imap(tasks.square, range(300), name="imap")) == [n * n for n in range(300)]
    assert pool.map(tasks.square, range(300), 1, name="map") == [n * n for n in range(300)]
    assert not rows


def test_what_has_come_is_there_though_the_iterable_raises_while_more_is_pulled(enter):
    def items():
        yield from range(ITEMS)
        raise ValueError("no more")

    enter("local")
    with LambdaExecutor("algorithms", 2) as executor:
        results, came = executor.map(tasks.square, items(), buffersize=200), []
        with pytest.raises(ValueError, match="no more"):
            for result in results:
                came.append(result)
    assert came == [n * n for n in range(ITEMS - 200)]


def test_each_item_has_arguments_of_its_own(pool):
    shared = []
    assert pool.map(tasks.append_to, [shared] * 300, 1) == [1] * 300


def test_what_could_be_told_apart_goes_alone(pool):
    rows = in_rows(pool)
    assert pool.map(lambda n: n + 1, range(300), 1) == list(range(1, 301))
    assert pool.map(tasks.Adder(1), range(300), 1) == list(range(1, 301))
    assert pool.map(tasks.identity, [complex(n) for n in range(300)], 1) == [complex(n) for n in range(300)]
    assert len(rows) <= 1  # of complex numbers one was tried


def test_a_number_of_tasks_for_a_process_counts_items(enter):
    enter("local")
    with LambdaPool(2, "algorithms", maxtasksperchild=10) as pool:
        rows = in_rows(pool)
        pool.map(tasks.square, range(300), 1)
        assert not rows


def test_a_pool_that_ends_amid_rows_ends_at_once(pool, ear):
    ear.hold(lambda told: True)
    result = pool.map_async(tasks.tell_where_asked, with_at(AT, port=ear.port), 1)
    assert ear.wait_for(1)
    pool.terminate()
    ear.release()
    with pytest.raises(Exception, match="ended"):
        result.get(60)
