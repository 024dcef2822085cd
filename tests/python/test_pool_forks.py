"""Children that tasks fork: they end where they leave the task, and the parent's outcome counts."""

import os

import forking_tasks as tasks
import pytest
from lambdapool import LambdaPool, WorkerDied

WAYS = [
    ("return", 0),
    ("raise", 1),
    ("interrupt", 130),
    ((), 0),
    ((3,), 3),
    (("text",), 1),
    ((256 + 9,), 9),
    ("thread", 0),
]


@pytest.fixture
def one_worker(service):
    with LambdaPool(1, "algorithms") as pool:
        yield pool


def echoes(pool):
    """Large and different each time, so that an answer that another process wrote into would show."""
    datas = [os.urandom(300_000) for _ in range(3)]
    return pool.map(tasks.echo, datas, chunksize=1) == datas


@pytest.mark.parametrize("how, status", WAYS, ids=repr)
def test_a_child_that_leaves_the_task_ends_with_the_status_that_this_means(one_worker, how, status):
    assert one_worker.apply(tasks.status_of_child, (how,)) == status
    assert echoes(one_worker)


def test_a_child_runs_no_other_item_of_its_chunk(one_worker):
    statuses = one_worker.map(tasks.status_of_child, ["return", "raise", (3,)], chunksize=3)
    assert statuses == [0, 1, 3]
    assert echoes(one_worker)


def test_a_child_that_a_library_forked_runs_no_other_item(one_worker):
    assert one_worker.map(tasks.forked_by_a_library, range(3), chunksize=3) == [0, 0, 0]
    assert echoes(one_worker)


def test_a_child_forked_while_a_task_is_read_or_its_result_written_ends_too(one_worker):
    back = one_worker.apply(tasks.echo, (tasks.Forks(),))
    assert (back.status_when_read, back.status_when_written) == (1, 0)
    assert echoes(one_worker)


def test_what_a_child_printed_is_in_the_log(enter):
    enter("local")
    with LambdaPool(1, "algorithms") as pool:
        result = pool.apply_async(tasks.status_of_child, ("raise",))
        assert result.get(60) == 1
        assert "ValueError: of the child" in result.logs


def test_a_child_may_outlive_the_task(one_worker):
    assert one_worker.apply(tasks.leave_a_child_behind) == "parent"
    assert echoes(one_worker)
    assert one_worker.apply(tasks.release) == 0
    assert echoes(one_worker)


def test_a_worker_that_dies_is_noticed_although_a_child_outlives_it(enter):
    enter("local")
    with LambdaPool(1, "algorithms") as pool:
        with pytest.raises(WorkerDied, match="7"):
            pool.apply(tasks.leave_a_child_behind_and_die)
        assert echoes(pool)


def test_a_child_has_nothing_of_the_workers_channel(enter):
    enter("local")
    with LambdaPool(1, "algorithms") as pool:
        assert pool.apply(tasks.descriptors_shared_with_a_child) == []
