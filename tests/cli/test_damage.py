"""A home whose parts are broken: what is wrong is said, and what to do about it."""

import shutil
import sqlite3

import pytest

pytestmark = pytest.mark.on_both_targets


@pytest.fixture
def deployed(run, algorithms, home, monkeypatch):
    monkeypatch.chdir(algorithms)
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(home))  # for the pools of this process
    assert run("create", "whole", "algorithms").returncode == 0
    assert run("create", "broken", "algorithms").returncode == 0


@pytest.fixture
def break_record(home, target):
    """Breaks what a target keeps of a function."""

    def break_record(name):
        if target == "gcp-local":
            [record] = home.glob(f"run/services/*/*/{name}.json")
            record.write_text("{")
            return
        connection = sqlite3.connect(home / "lambdapool.db")
        connection.execute("UPDATE versions SET config = '{' WHERE function = ?", [name])
        connection.commit()
        connection.close()

    return break_record


@pytest.fixture
def call(target):
    """Calls a function once, with a pool of its own."""
    from lambdapool import LambdaPool

    def call(name):
        with LambdaPool(workers=1, lambda_function=name, target=target) as pool:
            return pool.apply(len, [[]])

    return call


def test_a_function_whose_record_is_broken_is_listed_told_and_deleted(run, break_record, deployed):
    break_record("broken")
    listed = run("list")
    assert listed.returncode == 0 and "whole" in listed.stdout and "broken" in listed.stdout
    told = run("doctor", "broken")
    assert told.returncode == 1
    assert "is damaged: delete the function and create it again" in told.stdout
    for change in (["--memory", "256"], ["algorithms"]):
        updated = run("update", "broken", *change)
        assert updated.returncode == 1 and "is damaged" in updated.stderr
    assert run("delete", "broken").returncode == 0
    assert "broken" not in run("list").stdout
    assert run("create", "broken", "algorithms").returncode == 0


def test_a_call_of_a_function_whose_record_is_broken_says_so(break_record, deployed, call):
    from lambdapool import LambdaPoolError

    break_record("broken")
    with pytest.raises(LambdaPoolError, match="is damaged") as told:
        call("broken")
    assert "may have run" not in str(told.value)
    assert call("whole") == 0


def test_doctor_says_that_code_is_gone_and_update_brings_it_back(run, home, target, deployed, call):
    from lambdapool import LambdaPoolError

    for folder in ("code", "zips") if target == "local" else ("run/code", "run/buckets"):
        shutil.rmtree(home / folder)
    told = run("doctor", "whole")
    assert told.returncode == 1
    assert f"PROBLEM  {'code' if target == 'local' else 'revision'}" in told.stdout
    assert "lambdapool update whole" in told.stdout
    # What a first call notes, so that the update does not take the code for there.
    with pytest.raises(LambdaPoolError, match="has lost a package|its code is gone") as lost:
        call("whole")
    assert "may have run" not in str(lost.value)
    assert run("update", "whole", "algorithms").returncode == 0
    assert call("whole") == 0


def test_unpacked_code_that_is_gone_is_unpacked_again(run, home, target, deployed, call):
    shutil.rmtree(home / ("code" if target == "local" else "run/code"))
    assert call("whole") == 0
    assert run("doctor", "whole").returncode == 0
