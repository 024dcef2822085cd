"""Waiting for results: in callbacks, which run on the thread that delivers them, and for so many seconds."""

import multiprocessing
import queue
import threading
from functools import partial

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaPool, outcomes
from lambdapool.dispatcher import Dispatcher
from lambdapool.results import Applied

WAITS = {
    "map": lambda pool, executor: pool.map(tasks.square, [3]),
    "imap": lambda pool, executor: list(pool.imap(tasks.square, [3])),
    "get": lambda pool, executor: pool.apply_async(tasks.square, (3,)).get(),
    "get with a timeout": lambda pool, executor: pool.apply_async(tasks.square, (3,)).get(60),
    "wait": lambda pool, executor: pool.map_async(tasks.square, [3]).wait(),
    "result": lambda pool, executor: executor.submit(tasks.square, 3).result(),
    "exception": lambda pool, executor: executor.submit(tasks.square, 3).exception(),
    "executor.map": lambda pool, executor: list(executor.map(tasks.square, [3])),
}


@pytest.mark.parametrize("how", WAITS)
def test_a_callback_that_waits_for_results_of_its_own_pool_is_told_so(pool, executor, ear, how):
    told = queue.Queue()

    def wait(_):
        try:
            told.put(WAITS[how](pool, executor))
        except Exception as error:
            told.put(error)

    if how in ("result", "exception", "executor.map"):
        ear.hold(lambda told: True)  # or it might be done already, and the callback be called here
        executor.submit(tasks.tell_where_asked, (2, ear.port)).add_done_callback(wait)
        ear.release()
    else:
        pool.apply_async(tasks.square, (2,), callback=wait)
    answer = told.get(timeout=60)
    assert isinstance(answer, RuntimeError) and "a callback cannot wait for other results of its pool" in str(answer)
    assert pool.map(tasks.square, range(3)) == [0, 1, 4]


def test_a_callback_may_ask_without_waiting_wait_for_a_call_and_for_another_pool(pool, executor):
    told = queue.Queue()

    def ask(value):
        told.put(pool.apply(tasks.square, (value,)))
        told.put(executor.submit(tasks.square, value).result(60))
        told.put(pool.apply_async(tasks.square, (value,)).wait(0))

    pool.apply_async(tasks.square, (2,), callback=ask)
    assert [told.get(timeout=60) for _ in range(3)] == [16, 16, None]


def test_an_answer_that_is_faster_than_its_waiter_is_not_missed_in_a_callback(pool, ear, monkeypatch):
    """On the thread that delivers, nobody else would take it."""
    wait_for = Dispatcher.wait_for

    def late(dispatcher, job):
        dispatcher.pump()  # by which another thread may send it, too
        assert ear.wait_for(1)
        assert dispatcher.is_running(job)
        ear.release()
        while dispatcher.is_running(job):
            threading.Event().wait(0.01)
        wait_for(dispatcher, job)

    assert pool.apply(tasks.square, (3,)) == 9
    told = queue.Queue()
    ear.hold(lambda _: True)
    monkeypatch.setattr(Dispatcher, "wait_for", late)
    ask = partial(pool.apply, partial(tasks.tell_and_sleep, port=ear.port, seconds=0))
    pool.apply_async(tasks.square, (2,), callback=lambda value: told.put(ask((value,))))
    assert told.get(timeout=60) == 4


def test_what_comes_meanwhile_does_not_lengthen_a_timeout(service, ear):
    ear.hold(lambda told: True)
    with LambdaPool(1, "algorithms") as pool:
        results = pool.imap(partial(tasks.tell_and_sleep, port=ear.port, seconds=0), range(1))
        returned = threading.Event()

        def come():
            while not returned.wait(0.01):
                with results._feed._changed:
                    results._feed._changed.notify_all()

        coming = threading.Thread(target=come, daemon=True)
        coming.start()
        with pytest.raises(multiprocessing.TimeoutError):
            results.next(timeout=0.1)
        returned.set()
        coming.join()
        ear.release()
        assert results.next(60) == 0


class Interruption(BaseException):
    """As KeyboardInterrupt, but not pytest's."""


def interrupts(patches):
    """Once."""

    def interrupt(*_):
        patches.undo()
        raise Interruption

    return interrupt


INTERRUPTED = {
    "its value is unpickled": (tasks, "_break", tasks.return_breaking),
    "it is forgotten": (Dispatcher, "forget", tasks.process_id),
    "it is told": (Applied, "_settle", tasks.process_id),
}


@pytest.mark.parametrize("when", INTERRUPTED)
def test_what_interrupts_a_call_while_its_answer_is_taken_comes_as_it_is(service, monkeypatch, when):
    """A handler of signals runs between any two steps of the main thread."""
    owner, name, function = INTERRUPTED[when]
    with LambdaPool(lambda_function="algorithms", workers=1) as pool:
        pool.apply(tasks.square, (2,))
        with monkeypatch.context() as patches, pytest.raises(Interruption):
            patches.setattr(owner, name, interrupts(patches))
            pool.apply(function, () if owner is tasks else (2,))
        assert pool.apply(tasks.square, (3,)) == 9
        pool.close()
        pool.join()


def test_an_answer_that_cannot_be_taken_is_the_end_of_its_job_alone(pool, monkeypatch):
    read = outcomes.read
    broken = []

    def breaks_once(*args, **kwargs):
        if not broken:
            broken.append(args)
            raise RuntimeError("broken here")
        return read(*args, **kwargs)

    assert pool.map(tasks.square, range(3)) == [0, 1, 4]
    monkeypatch.setattr(outcomes, "read", breaks_once)
    for one in (
        lambda: pool.apply_async(tasks.square, (2,)).get(60),
        lambda: pool.map(tasks.square, range(30), 1),
        lambda: list(pool.imap(tasks.square, range(30))),
    ):
        broken.clear()
        with pytest.raises(RuntimeError, match="broken here"):
            one()
        assert pool.map(tasks.square, range(3)) == [0, 1, 4]
