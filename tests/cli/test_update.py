"""Nothing that update is not told changes, and unchanged code is not uploaded again."""

import pytest
from functions import zipped


@pytest.fixture
def function(serve, run, algorithms):
    """Reads the configuration of the function that was created with all options."""
    client = serve.client()
    layer = client.publish_layer_version(LayerName="things", Content={"ZipFile": zipped()})["LayerVersionArn"]
    done = run("create", "f", "algorithms", "--memory", "256", "--timeout", "30", "--layers", layer)
    assert done.returncode == 0, done.stderr
    return lambda: client.get_function_configuration(FunctionName="f")


SETTINGS = ["MemorySize", "Timeout", "Layers", "Runtime", "Handler", "Role", "Environment", "CodeSha256"]


def changes(before, after):
    return {name for name in SETTINGS if before.get(name) != after.get(name)}


@pytest.mark.parametrize(
    "arguments, changed",
    [
        (["--memory", "512"], {"MemorySize"}),
        (["--timeout", "60"], {"Timeout"}),
        (["--layers", ""], {"Layers"}),
        (["--memory", "512", "--timeout", "60"], {"MemorySize", "Timeout"}),
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
        assert after["RevisionId"] == before["RevisionId"], "nothing was sent"


def test_new_code_changes_the_code_alone(run, function, algorithms):
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("x = 1\n")
    assert run("update", "f", "algorithms").returncode == 0
    assert changes(before, function()) == {"CodeSha256"}


def test_unchanged_code_is_not_uploaded_again(run, function):
    before = function()
    done = run("update", "f", "algorithms")
    assert done.returncode == 0
    assert "Unchanged" in done.stdout
    assert "Uploading" not in done.stdout
    assert function()["RevisionId"] == before["RevisionId"]


def test_the_runtime_stays_though_another_python_calls(run, function, algorithms, tmp_path):
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python3").write_text("#!/bin/sh\nprintf 3.12\n")
    (other / "python3").chmod(0o755)
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("")
    done = run("update", "f", "algorithms", VIRTUAL_ENV=str(other.parent))
    assert done.returncode == 0
    assert f"The runtime stays {before['Runtime']}" in done.stdout
    assert function()["Runtime"] == before["Runtime"]


def test_a_layer_that_is_refused_leaves_code_and_configuration_as_they_were(run, function, algorithms):
    before = function()
    (algorithms / "algorithms" / "more.py").write_text("x = 2\n")
    missing = "arn:aws:lambda:us-east-1:123456789012:layer:none:1"
    done = run("update", "f", "algorithms", "--memory", "512", "--layers", missing)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert changes(before, function()) == set()


def test_the_runtime_follows_the_python_that_will_call(run, algorithms, serve, tmp_path):
    other = tmp_path / "other" / "bin"
    other.mkdir(parents=True)
    (other / "python3").write_text("#!/bin/sh\nprintf 3.12\n")
    (other / "python3").chmod(0o755)
    assert run("create", "f", "algorithms", VIRTUAL_ENV=str(other.parent)).returncode == 0
    assert serve.client().get_function_configuration(FunctionName="f")["Runtime"] == "python3.12"
    assert run("create", "g", "algorithms", "--runtime", "python3.13").returncode == 0
    assert serve.client().get_function_configuration(FunctionName="g")["Runtime"] == "python3.13"
