"""Named runs: what is done is in a journal, and whoever runs again sends only the rest."""

import collections
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from functools import partial

import lambdapool
import lambdapool_tasks as tasks
import pytest
from conftest import HERE, PATHS, PROGRAM
from lambdapool import LambdaExecutor, LambdaPool, RunConflict


@pytest.fixture(autouse=True)
def runs(enter, monkeypatch, tmp_path):
    enter("local")
    monkeypatch.setenv("LAMBDAPOOL_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def command(*arguments):
    done = subprocess.run([str(PROGRAM), "runs", *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def shown(name):
    return json.loads(command("show", name, "--output", "json")[1])


def new_pool(**options):
    return LambdaPool(2, "algorithms", **options)


def test_what_is_done_is_not_sent_again(ear):
    task = partial(tasks.tell_and_sleep, port=ear.port, seconds=0)
    for _ in range(2):
        with new_pool() as pool:
            assert pool.map(task, range(20), name="r") == list(range(20))
    assert sorted(map(int, ear.heard)) == list(range(20))


def failing(port, fails):
    def task(item):
        tasks.tell(item, port)
        if fails and item == 7:
            raise ValueError("seven")
        return item

    return task


def test_only_what_failed_is_sent_again(ear):
    with new_pool() as pool:
        with pytest.raises(ValueError, match="seven"):
            pool.map(failing(ear.port, True), range(10), name="r")
        assert pool.map(failing(ear.port, False), range(10), name="r", on_change="keep") == list(range(10))
    assert collections.Counter(ear.heard) == {str(item): 2 if item == 7 else 1 for item in range(10)}


@pytest.mark.parametrize("ordered", [True, False])
def test_an_iterable_is_resumed_where_it_was_left(ear, ordered):
    task = partial(tasks.tell_and_sleep, port=ear.port, seconds=0)
    for upto in (10, 30):
        with new_pool() as pool:
            imap = pool.imap if ordered else pool.imap_unordered
            values = list(imap(task, iter(range(upto)), chunksize=3, name="r"))
        assert values == list(range(upto)) if ordered else sorted(values) == list(range(upto))
    assert sorted(map(int, ear.heard)) == list(range(30))


def test_an_iterable_that_has_ended_is_listed_as_done(ear):
    with new_pool() as pool:
        results = pool.imap(tasks.square, iter(range(10)), name="r")
        assert next(results) == 0 and shown("r")["items"] in (None, 10)
        assert list(results) == [x * x for x in range(1, 10)]
    assert shown("r")["state"] == "done" and shown("r")["items"] == 10


@pytest.mark.parametrize("buffersize", [None, 4])
def test_an_executors_map_is_resumed(ear, buffersize):
    task = partial(tasks.tell_and_sleep, port=ear.port, seconds=0)
    for upto in (10, 30):
        with LambdaExecutor("algorithms", max_workers=2) as executor:
            assert list(executor.map(task, range(upto), name="r", buffersize=buffersize)) == list(range(upto))
    assert sorted(map(int, ear.heard)) == list(range(30))


def test_changed_items_are_an_error_unless_it_is_said_what_then(ear):
    task = partial(tasks.tell_and_sleep, port=ear.port, seconds=0)
    with new_pool() as pool:
        pool.map(task, [1, 2, 3], name="r")
        with pytest.raises(RunConflict, match="the items of the run 'r' have changed.*item 1.*on_change") as caught:
            pool.map(task, [1, 5, 3], name="r")
        assert caught.value.kind == "run"
        assert pool.map(task, [3, 4, 1], name="r", on_change="keep") == [3, 4, 1]
        assert sorted(ear.heard) == ["1", "2", "3", "4"]
        assert pool.map(task, [3, 4, 1], name="r", on_change="restart") == [3, 4, 1]
        assert len(ear.heard) == 4  # nothing had changed
        assert pool.map(task, [3, 4], name="r", on_change="restart") == [3, 4]
        assert len(ear.heard) == 6


def test_changed_code_is_an_error_and_a_comment_is_none():
    one = "def f(x):\n    return x + offset\n"
    spaces = [{"offset": 1}, {"offset": 1}, {"offset": 2}]
    for source, space in zip([one, "# as before\n\n" + one, one], spaces):
        space["__name__"] = "__main__"
        exec(source, space)
    with new_pool() as pool:
        assert pool.map(spaces[0]["f"], [1, 2], name="r") == [2, 3]
        assert pool.map(spaces[1]["f"], [1, 2], name="r") == [2, 3]
        with pytest.raises(RunConflict, match="the code of the run 'r' has changed"):
            pool.map(spaces[2]["f"], [1, 2], name="r")
        assert pool.map(spaces[2]["f"], [1, 2], name="r", on_change="restart") == [3, 4]


def test_a_run_is_under_way_only_once(ear):
    ear.hold(lambda told: True)
    task = partial(tasks.tell_and_sleep, port=ear.port, seconds=0)
    with new_pool() as pool:
        result = pool.map_async(task, range(3), name="r")
        with pytest.raises(RunConflict, match="'r' is under way elsewhere"):
            pool.map(task, range(3), name="r")
        assert ear.wait_for(1)
        assert "under way" in command("list")[1] and command("delete", "r")[0] == 1
        ear.release()
        assert result.get(60) == [0, 1, 2]
        assert pool.map(task, range(3), name="r") == [0, 1, 2]


def test_results_of_every_kind_come_back():
    with new_pool() as pool:
        for _ in range(2):
            blobs = pool.map(tasks.blob, [10, 300_000, 7_000_000], name="blobs", chunksize=1)
            assert [len(blob) for blob in blobs] == [10, 300_000, 7_000_000]
            assert pool.starmap(pow, [(2, 3)], name="powers") == [8]
            assert pool.map(tasks.square, [], name="none") == []


def test_a_name_and_what_changes_bring_are_checked():
    with new_pool() as pool:
        with pytest.raises(ValueError, match="a run's name"):
            pool.map(tasks.square, [1], name="../x")
        with pytest.raises(ValueError, match="on_change must be one of error, restart, keep"):
            pool.map(tasks.square, [1], name="x", on_change="ask")
        with pytest.raises(TypeError, match="name must be a str"):
            pool.imap(tasks.square, [1], name=3)


def test_runs_are_listed_shown_and_deleted():
    with new_pool() as pool:
        pool.map(tasks.square, range(5), name="squares", chunksize=1)
        report = pool.report()
    run = shown("squares")
    assert (run["done"], run["items"], run["calls"], run["in_doubt"]) == (5, 5, report.calls, [])
    assert run["cost_usd"] == pytest.approx(report.cost)
    assert run["function"] == "algorithms" and run["state"] == "done" and run["gb_seconds"] > 0
    assert "5 of 5" in command()[1] or "5 of 5" in command("list")[1]
    assert "Deleted the run squares" in command("delete", "squares")[1]
    assert "there is no run 'squares'" in command("show", "squares")[2]
    assert "No run has a journal" in command("list")[2]


def test_a_journal_of_an_older_lambdapool_is_brought_over(runs):
    with new_pool() as pool:
        pool.map(tasks.square, range(5), name="squares")
    with contextlib.closing(sqlite3.connect(runs / "squares" / "journal.db")) as journal:
        journal.executescript("ALTER TABLE run DROP COLUMN cost; PRAGMA user_version = 1")
    run = shown("squares")
    assert run["done"] == 5
    assert run["cost_usd"] == pytest.approx(run["calls"] * 2e-7 + run["gb_seconds"] * 1.66667e-5)


def script(name, *arguments):
    return subprocess.Popen(
        [sys.executable, str(HERE / "scripts" / name), *map(str, arguments)],
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(PATHS)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_objects_of_a_scripts_own_classes_come_back():
    for _ in range(2):
        assert script("named_points.py").communicate(timeout=120)[0] == "[0, 1, 2]\n"
    assert shown("points")["done"] == 3
    assert 3 <= shown("points")["calls"] <= 5  # the first of a worker may only say which code it has


def test_a_killed_client_loses_nothing_and_sends_nothing_twice_that_is_done(ear):
    first = script("named_run.py", ear.port)
    assert ear.wait_for(800)
    first.kill()
    first.communicate()
    before = shown("killed")
    assert 700 < before["done"] < 2000 and before["state"] == "interrupted"

    refused = script("named_run.py", ear.port)
    _, said = refused.communicate(timeout=120)
    assert "RunConflict" in said and "were under way" in said and "idempotent=True" in said

    total, said = script("named_run.py", ear.port, "again").communicate(timeout=300)
    assert total.strip() == str(sum(range(2000))), said
    heard = collections.Counter(map(int, ear.heard))
    assert set(heard) == set(range(2000))
    twice = {item for item, times in heard.items() if times > 1}
    assert twice <= set(before["in_doubt"]) and max(heard.values()) <= 2


def test_equal_items_have_equal_digests_whatever_they_are_made_of():
    from lambdapool import fingerprint

    one, text = "".join(["ab", "c"]), "abc"
    assert fingerprint.of_item((one, one)) == fingerprint.of_item((text, one))
    assert fingerprint.of_item({"a", "b", ("c", 1)}) == fingerprint.of_item({("c", 1), "b", "a"})
    assert fingerprint.of_item([1]) != fingerprint.of_item((1,))
    itself = []
    itself.append(itself)
    assert fingerprint.of_item(itself) == fingerprint.of_item(itself)
    assert lambdapool.RunConflict.kind == "run"
