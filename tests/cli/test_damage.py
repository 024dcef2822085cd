"""A home whose parts are broken: what is wrong is said, and what to do about it."""

import shutil
import sqlite3

import pytest


@pytest.fixture
def deployed(run, algorithms, monkeypatch):
    monkeypatch.chdir(algorithms)
    assert run("create", "whole", "algorithms").returncode == 0
    assert run("create", "broken", "algorithms").returncode == 0


def break_row(home, name):
    connection = sqlite3.connect(home / "lambdapool.db")
    connection.execute("UPDATE versions SET config = '{' WHERE function = ?", [name])
    connection.commit()
    connection.close()


def test_a_function_whose_record_is_broken_is_listed_told_and_deleted(run, home, deployed):
    break_row(home, "broken")
    listed = run("list")
    assert listed.returncode == 0 and "whole" in listed.stdout and "broken" in listed.stdout
    told = run("doctor", "broken")
    assert "is damaged: delete the function and create it again" in told.stdout
    updated = run("update", "broken", "--memory", "256")
    assert updated.returncode == 1 and "is damaged" in updated.stderr
    assert run("delete", "broken").returncode == 0
    assert "broken" not in run("list").stdout
    assert run("create", "broken", "algorithms").returncode == 0


def test_doctor_says_that_code_is_gone_and_update_brings_it_back(run, home, deployed, monkeypatch):
    monkeypatch.setenv("LAMBDAPOOL_HOME", str(home))
    for folder in ("code", "zips"):
        shutil.rmtree(home / folder)
    told = run("doctor", "whole")
    assert told.returncode == 1
    assert "PROBLEM  code" in told.stdout and "lambdapool update whole" in told.stdout
    # What a first call notes, so that the update does not take the code for there.
    from lambdapool import LambdaPool, LambdaPoolError

    with LambdaPool(workers=1, lambda_function="whole", target="local") as pool:
        with pytest.raises(LambdaPoolError, match="has lost a package"):
            pool.apply(len, [[]])
    assert run("update", "whole", "algorithms").returncode == 0
    assert "PROBLEM  code" not in run("doctor", "whole").stdout
