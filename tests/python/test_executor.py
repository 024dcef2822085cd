"""One body, two executors: what the standard library's does, LambdaExecutor does."""

import asyncio
import concurrent.futures
import itertools
import operator
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, as_completed, wait
from functools import partial

import lambdapool_tasks as tasks
import pytest
from conftest import SERVICES
from lambdapool import LambdaExecutor, LambdaPool


@pytest.fixture(params=["threads"] + SERVICES)
def make_executor(request, enter):
    if request.param == "threads":
        return concurrent.futures.ThreadPoolExecutor
    enter(request.param)
    return lambda max_workers: LambdaExecutor("algorithms", max_workers=max_workers)


@pytest.fixture
def any_executor(make_executor):
    with make_executor(2) as executor:
        yield executor


def test_submit_returns_a_future(any_executor):
    assert isinstance(any_executor, concurrent.futures.Executor)
    future = any_executor.submit(tasks.add, 1, b=2)
    assert isinstance(future, Future)
    assert future.result(60) == 3 and future.done() and not future.cancelled()
    assert any_executor.submit(tasks.square, x=4).result(60) == 16
    assert any_executor.submit(dict, fn=1, self=2).result(60) == {"fn": 1, "self": 2}


def test_wait_and_as_completed(any_executor, ear):
    futures = [any_executor.submit(tasks.square, n) for n in range(20)]
    assert sorted(future.result() for future in as_completed(futures, timeout=60)) == [n * n for n in range(20)]
    ear.hold(lambda told: True)
    slow, fast = any_executor.submit(tasks.tell, 1, ear.port), any_executor.submit(tasks.square, 0)
    done, pending = wait([slow, fast], timeout=60, return_when=FIRST_COMPLETED)
    assert fast in done and slow in pending
    ear.release()
    assert wait([slow], timeout=60).done == {slow}


def test_asyncio_awaits_the_futures(any_executor):
    async def main():
        futures = [asyncio.wrap_future(any_executor.submit(tasks.square, n)) for n in range(5)]
        in_executor = asyncio.get_running_loop().run_in_executor(any_executor, tasks.square, 9)
        return await asyncio.gather(*futures, in_executor)

    assert asyncio.run(main()) == [0, 1, 4, 9, 16, 81]


def test_exceptions(any_executor):
    future = any_executor.submit(tasks.raise_value_error, 5)
    with pytest.raises(ValueError, match="no 5"):
        future.result(60)
    assert isinstance(future.exception(), ValueError)
    assert isinstance(any_executor.submit(tasks.raises, SystemExit, 3).exception(60), SystemExit)
    assert any_executor.submit(tasks.square, 3).result(60) == 9


def test_map(any_executor):
    assert list(any_executor.map(operator.add, range(10), range(10))) == [2 * n for n in range(10)]
    assert list(any_executor.map(operator.add, [1, 2, 3], [1, 2])) == [2, 4]
    assert list(any_executor.map(tasks.square, range(10), chunksize=3)) == [n * n for n in range(10)]
    assert list(any_executor.map(tasks.square, [])) == []
    results = any_executor.map(tasks.fails_on_three, range(6))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_map_takes_its_iterables_at_once(any_executor):
    pulled = []
    results = any_executor.map(tasks.square, (pulled.append(n) or n for n in range(30)))
    assert len(pulled) == 30
    assert list(results) == [n * n for n in range(30)]


def test_map_times_out(any_executor, ear):
    ear.hold(lambda told: True)
    results = any_executor.map(partial(tasks.tell, port=ear.port), [1, 2], timeout=0.2)
    with pytest.raises(concurrent.futures.TimeoutError):
        list(results)
    ear.release()


def test_a_function_that_raises_stop_iteration_does_not_end_the_map(any_executor):
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(any_executor.map(tasks.raise_stop_iteration, [1]))


def test_callbacks(any_executor):
    seen, done = [], threading.Event()
    future = any_executor.submit(tasks.square, 3)
    future.add_done_callback(lambda _: 1 / 0)
    future.add_done_callback(lambda future: (seen.append(future.result()), done.set()))
    assert done.wait(60) and seen == [9]


