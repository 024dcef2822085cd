"""The target gcp-local: the same commands and pools, over Cloud Run's and Cloud Storage's own calls."""

import json
import re
import subprocess
import sys
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
    planned = run("create", "f", "algorithms", "--per-instance", "2", "--concurrency", "none", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "Would run 2 tasks at a time in one instance\n" in planned.stdout
    assert "=== Dry run: nothing was changed ===" in planned.stdout
    assert listed(run) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--layers", "tools"), "there are no layers"),
        (("--role", "arn:aws:iam::123456789012:role/r"), "give --service-account instead of --role"),
        (("--architecture", "arm64"), "x86_64 alone"),
        (("--ephemeral-storage", "1024"), "files are in the function's memory"),
        (("--concurrency", "3"), "set the most that there may be with `gcloud run services update --max-instances N`"),
        (("--subnet", "subnet-1", "--security-group", "sg-1"), "give the service one with `gcloud run services update"),
        (("--subnet", "subnet-1"), "lambdapool sets up no VPC"),
        (("--tag", "aws:x=y"), "tags are labels"),
        (("--policy", "arn:aws:iam::aws:policy/X"), "give --service-account instead of --role and --policy"),
        (("--bucket", "some-bucket"), "code has a bucket of its own"),
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


@pytest.mark.parametrize("verb", [("policy", "deploy", "f"), ("layer", "list")])
def test_what_is_not_there_yet_says_so(gcp, run, verb):
    refused = run(*verb)
    assert refused.returncode != 0
    assert "gcp-local" in refused.stderr


def test_a_revision_that_does_not_come_up_is_not_there(gcp, run, code, home):
    (code / "sitecustomize.py").write_text("import os; print('no way', flush=True); os._exit(5)\n")
    failed = run("create", "f", "algorithms", "--env", "PYTHONPATH=algorithms")
    assert failed.returncode != 0
    assert failed.stderr.startswith("Error: function f did not come up: Container failed to start")
    assert failed.stderr.endswith(
        "it ended with exit status 5 before it listened; its log ends with: no way | "
        "Container failed to start: it ended with exit status 5 before it listened.\n"
    ), failed.stderr
    assert listed(run) == []
    assert list((home / "run" / "buckets" / "run-sources-local-us-central1").iterdir()) == []


SPEAKS = """
import os
from lambdapool import LambdaPool
from talks.tasks import speak

with LambdaPool(workers=1, lambda_function="talks") as pool:
    print([pool.apply(speak, [word]) for word in ("Ada", "Grace")])
    try:
        pool.apply(os._exit, [3])
    except Exception as error:
        print(error.request_id)
"""


@pytest.fixture
def talks(gcp, run, tmp_path):
    """A function that was called by a pool, of whose calls the last ended its process: its request's id."""
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks" / "tasks.py").write_text("def speak(word): print('hello', word); return len(word)\n")
    made = run("create", "talks", "talks")
    assert made.returncode == 0, made.stderr
    called = subprocess.run([sys.executable, "-c", SPEAKS], env=gcp, cwd=tmp_path, capture_output=True, text=True)
    answers, failed = called.stdout.splitlines()
    assert answers == "[3, 5]", called.stderr
    return failed


def logged(run, count, *arguments):
    """The log is written behind an answer: asked again until it has so many lines."""
    for _ in range(300):
        done = run("logs", "talks", *arguments, "--output", "json")
        assert done.returncode == 0, done
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if len(lines) >= count:
            return lines
    raise AssertionError(done)


def test_logs_are_read_as_on_lambda(run, talks):
    lines = logged(run, 10)
    assert [line["text"].split()[0] for line in lines] == [
        *("START", "REPORT"),  # a pool asks first which code it is
        *("START", "hello", "REPORT"),
        *("START", "hello", "REPORT"),
        *("START", "REPORT"),
    ]
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert len({line["stream"] for line in lines}) == 1
    assert [line["text"] for line in logged(run, 1, "--filter", "hello G")] == ["hello Grace"]
    of_last = logged(run, 2, "--request-id", talks)
    assert [line["text"].split("\t")[-1] for line in of_last] == [
        "START RequestId: " + talks,
        "Error Type: Runtime.ExitError",
    ]
    nothing = run("logs", "talks", "--since", "2999-01-01")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "--since looks further back" in nothing.stderr
    assert "function nothing does not exist" in run("logs", "nothing").stderr


def test_logs_go_on_as_another_process_calls(lambdapool, gcp, run, talks, tmp_path):
    logged(run, 10)
    following = subprocess.Popen(
        [lambdapool, "logs", "talks", "--follow", "--filter", "hello"],
        env=gcp,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert [following.stdout.readline().split()[-1] for _ in range(2)] == ["Ada", "Grace"]
        subprocess.run([sys.executable, "-c", SPEAKS], env=gcp, cwd=tmp_path, capture_output=True)
        assert [following.stdout.readline().split()[-1] for _ in range(2)] == ["Ada", "Grace"]
    finally:
        following.kill()
        following.communicate()


def findings(done):
    return {one["topic"]: one for one in json.loads(done.stdout)["findings"]}


def test_doctor_looks_at_the_home_and_at_a_function(gcp, run, code):
    assert run("create", "f", "algorithms").returncode == 0
    seen = run("doctor", "f", "--output", "json")
    assert seen.returncode == 0, seen.stdout
    found = findings(seen)
    assert found["function"]["text"] == "projects/local/locations/us-central1/services/f"
    assert re.fullmatch(r"f-00001-\w+", found["revision"]["text"])
    assert found["instances"]["text"] == "at most 100, each with 1 at a time"
    assert {"home", "limits", "interpreters", "made by", "runtime"} <= set(found)
    missing = run("doctor", "g", "--output", "json")
    assert missing.returncode != 0
    assert findings(missing)["function"]["level"] == "problem"


def test_doctor_tells_of_a_revision_that_did_not_come_up(gcp, run, code):
    assert run("create", "f", "algorithms").returncode == 0
    (code / "sitecustomize.py").write_text("import os; print('no way', flush=True); os._exit(5)\n")
    assert run("update", "f", "algorithms", "--memory", "256", "--env", "PYTHONPATH=algorithms").returncode != 0
    seen = run("doctor", "f", "--output", "json")
    assert seen.returncode != 0
    found = findings(seen)
    assert re.match(
        r"f-00001-\w+ serves \(512 MB, 300 s, 1 at a time, python3\.\d+\); f-00002-\w+ \(256 MB, .*\), which is newer, "
        r"did not come up: Container failed .*; its log ends with: no way \| ",
        found["revision"]["text"],
    )


def test_what_is_shown_after_an_update_that_failed_is_what_serves(gcp, run, code):
    assert run("create", "f", "algorithms", "--tag", "stage=one", "--description", "first").returncode == 0
    (before,) = listed(run)
    assert before["last_update_error"] == ""
    (code / "sitecustomize.py").write_text("import os; print('no way', flush=True); os._exit(5)\n")
    broken = ("--env", "PYTHONPATH=algorithms", "--tag", "stage=two", "--description", "second")
    failed = run("update", "f", "algorithms", "--memory", "256", *broken)
    assert failed.returncode != 0 and "its log ends with: no way | " in failed.stderr
    assert "the new revision of function f did not come up, and the old one serves on: Container" in failed.stderr
    (after,) = listed(run)
    assert "Container failed to start" in after.pop("last_update_error")
    assert {**before, **after} == {**after, "last_update_error": ""}  # but for the time
    shown = run("list")
    assert " 512 " in shown.stdout
    assert "what was asked of f last did not come up, so it is as it was before; `lambdapool doctor f`" in shown.stderr
    planned = run("update", "f", "--memory", "256", "--tag", "stage=two", "--description", "second", "--dry-run")
    assert {line for line in planned.stdout.splitlines() if line.startswith("Would")} == {
        "Would change memory from 512 to 256 MB",
        "Would change tag stage",
        "Would change description to 'second'",
    }, planned
    # Whatever is changed next is changed of what serves, and without the broken code.
    changed = run("update", "f", "--timeout", "9")
    assert changed.returncode == 0, changed.stderr
    (now,) = listed(run)
    assert (now["memory_mb"], now["timeout_s"], now["last_update_error"]) == (512, 9, "")
    assert run("list").stderr == ""


def test_asking_for_what_serves_puts_a_function_in_order_again(gcp, run, code):
    assert run("create", "f", "algorithms").returncode == 0
    (code / "sitecustomize.py").write_text("import os; os._exit(5)\n")
    assert run("update", "f", "algorithms", "--env", "PYTHONPATH=algorithms").returncode != 0
    mended = run("update", "f", "--memory", "512")
    assert mended.returncode == 0, mended.stderr
    assert listed(run)[0]["last_update_error"] == ""
    assert run("doctor", "f").returncode == 0


def test_what_is_waited_for_is_told(gcp, run, code, tmp_path):
    program = (
        "import lambdapool\n"
        "told = []\n"
        "lambdapool.create('f', 'algorithms', progress=told.append)\n"
        "lambdapool.update('f', memory=256, progress=told.append)\n"
        "print([str(event) for event in told if event.kind in ('uploading', 'changing', 'waiting', 'configuring')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=gcp, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == (
        "['Uploading the code', 'Waiting for the service: Deploying Revision.', "
        "'Changing memory from 512 to 256 MB', 'Configuring', 'Waiting for the service: Deploying Revision.']\n"
    ), done.stderr


def test_what_is_changed_of_a_function_leaves_what_other_tools_have_set(gcp, run, code, home):
    assert run("create", "f", "algorithms").returncode == 0
    record = home / "run" / "services" / "local" / "us-central1" / "f.json"
    kept = json.loads(record.read_text())
    kept["service"]["scaling"] = {"minInstanceCount": 1, "maxInstanceCount": 7}
    kept["service"]["template"]["vpcAccess"] = {"connector": "c"}
    record.write_text(json.dumps(kept))
    assert run("update", "f", "--memory", "256").returncode == 0
    service = json.loads(record.read_text())["service"]
    assert service["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 7}
    assert service["template"]["vpcAccess"] == {"connector": "c"}


def test_limits_and_runtimes_are_cloud_runs(gcp, run, code):
    made = run("create", "f", "algorithms", "--memory", "20000", "--timeout", "3600", "--tag", "team=data-1")
    assert made.returncode == 0, made.stderr
    (function,) = listed(run)
    assert (function["memory_mb"], function["timeout_s"]) == (20000, 3600)
    for options, reason in (
        (("--memory", "40000"), "memory must be between 128 and 32768 MB, not 40000"),
        (("--timeout", "3601"), "timeout must be between 1 and 3600 seconds, not 3601"),
        (("--runtime", "python3.9"), "Cloud Run has no runtime 'python3.9'; it has python3.10 to python3.14"),
        (("--env", "PORT=1"), "environment variable PORT is set by Cloud Run"),
        (("--env", "X_GOOGLE_A=1"), "environment variable X_GOOGLE_A is set by Cloud Run"),
        (("--env", "A-B=1"), "must begin with a letter or an underscore"),
        (("--env", "BIG=" + 32_769 * "x"), "environment variable BIG has 32769 bytes, and Cloud Run takes 32768"),
        (("--tag", "Team=x"), "tags are labels, and the key of one begins with a letter"),
        (("--tag", "team=X"), "the value of one has at most 63 lower-case letters"),
        (("--tag", "lambdapool=x"), "lambdapool's own"),
    ):
        refused = run("create", "g", "algorithms", *options)
        assert refused.returncode != 0
        assert reason in refused.stderr
    changed = run("update", "f", "--tag", "team=ops", "--dry-run")
    assert "Would change tag team" in changed.stdout, changed.stderr
    assert run("create", "h", "algorithms", "--env", "_=1", "--env", "A=2", "--env", "LAMBDA_TASK_ROOT=3").returncode == 0


def test_a_function_may_get_another_python_and_nothing_else(gcp, run, code):
    assert run("create", "f", "algorithms").returncode == 0
    now = listed(run)[0]["runtime"]
    other = "python3.14" if now != "python3.14" else "python3.13"
    planned = run("update", "f", "--runtime", other, "--dry-run")
    assert "Would change runtime from %s to %s\n" % (now, other) in planned.stdout, planned.stderr
    unchanged = run("update", "f", "--runtime", now)
    assert "Unchanged: function f is as it was asked to be" in unchanged.stdout, unchanged.stderr
    refused = run("update", "f", "--runtime", "python3.9")
    assert "Cloud Run has no runtime 'python3.9'" in refused.stderr
    refused = run("update", "f", "--runtime", "osonly24")
    assert refused.returncode != 0 and "osonly24" in refused.stderr


def test_python_sets_what_cloud_run_alone_has(gcp, run, code, tmp_path):
    program = (
        "import lambdapool\n"
        "made = lambdapool.create('f', 'algorithms', per_instance=3, service_account='a@p.iam.gserviceaccount.com')\n"
        "print(made.role)\n"
        "try: lambdapool.create('g', 'algorithms', memory=40000)\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=gcp, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "a@p.iam.gserviceaccount.com",
        "memory must be between 128 and 32768 MB, not 40000.",
    ], done.stderr
    seen = findings(run("doctor", "f", "--output", "json"))
    assert seen["instances"]["text"] == "at most 100, each with 3 at a time"


def test_project_and_region_are_given_to_python_and_by_the_project_file(gcp, run, code, tmp_path):
    program = (
        "import lambdapool\n"
        "where = dict(project='mine', region='europe-west1')\n"
        "print(lambdapool.create('f', 'algorithms', **where).arn)\n"
        "print([one.name for one in lambdapool.list(**where)], lambdapool.list())\n"
        "from algorithms.tasks import double\n"
        "with lambdapool.LambdaPool(1, 'f', **where) as pool: print(pool.map(double, [1, 2]))\n"
        "with lambdapool.LambdaExecutor('f', 1, **where) as pool: print(pool.submit(double, 3).result())\n"
        "open('lambdapool.toml', 'w').write('project = \"mine\"\\nregion = \"europe-west1\"\\n')\n"
        "print([one.name for one in lambdapool.list()], lambdapool.list(region='asia-east1'))\n"
        "with lambdapool.LambdaPool(1, 'f') as pool: print(pool.map(double, [4]))\n"
        "try: lambdapool.LambdaPool(1, 'f', region='a', aws_region_name='b')\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=gcp, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "projects/mine/locations/europe-west1/services/f",
        "['f'] []",
        "[2, 4]",
        "6",
        "['f'] []",
        "[8]",
        "region and aws_region_name are the same, and say 'a' and 'b'",
    ], done.stderr
    assert [function["name"] for function in listed(run)] == ["f"]
    assert json.loads(run("list", "--output", "json", GOOGLE_CLOUD_PROJECT="local").stdout) == []
    assert json.loads(run("list", "--output", "json", "--region", "us-central1").stdout) == []
    (tmp_path / "lambdapool.toml").write_text("project = 7\n")
    told = run("create")
    assert told.returncode == 1 and "lambdapool.toml:1: a text in quotes is wanted here" in told.stderr
