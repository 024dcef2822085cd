"""What workers do before their tasks, and after so many: initializer, initargs, maxtasksperchild."""

import collections
import contextlib
import subprocess
import sys
from concurrent.futures import BrokenExecutor

import lambdapool
import lambdapool_tasks as tasks
import pytest
from conftest import BUILD
from lambdapool import LambdaExecutor, LambdaPool


def test_the_initializer_runs_once_before_the_first_task_of_each_worker(service, ear):
    with LambdaPool(2, "algorithms", initializer=tasks.remember_and_tell, initargs=("a", ear.port)) as pool:
        assert pool.map(tasks.remembered, range(20), chunksize=1) == ["a"] * 20
        assert pool.apply(tasks.remembered, (1,)) == "a"
        assert list(pool.imap(tasks.remembered, range(3))) == ["a"] * 3
        assert 1 <= len(ear.heard) <= 2
    before = len(ear.heard)
    with LambdaExecutor("algorithms", 2, initializer=tasks.remember_and_tell, initargs=("b", ear.port)) as executor:
        assert executor.submit(tasks.remembered, 1).result(60) == "b"
        assert list(executor.map(tasks.remembered, range(4))) == ["b"] * 4
    assert 1 <= len(ear.heard) - before <= 2


def test_an_initializer_by_value(service):
    import builtins

    word = "by value"
    with LambdaPool(1, "algorithms", initializer=lambda: setattr(builtins, "lambdapool_word", word)) as pool:
        assert pool.apply(tasks.builtin, ("lambdapool_word",)) == word
    assert not hasattr(builtins, "lambdapool_word")


def test_an_initializer_that_fails_ends_each_task_of_a_pool(service):
    with LambdaPool(2, "algorithms", initializer=tasks.raise_value_error, initargs=(7,)) as pool:
        for _ in range(2):
            with pytest.raises(
                lambdapool.InitializerFailed, match="the initializer failed in a worker: ValueError: no 7"
            ) as caught:
                pool.map(tasks.square, range(10), chunksize=1)
            assert isinstance(caught.value.__cause__, ValueError)
            assert "raise_value_error" in str(caught.value.__cause__.__cause__)
        with pytest.raises(lambdapool.InitializerFailed):
            pool.apply(tasks.square, (3,))
    with LambdaPool(2, "algorithms") as pool:
        assert pool.apply(tasks.square, (3,)) == 9


def test_an_initializer_that_fails_breaks_an_executor(service):
    with LambdaExecutor("algorithms", 2, initializer=tasks.raise_value_error, initargs=(7,)) as executor:
        futures = [executor.submit(tasks.square, 0)]
        with contextlib.suppress(BrokenExecutor):  # the first may have failed before the last is there
            for n in range(1, 10):
                futures.append(executor.submit(tasks.square, n))
        for future in futures:
            with pytest.raises(BrokenExecutor, match="no 7"):
                future.result(60)
        with pytest.raises(BrokenExecutor, match="the executor is broken: the initializer failed"):
            executor.submit(tasks.square, 1)
        with pytest.raises(BrokenExecutor):
            executor.map(tasks.square, [1])


def test_workers_are_replaced_after_so_many_tasks(service):
    with LambdaPool(1, "algorithms", maxtasksperchild=2) as pool:
        processes = collections.Counter(pool.apply(tasks.process_id, (n,)) for n in range(6))
        assert max(processes.values()) == 2  # a worker that is slow to be free again may have had one only
    with LambdaExecutor("algorithms", 1, max_tasks_per_child=3) as executor:
        processes = collections.Counter(executor.map(tasks.process_id, range(6)))
        assert 2 <= max(processes.values()) <= 3


def test_one_worker_stays_with_its_environment_where_others_are_idle(enter, ear):
    enter("local")
    with LambdaPool(2, "algorithms") as pool:
        ear.hold(lambda told: True)
        two = pool.starmap_async(tasks.tell, [(n, ear.port) for n in range(2)], chunksize=1)
        assert ear.wait_for(2)
        ear.release()
        two.get(60)
    with LambdaPool(1, "algorithms") as pool:
        assert len(set(pool.map(tasks.process_id, range(50), chunksize=1))) == 1


def test_a_replaced_worker_is_initialized_too(service, ear):
    with LambdaPool(
        1, "algorithms", maxtasksperchild=2, initializer=tasks.remember_and_tell, initargs=("c", ear.port)
    ) as pool:
        assert [pool.apply(tasks.remembered, (n,)) for n in range(4)] == ["c"] * 4
    assert len(ear.heard) == 2


def test_a_worker_with_a_child_dies_as_the_child_does(service):
    with LambdaPool(1, "algorithms", maxtasksperchild=5) as pool:
        with pytest.raises(lambdapool.WorkerDied) as caught:
            pool.apply(tasks.exit_hard, (3,))
        assert isinstance(caught.value, BrokenExecutor)
        assert pool.apply(tasks.square, (3,)) == 9
        with pytest.raises(ValueError, match="no 5"):
            pool.apply(tasks.raise_value_error, (5,))


@pytest.mark.parametrize("number", [0, -1, "2", 1.5])
def test_setups_that_make_no_sense_are_refused(service, number):
    with pytest.raises(ValueError, match="maxtasksperchild must be a positive int or None"):
        LambdaPool(1, "algorithms", maxtasksperchild=number)
    with pytest.raises((TypeError, ValueError), match="max_tasks_per_child must be"):
        LambdaExecutor("algorithms", 1, max_tasks_per_child=number)
    for make in (
        lambda: LambdaPool(1, "algorithms", initializer=3),
        lambda: LambdaExecutor("algorithms", initializer=3),
    ):
        with pytest.raises(TypeError, match="initializer must be a callable"):
            make()


def test_an_import_without_a_pool_loads_next_to_nothing():
    code = "import sys, lambdapool; print([name for name in ('lambdapool._native', 'multiprocessing', 'concurrent.futures', 'typing', 'inspect') if name in sys.modules])"
    command = [sys.executable, "-S", "-E", "-c", "import sys; sys.path.insert(0, %r); " % str(BUILD / "python") + code]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout == "[]\n"


def test_all_public_names_are_there():
    for name in lambdapool.__all__:
        assert getattr(lambdapool, name) is not None and name in dir(lambdapool)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lambdapool.nothing
