"""list shows, and delete and update touch, only what lambdapool made."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

import pytest
from functions import create, zipped

pytestmark = pytest.mark.on_both_targets


@pytest.fixture
def foreign(serve):
    """A function that somebody else made, with every mark but one."""

    client = serve.client()  # one: each reads botocore's models anew
    return lambda name, **marks: create(client, name, **marks)


def names(run, *arguments):
    return [function["name"] for function in json.loads(run("list", "--output", "json", *arguments).stdout)]


def test_functions_come_newest_first(run, algorithms):
    for name in ("one", "two", "three"):
        assert run("create", name, "algorithms").returncode == 0
    assert names(run) == ["three", "two", "one"]
    assert run("update", "one", "--memory", "256").returncode == 0
    assert names(run) == ["one", "three", "two"]
    rows = run("list").stdout.splitlines()[2:]
    assert [row.split()[0] for row in rows] == ["one", "three", "two"]


def test_json_tells_everything_and_is_a_list_even_when_empty(run, algorithms, target):
    assert json.loads(run("list", "--output", "json").stdout) == []
    assert run("create", "f", "algorithms", "--memory", "256", "--timeout", "9").returncode == 0
    (function,) = json.loads(run("list", "--output=json").stdout)
    assert function["name"] == "f"
    assert function["arn"].endswith(":function:f" if target == "local" else "/services/f")
    assert function["memory_mb"] == 256
    assert function["timeout_s"] == 9
    assert function["layers"] == []
    assert function["size_bytes"] > 1000
    assert function["runtime"].startswith("python3.")


def test_on_a_terminal_no_line_is_wider_than_it(lambdapool, clean_environment, run, algorithms, target):
    longest = "n" * (64 if target == "local" else 49)
    for name in ("short", longest):
        assert run("create", name, "algorithms").returncode == 0
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    done = subprocess.run([lambdapool, "list"], stdout=terminal, env=clean_environment, timeout=60)
    os.close(terminal)
    lines = os.read(reader, 100_000).decode().splitlines()
    os.close(reader)
    assert done.returncode == 0
    assert max(map(len, lines)) <= 80, lines
    assert [line.split()[0] for line in lines[2:]][0] == longest
    assert any(line.startswith("short ") for line in lines)


@pytest.mark.on_lambda_alone("layers")
def test_layers_are_listed_for_each_function(run, algorithms, serve):
    layer = serve.client().publish_layer_version(LayerName="things", Content={"ZipFile": zipped()})["LayerVersionArn"]
    assert run("create", "with", "algorithms", "--layers", layer).returncode == 0
    assert run("create", "without", "algorithms").returncode == 0
    heading, _, without, with_layer = run("list", "--layers").stdout.splitlines()
    assert heading.endswith("LAYERS")
    assert with_layer.endswith(layer)
    assert layer not in without
    assert layer not in run("list").stdout
    assert [f["layers"] for f in json.loads(run("list", "--output", "json").stdout)][1][0]["arn"] == layer


@pytest.mark.on_lambda_alone("functions that boto3 makes")
def test_more_functions_than_one_page_holds_are_all_listed(run, serve, foreign):
    mark = {"Environment": {"Variables": {"LAMBDAPOOL_VERSION": "0"}}, "Tags": {"lambdapool": "0"}}
    expected = {f"f{n}" for n in range(53)}
    for name in expected:
        foreign(name, **mark)
    assert set(names(run)) == expected


@pytest.mark.on_lambda_alone("functions that boto3 makes")
def test_what_others_made_is_neither_listed_nor_touched(run, serve, foreign, algorithms):
    foreign("theirs")
    foreign("tagged", Tags={"lambdapool": "1"})
    foreign("variable", Environment={"Variables": {"LAMBDAPOOL_VERSION": "1"}})
    assert "theirs" not in names(run)
    assert "tagged" not in names(run)
    for name in ("theirs", "tagged", "variable"):
        for arguments in (["delete", name], ["update", name, "algorithms"], ["update", name, "--memory", "512"]):
            done = run(*arguments)
            assert done.returncode == 1
            assert done.stderr == f"Error: function {name} was not made by lambdapool, so it is left as it is.\n"
        assert serve.client().get_function_configuration(FunctionName=name)["MemorySize"] == 128
        done = run("create", name, "algorithms")
        assert done.returncode == 1
        assert f"function {name} already exists" in done.stderr


@pytest.mark.on_lambda_alone("Lambda's tags, by boto3")
def test_the_marks_that_create_leaves_are_documented_ones(run, serve, algorithms):
    assert run("create", "f", "algorithms").returncode == 0
    function = serve.client().get_function(FunctionName="f")
    assert set(function["Tags"]) == {"lambdapool"}
    variables = function["Configuration"]["Environment"]["Variables"]
    assert variables["LAMBDAPOOL_CODEC"] == "pickle"
    assert variables["LAMBDAPOOL_VERSION"] == function["Tags"]["lambdapool"]
    assert function["Configuration"]["Handler"] == "lambdapool_agent.lambda_handler"
