"""Pools and executors whose function is on the local Cloud Run."""

import os
import signal
import subprocess

import lambdapool
import lambdapool_tasks as tasks
import pytest
from conftest import PROGRAM
from lambdapool import LambdaExecutor, LambdaPool


@pytest.fixture(autouse=True)
def gcp(enter):
    return enter("gcp")


@pytest.fixture
def pool(gcp):
    with LambdaPool(workers=2, lambda_function="algorithms") as made:
        yield made


def test_values_and_exceptions_come_back(pool):
    assert pool.map(tasks.square, range(50)) == [n * n for n in range(50)]
    assert pool.apply(tasks.add, (1,), {"b": 2}) == 3
    assert sorted(pool.imap_unordered(tasks.square, range(5))) == [0, 1, 4, 9, 16]
    with pytest.raises(ValueError, match="17"):
        pool.apply(tasks.raise_value_error, (17,))


def test_a_lambda_travels_by_value(pool):
    offset = 5
    assert pool.map(lambda n: n + offset, [1, 2]) == [6, 7]


def test_an_executor_has_futures(gcp):
    with LambdaExecutor(max_workers=2, lambda_function="algorithms", target="gcp-local") as executor:
        future = executor.submit(tasks.square, 7)
        assert future.result() == 49
        assert list(executor.map(tasks.square, [1, 2, 3])) == [1, 4, 9]


def test_what_a_task_printed_comes_with_its_result(pool):
    result = pool.apply_async(tasks.print_and_return, ("word",))
    result.get()
    assert "hello from a task" in result.logs


def test_data_as_large_as_cloud_run_takes(pool):
    assert len(pool.apply(tasks.identity, (os.urandom(10 << 20),))) == 10 << 20


def test_a_task_that_ends_its_process_is_told_of_and_the_next_one_runs(pool):
    with pytest.raises(lambdapool.WorkerDied, match="exit status 3"):
        pool.apply(tasks.exit_hard, (3,))
    assert pool.apply(tasks.square, (3,)) == 9


def test_an_instance_that_dies_in_the_middle_leaves_what_had_come(ear):
    def task(item):
        tasks.tell(item, port)
        if item == 7:
            os.kill(os.getppid(), signal.SIGKILL)  # the instance's first process, which minds this one
            signal.pause()
        return item

    port = ear.port
    ear.hold(lambda told: told == "7")
    with LambdaPool(workers=1, lambda_function="algorithms") as pool:
        results = pool.imap(task, range(10), chunksize=10)
        assert [results.next(timeout=100) for _ in range(7)] == list(range(7))
        ear.release()
        for _ in range(3):
            with pytest.raises(lambdapool.WorkerDied, match="has ended in the middle of its answer"):
                results.next(timeout=100)
        assert pool.apply(tasks.square, (3,)) == 9


def test_a_task_that_takes_too_long_is_told_of(gcp):
    made = subprocess.run(
        [str(PROGRAM), "update", "algorithms", "--timeout", "1"],
        env=dict(os.environ, **gcp),
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    try:
        with LambdaPool(workers=1, lambda_function="algorithms") as pool:
            with pytest.raises(lambdapool.FunctionTimedOut, match=r"timed out after 1\.00 seconds"):
                pool.apply(tasks.sleep, (60,))
    finally:
        subprocess.run(
            [str(PROGRAM), "update", "algorithms", "--timeout", "300"], env=dict(os.environ, **gcp), check=True
        )


def test_a_function_that_is_not_there_is_told_of(gcp):
    with LambdaPool(workers=1, lambda_function="nothing") as pool:
        with pytest.raises(lambdapool.FunctionNotFound, match="lambdapool create nothing"):
            pool.apply(tasks.square, (1,))


def test_no_more_calls_run_at_a_time_than_workers(pool, ear):
    ear.hold(lambda told: True)
    results = [pool.apply_async(tasks.tell, (n, ear.port)) for n in range(4)]
    assert ear.wait_for(2)
    assert len(ear.heard) == 2  # the others are sent when one of these is done
    ear.release()
    for result in results:
        result.get()
    assert sorted(ear.heard) == ["0", "1", "2", "3"]


def test_as_many_tasks_run_in_one_instance_as_it_is_told(gcp, ear):
    def update(number):
        command = [str(PROGRAM), "update", "algorithms", "--per-instance", str(number)]
        subprocess.run(command, env=dict(os.environ, **gcp), check=True, stdout=subprocess.DEVNULL)

    def tell_and_say_where(item, port):
        tasks.tell(item, port)
        return os.getppid()

    ear.hold(lambda told: True)
    update(3)
    try:
        with LambdaPool(workers=3, lambda_function="algorithms") as pool:
            results = [pool.apply_async(tell_and_say_where, (n, ear.port)) for n in range(3)]
            assert ear.wait_for(3)
            ear.release()
            assert len({result.get() for result in results}) == 1
    finally:
        update(1)


def test_a_report_has_the_times_and_cloud_runs_prices(pool):
    pool.apply(tasks.square, (1,))  # a pool asks first which code it is
    result = pool.map_async(tasks.square, range(20), chunksize=1)
    result.get(60)
    figures = result.report.to_dict()
    assert result.report.calls == 20
    gib = 256 / 1024
    seconds = figures["gb_seconds"] / gib
    assert seconds >= 20 * 0.1  # billed in steps of 100 ms
    expected = 20 * 0.40e-6 + seconds * (0.000024 + gib * 0.0000025)
    assert result.report.cost == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"bucket": "some-bucket"}, "no bucket for more: leave bucket out"),
        ({"aws_profile_name": "p"}, "knows no profiles of AWS"),
        ({"aws_access_key_id": "a", "aws_secret_access_key": "b"}, "knows no keys of AWS"),
        ({"memory": 512}, "it goes with deploy="),
    ],
)
def test_what_makes_no_sense_on_cloud_run_is_refused(gcp, options, reason):
    with pytest.raises(ValueError, match=reason):
        LambdaPool(workers=1, lambda_function="algorithms", target="gcp-local", **options)