def test_shutdown(make_executor):
    executor = make_executor(2)
    futures = [executor.submit(tasks.sleep, 0.05) for _ in range(6)]
    executor.shutdown()
    assert all(future.done() and future.result() == 0.05 for future in futures)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(tasks.square, 1)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.map(tasks.square, [1])
    executor.shutdown()
    executor.shutdown(wait=False, cancel_futures=True)


def test_shutdown_without_waiting_still_finishes(make_executor):
    executor = make_executor(2)
    futures = [executor.submit(tasks.sleep, 0.05) for _ in range(6)]
    executor.shutdown(wait=False)
    assert [future.result(60) for future in futures] == [0.05] * 6


def test_shutdown_can_cancel_what_was_not_sent(make_executor, ear):
    ear.hold(lambda told: True)
    executor = make_executor(1)
    futures = [executor.submit(tasks.tell, n, ear.port) for n in range(10)]
    assert ear.wait_for(1)
    executor.shutdown(wait=False, cancel_futures=True)
    ear.release()
    executor.shutdown(wait=True)
    assert all(future.done() for future in futures)
    assert futures[0].result() is None
    assert futures[-1].cancelled()


def test_a_queued_future_can_be_cancelled(make_executor, ear):
    ear.hold(lambda told: True)
    with make_executor(1) as executor:
        futures = [executor.submit(tasks.tell, n, ear.port) for n in range(6)]
        assert futures[-1].cancel() and futures[-1].cancelled()
        with pytest.raises(CancelledError):
            futures[-1].result()
        ear.release()
        assert wait(futures, timeout=60).not_done == set()
        assert not futures[0].cancel() and futures[0].result() is None


def test_the_with_block_waits(make_executor):
    with make_executor(2) as executor:
        futures = [executor.submit(tasks.sleep, 0.05) for _ in range(5)]
    assert all(future.done() for future in futures)


def test_a_dropped_executor_finishes_its_work(make_executor):
    executor = make_executor(2)
    futures = [executor.submit(tasks.sleep, 0.05) for _ in range(5)]
    del executor
    assert [future.result(60) for future in futures] == [0.05] * 5


def test_arguments_out_of_range(service):
    with LambdaExecutor("algorithms", max_workers=1) as executor:
        with pytest.raises(ValueError, match="chunksize must be >= 1"):
            executor.map(tasks.square, [1], chunksize=0)
        with pytest.raises(ValueError, match="buffersize must be None or > 0"):
            executor.map(tasks.square, [1], buffersize=0)
        with pytest.raises(TypeError, match="buffersize must be an integer or None"):
            executor.map(tasks.square, [1], buffersize=2.0)
        with pytest.raises(TypeError, match="chunksize must be an int, not float"):
            executor.map(tasks.square, [1], chunksize=2.0)
        with pytest.raises(TypeError, match="fn must be callable, not int"):
            executor.map(3, [1])
        with pytest.raises(TypeError, match="fn must be callable, not str"):
            executor.submit("square", 1)
        with pytest.raises(TypeError, match="timeout must be a number of seconds or None, not str"):
            executor.map(tasks.square, [1], timeout="soon")
        assert list(executor.map(tasks.square, [2])) == [4]
    for workers, error in ((0, ValueError), (-1, ValueError), ("3", TypeError), (1.5, TypeError)):
        with pytest.raises(error, match="max_workers"):
            LambdaExecutor("algorithms", max_workers=workers)
    with pytest.raises(ValueError, match="max_workers must be greater than 0"):
        LambdaExecutor("algorithms", 0)
    with pytest.raises(TypeError, match="give one of them"):
        LambdaExecutor("algorithms", 2, workers=3)
    with pytest.raises(ValueError, match="lambda_function is empty"):
        LambdaExecutor("")
    with pytest.raises(TypeError, match="lambda_function must be a str"):
        LambdaExecutor(None)


