"""Futures make what is for waiting when somebody waits, which may be before they are done, then, or after."""

import concurrent.futures
import threading
from concurrent.futures import ALL_COMPLETED, CancelledError, as_completed, wait

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor


@pytest.fixture
def executor(service):
    with LambdaExecutor("algorithms", max_workers=1) as executor:
        yield executor


@pytest.fixture
def done(executor):
    """A future that is, while nobody has waited for it, and one that has failed so."""
    good, bad = executor.submit(tasks.square, 3), executor.submit(tasks.raises, KeyError)
    executor.submit(tasks.square, 1).result(60)  # which comes after them
    assert "_condition" not in vars(good) and "_condition" not in vars(bad)
    return good, bad


def test_one_that_is_done_is_all_that_a_future_is(done):
    good, bad = done
    assert good.result(0) == 9
    with pytest.raises(KeyError):
        bad.result(0)
    assert good.exception(0) is None and isinstance(bad.exception(0), KeyError)
    assert good.done() and not good.running() and not good.cancelled() and not good.cancel()
    assert "finished" in repr(good) and "finished raised KeyError" in repr(bad)


@pytest.mark.parametrize("look", [lambda all: wait(all, 60, ALL_COMPLETED).done, lambda all: as_completed(all, 60)])
def test_one_that_is_done_is_found_by_who_looks_at_several(done, look):
    assert set(look(done)) == set(done)


def test_a_callback_is_run_at_once_where_it_is_done(done):
    called = []
    for future in done:
        future.add_done_callback(called.append)
    assert called == list(done)


def test_who_waits_while_it_becomes_done_is_told(executor):
    called = []
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        for n in range(30):
            future = executor.submit(tasks.square, n)
            ready = threading.Barrier(4)
            looks = [
                lambda future: future.result(60),
                lambda future: next(as_completed([future], 60)).result(),
                lambda future: wait([future], 60).done.pop().result(),
                lambda future: future.add_done_callback(called.append) or future.result(60),
            ]
            waiting = [threads.submit(lambda look=look: (ready.wait(60), look(future))[1]) for look in looks]
            assert [each.result(60) for each in waiting] == [n * n] * 4
    executor.submit(tasks.square, 1).result(60)  # after all callbacks
    assert len(called) == 30


def test_one_that_is_cancelled_while_nobody_waits_says_so(executor, ear):
    ear.hold(lambda told: True)
    executor.submit(tasks.tell, 1, ear.port)
    others = [executor.submit(tasks.square, n) for n in range(20)]
    assert others[-1].cancel() and others[-1].cancelled()
    ear.release()
    with pytest.raises(CancelledError):
        others[-1].result(60)
    assert others[0].result(60) == 0


def test_what_a_future_has_not_it_says_as_others_do(executor):
    future = executor.submit(tasks.square, 1)
    with pytest.raises(AttributeError, match="'Future' object has no attribute 'nothing'"):
        future.nothing
    assert not hasattr(future, "_asyncio_future_blocking")
