"""Pools against a service and a network that fail in every way: no task is lost, none runs twice without
permission, nothing hangs, and every error says whether the task may have run."""

import collections
import contextlib
import threading
import warnings

import counted_tasks
import lambdapool
import pytest
from conftest import identity
from fault_service import FAULTS, REASONS, FaultService
from lambdapool import LambdaPool, connection

PATIENCE = 120
RETRIES = 8


@pytest.fixture
def serve(monkeypatch):
    """serve(...): a FaultService that pools find; calls are given up 0.5 s after the function's timeout."""
    monkeypatch.setattr(connection, "READ_MARGIN", 0.5)
    counted_tasks.RUNS.clear()
    with contextlib.ExitStack() as stack:

        def start(*arguments, **options):
            service = FaultService(*arguments, **options)
            stack.callback(service.stop)
            for variable, value in dict(
                identity(), LAMBDAPOOL_TARGET="aws", AWS_ENDPOINT_URL_LAMBDA=service.url
            ).items():
                monkeypatch.setenv(variable, value)
            return service

        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(variable, raising=False)
        yield start


def run(calls, **options):
    """Of each call the value or the exception."""
    options.setdefault("network_timeout", 30)
    options.setdefault("function_timeout", 5)  # what is silent costs so much, and an answer comes long before
    with LambdaPool(workers=24, lambda_function="f", **options) as pool:
        results = [pool.apply_async(counted_tasks.record, (key,)) for key in range(calls)]
        outcomes = []
        for result in results:
            try:
                outcomes.append(result.get(PATIENCE))
            except lambdapool.LambdaPoolError as error:
                outcomes.append(error)
        return outcomes


def check(outcomes):
    """What holds whatever happened; how many calls failed."""
    failed = 0
    for key, outcome in enumerate(outcomes):
        ran = counted_tasks.RUNS[key]
        if not isinstance(outcome, Exception):
            assert outcome == (key, "done") and ran >= 1
            continue
        failed += 1
        told = str(outcome)
        assert ran == 0 or "may have run" in told, (ran, outcome)
        assert outcome.request_id in told
        if isinstance(outcome, lambdapool.ServiceError) and outcome.code:
            assert outcome.request_id
    return failed


@pytest.mark.parametrize("seed", range(3))
def test_no_task_is_lost_and_none_runs_twice(serve, seed):
    service = serve(seed)
    calls = 2000
    outcomes = run(calls)
    failed = check(outcomes)
    assert len(outcomes) == calls
    assert max(counted_tasks.RUNS.values()) == 1
    assert 0.05 * calls < failed < 0.4 * calls
    assert len(service.met) >= 18, service.met


@pytest.mark.parametrize("seed", range(3))
def test_idempotent_tasks_get_their_values_all_the_same(serve, seed):
    service = serve(100 + seed)
    calls = 2000
    outcomes = run(calls, idempotent=True, retries=RETRIES)
    failed = check(outcomes)
    assert max(counted_tasks.RUNS.values()) <= 1 + RETRIES
    assert failed <= 2
    assert service.requests > calls


ALONE = [fault for fault in FAULTS if fault not in ("no answer", "stalled body")]
HARMLESS = {"429 storm", "slow headers", "chunked"}


@pytest.mark.parametrize("fault", ALONE)
def test_each_fault_by_itself(serve, fault):
    serve(7, share=0.02 if fault == "429 storm" else 0.5, faults={fault: 1}, accept_share=0)
    failed = check(run(150))
    assert max(counted_tasks.RUNS.values()) <= 1
    if fault in HARMLESS:
        assert failed == 0


@pytest.mark.parametrize("fault", ["no answer", "stalled body"])
def test_a_silent_service_is_given_up_after_the_functions_timeout(serve, fault):
    serve(7, share=1, faults={fault: 1}, accept_share=0)
    (error,) = run(1, function_timeout=1)
    assert isinstance(error, lambdapool.NetworkError)
    assert "within 1.500 s" in str(error) and "may have run" in str(error)
    assert bool(error.request_id) == (fault == "stalled body")


@pytest.mark.parametrize("reason", REASONS)
def test_a_storm_of_throttles_ends_at_the_callers_deadline(serve, monkeypatch, reason):
    service = serve(7, share=1, faults={"429 storm": 1}, accept_share=0)
    monkeypatch.setattr("fault_service.REASONS", [reason])
    outcomes = run(3, throttle_timeout=1.5)
    assert [type(outcome) for outcome in outcomes] == [lambdapool.Throttled] * 3
    assert all(reason in str(outcome) and outcome.request_id in str(outcome) for outcome in outcomes)
    assert not counted_tasks.RUNS and service.requests > 3


def test_connections_that_are_closed_at_once_end_in_an_error_and_nothing_ran(serve):
    serve(7, accept_share=1)
    outcomes = run(20, network_timeout=1)
    assert all(isinstance(outcome, lambdapool.NetworkError) for outcome in outcomes)
    assert not counted_tasks.RUNS


def test_a_service_that_restarts_costs_no_task_and_is_waited_for_with_a_warning(serve):
    service = serve(7, share=0, accept_share=0)
    service.stop()
    port = int(service.url.rpartition(":")[2])
    with pytest.warns(
        RuntimeWarning, match="nothing has reached the service for 5 s .*connection refused.*24 calls wait"
    ):
        with LambdaPool(workers=24, lambda_function="f") as pool:
            results = [pool.apply_async(counted_tasks.record, (key,)) for key in range(50)]
            warned = threading.Event()
            show = warnings.showwarning
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(warnings, "showwarning", lambda *args, **kwds: (show(*args, **kwds), warned.set()))
                assert warned.wait(PATIENCE)
            serve(7, share=0, accept_share=0, port=port)
            assert [result.get(PATIENCE) for result in results] == [(key, "done") for key in range(50)]
    assert set(counted_tasks.RUNS.values()) == {1}


def test_nobody_there_is_refused_at_once_where_the_network_is_not_waited_for(serve):
    service = serve(7)
    service.stop()
    outcomes = run(50, network_timeout=0)
    kinds = collections.Counter(type(outcome) for outcome in outcomes)
    assert kinds == {lambdapool.NetworkError: 50}
    assert "connection refused" in str(outcomes[0]) and "may have run" not in str(outcomes[0])


@pytest.mark.parametrize(
    "options, complaint",
    [
        ({"retries": 3}, "idempotent"),
        ({"idempotent": True, "retries": -1}, "between 0 and 100"),
        ({"idempotent": True, "retries": 101}, "between 0 and 100"),
    ],
)
def test_retries_that_make_no_sense_are_refused(serve, options, complaint):
    serve(7)
    with pytest.raises(ValueError, match=complaint):
        LambdaPool(workers=1, lambda_function="f", **options)


def test_options_of_another_type_are_refused(serve):
    serve(7)
    with pytest.raises(TypeError, match="idempotent"):
        LambdaPool(workers=1, lambda_function="f", idempotent="yes")
    with pytest.raises(TypeError, match="retries"):
        lambdapool.LambdaExecutor("f", idempotent=True, retries=1.5)
