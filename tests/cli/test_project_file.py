"""lambdapool.toml, on the local Lambda."""

import pytest

pytestmark = pytest.mark.on_both_targets

PROJECT = """\
[functions.one]
paths = ["algorithms"]
memory = 256
env = { AA = "1" }

[functions.two]
paths = ["algorithms"]
timeout = 60
tags = { team = "x" }
concurrency = 2
"""


@pytest.fixture
def project(algorithms):
    (algorithms / "lambdapool.toml").write_text(PROJECT)
    (algorithms / "deep" / "er").mkdir(parents=True)
    return algorithms


@pytest.mark.on_lambda_alone("looked at with boto3")
def test_create_and_update_without_arguments_are_about_all_functions(run, serve, project):
    client = serve.client()
    done = run("create", cwd=project / "deep" / "er")
    assert (done.returncode, done.stderr) == (0, "")
    one = client.get_function(FunctionName="one")["Configuration"]
    assert (one["MemorySize"], one["Environment"]["Variables"]["AA"]) == (256, "1")
    assert client.get_function(FunctionName="two")["Concurrency"] == {"ReservedConcurrentExecutions": 2}
    done = run("create", cwd=project)
    assert done.returncode == 0 and "one already exists and is left as it is" in done.stdout
    (project / "lambdapool.toml").write_text(PROJECT.replace('AA = "1"', 'BB = "2"').replace("60", "61"))
    done = run("update", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    variables = client.get_function(FunctionName="one")["Configuration"]["Environment"]["Variables"]
    assert "AA" not in variables and variables["BB"] == "2"
    assert client.get_function(FunctionName="two")["Configuration"]["Timeout"] == 61


@pytest.mark.on_lambda_alone("looked at with boto3")
def test_of_a_ladder_of_memory_the_function_has_the_least(run, serve, project):
    (project / "lambdapool.toml").write_text(PROJECT.replace("memory = 256", "memory = [256, 512]"))
    assert run("create", "one", cwd=project).returncode == 0
    assert serve.client().get_function(FunctionName="one")["Configuration"]["MemorySize"] == 256


@pytest.mark.on_lambda_alone("looked at with boto3")
def test_a_name_alone_is_looked_up_and_options_beside_it_count_more(run, serve, project):
    client = serve.client()
    assert run("create", "one", "--memory", "512", cwd=project).returncode == 0
    assert client.get_function(FunctionName="one")["Configuration"]["MemorySize"] == 512
    assert run("update", "one", "--timeout", "9", cwd=project).returncode == 0
    one = client.get_function(FunctionName="one")["Configuration"]
    assert (one["MemorySize"], one["Timeout"]) == (512, 9), "nothing but what was told"
    assert run("update", "one", cwd=project).returncode == 0
    assert client.get_function(FunctionName="one")["Configuration"]["MemorySize"] == 256
    done = run("create", "three", cwd=project)
    assert done.returncode == 1 and "has no function three" in done.stderr


@pytest.mark.parametrize(
    "text, line, word",
    [
        ("[functions.one]\nmemori = 256\n", 2, "no setting 'memori': did you mean 'memory'?"),
        ('[functions.one]\nmemory = "256"\n', 2, "a whole number"),
        ("[functions.one]\nmemory = [512,\n 512]\n", 3, "several sizes of memory must grow"),
        ("[functions.one]\nmemory = [512, 99999]\n", 2, "memory must be between"),
        ("[functions.one]\nmemory = []\n", 2, "a size of memory is wanted"),
        ("[functions.one]\npaths = 'x'\n", 2, "a list"),
        ("[functions.one]\ntimeout = 3\nmemory = 99999\n", 3, "memory must be between"),
        ("[functions.one]\nenv = { AA = 1 }\n", 2, "a text"),
        ("[function.one]\n", 1, "'function' is not known"),
        ("[functions.one]\npaths = [\n", 3, "TOML"),
        ("functions = 3\n", 1, "'functions' is not known"),
        ("[functions.one]\n'[\udcac' = 1\n", 2, "UTF-8"),
        ("\na = " + "[" * 10_000, 2, "this is nested more than 100 deep.\n"),
        ("x = " + "{a = " * 4_000, 1, "this is nested more than 100 deep.\n"),
        ("a." * 100_000 + "a = 1\n", 1, "this is nested more than 100 deep.\n"),
        ("an invalid = 1\n", 1, "TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line(run, tmp_path, text, line, word):
    (tmp_path / "lambdapool.toml").write_bytes(text.encode(errors="surrogateescape"))
    done = run("create")
    assert done.returncode == 1, done
    assert done.stderr.count("\n") == 1
    assert f"lambdapool.toml:{line}: " in done.stderr and word in done.stderr, done.stderr
    assert done.stderr.endswith(".\n") and not done.stderr.endswith("..\n"), done.stderr


def test_without_a_name_and_without_a_file_the_way_is_told(run):
    for verb in ("create", "update"):
        done = run(verb)
        assert done.returncode == 1
        assert done.stderr == "Error: name a function, or list the project's in a lambdapool.toml.\n"
