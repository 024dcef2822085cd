"""What only an account can prove. Cheap: some fifty invocations of 512 MB. See docs/aws.md and docs/gcp.md."""

import json
import os
import time

import lambdapool
import pytest


def tasks():
    import lambdapool_aws_tasks

    return lambdapool_aws_tasks


def test_deployed_function_is_healthy_by_doctor(run, function):
    answer = json.loads(run("doctor", function, "--output", "json"))
    assert answer["ok"], answer


def test_values_exceptions_and_logs_come_back(pool):
    assert pool.map(tasks().square, range(20)) == [n * n for n in range(20)]
    result = pool.apply_async(tasks().square, (7,))
    assert result.get(60) == 49 and "squaring 7" in result.logs
    with pytest.raises(TypeError):
        pool.apply(tasks().square, ("a",))


def test_what_the_platform_does_to_a_task_has_its_type(pool):
    with pytest.raises(lambdapool.WorkerDied):
        pool.apply(tasks().die)
    with pytest.raises(lambdapool.OutOfMemory):
        pool.apply(tasks().eat, (1024,))
    with pytest.raises(lambdapool.FunctionTimedOut):
        pool.apply(tasks().sleep, (30,))


def test_what_does_not_fit_a_call_needs_a_bucket(pool):
    if os.environ["LAMBDAPOOL_TARGET"] != "aws" or os.environ.get("LAMBDAPOOL_BUCKET"):
        assert pool.apply(len, (os.urandom(7_000_000),)) == 7_000_000  # it goes past the call, or fits Cloud Run's
    else:
        with pytest.raises(lambdapool.PayloadTooLarge):
            pool.apply(len, (os.urandom(7_000_000),))


def test_a_result_that_fits_no_answer_comes_without_a_bucket_too(pool):
    assert len(pool.apply(os.urandom, (7_000_000,))) == 7_000_000


def test_an_update_is_seen_by_the_next_call(run, function, pool):
    run("update", function, "--timeout", "12")
    listed = json.loads(run("list", "--output", "json"))
    assert [each["timeout_s"] for each in listed if each["name"] == function] == [12]
    assert pool.apply(tasks().square, (3,)) == 9


def test_the_log_has_what_was_printed(run, function, pool):
    pool.apply(tasks().square, (11,))
    deadline = time.monotonic() + 120  # clouds show a line within seconds, mostly
    while "squaring 11" not in run("logs", function, "--filter", "squaring 11"):
        assert time.monotonic() < deadline
        time.sleep(1)
