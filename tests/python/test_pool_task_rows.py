"""Tiny tasks of one function that are submitted one by one share calls, on this machine. Nobody notices but the clock,
and the reports."""

from concurrent.futures import CancelledError, as_completed

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool, LambdaPoolError, PoolTerminated, RemoteError, WorkerDied
from test_pool_rows import each_once

TASKS = 1000
AT = 500  # where something happens


class Ours:
    """submit(function, *args) -> what has result(): of an executor, or of a pool."""

    def __init__(self, pool):
        self.pool = pool

    def submit(self, function, *args):
        if isinstance(self.pool, LambdaExecutor):
            return self.pool.submit(function, *args)
        result = self.pool.apply_async(function, args)
        result.result = result.get
        return result

    def calls_spared(self):
        report = self.pool.report()
        return report.items - report.calls


def share_calls(ours):
    """Until quick ones do: as soon as a hundred in a row were quick, which on a loaded machine takes some time."""
    while not ours.calls_spared():
        for future in [ours.submit(tasks.identity, n) for n in range(TASKS)]:
            future.result()


@pytest.fixture(params=[LambdaExecutor, LambdaPool])
def ours(request, enter):
    enter("local")
    options = {LambdaExecutor: ("algorithms", 2), LambdaPool: (2, "algorithms")}[request.param]
    with request.param(*options) as pool:
        ours = Ours(pool)
        share_calls(ours)
        yield ours


@pytest.fixture
def executor(enter):
    enter("local")
    with LambdaExecutor("algorithms", 2) as executor:
        share_calls(Ours(executor))
        yield executor


def outcome_of(future, kind):
    try:
        return future.result(120)
    except kind as error:
        return error


def test_each_task_runs_once(ours):
    futures = [ours.submit(tasks.count_here, n) for n in range(TASKS)]
    assert each_once([future.result() for future in futures])
    assert sum(future.report.items for future in futures) == TASKS
    assert {future.report.calls for future in futures} == {1}


def test_results_are_of_their_futures(ours):
    for _ in range(5):
        futures = [ours.submit(tasks.add, n, -n - 1) for n in range(TASKS)]
        assert [future.result() for future in futures] == [-1] * TASKS
        futures = [ours.submit(tasks.square, n) for n in range(TASKS)]
        assert [future.result() for future in futures] == [n * n for n in range(TASKS)]


def test_those_of_two_functions_share_none_with_each_other(ours):
    first = [ours.submit(tasks.square, n) for n in range(TASKS)]
    second = [ours.submit(tasks.identity, n) for n in range(TASKS)]
    mixed = [ours.submit((tasks.square, tasks.identity)[n % 2], n) for n in range(TASKS)]
    assert [future.result() for future in first] == [n * n for n in range(TASKS)]
    assert [future.result() for future in second] == list(range(TASKS))
    assert [future.result() for future in mixed] == [n if n % 2 else n * n for n in range(TASKS)]


def test_while_one_takes_long_the_others_run(ours, ear):
    ear.hold(lambda told: True)
    futures = [ours.submit(tasks.tell_where_asked, (n, ear.port if n == AT else 0)) for n in range(TASKS)]
    assert [future.result(120) for n, future in enumerate(futures) if n != AT] == [n for n in range(TASKS) if n != AT]
    ear.release()
    assert futures[AT].result() == AT
    assert ear.heard == [str(AT)]


def test_what_is_done_is_there_while_the_next_ones_run(ours, ear):
    ear.hold(lambda told: True)
    held = AT, AT + 1  # so that both workers have one
    futures = [ours.submit(tasks.tell_where_asked, (n, ear.port if n in held else 0)) for n in range(TASKS)]
    assert [future.result(120) for future in futures[:AT]] == list(range(AT))
    assert ear.wait_for(2)
    ear.release()
    assert [future.result() for future in futures] == list(range(TASKS))
    assert sorted(ear.heard) == [str(AT), str(AT + 1)]


def test_an_exception_is_of_its_task_alone(ours):
    futures = [ours.submit(tasks.raise_where_asked, (n, "the one" if n == AT else "")) for n in range(TASKS)]
    came = [outcome_of(future, ValueError) for future in futures]
    assert str(came[AT]) == "the one"
    assert came[:AT] + came[AT + 1 :] == [n for n in range(TASKS) if n != AT]


def test_a_task_that_kills_its_worker_is_the_only_one_that_fails(ours, ear):
    futures = [ours.submit(tasks.exit_where_asked, (n, ear.port if n == AT else 0)) for n in range(TASKS)]
    came = [outcome_of(future, WorkerDied) for future in futures]
    assert isinstance(came[AT], WorkerDied)
    assert came[:AT] + came[AT + 1 :] == [n for n in range(TASKS) if n != AT]
    assert ear.heard == [str(AT)]


