"""What happens to a task that goes wrong, and that a pool outlives it."""

import gc
import itertools
import pickle
import threading
import time
import weakref
from functools import partial
from multiprocessing.pool import MaybeEncodingError, RemoteTraceback

import lambdapool
import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaPool, outcomes
from stub_service import StubService


def still_works(pool):
    return pool.map(tasks.square, [2, 3]) == [4, 9]


def test_code_by_value(pool):
    k = 3
    assert pool.map(lambda x: x * k, range(4)) == [0, 3, 6, 9]
    assert pool.apply(partial(lambda a, b: a - b, 5), (2,)) == 3

    class Local:
        def __init__(self, n):
            self.n = n

        def __eq__(self, other):
            return type(other) is Local and other.n == self.n

    assert pool.map(lambda x: Local(x.n + 1), [Local(1)]) == [Local(2)]


def test_an_exception_whose_constructor_wants_more_arrives_as_itself(pool):
    with pytest.raises(tasks.Picky, match="7 because so") as caught:
        pool.apply(tasks.raise_picky)
    assert caught.value.code == 7
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert still_works(pool)


def test_an_exception_that_cannot_be_sent_is_described(pool):
    with pytest.raises(lambdapool.RemoteError, match="lambdapool_tasks.Unpicklable: has a lock") as caught:
        pool.apply(tasks.raise_unpicklable)
    error = caught.value
    assert (error.type_name, error.remote_message) == ("lambdapool_tasks.Unpicklable", "has a lock")
    assert "in raise_unpicklable" in error.remote_traceback and "in raise_unpicklable" in str(error.__cause__)
    assert error.function == "algorithms"
    with pytest.raises(lambdapool.RemoteError, match="Vicious"):
        pool.apply(tasks.raise_vicious)
    assert still_works(pool)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_exceptions_that_end_programs_end_no_worker(pool, kind):
    with pytest.raises(kind):
        pool.apply(tasks.raises, (kind,))
    with pytest.raises(kind):
        pool.map(partial(tasks.raises, kind), [1, 2, 3])
    assert still_works(pool)


def test_stop_iteration_does_not_end_an_imap(pool):
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(pool.imap(tasks.raise_stop_iteration, [1, 2]))


def test_results_that_do_not_pickle(pool):
    with pytest.raises(MaybeEncodingError, match="lock") as unpicklable:
        pool.apply(tasks.return_lock)
    assert isinstance(unpicklable.value, lambdapool.UnsendableResult)
    assert unpicklable.value.function == "algorithms"
    assert "cannot pickle" in unpicklable.value.exc
    assert str(pickle.loads(pickle.dumps(unpicklable.value))) == str(unpicklable.value)
    with pytest.raises(lambdapool.UnsendableResult, match="broken on load"):
        pool.apply(tasks.return_breaking)
    assert still_works(pool)


def test_a_result_that_is_too_large_names_size_and_limit(enter):
    enter("stub")  # on local it is stored apart, as with a bucket
    with LambdaPool(1, "algorithms") as pool:
        check_too_large(pool)


def check_too_large(pool):
    with pytest.raises(
        lambdapool.PayloadTooLarge,
        match="takes 1118.* bytes as it travels.*6291556.*LAMBDAPOOL_BUCKET.*update algorithms PATHS --resp",
    ):
        pool.apply(tasks.blob, (8 * 1024 * 1024,))
    assert still_works(pool)


def test_large_items_are_not_chunked_beyond_the_limits(pool):
    blobs = [tasks.blob(400_000) for _ in range(40)]
    assert pool.map(bytes, blobs) == blobs


def test_an_answer_that_would_grow_too_large_comes_in_parts(pool):
    assert [len(blob) for blob in pool.map(tasks.blob, [700_000] * 9, chunksize=9)] == [700_000] * 9


