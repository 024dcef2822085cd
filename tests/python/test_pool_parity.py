"""One body, two pools: what multiprocessing's does, LambdaPool does."""

import collections
import gc
import itertools
import multiprocessing
import multiprocessing.pool
import operator
import threading
import weakref
from functools import partial

import lambdapool_tasks as tasks
import pytest
from conftest import SERVICES
from lambdapool import LambdaPool


@pytest.fixture(params=["multiprocessing"] + SERVICES)
def any_pool(request, enter):
    if request.param == "multiprocessing":
        made = multiprocessing.get_context("spawn").Pool(2)
    else:
        enter(request.param)
        made = LambdaPool(workers=2, lambda_function="algorithms")
    with made:
        yield made


@pytest.fixture
def fresh_pools(service):
    return [partial(multiprocessing.pool.ThreadPool, 2), partial(LambdaPool, 2, "algorithms")]


def test_values_in_order(any_pool):
    squares = [x * x for x in range(50)]
    assert any_pool.map(tasks.square, range(50)) == squares
    assert any_pool.map(tasks.square, iter(range(50)), chunksize=7) == squares
    assert any_pool.map_async(tasks.square, range(50)).get(60) == squares
    assert list(any_pool.imap(tasks.square, range(50))) == squares
    assert list(any_pool.imap(tasks.square, range(50), chunksize=7)) == squares
    assert sorted(any_pool.imap_unordered(tasks.square, range(50), chunksize=3)) == squares
    assert any_pool.starmap(operator.add, [(1, 2), (3, 4)]) == [3, 7]
    assert any_pool.starmap_async(operator.add, zip([1, 3], [2, 4]), chunksize=1).get(60) == [3, 7]
    assert any_pool.map(tasks.square, []) == []
    assert any_pool.starmap(tasks.square, ()) == []
    assert list(any_pool.imap(tasks.square, [])) == []


def test_apply_takes_args_and_kwds(any_pool):
    assert any_pool.apply(tasks.square, (3,)) == 9
    assert any_pool.apply(tasks.square, args=[3]) == 9
    assert any_pool.apply(tasks.add, kwds={"a": 1, "b": 2}) == 3
    assert any_pool.apply(tasks.add, (1,), {"b": 2}) == 3
    assert any_pool.apply_async(tasks.add, (1,)).get(60) == 11


def test_every_kind_of_callable_that_pickles(any_pool):
    adder = tasks.Adder(5)
    assert any_pool.map(adder, [1]) == [6]
    assert any_pool.map(adder.add, [1]) == [6]
    assert any_pool.apply(tasks.Adder.make, (4,)).n == 4
    assert any_pool.map(partial(tasks.add, b=1), [1]) == [2]
    assert any_pool.map(tasks.Adder, [1])[0].n == 1
    assert any_pool.map(str, [1]) == ["1"]
    assert any_pool.apply(dict, (), {"a": 1}) == {"a": 1}


def test_results_are_multiprocessings(any_pool):
    result = any_pool.apply_async(tasks.square, (3,))
    assert isinstance(result, multiprocessing.pool.ApplyResult)
    result.wait()
    assert result.ready() and result.successful() and result.get() == 9 and result.get(0) == 9
    result = any_pool.map_async(tasks.square, [1, 2])
    assert isinstance(result, multiprocessing.pool.MapResult)
    result.wait(60)
    assert result.ready() and result.successful()
    assert isinstance(any_pool.imap(tasks.square, [1]), multiprocessing.pool.IMapIterator)


def test_a_result_that_is_not_there_yet(any_pool, ear):
    ear.hold(lambda told: True)
    result = any_pool.apply_async(tasks.tell, (1, ear.port))
    assert not result.ready()
    with pytest.raises(ValueError, match="not ready"):
        result.successful()
    with pytest.raises(multiprocessing.TimeoutError):
        result.get(timeout=0.01)
    results = any_pool.imap(partial(tasks.tell, port=ear.port), [2])
    with pytest.raises(multiprocessing.TimeoutError):
        results.next(timeout=0.01)
    ear.release()
    assert results.next() is None
    with pytest.raises(StopIteration):
        results.next()
    assert result.get() is None


def test_the_functions_own_exception_with_the_remote_traceback(any_pool):
    with pytest.raises(ValueError, match="no 5") as caught:
        any_pool.apply(tasks.raise_value_error, (5,))
    assert isinstance(caught.value.__cause__, multiprocessing.pool.RemoteTraceback)
    assert "in raise_value_error" in str(caught.value.__cause__)
    result = any_pool.apply_async(tasks.raise_value_error, (5,))
    result.wait(60)
    assert not result.successful()
    with pytest.raises(ValueError, match="no 5"):
        result.get()


def test_the_first_exception_of_a_map(any_pool):
    with pytest.raises(ValueError, match="three"):
        any_pool.map(tasks.fails_on_three, range(10))
    assert any_pool.map(tasks.fails_on_three, [1, 2]) == [1, 2]


def test_imap_goes_on_after_an_exception(any_pool):
    results = any_pool.imap(tasks.fails_on_three, range(5))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert list(results) == [4]