def test_what_is_tried_again_is_tried_alone(enter, ear):
    enter("local")
    with LambdaExecutor("algorithms", 2, retry_on=WorkerDied, retries=2, backoff=0.001) as executor:
        executor.submit(tasks.square, 2).result()
        futures = [executor.submit(tasks.exit_where_asked, (n, ear.port if n == AT else 0)) for n in range(TASKS)]
        came = [outcome_of(future, WorkerDied) for future in futures]
    assert isinstance(came[AT], WorkerDied)
    assert came[:AT] + came[AT + 1 :] == [n for n in range(TASKS) if n != AT]
    assert ear.heard == [str(AT)] * 3


def test_a_log_is_of_the_task_that_has_written_it(ours):
    futures = [ours.submit(tasks.print_where_asked, (n, n % 7 == 3)) for n in range(TASKS)]
    for n, future in enumerate(futures):
        assert future.result() == n
        printed = [line for line in future.logs.splitlines() if line.startswith("task ")]
        assert printed == (["task %d" % n] if n % 7 == 3 else [])


def test_arguments_that_cannot_be_read_fail_alone_and_as_they_do_alone(ours):
    alone = outcome_of(ours.submit(tasks.identity, tasks.BreaksOnLoad()), Exception)
    arguments = [tasks.BreaksOnLoad() if n == AT else n for n in range(TASKS)]
    futures = [ours.submit(tasks.identity, each) for each in arguments]
    came = [outcome_of(future, Exception) for future in futures]
    assert type(came[AT]) is type(alone) and str(came[AT]) == str(alone)
    assert came[:AT] + came[AT + 1 :] == [n for n in range(TASKS) if n != AT]


def test_those_whose_arguments_cannot_be_read_may_be_many(ours):
    arguments = [tasks.BreaksOnLoad() if n % 17 == 9 else n for n in range(TASKS)]
    came = [outcome_of(future, Exception) for future in [ours.submit(tasks.identity, each) for each in arguments]]
    assert all(isinstance(each, Exception) == (n % 17 == 9) for n, each in enumerate(came))
    assert [each for n, each in enumerate(came) if n % 17 != 9] == [n for n in range(TASKS) if n % 17 != 9]


def test_results_that_cannot_be_sent_or_read_fail_alone(ours):
    kinds = {AT: "lock", AT + 1: "breaking"}
    futures = [ours.submit(tasks.return_where_asked, (n, kinds.get(n))) for n in range(TASKS)]
    came = [outcome_of(future, Exception) for future in futures]
    assert all(isinstance(came[n], Exception) for n in kinds)
    assert [each for n, each in enumerate(came) if n not in kinds] == [n for n in range(TASKS) if n not in kinds]


def test_each_task_has_arguments_of_its_own(ours):
    shared = []
    futures = [ours.submit(tasks.append_to, shared) for _ in range(300)]
    assert [future.result() for future in futures] == [1] * 300


def test_large_arguments_and_results_go_alone(ours):
    texts = ["%d" % n * 5_000 for n in range(1000, 1200)]
    before = ours.calls_spared()
    assert [future.result() for future in [ours.submit(tasks.length_of, text) for text in texts]] == [20_000] * 200
    assert [future.result() for future in [ours.submit(tasks.zeros, 5_000) for _ in texts]] == [bytes(5_000)] * 200
    assert ours.calls_spared() == before


@pytest.mark.parametrize("options", [{"initializer": tasks.square, "initargs": (2,)}, {"stdout": True}])
def test_what_could_be_told_apart_goes_alone(enter, options):
    enter("local")
    with LambdaExecutor("algorithms", 2, **options) as executor:
        executor.submit(tasks.square, 2).result()
        futures = [executor.submit(tasks.square, n) for n in range(300)]
        assert [future.result() for future in futures] == [n * n for n in range(300)]
        assert executor.report().calls >= 300


def test_code_that_travels_goes_alone(ours):
    before = ours.calls_spared()
    futures = [ours.submit(lambda n: n + 1, n) for n in range(200)]
    assert [future.result() for future in futures] == list(range(1, 201))
    assert ours.calls_spared() == before


@pytest.fixture
def two_begun(executor, ear):
    """Of many tasks two have begun, which end with ear.release(): the futures of these, and of the others."""
    quick = [executor.submit(tasks.tell_where_asked, (n, 0)) for n in range(TASKS)]
    assert [future.result() for future in quick] == list(range(TASKS))
    ear.hold(lambda told: True)
    futures = [executor.submit(tasks.tell_where_asked, (n, ear.port)) for n in range(200)]
    assert ear.wait_for(2)
    begun = [futures[int(told)] for told in ear.heard]
    return begun, [future for future in futures if future not in begun]


def test_what_has_not_begun_can_be_cancelled(two_begun, ear):
    begun, others = two_begun
    assert not any(future.running() for future in others)
    assert all(future.cancel() for future in reversed(others))
    assert not any(future.cancel() for future in begun)
    ear.release()
    assert sorted(future.result() for future in begun) == sorted(map(int, ear.heard))
    assert all(isinstance(outcome_of(future, CancelledError), CancelledError) for future in as_completed(others))


def test_who_is_cancelled_takes_no_other_along(two_begun, ear):
    begun, others = two_begun
    assert all(future.cancel() for future in others[::2])
    ear.release()
    ran = [future.result() for future in begun + others[1::2]]
    assert sorted(ran) == sorted(map(int, ear.heard)) and len(ran) == 2 + 99


