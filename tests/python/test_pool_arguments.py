"""Arguments that make no sense are refused in the caller's thread, in one sentence."""

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (dict(workers=2.5), "the number of workers must be an int, not float"),
        (dict(workers=0), "the number of workers must be between 1 and 10000, not 0"),
        (dict(lambda_function=None), "lambda_function must be a str"),
        (dict(target=3), "target must be a str, not int"),
        (dict(target="moon"), "there is no target 'moon'"),
        (dict(aws_region_name=b"us-east-1"), "aws_region_name must be a str, not bytes"),
        (dict(function_timeout="60"), "function_timeout must be a number of seconds, not str"),
        (dict(throttle_timeout=0), "throttle_timeout must be a number of seconds above 0, not 0"),
        (dict(network_timeout=float("nan")), "network_timeout must be a number of seconds above 0, not nan"),
        (dict(throttle_timeout=1e300), "throttle_timeout must be at most 1000000 seconds"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_a_sentence(arguments, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        LambdaPool(**{"workers": 1, "lambda_function": "algorithms", "target": "local", **arguments})


class Number:
    """An integer for Python, and no int, as numpy's are."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


@pytest.mark.parametrize("size", [2**31, 2**63, 10**30, Number(2)])
def test_a_chunksize_may_be_any_integer(service, size):
    with LambdaPool(Number(1), "algorithms", retries=Number(1), idempotent=True) as pool:
        assert pool.map(tasks.square, [1, 2, 3], chunksize=size) == [1, 4, 9]
        assert sorted(pool.imap_unordered(tasks.square, [1, 2, 3], chunksize=size)) == [1, 4, 9]
    with LambdaExecutor("algorithms", Number(1)) as executor:
        assert list(executor.map(tasks.square, [1, 2, 3], chunksize=size)) == [1, 4, 9]


def test_a_job_that_could_not_be_queued_is_not_waited_for(service, monkeypatch):
    with LambdaExecutor("algorithms", 1) as executor:
        engine = executor._dispatcher.engine
        with monkeypatch.context() as context:
            context.setattr(executor._dispatcher, "engine", Full(engine))
            with pytest.raises(OverflowError):
                executor.submit(tasks.square, 1)
        assert executor.submit(tasks.square, 3).result(60) == 9


class Full:
    def __init__(self, engine):
        self._engine = engine

    def add(self, *_, **__):
        raise OverflowError("no room")

    add_task = add

    def __getattr__(self, name):
        return getattr(self._engine, name)
