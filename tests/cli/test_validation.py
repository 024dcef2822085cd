"""Every bad input is one sentence on stderr and a non-zero exit, and nothing is made."""

import json
import os
import subprocess

import pytest

pytestmark = pytest.mark.on_both_targets

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:"


def refused(done):
    assert done.returncode == 1, done
    assert done.stdout == "" or done.stdout.startswith("==="), done.stdout
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr[len("Error: ") : -1]


@pytest.mark.on_lambda_alone("Lambda's limits; test_gcp_local.py has Cloud Run's")
@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["a b"], "function name 'a b' may only have letters, digits, hyphens and underscores."),
        (["f" * 65], f"function name '{'f' * 65}' has 65 characters; at most 64 are allowed."),
        (["f", "--memory", "127"], "memory must be between 128 and 10240 MB, not 127."),
        (["f", "--memory=10241"], "memory must be between 128 and 10240 MB, not 10241."),
        (["f", "--timeout", "0"], "timeout must be between 1 and 1800 seconds, not 0."),
        (["f", "--timeout", "1801"], "timeout must be between 1 and 1800 seconds, not 1801."),
        (
            ["f", "--layers", "numpy:new"],
            "layer 'numpy:new' is neither a layer version's ARN, such as "
            "arn:aws:lambda:us-east-1:123456789012:layer:NAME:1, nor the name of a layer.",
        ),
        (
            ["f", "--layers", ",".join(f"{LAYER}{n}:1" for n in "abcdef")],
            "a function can use at most 5 layers, not 6.",
        ),
        (["f", "nowhere.py"], "path 'nowhere.py' does not exist."),
        (["f", "-r", "nowhere.txt"], "requirements file 'nowhere.txt' does not exist."),
        (["f", "--runtime", "cobol"], "runtime 'cobol' is not one of Python's, such as python3.13."),
        (["f", "--runtime", "python3.99"], "Lambda has no runtime 'python3.99'; it has python3.9 to python3.15."),
        (["f", "-r", "/dev/null"], "requirements file '/dev/null' is not a file."),
        (["f", "--ephemeral-storage", "511"], "ephemeral storage must be between 512 and 10240 MB, not 511."),
        (
            ["f", "--concurrency", "-1"],
            "concurrency must be 0 or more, not -1; 'none' lets the function share the account's.",
        ),
        (["f", "--description", "x" * 257], "the description has 257 characters; at most 256 are allowed."),
        (["f", "--env", "AWS_REGION=x"], "environment variable AWS_REGION is set by Lambda and can't be changed."),
        (
            ["f", "--env", "LAMBDAPOOL_CODEC=x"],
            "environment variable LAMBDAPOOL_CODEC is lambdapool's own and can't be changed.",
        ),
        (
            ["f", "--env", "1X=x"],
            "environment variable '1X' must have two characters or more, begin with a letter, and have only letters, "
            "digits and underscores.",
        ),
        (
            ["f", "--env", "BIG=" + "x" * 4096],
            "the environment variables have 4164 bytes together, and Lambda takes 4096; put large values into the code "
            "or a store.",
        ),
        (["f", "--tag", "aws:x=y"], "tag 'aws:x' begins with aws:, which is AWS's own."),
        (
            ["f", "--tag", "x=" + "é" * 257],
            "the value of tag 'x' must have at most 256 letters, digits, spaces or _.:/=+-@.",
        ),
        (["f", "--tag", "lambdapool=y"], "tag 'lambdapool' is lambdapool's own and can't be changed."),
        (
            ["f", "--subnet", "net-1", "--security-group", "sg-1"],
            "'net-1' is not the id of a subnet; one begins with subnet-.",
        ),
        (["f", "--subnet", "subnet-1"], "a subnet needs a security group beside it: give --security-group as well."),
        (
            ["f", "--bucket", "My_Bucket"],
            "'My_Bucket' is not the name of an S3 bucket: 3 to 63 of a-z, 0-9, '-' and '.'.",
        ),
        (["f", "--policy", "nowhere.json"], "policy 'nowhere.json' is neither an ARN nor a file that can be read."),
        (["f", "--policy", "/dev/null"], "policy file '/dev/null' is not JSON: see line 1."),
        (["f", "--role", "admin"], "'admin' is not a role's ARN, such as arn:aws:iam::123456789012:role/NAME."),
    ],
)
def test_create_refuses(run, home, arguments, sentence):
    assert refused(run("create", *arguments)) == sentence
    assert not home.exists(), "refused before anything was started"


