"""Nothing that update is not told changes, and unchanged code is not uploaded again."""

import sys

import pytest
from functions import zipped

pytestmark = pytest.mark.on_both_targets
OURS = "LAMBDAPOOL_"  # environment variables that repeat what else was set


@pytest.fixture
def layer(serve, target):
    if target != "local":
        return None
    return serve.client().publish_layer_version(LayerName="things", Content={"ZipFile": zipped()})["LayerVersionArn"]


@pytest.fixture
def function(described, run, algorithms, layer):
    """Reads what the target keeps of the function, which was created with all options."""
    layers = ["--layers", layer] if layer else []
    done = run("create", "f", "algorithms", "--memory", "256", "--timeout", "30", "--env", "AA=1", *layers)
    assert done.returncode == 0, done.stderr
    return lambda: described("f")


def changes(before, after):
    for each in (before, after):
        each["environment"] = {name: value for name, value in each["environment"].items() if not name.startswith(OURS)}
    return {name for name in before if name != "revision" and before[name] != after[name]}


@pytest.mark.parametrize(
    "arguments, changed",
    [
        (["--memory", "512"], {"memory"}),
        (["--timeout", "60"], {"timeout"}),
        (["--memory", "512", "--timeout", "60"], {"memory", "timeout"}),
        (["--env", "AA=2"], {"environment"}),
        (["--tag", "team=x"], {"tags"}),
        (["--description", "words"], {"description"}),
        (["--memory", "256"], set()),
    ],
)
def test_only_what_is_told_changes(run, function, arguments, changed):
    before = function()
    done = run("update", "f", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    after = function()
    assert changes(before, after) == changed
    if not changed:
        assert after["revision"] == before["revision"], "nothing was sent"


@pytest.mark.on_lambda_alone("Cloud Run has no layers")
def test_layers_go_alone(run, function):
    before = function()
    assert run("update", "f", "--layers", "").returncode == 0
    assert changes(before, function()) == {"layers"}


def test_new_code_changes_the_code_alone(run, function, algorithms):
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("x = 1\n")
    assert run("update", "f", "algorithms").returncode == 0
    assert changes(before, function()) == {"code"}


def test_unchanged_code_is_not_uploaded_again(run, function):
    before = function()
    done = run("update", "f", "algorithms")
    assert done.returncode == 0
    assert "Unchanged" in done.stdout
    assert "Uploading" not in done.stdout
    assert function()["revision"] == before["revision"]


@pytest.mark.on_lambda_alone("Cloud Run starts it at once, which this Python cannot be")
def test_the_runtime_stays_though_another_python_calls(run, function, algorithms, tmp_path):
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python3").write_text("#!/bin/sh\nprintf 3.12\n")
    (other / "python3").chmod(0o755)
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("")
    done = run("update", "f", "algorithms", VIRTUAL_ENV=str(other.parent))
    assert done.returncode == 0
    assert f"The runtime stays python3.{sys.version_info.minor}" in done.stdout
    assert function()["runtime"] == before["runtime"]


@pytest.mark.on_lambda_alone("Cloud Run has no layers")
def test_a_layer_that_is_refused_leaves_code_and_configuration_as_they_were(run, function, algorithms):
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("x = 2\n")
    missing = "arn:aws:lambda:us-east-1:123456789012:layer:none:1"
    done = run("update", "f", "algorithms", "--memory", "512", "--layers", missing)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert changes(before, function()) == set()


@pytest.mark.on_lambda_alone("Cloud Run starts it at once, which this Python cannot be")
def test_the_runtime_follows_the_python_that_will_call(run, algorithms, described, tmp_path):
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python3").write_text("#!/bin/sh\nprintf 3.12\n")
    (other / "python3").chmod(0o755)
    assert run("create", "f", "algorithms", VIRTUAL_ENV=str(other.parent)).returncode == 0
    assert described("f")["runtime"] == "python3.12"
    assert run("create", "g", "algorithms", "--runtime", "python3.13").returncode == 0
    assert described("g")["runtime"] == "python3.13"
