"""How far a map is, shown or told."""

import io
import sys
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, Progress, as_completed
from lambdapool import progress_display as display


@pytest.fixture
def local(enter):
    enter("local")


@pytest.fixture
def pool(local):
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        yield pool


class Terminal(io.StringIO):
    def isatty(self):
        return True


def without_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)


def test_a_callback_hears_of_the_end_before_map_returns(pool):
    heard = []
    assert pool.map(tasks.square, range(20), progress=heard.append) == [n * n for n in range(20)]
    last = heard[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total, last.failed, last.running, last.queued) == (20, 20, 0, 0, 0)
    assert last.cost > 0 and last.eta == 0
    assert [state.done for state in heard] == sorted(state.done for state in heard)


def test_running_is_what_the_workers_have(pool, ear):
    seen = threading.Event()
    ear.hold(lambda told: True)
    result = pool.map_async(
        tasks.tell_pair,
        [(n, ear.port) for n in range(30)],
        chunksize=1,
        progress=lambda state: (state.running, state.queued) == (2, 28) and seen.set(),
    )
    assert seen.wait(60)
    ear.release()
    result.get(60)


def test_failed_items_are_counted(pool):
    heard = []
    with pytest.raises(ValueError):
        pool.map(tasks.fails_on_three, [1, 3, 2, 3], chunksize=2, progress=heard.append)
    assert (heard[-1].done, heard[-1].failed) == (4, 2)


def test_a_pool_s_progress_is_its_maps(local):
    heard = []
    with LambdaPool(2, "algorithms", progress=heard.append) as pool:
        list(pool.imap_unordered(tasks.square, iter(range(10))))
        assert (heard[-1].done, heard[-1].total) == (10, 10)
        del heard[:]
        pool.starmap(tasks.square, [(1,), (2,)], progress=False)
        assert heard == []


def test_an_executor_s_map_tells_too(local):
    heard = []
    with LambdaExecutor("algorithms", max_workers=2, progress=heard.append) as executor:
        assert list(executor.map(tasks.square, range(7))) == [n * n for n in range(7)]
    assert (heard[-1].done, heard[-1].total) == (7, 7)


def test_what_a_callback_raises_is_shown_once_and_fails_nothing(pool, capfd):
    def broken(state):
        raise RuntimeError("in the callback")

    assert pool.map(tasks.square, range(5), progress=broken) == [0, 1, 4, 9, 16]
    assert capfd.readouterr().err.count("RuntimeError: in the callback") == 1


def test_nothing_is_shown_where_standard_error_is_no_terminal_unless_asked(pool, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    pool.map(tasks.square, range(5), progress=True)
    assert sys.stderr.getvalue() == ""
    pool.map(tasks.square, range(5), progress="text")
    assert sys.stderr.getvalue().startswith("lambdapool: 5/5 100 %")


def test_a_terminal_without_tqdm_gets_a_line_that_moves(pool, monkeypatch):
    without_tqdm(monkeypatch)
    monkeypatch.setattr(sys, "stderr", Terminal())
    pool.map(tasks.square, range(5), progress=True)
    assert "\r5/5 100 %" in sys.stderr.getvalue() and sys.stderr.getvalue().endswith("\n")


class Bar:
    made = []

    def __init__(self, **options):
        self.n, self.total, self.closed = 0, options["total"], False
        Bar.made.append(self)

    def set_postfix_str(self, text, refresh):
        self.text = text

    def refresh(self):
        pass

    def close(self):
        self.closed = True


def test_a_terminal_with_tqdm_gets_its_bar(pool, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=Bar))
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(Bar, "made", [])
    pool.map(tasks.square, range(5), progress=True)
    (bar,) = Bar.made
    assert (bar.n, bar.total, bar.closed) == (5, 5, True) and bar.text.startswith("$0.")


def test_a_line_says_what_there_is_to_say():
    state = Progress(30, 120, 2, 10, 80, 1, 4, 0.00123, 15.0)
    assert display.line(state) == (
        "30/120 25 %, 2/s, 0:45 left in 0:15, running 10, queued 80, retried 1, throttled 4, failed 2, $0.001230"
    )
    assert ", 3670/s in " in display.line(Progress(36700, None, 0, 0, 0, 0, 0, 0.0, 10.0))
    assert display.line(Progress(0, None, 0, 0, 0, 0, 0, 0.0, 0.0)) == "0, 0/s in 0:00"


@pytest.mark.parametrize(("wrong", "error"), [("bar", ValueError), (3, TypeError)])
def test_what_is_no_progress_is_refused(local, pool, wrong, error):
    with pytest.raises(error, match="progress must be"):
        pool.map(tasks.square, [1], progress=wrong)
    with pytest.raises(error, match="progress must be"):
        LambdaPool(1, "algorithms", progress=wrong)


def test_as_completed_tells_of_futures():
    futures = [Future() for _ in range(3)]
    for n, future in enumerate(futures):
        future.set_result(n)
    heard = []
    assert {future.result() for future in as_completed(futures, progress=heard.append)} == {0, 1, 2}
    assert (heard[-1].done, heard[-1].total) == (3, 3)