def test_the_function_and_the_number_of_workers_come_in_either_order_and_by_name(service):
    for executor in (
        LambdaExecutor("algorithms", 4),
        LambdaExecutor(4, "algorithms"),
        LambdaExecutor(4, lambda_function="algorithms"),
        LambdaExecutor("algorithms", workers=4),
        LambdaExecutor("algorithms", max_workers=4),
    ):
        with executor:
            assert executor._max_workers == 4
    for pool in (
        LambdaPool(4, "algorithms"),
        LambdaPool("algorithms", 4),
        LambdaPool("algorithms", workers=4),
        LambdaPool(4, lambda_function="algorithms"),
        LambdaPool("algorithms"),
    ):
        with pool:
            assert pool.apply(tasks.square, (3,)) == 9
    with LambdaExecutor("algorithms") as executor:
        assert executor._max_workers == 100


def test_a_class_that_needs_no_arguments(service, monkeypatch, tmp_path):
    made = LambdaExecutor.configured(lambda_function="algorithms", workers=2)
    assert issubclass(made, LambdaExecutor) and made.__name__ == "LambdaExecutor"
    with made() as executor:
        assert executor.submit(tasks.square, 3).result(60) == 9 and executor._max_workers == 2
    for executor in (made(max_workers=3), made(3), made(workers=3)):
        with executor:
            assert executor._max_workers == 3
    with pytest.raises(TypeError, match="wrokers"):
        LambdaExecutor.configured(wrokers=2)
    monkeypatch.setenv("LAMBDAPOOL_FUNCTION", "algorithms")
    with LambdaExecutor.configured(workers=2)() as executor:
        assert executor.submit(tasks.square, 3).result(60) == 9
    monkeypatch.delenv("LAMBDAPOOL_FUNCTION")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match="LAMBDAPOOL_FUNCTION is not set, and no lambdapool.toml"):
        LambdaExecutor()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no tomllib")
def test_the_only_function_of_a_project_is_meant_where_none_is_named(service, monkeypatch, tmp_path):
    project = tmp_path / "lambdapool.toml"
    project.write_text("[functions.algorithms]\npaths = ['x']\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with LambdaExecutor(workers=1) as executor:
        assert executor.submit(tasks.square, 3).result(60) == 9
    project.write_text("[functions.one]\n[functions.two]\n")
    with pytest.raises(TypeError, match="lambdapool.toml has 2 functions"):
        LambdaExecutor(workers=1)
    project.write_text("[functions")
    with pytest.raises(ValueError, match="lambdapool.toml cannot be read"):
        LambdaExecutor(workers=1)


def test_an_exception_that_is_false_is_raised_all_the_same(executor):
    with pytest.raises(tasks.FalseError):
        executor.submit(tasks.raises, tasks.FalseError).result(60)
    with pytest.raises(tasks.FalseError):
        list(executor.map(partial(tasks.raises, tasks.FalseError), [1]))


def test_a_future_calls_itself_one(executor):
    future = executor.submit(tasks.square, 3)
    assert repr(future).startswith("<Future at ") and future.result(60) == 9


def test_what_cannot_be_pickled_fails_its_future_only(executor):
    future = executor.submit(tasks.square, threading.Lock())
    assert isinstance(future.exception(60), TypeError)
    assert executor.submit(tasks.square, 2).result(60) == 4


def test_buffersize_bounds_what_is_pulled(executor):
    pulled = []
    endless = (pulled.append(n) or n for n in itertools.count())
    results = executor.map(tasks.square, endless, buffersize=5)
    assert len(pulled) == 5
    assert list(itertools.islice(results, 20)) == [n * n for n in range(20)]
    assert len(pulled) <= 25
    results.close()


def test_ctrl_c_in_the_with_block_does_not_wait(service):
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        with LambdaExecutor("algorithms", max_workers=1) as executor:
            futures = [executor.submit(tasks.sleep, 200) for _ in range(4)]
            raise KeyboardInterrupt
    assert time.monotonic() - started < 100  # of 200
    assert all(future.done() for future in futures)
