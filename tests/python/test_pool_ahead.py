"""Tiny tasks are with a worker before it has answered the one before. Nobody notices but the clock."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, PoolTerminated, WorkerDied


@pytest.fixture
def local(enter):
    enter("local")


def warm(pool):
    """Its workers are there, and known for tiny tasks."""
    assert list(pool.map(tasks.square, range(200))) == [n * n for n in range(200)]


def test_no_task_waits_behind_a_long_one_while_a_worker_is_free(local, ear):
    with LambdaExecutor(lambda_function="algorithms", max_workers=2) as pool:
        for turn in range(5):
            warm(pool)
            ear.hold(lambda told: told.startswith("long"))
            before = [pool.submit(tasks.square, n) for n in range(50)]
            long = pool.submit(tasks.tell_and_sleep, "long %d" % turn, ear.port, 0)
            behind = [pool.submit(tasks.square, n) for n in range(50)]
            assert [future.result(60) for future in before + behind] == 2 * [n * n for n in range(50)]
            assert not long.done()
            ear.release()
            assert long.result(60) == "long %d" % turn


def test_what_waits_behind_a_task_that_kills_its_worker_runs_elsewhere_and_once(local, ear):
    with LambdaExecutor(lambda_function="algorithms", max_workers=2) as pool:
        warm(pool)
        deadly = {5, 6, 30}
        futures = [
            pool.submit(tasks.tell_and_exit, n, ear.port)
            if n in deadly
            else pool.submit(tasks.tell_and_sleep, n, ear.port, 0)
            for n in range(40)
        ]
        for n, future in enumerate(futures):
            if n in deadly:
                with pytest.raises(WorkerDied, match="exit status 3"):
                    future.result(60)
            else:
                assert future.result(60) == n
    assert Counter(ear.heard) == {str(n): 1 for n in range(40)}


def test_an_item_that_kills_its_worker_is_the_one_that_is_named(local):
    with LambdaPool(workers=1, lambda_function="algorithms") as pool:
        warm(pool)
        results = [pool.apply_async(tasks.exit_at_six, (n,)) for n in range(12)]
        for n, result in enumerate(results):
            if n == 6:
                with pytest.raises(WorkerDied):
                    result.get(60)
            else:
                assert result.get(60) == n


def test_what_waits_behind_a_task_can_be_cancelled_and_then_never_runs(local, ear):
    with LambdaExecutor(lambda_function="algorithms", max_workers=1) as pool:
        warm(pool)
        ear.hold(lambda told: told == "first")
        first = pool.submit(tasks.tell_and_sleep, "first", ear.port, 0)
        rest = [pool.submit(tasks.tell_and_sleep, n, ear.port, 0) for n in range(12)]
        assert ear.wait_for(1)
        assert not any(future.running() for future in rest)
        assert [future.cancel() for future in rest[:10]] == [True] * 10
        assert not first.cancel()
        ear.release()
        assert [future.result(60) for future in [first, *rest[10:]]] == ["first", 10, 11]
    assert ear.heard == ["first", "10", "11"]


@pytest.mark.parametrize("target", ["local", "gcp"])
def test_what_is_about_to_be_sent_can_be_cancelled_and_then_never_runs(target, enter, ear, monkeypatch):
    enter(target)
    with LambdaExecutor(lambda_function="algorithms", max_workers=1) as pool:
        cancelled = []
        with monkeypatch.context() as about_to_be_sent:
            about_to_be_sent.setattr(pool._dispatcher, "name_call", lambda call, job: cancelled.append(job.cancel()))
            future = pool.submit(tasks.tell, "first", ear.port)
        assert cancelled == [True] and future.cancelled()
        pool.submit(tasks.tell, "second", ear.port).result(60)
    assert ear.heard == ["second"]


def test_an_answer_that_comes_while_it_is_cancelled_is_its_outcome(local, ear, monkeypatch):
    with LambdaExecutor(lambda_function="algorithms", max_workers=1) as pool:
        ear.hold(lambda told: True)
        future = pool.submit(tasks.tell_and_sleep, "told", ear.port, 0)
        assert ear.wait_for(1)
        answered, take_back = threading.Event(), pool._dispatcher.take_back
        future.add_done_callback(lambda _: answered.set())

        def too_late(job):
            ear.release()
            answered.wait(60)
            return take_back(job)

        monkeypatch.setattr(pool._dispatcher, "take_back", too_late)
        assert not future.cancel()
        assert future.result(60) == "told"


def test_a_pool_that_ends_while_a_future_is_cancelled_is_its_outcome(local, ear, monkeypatch):
    with LambdaExecutor(lambda_function="algorithms", max_workers=1) as pool:
        ear.hold(lambda told: True)
        pool.submit(tasks.tell, "first", ear.port)
        future = pool.submit(tasks.tell, "second", ear.port)
        assert ear.wait_for(1)
        take_back = pool._dispatcher.take_back

        def the_last(job):
            taken = take_back(job)
            pool._dispatcher.terminate()
            return taken

        monkeypatch.setattr(pool._dispatcher, "take_back", the_last)
        assert not future.cancel()
        ear.release()
        with pytest.raises(PoolTerminated):
            future.result(60)


def test_threads_that_cancel_the_same_futures_agree(local, ear):
    with LambdaExecutor(lambda_function="algorithms", max_workers=1) as pool, ThreadPoolExecutor(2) as threads:
        warm(pool)
        ear.hold(lambda told: told == "first")
        first = pool.submit(tasks.tell_and_sleep, "first", ear.port, 0)
        rest = [pool.submit(tasks.tell, n, ear.port) for n in range(100)]
        assert ear.wait_for(1)
        for cancelled in threads.map(lambda _: [future.cancel() for future in rest], range(2)):
            assert cancelled == [True] * 100
        ear.release()
        assert first.result(60) == "first" and all(future.cancelled() for future in rest)
    assert ear.heard == ["first"]


def test_what_waits_behind_a_task_never_runs_after_terminate(local, ear):
    with LambdaPool(workers=1, lambda_function="algorithms") as other:  # the service goes on
        pool = LambdaPool(workers=1, lambda_function="algorithms")
        warm(pool)
        ear.hold(lambda told: told == "first")
        pool.apply_async(tasks.tell_and_sleep, ("first", ear.port, 0))
        for n in range(12):
            pool.apply_async(tasks.tell_and_sleep, (n, ear.port, 0))
        assert ear.wait_for(1)
        pool.terminate()
        pool.join()
        ear.release()
        other.map(tasks.tell_pair, [("later", ear.port)] * 20, 1)
    assert set(ear.heard) == {"first", "later"}


def test_each_task_has_its_own_lines(local):
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        warm(pool)
        results = [pool.apply_async(tasks.print_and_return if n % 3 else tasks.square, (n,)) for n in range(150)]
        for n, result in enumerate(results):
            result.get(60)
            assert result.logs.count("hello from a task") == (1 if n % 3 else 0), result.logs
            assert result.logs.count("START RequestId: ") == result.logs.count("REPORT RequestId: ") == 1


def test_a_process_of_one_task_is_of_one_task(local):
    with LambdaPool(workers=2, lambda_function="algorithms", maxtasksperchild=1) as pool:
        assert len(set(pool.map(tasks.process_id, range(60), 1))) == 60
