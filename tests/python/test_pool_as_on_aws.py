"""Pools and Python workers as AWS has them: InvokeWithResponseStream on one side, on the other the Runtime API alone,
which the loop of a deployed function (python/agent/lambdapool_runtime) takes from the bootstrap of another's runtime."""

import io
import os
import sys
import urllib.request
import zipfile
from contextlib import contextmanager

import lambdapool_tasks as tasks
import pytest
from conftest import identity
from lambdapool import LambdaPool, WorkerDied
from local_lambda import ROLE, client_of, served
from test_pool_stdout import Screen, show_on

PROVIDED = "provided.al2023"
WAIT = 100  # seconds: none of it where all is well
BOOTSTRAP = """#!/bin/sh
exec "$LAMBDA_TASK_ROOT/lambdapool_runtime/exec_wrapper" %s -u /var/runtime/bootstrap.py
"""


def with_bootstrap(package):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o755 << 16
        new.writestr(bootstrap, BOOTSTRAP % (getattr(sys, "_base_executable", None) or sys.executable))
    return made.getvalue()


def code_of(client, name):
    with urllib.request.urlopen(client.get_function(FunctionName=name)["Code"]["Location"]) as package:
        return package.read()


@contextmanager
def functions(home, **kinds):
    """The URL of a service that has these copies of `algorithms` in addition: of a runtime, with memory."""
    with served(home) as endpoint:
        client = client_of(endpoint)
        code = code_of(client, "algorithms")
        for name, (runtime, memory) in kinds.items():
            client.create_function(
                FunctionName=name, Runtime=runtime, Role=ROLE, Handler="lambdapool_agent.lambda_handler", Timeout=120,
                Code={"ZipFile": with_bootstrap(code) if runtime == PROVIDED else code}, MemorySize=memory,
            )  # fmt: skip
            client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0})
        yield endpoint
        for name in kinds:
            client.delete_function(FunctionName=name)


@contextmanager
def as_aws(endpoint):
    variables = {"LAMBDAPOOL_TARGET": "aws", "AWS_ENDPOINT_URL_LAMBDA": endpoint, "LAMBDAPOOL_STALE": "ignore"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**identity(), **variables}.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def looped(local_environment):
    with functions(local_environment["LAMBDAPOOL_HOME"], looped=(PROVIDED, 512)) as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def on_aws(looped):
    with as_aws(looped):
        yield


def test_an_items_outcome_is_there_while_others_of_its_call_run(ear):
    ear.hold(lambda told: told == "1")
    with LambdaPool(1, "looped") as pool:
        results = pool.imap(tasks.tell_pair, [("0", ear.port), ("1", ear.port), ("2", ear.port)], chunksize=3)
        assert results.next(timeout=WAIT) == "0"
        ear.release()
        assert [results.next(timeout=WAIT), results.next(timeout=WAIT)] == ["1", "2"]


def test_of_a_worker_that_dies_what_it_did_counts():
    with LambdaPool(1, "looped") as pool:
        results = pool.imap_unordered(tasks.exit_at_six, range(8), chunksize=8)
        assert [results.next(timeout=WAIT) for _ in range(6)] == [tasks.exit_at_six(item) for item in range(6)]
        with pytest.raises(WorkerDied):
            results.next(timeout=WAIT)
        assert pool.apply(tasks.square, (3,)) == 9


def test_a_line_is_there_while_its_task_runs(ear, monkeypatch):
    screen = Screen()
    show_on(screen, monkeypatch)
    ear.hold(lambda told: True)
    with LambdaPool(1, "looped", stdout=True) as pool:
        result = pool.apply_async(tasks.talk, (3, ear.port))
        assert screen.next() == "talk #1 | begins 3"
        assert not result.ready()
        ear.release()
        result.get(WAIT)


def test_exceptions_and_children_are_as_ever():
    with LambdaPool(2, "looped") as pool:
        with pytest.raises(ValueError):
            pool.apply(tasks.raise_value_error, (1,))
        assert pool.map(os.path.basename, ["a/b", "c/d"]) == ["b", "d"]
    with LambdaPool(1, "looped", maxtasksperchild=2) as pool:
        assert pool.map(tasks.square, range(6), chunksize=3) == [item * item for item in range(6)]