def test_items_run_once_although_answers_come_in_parts(pool, ear):
    run = partial(tasks.tell_and_make_blob, port=ear.port, size=600_000)
    assert len(pool.map(run, range(7), chunksize=7)) == 7
    assert sorted(ear.heard) == [str(item) for item in range(7)]


def test_missing_code_is_named_with_the_remedy(pool):
    task = pickle.dumps(tasks.square).replace(b"lambdapool_tasks", b"lambdapool_tusks")
    with pytest.raises(lambdapool.CodeMismatch, match="'lambdapool_tusks'.*lambdapool update algorithms PATHS"):
        pool.apply(ByReference("lambdapool_tusks", "square"))
    assert task
    with pytest.raises(lambdapool.CodeMismatch, match="nothing_there"):
        pool.map(ByReference("lambdapool_tasks", "nothing_there"), range(1000))
    assert still_works(pool)


class ByReference:
    """Pickles as a reference to something that is importable only elsewhere."""

    def __init__(self, module, name):
        self.module, self.name = module, name

    def __reduce__(self):
        import operator

        return operator.attrgetter(self.name), (_Module(self.module),)

    def __call__(self):
        """Not here."""


class _Module:
    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        import importlib

        return importlib.import_module, (self.name,)


def test_a_worker_that_dies_fails_its_task_only(pool):
    with pytest.raises(lambdapool.WorkerDied) as caught:
        pool.apply(tasks.exit_hard, (3,))
    assert caught.value.function == "algorithms" and caught.value.request_id
    assert still_works(pool)
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is lambdapool.WorkerDied and error.request_id == caught.value.request_id


def test_a_hopeless_map_stops_at_once(enter, stub):
    enter("stub")
    before = stub.invocations
    with LambdaPool(2, "nobody") as pool:
        with pytest.raises(lambdapool.FunctionNotFound, match="nobody"):
            pool.map(tasks.square, range(1000))
        with pytest.raises(lambdapool.FunctionNotFound):
            list(pool.imap(tasks.square, range(10)))
    assert stub.invocations - before < 50


def test_a_function_that_lacks_lambdapool_itself_is_told_how_it_gets_there(pool, request):
    if "local" not in request.node.name:
        pytest.skip("the stub runs in this environment, which has lambdapool")
    with pytest.raises(RuntimeError, match="lambdapool.LambdaPool is not there: a function has lambdapool only where"):
        pool.apply(tasks.make_pool)
    assert still_works(pool)


def test_missing_code_says_how_it_gets_there():
    def said(module):
        data = pickle.dumps(("ModuleNotFoundError", "No module named '%s'" % module, module))
        _, _, [error] = outcomes.read(pickle.dumps(([(outcomes.UNREADABLE, data)], None)), 1, "f")
        assert isinstance(error, lambdapool.CodeMismatch)
        return str(error)

    assert "deploy your code again: `lambdapool update f PATHS`" in said("lambdapool_tusks")
    assert "`lambdapool update f -r FILE PATHS`" in said("lambdapool.errors")


def test_throttling_is_retried_and_not_seen(enter, stub):
    enter("stub")
    stub.throttles = 5
    with LambdaPool(4, "algorithms") as pool:
        assert pool.map(tasks.square, range(10), chunksize=1) == [x * x for x in range(10)]
    assert stub.throttles == 0


def test_throttling_beyond_the_deadline(enter, stub):
    enter("stub")
    stub.throttles = 1_000_000
    try:
        with LambdaPool(1, "algorithms", throttle_timeout=0.2) as pool:
            with pytest.raises(lambdapool.Throttled, match="use fewer workers"):
                pool.apply(tasks.square, (1,))
    finally:
        stub.throttles = 0


def test_never_more_calls_in_flight_than_workers(enter, monkeypatch, ear):
    enter("stub")
    service = StubService()  # its own: in the shared one, calls that an earlier test abandoned may still run
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", service.url)
    try:
        ear.hold(lambda told: True)
        with LambdaPool(3, "algorithms") as pool:
            result = pool.starmap_async(tasks.tell, [(n, ear.port) for n in range(30)], chunksize=1)
            assert ear.wait_for(3)
            ear.release()
            result.get(120)
        assert service.most_in_flight == 3
    finally:
        service.stop()


