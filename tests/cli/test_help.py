"""The help texts, against the product document's."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCT_USAGE = """\
Usage: lambdapool [OPTIONS] COMMAND [ARGS]...

Options:
  --help  Show this message and exit.

Commands:
  create  Create a new function
  delete  Delete a function
  list    List all deployed functions
  update  Update an existing function
"""

PRODUCT_CREATE = """\
Usage: lambdapool create [OPTIONS] FUNCTION_NAME [PATHS]...

  Create a new function

Options:
  -r, --requirements PATH  Specifies the dependencies to be installed along
                           with the function
  --memory INTEGER         Sets the memory size of the function environment
  --timeout INTEGER        Sets the timeout for the function in seconds
  --layers TEXT            Sets the layers to be used when the function is
                           ran. The Layers ARN's (a maximum of 5) should be
                           specified.
  --help                   Show this message and exit.
"""


def is_subsequence(lines, of):
    rest = iter(of)
    return all(line in rest for line in lines)


@pytest.mark.parametrize("arguments, product", [([], PRODUCT_USAGE), (["create", "--help"], PRODUCT_CREATE)])
def test_every_line_of_the_product_document_is_there_in_its_order(run, arguments, product):
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_subsequence(product.splitlines(), done.stdout.splitlines()), done.stdout


def test_without_a_command_the_help_is_printed(run):
    assert run().stdout == run("--help").stdout


VERBS = "create, delete, doctor, layer publish, layer list, layer delete, list, logs, policy, replay, run, serve, stats, tune, update, watch".split(", ")


@pytest.mark.parametrize("verb", VERBS)
def test_each_command_has_help_that_fits_a_terminal_and_ends_with_help(run, verb):
    done = run(*verb.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: lambdapool {verb} [OPTIONS]")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[-1].split() == "--help Show this message and exit.".split()


def test_the_readme_shows_the_help_as_it_is(run):
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    shown = re.findall(r"```console\n\$ lambdapool((?: create --help)?)\n(Usage: .*?)```", readme, re.S)
    assert [arguments.split() for arguments, _ in shown] == [[], ["create", "--help"]]
    for arguments, text in shown:
        assert run(*arguments.split()).stdout == text


def test_help_wins_over_what_is_missing(run):
    assert run("create", "--help").returncode == 0
    assert run("create", "name", "--memory", "128", "--help").stdout.startswith("Usage: lambdapool create")


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_also_asked_for_in_the_other_usual_ways(run, verb):
    help = run(*verb.split(), "--help").stdout
    assert run(*verb.split(), "-h").stdout == help
    assert run("help", *verb.split()).stdout == help
    assert run("--target", "local", "help", *verb.split(), "--memory").stdout == help


def test_help_alone_is_that_of_the_program(run):
    assert run("help").stdout == run("-h").stdout == run("--help").stdout


def test_python_runs_the_same_program(clean_environment, lambdapool):
    environment = {**clean_environment, "PYTHONPATH": str(lambdapool.parent.parent / "python")}
    command = [sys.executable, "-m", "lambdapool"]
    for arguments, status in (["create", "--help"], 0), (["crate"], 2):
        done = subprocess.run([*command, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        direct = subprocess.run([lambdapool, *arguments], env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (status, direct.stdout, direct.stderr)


def test_the_version_is_told(run):
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("lambdapool, version ")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["delete"], "Missing argument 'FUNCTION_NAME'; try 'lambdapool delete --help'."),
        (["create", "f", "--colour"], "No such option: --colour; try 'lambdapool create --help'."),
        (["create", "f", "--memory"], "Option '--memory' requires an argument; try 'lambdapool create --help'."),
        (
            ["update", "f", "--timeout", "5s"],
            "Invalid value for '--timeout': '5s' is not a valid integer; try 'lambdapool update --help'.",
        ),
        (["deploy"], "No such command 'deploy': did you mean 'create'? Try 'lambdapool --help'."),
        (["invoke"], "No such command 'invoke'; try 'lambdapool --help'."),
        (["crate"], "No such command 'crate': did you mean 'create'? Try 'lambdapool --help'."),
        (["crate", "--help"], "No such command 'crate': did you mean 'create'? Try 'lambdapool --help'."),
        (["help", "crate"], "No such command 'crate': did you mean 'create'? Try 'lambdapool --help'."),
        (["layer", "lst"], "No such command 'lst': did you mean 'list'? Try 'lambdapool layer --help'."),
        (
            ["create", "f", "--memroy", "256"],
            "No such option: --memroy: did you mean '--memory'? Try 'lambdapool create --help'.",
        ),
        (["delete", "--dryrun"], "No such option: --dryrun: did you mean '--dry-run'? Try 'lambdapool delete --help'."),
        (["delete", "a", "b"], "Got unexpected extra argument (b); try 'lambdapool delete --help'."),
        (
            ["list", "--output", "xml"],
            "Invalid value for '--output': 'xml' is not one of 'table', 'json'; try 'lambdapool list --help'.",
        ),
        (
            ["list", "--target", "moon"],
            "Invalid value for '--target': 'moon' is not one of 'aws', 'local', 'gcp', 'gcp-local'; try 'lambdapool list --help'.",
        ),
    ],
)
def test_what_is_not_understood_gets_one_line_and_exit_code_2(run, arguments, sentence):
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {sentence}\n")


def test_help_to_a_closed_pipe_does_not_hang(lambdapool):
    done = subprocess.run(f"{lambdapool} create --help | true", shell=True, timeout=120)
    assert done.returncode == 0


def test_the_help_of_serve_says_which_operations_are_there(run):
    text = " ".join(run("serve", "--help").stdout.split())
    assert "docs/operations.md lists each" in text and "Not there: event sources, provisioned concurrency" in text
