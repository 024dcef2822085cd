"""Whether Python functions on AWS stream their answers: chosen at deploy, kept, and said."""

import json

import pytest

WRAPPER = "/var/task/lambdapool_runtime/exec_wrapper"


@pytest.fixture
def variables(aws):
    return lambda: aws.functions["f"]["Environment"]["Variables"]


def mode(found):
    """(wrapper, mark of one that was asked not to stream)."""
    return found.get("AWS_LAMBDA_EXEC_WRAPPER"), found.get("LAMBDAPOOL_RESPONSE_MODE")


@pytest.fixture
def doctor(run_aws):
    def doctor():
        found = json.loads(run_aws("doctor", "f", "--output", "json").stdout)
        return next(each for each in found["findings"] if each["topic"] == "answers")

    return doctor


def test_functions_stream_unless_it_is_asked_otherwise_which_is_kept(run_aws, algorithms, variables, doctor):
    assert run_aws("create", "f", "algorithms").returncode == 0
    assert mode(variables()) == (WRAPPER, None)
    assert doctor()["text"].startswith("streamed")
    done = run_aws("update", "f", "--response-mode", "buffered")
    assert "response mode to buffered" in done.stdout and mode(variables()) == (None, "buffered")
    assert "asked for" in doctor()["text"]
    (algorithms / "algorithms" / "more.py").write_text("")
    assert run_aws("update", "f", "algorithms").returncode == 0
    assert mode(variables()) == (None, "buffered")
    done = run_aws("update", "f", "--response-mode", "streaming")
    assert done.returncode == 1 and "comes with its code: give its paths" in done.stderr
    (algorithms / "algorithms" / "more.py").write_text("x = 1")
    assert run_aws("update", "f", "algorithms", "--response-mode", "streaming").returncode == 0
    assert mode(variables()) == (WRAPPER, None)


def test_one_that_was_made_before_streams_with_its_next_code(run_aws, algorithms, variables, doctor):
    assert run_aws("create", "f", "algorithms").returncode == 0
    del variables()["AWS_LAMBDA_EXEC_WRAPPER"]
    assert doctor()["text"].startswith("not streamed:") and "has them streamed" in doctor()["mend"]
    assert run_aws("update", "f", "--memory", "256").returncode == 0
    assert mode(variables()) == (None, None)
    (algorithms / "algorithms" / "more.py").write_text("")
    assert "response mode to streaming" in run_aws("update", "f", "algorithms").stdout
    assert mode(variables()) == (WRAPPER, None)


def test_a_wrapper_of_the_users_own_stays_and_it_is_said(run_aws, algorithms, variables, doctor):
    own = "AWS_LAMBDA_EXEC_WRAPPER=/opt/mine"
    done = run_aws("create", "f", "algorithms", "--env", own)
    assert done.returncode == 0 and "/opt/mine), so Lambda's runtime client stays" in done.stdout + done.stderr
    assert mode(variables()) == ("/opt/mine", None) and "/opt/mine" in doctor()["text"]
    (algorithms / "algorithms" / "more.py").write_text("")
    done = run_aws("update", "f", "algorithms")
    assert "so Lambda's runtime client stays" in done.stdout + done.stderr
    done = run_aws("update", "f", "algorithms", "--response-mode", "streaming")
    assert done.returncode == 1 and "let it start " + WRAPPER in done.stderr


@pytest.mark.parametrize("target, words", [("local", "is for AWS"), ("gcp-local", "is for Lambda's answers")])
def test_other_targets_have_no_such_choice(run, algorithms, target, words):
    done = run("create", "f", "algorithms", "--response-mode", "buffered", LAMBDAPOOL_TARGET=target)
    assert done.returncode == 1 and words in done.stderr