@pytest.mark.on_lambda_alone("roles' policies")
def test_a_policy_is_a_file_that_can_be_read(run, home, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert refused(run("create", "f", "--policy", "fifo")) == (
        "policy 'fifo' is neither an ARN nor a file that can be read."
    )
    for depth in (200_000, 100):
        (tmp_path / "deep.json").write_text('{"Statement": %s%s}' % ("[" * depth, "]" * depth))
        told = refused(run("create", "f", "--policy", "deep.json"))
        assert told == "policy file 'deep.json' is nested more than 100 deep."
    assert not home.exists()
    (tmp_path / "deep.json").write_text('{"Statement": %s%s}' % ("[" * 99, "]" * 99))
    assert run("create", "f", "--policy", "deep.json").returncode == 0


ENDLESS = "a" * 100_000


@pytest.mark.on_lambda_alone("options of AWS")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--role", f"arn:aws:iam::123456789012:role/{ENDLESS}"],
        ["--policy", f"arn:aws:iam::aws:policy/{ENDLESS}"],
        ["--env", f"{ENDLESS}=x"],
        ["--subnet", f"subnet-{ENDLESS}", "--security-group", "sg-1"],
        ["--layers", f"arn:aws:lambda:us-east-1:123456789012:layer:{ENDLESS}:1"],
        ["--tag", f"{ENDLESS}=x"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_has_no_end_is_refused_like_anything_else(run, arguments):
    assert ENDLESS in refused(run("create", "f", *arguments))


@pytest.mark.on_lambda_alone("layers")
@pytest.mark.parametrize("verb", ["create", "update"])
def test_layers_may_be_repeated_or_separated_by_commas(run, verb):
    six = [f"{LAYER}{n}:1" for n in "abcdef"]
    done = run(verb, "f", "--layers", ",".join(six[:3]), "--layers", six[3], "--layers", ",".join(six[4:]))
    assert refused(done) == "a function can use at most 5 layers, not 6."


def test_a_second_requirements_file_is_not_ignored_in_silence(run):
    done = run("create", "f", "-r", "one.txt", "--requirements=two.txt")
    assert done.returncode == 2
    assert "'two.txt' comes after 'one.txt', and one file is taken; name the others in it" in done.stderr


def test_what_exists_already_and_what_does_not_exist_is_said(run, algorithms):
    assert run("create", "algorithms", "algorithms").returncode == 0
    assert "function algorithms already exists" in refused(run("create", "algorithms", "algorithms"))
    assert "function nobody does not exist" in refused(run("update", "nobody", "algorithms"))
    assert "function nobody does not exist" in refused(run("delete", "nobody"))


@pytest.mark.on_lambda_alone("layers")
def test_a_layer_that_does_not_exist_leaves_nothing_behind(run, algorithms):
    message = refused(run("create", "algorithms", "algorithms", "--layers", LAYER + "none:1"))
    assert "ayer" in message
    assert json.loads(run("list", "--output", "json").stdout) == []


def test_code_beyond_the_limit_is_refused_naming_the_biggest_file(run, algorithms):
    with open(algorithms / "algorithms" / "huge.bin", "wb") as file:
        file.truncate(262_144_001)
    message = refused(run("create", "algorithms", "algorithms"))
    assert "huge.bin" in message
    assert json.loads(run("list", "--output", "json").stdout) == []


def test_an_update_of_nothing_is_refused(run, algorithms):
    assert "function f does not exist" in refused(run("update", "f"))
    assert run("create", "f", "algorithms").returncode == 0
    assert refused(run("update", "f")).startswith("there is nothing to update")


def test_of_a_function_that_is_not_there_nothing_else_is_said(run):
    assert refused(run("update", "f")).startswith("function f does not exist")


def test_a_slip_in_a_name_is_told_by_the_name_that_was_meant(run, algorithms, target):
    assert run("create", "algorithms", "algorithms").returncode == 0
    for verb in ("update", "delete", "logs"):
        assert "'algorithms'?" in refused(run(verb, "algoritms"))
        assert "?" not in refused(run(verb, "something_else"))
    findings = run("doctor", "algoritms").stdout
    assert f"algoritms {'does not exist ' * (target != 'local')}on the target {target}" in findings
    assert "id you mean 'algorithms'?" in findings


def test_an_update_of_requirements_alone_would_drop_the_code_and_is_refused(run, tmp_path):
    (tmp_path / "requirements.txt").write_text("")
    assert "needs the paths as well" in refused(run("update", "f", "-r", "requirements.txt"))


@pytest.mark.on_lambda_alone("credentials of AWS; test_gcp.py has Google's")
def test_without_credentials_both_ways_out_are_named(run):
    message = refused(run("list", "--target", "aws", "--region", "us-east-1"))
    assert "aws configure" in message
    assert "local" in message


def test_no_python_anywhere_means_that_the_runtime_must_be_named(run, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "--runtime python3.N" in refused(run("create", "f", PATH=str(empty), VIRTUAL_ENV=str(empty)))


def test_output_that_cannot_be_written_is_a_failure(lambdapool, clean_environment, home):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [lambdapool, "list", "--output", "json"],
            env=clean_environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "Error: the output could not be written; see whether the disk is full or the output closed.\n"
