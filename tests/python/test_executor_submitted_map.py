"""A submit() of another's, put into an executor (as tqdm does) or overridden, is what map() goes through."""

import concurrent.futures
from concurrent.futures import Future

import lambdapool_tasks as tasks
import pytest
from conftest import SERVICES
from lambdapool import LambdaExecutor


@pytest.fixture(params=["threads"] + SERVICES)
def counted(request, enter):
    """An executor whose submit() was replaced, and what that has seen."""
    if request.param == "threads":
        made = concurrent.futures.ThreadPoolExecutor(2)
    else:
        enter(request.param)
        made = LambdaExecutor("algorithms", 2)
    submit, seen = made.submit, []

    def counting(*args, **kwargs):
        seen.append(submit(*args, **kwargs))
        return seen[-1]

    made.submit = counting
    with made:
        yield made, seen


def test_map_goes_through_it(counted):
    executor, seen = counted
    assert list(executor.map(pow, range(10), range(10))) == [n**n for n in range(10)]
    assert len(seen) == 10 and all(future.done() for future in seen)
    results = executor.map(tasks.fails_on_three, range(6))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_what_is_not_consumed_is_cancelled(counted, ear):
    executor, seen = counted
    ear.hold(lambda told: True)
    results = executor.map(tasks.tell, range(8), [ear.port] * 8, timeout=0.2)
    assert ear.wait_for(2)  # both workers are at theirs: what waits behind can be had back
    with pytest.raises(concurrent.futures.TimeoutError):
        next(results)
    assert seen[-1].cancelled()
    ear.release()


class Overriding(LambdaExecutor):
    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        future.set_result(super().submit(fn, *args, **kwargs).result())
        self.submitted = getattr(self, "submitted", 0) + 1
        return future


def test_a_chunk_is_one_call_and_a_buffer_bounds_the_calls_ahead(service):
    with Overriding("algorithms", 2) as executor:
        assert list(executor.map(tasks.square, range(10), chunksize=4)) == [n * n for n in range(10)]
        assert executor.submitted == 3
        results = executor.map(tasks.square, iter(range(10)), buffersize=2)
        assert executor.submitted == 5
        assert next(results) == 0 and executor.submitted == 6
        assert list(results) == [n * n for n in range(1, 10)]
        assert list(executor.map(tasks.square, range(10), chunksize=3, buffersize=4)) == [n * n for n in range(10)]


def test_options_that_it_knows_nothing_of_are_refused(enter):
    enter("local")
    with LambdaExecutor("algorithms", 2) as executor:
        executor.submit = lambda *args, **kwargs: pytest.fail("nothing is sent")
        with pytest.raises(ValueError, match="submit.. that is not LambdaExecutor's has no progress and no max_cost"):
            executor.map(tasks.square, range(3), progress=True, max_cost="$1")