def test_callbacks(any_pool):
    done = threading.Semaphore(0)
    seen = []

    def saw(kind):
        return lambda value: (seen.append((kind, str(value))), done.release())

    any_pool.apply_async(tasks.square, (3,), callback=saw("value"), error_callback=saw("error"))
    assert done.acquire(timeout=60)
    any_pool.apply_async(tasks.raise_value_error, (3,), callback=saw("value"), error_callback=saw("error"))
    assert done.acquire(timeout=60)
    any_pool.map_async(tasks.square, [1, 2], callback=saw("values"), error_callback=saw("error"))
    assert done.acquire(timeout=60)
    any_pool.map_async(tasks.fails_on_three, [3], callback=saw("values"), error_callback=saw("errors"))
    assert done.acquire(timeout=60)
    assert seen == [("value", "9"), ("error", "no 3"), ("values", "[1, 4]"), ("errors", "three")]


def test_what_cannot_be_pickled_fails_its_own_task_only(any_pool):
    lock = threading.Lock()
    with pytest.raises(TypeError, match="cannot pickle"):
        any_pool.apply(tasks.square, (lock,))
    with pytest.raises(TypeError, match="cannot pickle"):
        any_pool.map(tasks.square, [1, lock, 2], chunksize=1)
    with pytest.raises(multiprocessing.pool.MaybeEncodingError, match="Error sending result"):
        any_pool.apply(tasks.return_lock)
    assert any_pool.apply(tasks.square, (3,)) == 9


class RefusesToBePickled:
    def __reduce__(self):
        raise LookupError("not me")


def test_what_pickling_of_the_callers_own_raises_is_raised(any_pool):
    for call in (
        lambda: any_pool.apply(tasks.square, (RefusesToBePickled(),)),
        lambda: any_pool.map(tasks.square, [RefusesToBePickled()] * 3),
    ):
        with pytest.raises(LookupError, match="not me"):
            call()
    assert any_pool.apply(tasks.square, (3,)) == 9


def test_arguments_and_results_are_let_go(any_pool):
    passed = [collections.UserList([n]) for n in range(5)]
    references = [weakref.ref(each) for each in passed]
    results = any_pool.map(tasks.identity, passed)
    references += [weakref.ref(each) for each in results]
    del passed, results
    any_pool.apply(tasks.square, (1,))  # after which whoever handled the others is done with them
    gc.collect()
    assert [reference() for reference in references] == [None] * 10


def test_an_iterable_that_raises(any_pool):
    def items():
        yield 1
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        any_pool.map(tasks.square, items())
    results = any_pool.imap(tasks.square, items())
    assert next(results) == 1
    with pytest.raises(OSError, match="no more"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_arguments_out_of_range(any_pool):
    with pytest.raises(ValueError, match="Chunksize must be 1"):
        any_pool.imap(tasks.square, [1], chunksize=0)
    with pytest.raises(ValueError, match="Chunksize must be 1"):
        any_pool.imap_unordered(tasks.square, [1], chunksize=0)
    with pytest.raises(NotImplementedError, match="pickled"):
        __import__("pickle").dumps(any_pool)


def test_close_and_join(fresh_pools):
    for make in fresh_pools:
        pool = make()
        with pytest.raises(ValueError, match="still running"):
            pool.join()
        results = [pool.apply_async(tasks.sleep, (0.05,)) for _ in range(6)]
        pool.close()
        for attempt in (
            lambda: pool.apply(tasks.square, (1,)),
            lambda: pool.apply_async(tasks.square, (1,)),
            lambda: pool.map(tasks.square, [1]),
            lambda: pool.imap(tasks.square, [1]),
            lambda: pool.__enter__(),
        ):
            with pytest.raises(ValueError, match="Pool not running"):
                attempt()
        pool.join()
        assert all(result.ready() for result in results)
        pool.close(), pool.join(), pool.terminate(), pool.join()


def test_close_lets_an_imap_be_consumed(fresh_pools):
    for make in fresh_pools:
        pool = make()
        results = pool.imap(tasks.square, range(30))
        pool.close()
        assert list(results) == [x * x for x in range(30)]
        pool.join()


def test_join_waits_for_an_imap_that_nobody_consumes(fresh_pools):
    for make in fresh_pools:
        pool = make()
        results = pool.imap(tasks.square, range(30))
        pool.close()
        pool.join()
        assert list(results) == [x * x for x in range(30)]


def test_the_with_block_terminates(fresh_pools):
    for make in fresh_pools:
        with make() as pool:
            pool.map(tasks.square, [1])
        with pytest.raises(ValueError, match="Pool not running"):
            pool.map(tasks.square, [1])


def test_an_iterable_that_waits_for_results(any_pool):
    got = threading.Semaphore(0)

    def items():
        for x in range(3):
            yield x
            assert got.acquire(timeout=60)

    seen = []
    for value in any_pool.imap(tasks.square, items()):
        seen.append(value)
        got.release()
    assert seen == [0, 1, 4]


def test_many_threads_may_use_one_pool(any_pool):
    sums = []

    def use(start):
        sums.append(sum(any_pool.map(tasks.square, range(start, start + 20))))

    threads = [threading.Thread(target=use, args=(start,)) for start in range(0, 100, 20)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert sum(sums) == sum(x * x for x in range(100))


def test_large_arguments_and_results(any_pool):
    data = bytes(range(256)) * 8192
    assert any_pool.apply(bytes.upper, (data,)) == data.upper()
    assert any_pool.map(len, itertools.repeat(data, 3)) == [len(data)] * 3
