"""rerun_stragglers: what takes much longer than the rest is run a second time, and the first answer counts."""

import collections

import lambdapool_tasks as tasks
import pytest
from lambdapool import LambdaExecutor, LambdaPool


@pytest.fixture(autouse=True)
def local(enter):
    enter("local")


@pytest.fixture
def slow_once(ear):
    """The first run of item 7 does not end before the test does."""
    ear.hold(lambda told: told == "7" and ear.heard.count("7") == 1)
    return ear


def new_pool(**options):
    return LambdaPool(3, "algorithms", idempotent=True, **options)


def arguments(ear, count):
    return [(item, ear.port, 0) for item in range(count)]


def test_a_straggler_is_run_a_second_time_and_counted(slow_once):
    with new_pool() as pool:
        result = pool.starmap_async(tasks.tell_and_sleep, arguments(slow_once, 30), 1, rerun_stragglers=True)
        assert result.get(100) == list(range(30))
        heard = collections.Counter(map(int, slow_once.heard))
        assert heard[7] == 2 and set(heard) == set(range(30))
        slow_once.release()
        pool.close()
        pool.join()
        assert pool.report().items == 30


def test_the_one_that_came_too_late_counts_with_its_cost(slow_once):
    with new_pool() as pool:
        result = pool.starmap_async(tasks.tell_and_sleep, arguments(slow_once, 30), 1, rerun_stragglers=True)
        result.get(100)
        slow_once.release()
        pool.apply(tasks.square, (1,))
        while result.report.retries["stragglers"] < slow_once.heard.count("7") - 1:
            pool.apply(tasks.square, (1,))
        report = result.report
        assert report.items == 30 and report.calls >= 31


@pytest.mark.parametrize("kind", ["imap", "executor"])
def test_lazy_maps_have_it_too(slow_once, kind):
    if kind == "imap":
        with new_pool() as pool:
            items = [(item, slow_once.port) for item in range(30)]
            results = pool.imap(tasks.tell_pair, items, rerun_stragglers=True)
            assert list(results) == list(range(30))
            slow_once.release()
    else:
        with LambdaExecutor("algorithms", 3, idempotent=True) as executor:
            columns = list(zip(*arguments(slow_once, 30)))
            assert list(executor.map(tasks.tell_and_sleep, *columns, rerun_stragglers=True)) == list(range(30))
            slow_once.release()


def test_it_is_off_unless_asked_for(slow_once):
    with new_pool() as pool:
        result = pool.starmap_async(tasks.tell_and_sleep, arguments(slow_once, 30), 1)
        assert slow_once.wait_for(30)
        slow_once.release()
        assert result.get(100) == list(range(30))
        assert len(slow_once.heard) == 30


def test_it_needs_a_pool_that_is_idempotent():
    with LambdaPool(1, "algorithms") as pool:
        with pytest.raises(ValueError, match="idempotent"):
            pool.map(tasks.square, [1], rerun_stragglers=True)
        with pytest.raises(TypeError, match="must be True or False"):
            pool.map(tasks.square, [1], rerun_stragglers=1)
