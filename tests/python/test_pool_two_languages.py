"""Python and C++ send, stop and size their chunks alike: both stand on src/pool/batch.hpp."""

import os
import subprocess
import threading
import time

import lambdapool
import lambdapool_tasks as tasks
import pytest
from conftest import BUILD
from lambdapool import LambdaExecutor, LambdaPool
from stub_service import StubService

WORKERS = 10


@pytest.fixture
def service(enter, monkeypatch):
    """A service of its own, which counts."""
    enter("stub")
    service = StubService()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
    yield service
    service.stop()


def in_cpp(form):
    def call():
        program = [BUILD / "tests" / "cpp_program", "missing", "nobody", form]
        finished = subprocess.run(program, env=os.environ, capture_output=True, text=True, timeout=120)
        assert finished.stdout.endswith("\nok\n"), finished.stdout + finished.stderr

    return call


def in_pool(call):
    def call_in_pool():
        with LambdaPool(WORKERS, "nobody") as pool, pytest.raises(lambdapool.FunctionNotFound):
            call(pool)

    return call_in_pool


def in_executor():
    with LambdaExecutor("nobody", WORKERS) as executor, pytest.raises(lambdapool.FunctionNotFound):
        list(executor.map(tasks.square, range(500)))


FORMS = {
    "C++ map": in_cpp("map"),
    "C++ map_outcomes": in_cpp("map_outcomes"),
    "map": in_pool(lambda pool: pool.map(tasks.square, range(500), chunksize=1)),
    "map with chunks of its own": in_pool(lambda pool: pool.map(tasks.square, range(500))),
    "imap": in_pool(lambda pool: list(pool.imap(tasks.square, range(500)))),
    "Executor.map": in_executor,
}


@pytest.mark.parametrize("form", list(FORMS))
def test_many_items_on_a_missing_function_cost_no_more_than_a_request_a_worker_and_what_was_on_its_way(service, form):
    FORMS[form]()
    assert 1 <= service.invocations <= 2 * WORKERS


def test_a_failure_that_only_the_engine_knows_of_yet_loses_no_item(monkeypatch, service):
    """The engine ends a job the moment a call fails; what is pulled until Python hears of it is refused."""
    from lambdapool.dispatcher import Dispatcher

    heard = Dispatcher._deliver
    pulled = threading.Event()

    def deliver_late(dispatcher, arrivals):
        if arrivals:
            assert pulled.wait(60)
        heard(dispatcher, arrivals)

    monkeypatch.setattr(Dispatcher, "_deliver", deliver_late)

    def items():
        yield 0
        while service.invocations < 1 or executor._dispatcher.engine.extend(job(), 0):
            time.sleep(0.001)
        yield 1
        pulled.set()

    def job():
        return next(iter(executor._dispatcher._jobs))

    with LambdaExecutor("nobody", 1) as executor, pytest.raises(lambdapool.FunctionNotFound):
        list(executor.map(tasks.square, items()))