def test_a_service_that_cannot_be_reached(enter, monkeypatch):
    enter("stub")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    with LambdaPool(1, "algorithms", network_timeout=0.5) as pool:
        with pytest.raises(lambdapool.NetworkError, match="127.0.0.1"):
            pool.apply(tasks.square, (1,))


def test_no_credentials_names_both_ways_out(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "LAMBDAPOOL_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with pytest.raises(lambdapool.CredentialsError, match="(?s)(aws configure|AWS_ACCESS_KEY_ID).*local"):
        LambdaPool(1, "algorithms")


def test_an_unknown_target_is_refused():
    with pytest.raises(ValueError, match="moon"):
        LambdaPool(1, "algorithms", target="moon")


def test_results_of_a_terminated_pool_raise(service):
    pool = LambdaPool(1, "algorithms")
    results = [pool.apply_async(tasks.sleep, (200,)) for _ in range(5)]
    mapped = pool.map_async(tasks.sleep, [200] * 5)
    lazy = pool.imap(tasks.sleep, itertools.repeat(200))
    failed = []
    with_callback = pool.apply_async(tasks.sleep, (200,), error_callback=failed.append)
    started = time.monotonic()
    pool.terminate()
    pool.join()
    for result in results + [mapped, with_callback]:
        with pytest.raises(lambdapool.PoolTerminated):
            result.get(timeout=60)
    with pytest.raises(lambdapool.PoolTerminated):
        next(lazy)
    assert isinstance(failed[0], lambdapool.PoolTerminated)
    assert time.monotonic() - started < 100  # of 200


def test_a_waiting_thread_is_woken_by_terminate(service):
    pool = LambdaPool(1, "algorithms")
    outcome, waiting = [], threading.Event()

    def use():
        results = pool.imap(tasks.sleep, itertools.repeat(200))
        waiting.set()
        try:
            next(results)
        except lambdapool.PoolTerminated as error:
            outcome.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    waiting.wait(60)
    pool.terminate()
    thread.join(100)
    assert not thread.is_alive() and len(outcome) == 1


@pytest.mark.parametrize(
    "call, sentence",
    [
        (lambda pool: pool.map(tasks.square, [1, 2], chunksize=0.5), "chunksize must be an int, not float"),
        (lambda pool: pool.map(tasks.square, [1, 2], chunksize=0), "Chunksize must be 1"),
        (lambda pool: pool.map(tasks.square, 5), "not iterable"),
        (lambda pool: pool.map(None, [1]), "func must be callable, not NoneType"),
        (lambda pool: pool.map_async(tasks.square, [1], callback=3), "callback must be callable, not int"),
        (lambda pool: pool.starmap("square", [1]), "func must be callable, not str"),
        (lambda pool: pool.apply(tasks.square, 5), "not iterable"),
        (lambda pool: pool.apply(tasks.square, kwds=5), "not iterable"),
        (lambda pool: pool.apply_async(dict, (), {1: 2}), "keywords must be strings, not int"),
        (lambda pool: pool.apply_async(tasks.square, (5,), error_callback="x"), "error_callback must be callable"),
        (lambda pool: pool.imap(tasks.square, 5), "not iterable"),
        (lambda pool: pool.imap(tasks.square, [1], chunksize="2"), "chunksize must be an int, not str"),
        (lambda pool: pool.imap_unordered(7, [1]), "func must be callable, not int"),
        (lambda pool: pool.imap(tasks.square, [1]).next(timeout="soon"), "timeout must be a number of seconds"),
    ],
)
def test_a_bad_argument_is_refused_in_the_callers_thread_and_breaks_nothing(pool, call, sentence):
    other = pool.map_async(tasks.square, range(40), chunksize=1)
    with pytest.raises((TypeError, ValueError), match=sentence):
        call(pool)
    assert other.get(60) == [n * n for n in range(40)]
    assert still_works(pool)


def test_callbacks_that_raise_or_use_the_pool(pool, capfd):
    again = []
    results = [
        pool.apply_async(
            tasks.square, (n,), callback=lambda value: again.append(pool.apply_async(tasks.square, (value,)))
        )
        for n in range(3)
    ]
    assert [result.get(60) for result in results] == [0, 1, 4]
    assert sorted(result.get(60) for result in again) == [0, 1, 16]
    assert pool.apply_async(tasks.square, (3,), callback=lambda value: 1 / 0).get(60) == 9
    assert pool.map_async(tasks.square, [3], callback=lambda value: 1 / 0).get(60) == [9]
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert still_works(pool)


def test_imap_pulls_a_bounded_window(pool):
    def pulled_at_most(results, pulled, chunks_each, chunksize=1):
        for count in range(1, 50):
            next(results)
            assert len(pulled) <= count + 2 * chunks_each * chunksize

    quick, chunked, slow = [], [], []
    results = pool.imap(tasks.square, (quick.append(n) or n for n in itertools.count()))
    pulled_at_most(results, quick, 16)
    results = pool.imap_unordered(tasks.square, (chunked.append(n) or n for n in itertools.count()), chunksize=5)
    pulled_at_most(results, chunked, 16, chunksize=5)
    results = pool.imap(tasks.sleep, (slow.append(n) or 0.002 for n in itertools.count()))
    pulled_at_most(results, slow, 4)


def test_a_dropped_imap_ends_its_thread(pool):
    results = pool.imap(tasks.square, itertools.count())
    next(results)
    feed = results._feed
    del results
    gc.collect()
    feed._thread.join(100)
    assert not feed._thread.is_alive()
    assert still_works(pool)


def test_a_dropped_pool_ends_its_thread(service):
    pool = LambdaPool(1, "algorithms")
    assert pool.apply(tasks.square, (2,)) == 4
    thread, reference = pool._dispatcher._thread, weakref.ref(pool)
    with pytest.warns(ResourceWarning, match="unclosed running"):
        del pool
        gc.collect()
    assert reference() is None
    thread.join(100)
    assert not thread.is_alive()


def test_a_result_keeps_its_pool_alive(service):
    assert LambdaPool(1, "algorithms").apply_async(tasks.sleep, (0.2,)).get(60) == 0.2
    gc.collect()


def test_completions_come_in_batches(enter, stub):
    enter("stub")
    with LambdaPool(32, "algorithms") as pool:
        pool.map(tasks.square, range(2000), chunksize=1)
        assert pool._dispatcher.engine.batches < 1000


@pytest.mark.parametrize("kind", [TypeError, pickle.UnpicklingError])
def test_an_exception_while_the_task_is_unpickled_is_not_the_functions(pool, kind):
    with pytest.raises(
        lambdapool.UnreadableTask, match="called nothing.*not here.*lambdapool update algorithms PATHS"
    ) as caught:
        pool.apply(tasks.square, (tasks.Unreadable(kind),))
    remote = caught.value.__cause__
    assert "in refuse_to_be_read" in str(remote) and type(remote.__cause__) is kind


def test_other_versions_of_packages_are_named():
    told = (
        "ModuleNotFoundError",
        "No module named 'pytest._core'",
        "pytest._core",
        {"pytest": "0.1", "other": "5"},
        None,
    )
    data = pickle.dumps(told)
    _, _, [error] = outcomes.read(pickle.dumps(([(outcomes.UNREADABLE, data)], None)), 1, "f")
    assert isinstance(error, lambdapool.CodeMismatch)
    assert "pytest is version 0.1 there and %s here" % pytest.__version__ in str(error) and "version 5" not in str(
        error
    )


def test_an_unsendable_result_is_a_pickling_error_too(pool):
    with pytest.raises(pickle.PicklingError):
        pool.apply(tasks.return_lock)
