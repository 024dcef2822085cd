"""What was handed over is run, whoever holds what; after a failure of the platform nothing more is."""

import gc
import threading
import weakref
from functools import partial

import lambdapool
import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool
from lambdapool.items import Items


@pytest.mark.parametrize("method", ["imap", "imap_unordered"])
@pytest.mark.parametrize("iterable", [range(40), "generator"])
def test_an_imap_whose_results_nobody_holds_runs_all(service, ear, method, iterable):
    pool = LambdaPool(2, "algorithms")
    items = iterable if iterable != "generator" else (n for n in range(40))
    getattr(pool, method)(partial(tasks.tell, port=ear.port), items)
    pool.close()
    pool.join()
    assert sorted(ear.heard, key=int) == [str(n) for n in range(40)]


def test_an_imap_of_a_collection_runs_all_although_dropped_in_the_middle(service, ear):
    pool = LambdaPool(2, "algorithms")
    results = pool.imap(partial(tasks.tell, port=ear.port), list(range(40)))
    next(results)
    del results
    assert ear.wait_for(40)  # without join, too
    pool.close()
    pool.join()


def test_the_results_of_a_map_keep_no_executor(service, ear):
    executor = LambdaExecutor("algorithms", 2)
    thread, reference = executor._dispatcher._thread, weakref.ref(executor)
    results = executor.map(partial(tasks.tell, port=ear.port), range(10))
    del executor
    gc.collect()
    assert reference() is None
    thread.join(60)
    assert not thread.is_alive() and len(ear.heard) == 10
    assert len(list(results)) == 10


def test_an_executor_dropped_without_shutdown_ends_its_threads(service):
    before = set(threading.enumerate())
    executor = LambdaExecutor("algorithms", 2)
    assert executor.submit(tasks.square, 3).result(60) == 9
    mine = set(threading.enumerate()) - before
    del executor
    gc.collect()
    for thread in mine:
        thread.join(60)
        assert not thread.is_alive(), thread.name


def test_an_executor_map_keeps_no_reference_to_what_it_yielded(executor):
    results = executor.map(tasks.make_marked, range(4), chunksize=2)
    for _ in range(4):
        value = next(results)
        reference = weakref.ref(value)
        del value
        assert reference() is None


FORMS = {
    "map": lambda pool, function, items: pool.map(function, items, chunksize=1),
    "starmap": lambda pool, function, items: pool.starmap(function, [(item,) for item in items], chunksize=1),
    "map_async": lambda pool, function, items: pool.map_async(function, items, chunksize=1).get(60),
    "imap": lambda pool, function, items: list(pool.imap(function, items)),
    "imap_unordered": lambda pool, function, items: list(pool.imap_unordered(function, items)),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_after_a_failure_of_the_platform_a_pool_sends_nothing_more(pool, ear, form):
    with pytest.raises(lambdapool.WorkerDied) as caught:
        FORMS[form](pool, partial(tasks.tell_and_exit, port=ear.port), range(30))
    assert pool.apply(tasks.square, (3,)) == 9
    assert len(ear.heard) <= 6  # two workers, and what they had begun when the first failure came
    assert str(caught.value.item) in ear.heard and "(item %d)" % caught.value.item in str(caught.value)


def test_after_a_failure_of_the_platform_an_executors_map_sends_nothing_more(executor, ear):
    with pytest.raises(lambdapool.WorkerDied, match=r"\(item \d+\)"):
        list(executor.map(partial(tasks.tell_and_exit, port=ear.port), range(30)))
    assert executor.submit(tasks.square, 3).result(60) == 9
    assert len(ear.heard) <= 6


def test_a_failed_imap_ends_in_its_error_and_not_as_if_it_were_complete(pool, ear):
    results = pool.imap(partial(tasks.tell_and_exit, port=ear.port), range(30))
    for _ in range(40):
        with pytest.raises(lambdapool.WorkerDied):
            next(results)


def test_a_functions_own_exception_stops_no_other_item(pool, ear):
    with pytest.raises(ValueError) as caught:
        pool.map(partial(tasks.tell_and_raise, port=ear.port), range(30))
    assert sorted(ear.heard, key=int) == [str(n) for n in range(30)]
    assert "(item %d)" % caught.value.__cause__.item in str(caught.value.__cause__)


def test_the_items_of_a_chunk_that_failed_are_named(pool, service):
    # Of what has no workers of ours, only the range is known.
    tells_outcomes_early = service["LAMBDAPOOL_TARGET"] in ("local", "gcp-local")
    named = (6, "item 6") if tells_outcomes_early else (4, "one of the items 4 to 7, which shared a call")
    with pytest.raises(lambdapool.WorkerDied, match=named[1]) as caught:
        pool.map(tasks.exit_at_six, range(8), chunksize=4)
    assert caught.value.item == named[0]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, GeneratorExit])
def test_an_interrupted_executor_map_cancels_what_waits_ahead_of_the_workers(executor, ear, interrupt):
    assert (
        executor.submit(tasks.square, 3).result(60) == 9
    )  # the code is known: the order of what follows is that of sending
    ear.hold(lambda told: told != "0")
    results = executor.map(partial(tasks.tell, port=ear.port), range(20))
    next(results)
    assert ear.wait_for(3)  # the first, and both workers are at the next ones
    with pytest.raises(interrupt):
        results.throw(interrupt())
    ear.release()
    executor.shutdown()
    assert len(ear.heard) == 3


def test_what_a_failure_gives_up_before_it_is_here_has_it_when_it_is():
    class Dispatcher:
        def failed(self, job):
            return [(6, 2)]

    class Job(Items):
        _dispatcher = Dispatcher()
        delivered = {}

        def _deliver(self, first, results, failed):
            self.delivered[first] = [result.exception for result in results]

    job, failure = Job(), RuntimeError("a worker died")
    job._give_up((0, 4))
    assert job.delivered == {}
    job._stop(failure)
    assert job.delivered == {0: [failure] * 4, 6: [failure] * 2}


def test_an_iterable_that_raises_takes_back_what_waits_ahead_of_the_workers(executor, ear):
    def items():
        yield from range(20)
        assert ear.wait_for(2)  # both workers are at their first ones
        raise ValueError("no more items")

    assert executor.submit(tasks.square, 3).result(60) == 9
    ear.hold(lambda told: True)
    with pytest.raises(ValueError, match="no more items"):
        executor.map(partial(tasks.tell, port=ear.port), items())
    ear.release()
    executor.shutdown()
    assert len(ear.heard) == 2