def test_an_executor_that_ends_and_cancels_cancels_what_has_not_begun(two_begun, executor, ear):
    begun, others = two_begun
    executor.shutdown(wait=False, cancel_futures=True)
    ear.release()
    assert all(isinstance(outcome_of(future, CancelledError), CancelledError) for future in others)
    assert sorted(future.result() for future in begun) == sorted(map(int, ear.heard))


def test_a_pool_that_ends_amid_shared_calls_ends_at_once(enter, ear):
    enter("local")
    ear.hold(lambda told: True)
    with LambdaPool(2, "algorithms") as pool:
        pool.apply(tasks.square, (2,))
        results = [pool.apply_async(tasks.tell_where_asked, ((n, ear.port if n == AT else 0),)) for n in range(TASKS)]
        assert ear.wait_for(1)
        pool.terminate()
        ear.release()
        with pytest.raises(PoolTerminated):
            results[AT].get(60)


def test_a_function_that_is_updated_meanwhile_runs_each_task_once(ours):
    """Where that is done by other means there are tests of their own (test_pool_stale.py)."""
    futures = [ours.submit(tasks.count_here, n) for n in range(TASKS)]
    ours.pool._dispatcher.engine.set_code("0" * 22, True)  # as of a function that had other code
    more = [ours.submit(tasks.count_here, n) for n in range(TASKS)]
    assert each_once([future.result() for future in futures + more])


def test_the_first_ones_need_not_wait_for_their_function_to_be_known(enter):
    enter("local")
    with LambdaExecutor("algorithms", 2) as executor:
        futures = [executor.submit(tasks.square, n) for n in range(TASKS)]
        assert [future.result() for future in futures] == [n * n for n in range(TASKS)]
        assert executor.report().items == TASKS


def test_what_a_callback_raises_concerns_no_other(executor, ear):
    def leave(_):
        raise SystemExit

    ear.hold(lambda told: True)  # so that none is done before it has its callback
    futures = [executor.submit(tasks.tell_where_asked, (n, ear.port)) for n in range(2)]
    assert ear.wait_for(2)
    futures += [executor.submit(tasks.tell_where_asked, (n, 0)) for n in range(2, TASKS)]
    for future in futures[AT::7]:
        future.add_done_callback(leave)
    ear.release()
    assert [future.result() for future in futures] == list(range(TASKS))


def test_behind_a_large_task_none_waits_for_another(executor, ear):
    """Its worker asks for the next one over HTTP, where tasks do not begin one by one."""
    for _ in range(5):
        futures = [executor.submit(tasks.length_of, "x" * 100_000)]
        futures += [executor.submit(tasks.identity, n) for n in range(200)]
        ear.hold(lambda told: True)
        futures += [executor.submit(tasks.tell_where_asked, (n, ear.port)) for n in (200, 201)]
        assert ear.wait_for(2)  # so both workers have one
        ear.release()
        assert [future.result() for future in futures] == [100_000, *range(202)]
        ear.heard.clear()


def test_those_that_wait_for_a_worker_can_be_cancelled(executor, ear):
    share = [executor.submit(tasks.exit_where_asked, (n, ear.port)) for n in range(2)]  # both workers die
    futures = [executor.submit(tasks.identity, n) for n in range(300)]
    cancelled = {n for n in reversed(range(300)) if futures[n].cancel()}
    for n, future in enumerate(futures):
        assert (
            isinstance(outcome_of(future, CancelledError), CancelledError) if n in cancelled else future.result() == n
        )
    assert all(isinstance(outcome_of(future, WorkerDied), WorkerDied) for future in share)


def test_reports_of_those_that_share_a_call_are_their_own(enter, ear):
    enter("local")
    with LambdaExecutor("algorithms", 2, retry_on=ValueError, retries=1, backoff=0.001) as executor:
        share_calls(Ours(executor))
        arguments = [(n, "the one" if n == AT else "") for n in range(TASKS)]
        futures = [executor.submit(tasks.raise_where_asked, each) for each in arguments]
        outcomes = [outcome_of(future, ValueError) for future in futures]
    assert isinstance(outcomes[AT], ValueError)
    for n, future in enumerate(futures):
        report = future.report
        assert (report.items, report.calls) == ((1, 2) if n == AT else (1, 1))


def test_a_result_that_cannot_be_sent_has_no_log_but_its_own(ours):
    kinds = dict.fromkeys(range(0, TASKS, 5), "lock")
    futures = [ours.submit(tasks.print_and_return_where_asked, (n, kinds.get(n), n % 5 == 1)) for n in range(TASKS)]
    for n, future in enumerate(futures):
        outcome = outcome_of(future, LambdaPoolError)
        assert "printed by" not in outcome.log_tail if n in kinds else outcome == n


def test_a_failure_shows_where_it_was_raised(ours):
    futures = [ours.submit(tasks.raise_where_asked, (n, "the one" if n == AT else "")) for n in range(TASKS)]
    error = outcome_of(futures[AT], ValueError)
    assert "raise_where_asked" in str(error.__cause__) and not isinstance(error, RemoteError)
