"""The target gcp-local: the same commands and pools, over Cloud Run's and Cloud Storage's own calls."""

import json
import tarfile

import pytest


@pytest.fixture
def gcp(clean_environment):
    clean_environment["LAMBDAPOOL_TARGET"] = "gcp-local"
    return clean_environment


@pytest.fixture
def code(tmp_path):
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "tasks.py").write_text("def double(n): return 2 * n\n")
    return tmp_path / "algorithms"


def listed(run):
    return json.loads(run("list", "--output", "json").stdout)


def test_a_function_is_made_shown_changed_and_removed(gcp, run, code, home):
    made = run("create", "My_Function", "algorithms", "--memory", "256", "--timeout", "9")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[-2:] == [
        "=== Function My_Function uploaded along with all dependencies ===",
        "=== Succesfully created lambdapool function My_Function ===",
    ]
    (function,) = listed(run)
    assert (function["name"], function["memory_mb"], function["timeout_s"]) == ("My_Function", 256, 9)
    assert function["arn"] == "projects/local/locations/us-central1/services/my-function"
    (archive,) = (home / "run" / "buckets" / "run-sources-local-us-central1").iterdir()
    with tarfile.open(archive) as files:
        assert {"algorithms/tasks.py", "lambdapool_agent/http_worker.py"} <= set(files.getnames())

    (code / "tasks.py").write_text("def double(n): return 3 * n\n")
    changed = run("update", "My_Function", "algorithms", "--memory", "512", "--env", "STAGE=1")
    assert changed.returncode == 0, changed.stderr
    assert "Changing memory from 256 to 512 MB..." in changed.stdout
    (function,) = listed(run)
    assert (function["memory_mb"], function["timeout_s"]) == (512, 9)
    assert len(list((home / "run" / "buckets" / "run-sources-local-us-central1").iterdir())) == 1
    again = run("update", "My_Function", "algorithms", "--memory", "512")
    assert "=== Unchanged: function My_Function is as it was asked to be ===" in again.stdout

    assert run("delete", "My_Function").returncode == 0
    assert listed(run) == []
    assert "does not exist" in run("delete", "My_Function").stderr


def test_what_is_there_is_left(gcp, run, code):
    assert run("create", "f", "algorithms").returncode == 0
    refused = run("create", "f", "algorithms")
    assert refused.returncode != 0
    assert "function f already exists; 'lambdapool update f' changes it" in refused.stderr
    assert "is the function f; choose a name" in run("create", "F", "algorithms").stderr


def test_a_dry_run_changes_nothing(gcp, run, code):
    planned = run("create", "f", "algorithms", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "=== Dry run: nothing was changed ===" in planned.stdout
    assert listed(run) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--layers", "tools"), "there are no layers"),
        (("--role", "arn:aws:iam::123456789012:role/r"), "give --service-account instead of --role"),
        (("--architecture", "arm64"), "x86_64 alone"),
        (("--ephemeral-storage", "1024"), "files are in the function's memory"),
        (("--concurrency", "3"), "no concurrency can be reserved"),
        (("--per-instance", "1001"), "1 to 1000 tasks run at a time in one instance"),
    ],
)
def test_what_cloud_run_has_not_got_is_refused_with_the_reason(gcp, run, code, options, reason):
    refused = run("create", "f", "algorithms", *options)
    assert refused.returncode != 0
    assert reason in refused.stderr


def test_lambda_takes_no_tasks_per_instance(clean_environment, run, code):
    clean_environment["LAMBDAPOOL_TARGET"] = "local"
    refused = run("create", "f", "algorithms", "--per-instance", "2")
    assert refused.returncode != 0
    assert "--per-instance is for Cloud Run alone" in refused.stderr


@pytest.mark.parametrize("verb", [("doctor",), ("policy", "deploy", "f"), ("logs", "f"), ("layer", "list")])
def test_what_is_not_there_yet_says_so(gcp, run, verb):
    refused = run(*verb)
    assert refused.returncode != 0
    assert "gcp-local" in refused.stderr


def test_a_revision_that_does_not_come_up_is_not_there(gcp, run, code, home):
    (code / "sitecustomize.py").write_text("import os; print('no way', flush=True); os._exit(5)\n")
    failed = run("create", "f", "algorithms", "--env", "PYTHONPATH=algorithms")
    assert failed.returncode != 0
    assert "Container failed to start" in failed.stderr
    assert "no way" in failed.stderr
    assert listed(run) == []
    assert list((home / "run" / "buckets" / "run-sources-local-us-central1").iterdir()) == []
