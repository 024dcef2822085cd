"""What a task printed reaches the caller: results, futures, and errors have the logs of their calls."""

import gc
import multiprocessing.pool
from concurrent.futures import Future

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, LambdaPoolError, UnsendableResult, WorkerDied


@pytest.fixture(params=["local", "gcp"])
def local(request, enter):
    enter(request.param)


@pytest.fixture
def pool(local):
    with LambdaPool(workers=2, lambda_function="algorithms") as pool:
        yield pool


def test_a_result_has_what_its_task_printed(pool):
    result = pool.apply_async(tasks.print_and_return, (1,))
    result.get(60)
    lines = result.logs.splitlines()
    assert lines[0].startswith("START RequestId: ") or "START RequestId: " in result.logs
    assert "hello from a task" in lines and lines[-1].startswith("REPORT RequestId: ")


def test_a_result_is_multiprocessing_s_by_kind_and_by_name(pool):
    result = pool.apply_async(tasks.square, (1,))
    assert isinstance(result, multiprocessing.pool.ApplyResult)
    assert str(type(result)) == "<class 'multiprocessing.pool.ApplyResult'>"


def test_a_map_s_result_has_the_logs_of_all_its_calls(pool):
    result = pool.map_async(tasks.print_and_return, range(6), chunksize=2)
    result.get(60)
    assert result.logs.count("hello from a task") == 6
    assert result.logs.count("REPORT RequestId: ") == 3


def test_logs_outlive_the_pool_and_need_no_answer(local):
    with LambdaPool(workers=1, lambda_function="algorithms") as pool:
        done = pool.apply_async(tasks.print_and_return, (1,))
        done.get(60)
        waiting = pool.apply_async(tasks.sleep, (30,))
        assert waiting.logs == ""
    del pool
    gc.collect()
    assert "hello from a task" in done.logs


def test_a_future_has_what_its_task_printed(local):
    with LambdaExecutor(lambda_function="algorithms", max_workers=2) as executor:
        future = executor.submit(tasks.print_and_return, 1)
        assert isinstance(future, Future)
        future.result(60)
        assert "hello from a task" in future.logs


def test_an_exception_of_the_task_s_own_has_its_log_at_the_remote_traceback(pool):
    with pytest.raises(ValueError) as caught:
        pool.apply(tasks.print_and_raise, (ValueError("no luck"),))
    assert "about to fail" in caught.value.__cause__.logs
    with pytest.raises(ValueError) as caught:
        pool.map(tasks.fails_on_three, range(5), chunksize=5)
    assert "REPORT RequestId: " in caught.value.__cause__.logs


def test_an_error_of_the_platform_or_of_ours_has_the_log(pool):
    with pytest.raises(WorkerDied) as died:
        pool.apply(tasks.print_and_exit)
    assert "about to exit" in died.value.logs and died.value.logs == died.value.log_tail
    with pytest.raises(UnsendableResult) as unsendable:
        pool.apply(tasks.return_lock)
    assert "REPORT RequestId: " in unsendable.value.logs
    assert LambdaPoolError("made by hand").logs == ""
