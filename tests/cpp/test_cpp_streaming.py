"""C++ pools and workers whose answers are streamed: on the local target, at an endpoint, as on AWS, and on Cloud Run."""

import io
import subprocess
import zipfile

import pytest
from conftest import BUILD

PROGRAM = BUILD / "tests" / "cpp_program"


def said(mode, environment, *rest):
    """By the program, of its function `early`."""
    finished = subprocess.run(
        [PROGRAM, mode, "early", *rest],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    return finished.stdout + finished.stderr


@pytest.fixture
def early(run, clean_environment):
    """Has the program create its function, and runs its `early` checks."""

    def early(rest, *, change=lambda: None, **environment):
        created = run("create", "early", PROGRAM, "--timeout", "60")
        assert created.returncode == 0, created.stderr
        change()
        assert said("early", {**clean_environment, **environment}, rest) == "this line is the program's own\nok\n"

    return early


def test_what_a_worker_did_is_there_before_its_answer(early):
    early("done")


@pytest.fixture
def output(run, clean_environment):
    """Has the program show what its tasks print; it waits for a line of ours before it lets the first one go on."""

    def output(*, change=lambda: None, **environment):
        created = run("create", "early", PROGRAM, "--timeout", "60")
        assert created.returncode == 0, created.stderr
        change()
        process = subprocess.Popen(
            [PROGRAM, "output", "early"],
            env={**clean_environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            lines = []
            while "begins 1" not in "".join(lines[-1:]):
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            rest, _ = process.communicate("go on\n", timeout=120)
        lines += rest.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("early #4 | "))  # of a crash

    return output


PRINTED = """\
this line is the program's own
early #1 | this line is the program's own
early #1 | begins 1
early #1 | ends 1
early #1 | err 1
caller 1
early[0-1] | begins 2
early[0-1] | ends 2
early[0-1] | err 2
early[0-1] | begins 3
early[0-1] | ends 3
early[0-1] | err 3
early #3 | no end 0
ok
"""


def test_what_a_task_prints_is_there_while_it_runs(output):
    assert output() == PRINTED


def test_likewise_what_it_prints_at_an_endpoint(output, serve):
    assert output(**{**serve.environment, "LAMBDAPOOL_TARGET": "aws"}) == PRINTED


def test_likewise_at_an_endpoint(early, serve):
    early("done", **{**serve.environment, "LAMBDAPOOL_TARGET": "aws"})


def test_likewise_as_aws_has_it_where_the_worker_streams_itself(early, serve):
    """Behind a bootstrap of somebody else's it has the Runtime API alone."""
    early("doubted", change=wrapping(serve), **{**serve.environment, "LAMBDAPOOL_TARGET": "aws"})


def test_likewise_what_it_prints_as_aws_has_it(output, serve):
    printed = output(change=wrapping(serve), **{**serve.environment, "LAMBDAPOOL_TARGET": "aws"})
    # A worker that ends at once may take its last words with it.
    assert printed.replace("early #3 | no end 0\n", "") == PRINTED.replace("early #3 | no end 0\n", "")


def test_likewise_on_cloud_run(early, clean_environment):
    clean_environment["LAMBDAPOOL_TARGET"] = "gcp-local"
    early("done")


def test_likewise_what_it_prints_on_cloud_run(output, clean_environment):
    clean_environment["LAMBDAPOOL_TARGET"] = "gcp-local"
    assert output() == PRINTED


@pytest.mark.parametrize("as_on_aws", [False, True], ids=["endpoint", "as on AWS"])
def test_results_that_fit_no_other_answer_are_streamed(run, clean_environment, serve, as_on_aws):
    created = run("create", "early", PROGRAM, "--timeout", "120", "--memory", "2048")
    assert created.returncode == 0, created.stderr
    if as_on_aws:
        wrapping(serve)()
    lines = said("large", {**clean_environment, **serve.environment, "LAMBDAPOOL_TARGET": "aws"}).splitlines()
    assert lines[-1] == "ok" and "early #1 | it is made" in lines, lines


@pytest.mark.parametrize("place", ["local", "aws"], ids=["stored", "streamed"])
def test_a_program_holds_a_large_result_once(run, clean_environment, serve, place):
    created = run("create", "early", PROGRAM, "--timeout", "120", "--memory", "2048")
    assert created.returncode == 0, created.stderr
    at = serve.environment if place == "aws" else {}
    _, told, end = said("peak", {**clean_environment, **at, "LAMBDAPOOL_TARGET": place}).splitlines()
    size, grown = map(int, told.split())
    assert (size, end) == (150 << 20, "ok") and grown < 1.5 * size


def wrapping(serve):
    pytest.importorskip("boto3")

    def wrap():
        client = serve.client()
        location = client.get_function(FunctionName="early")["Code"]["Location"]
        package = wrapped(fetched(location))
        client.update_function_code(FunctionName="early", ZipFile=package)
        client.get_waiter("function_updated_v2").wait(FunctionName="early", WaiterConfig={"Delay": 0})

    return wrap


def fetched(location):
    from urllib.request import urlopen

    with urlopen(location) as answer:
        return answer.read()


def wrapped(package):
    """The package with its bootstrap under another name, and a script in its place."""
    script = zipfile.ZipInfo("bootstrap")
    script.external_attr = 0o755 << 16
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "bootstrap":
                entry.filename = "worker"
            new.writestr(entry, content)
        new.writestr(script, '#!/bin/sh\nexec "$LAMBDA_TASK_ROOT/worker"\n')
    return made.getvalue()
