"""Whoever uses the program hears in one sentence what is wrong with their credentials, and soon."""

import hashlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "python"))
from fake_identity import FakeIdentity


@pytest.fixture
def identity():
    fake = FakeIdentity()
    yield fake
    fake.close()


@pytest.fixture
def settings(aws, identity, clean_environment):
    """An environment without keys, whose Lambda is `aws` and whose everything else is `identity`."""
    folder = Path(clean_environment["HOME"]) / ".aws"
    (folder / "sso/cache").mkdir(parents=True)

    def settings(config, **more):
        (folder / "config").write_text(config)
        return {
            "LAMBDAPOOL_TARGET": "aws",
            "AWS_ENDPOINT_URL": identity.url,
            "AWS_ENDPOINT_URL_LAMBDA": aws.environment["AWS_ENDPOINT_URL"],
            "AWS_REGION": "us-east-1",
            **more,
        }

    settings.folder = folder
    return settings


SSO = """[profile work]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Admin
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
"""


def one_sentence(answer):
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1, answer.stderr
    return answer.stderr


def test_an_ended_sign_in_names_the_command_that_begins_a_new_one(run, settings):
    environment = settings(SSO, AWS_PROFILE="work")
    assert "`aws sso login --profile work`" in one_sentence(run("list", **environment))
    name = hashlib.sha1(b"corp").hexdigest() + ".json"
    token = {"accessToken": "t", "expiresAt": "2020-01-01T00:00:00Z"}
    (settings.folder / "sso/cache" / name).write_text(json.dumps(token))
    said = one_sentence(run("list", **environment))
    assert "ended at 2020-01-01T00:00:00Z" in said
    assert "`aws sso login --profile work`" in said


def test_a_refused_role_names_the_profile_the_role_and_the_source(run, settings):
    config = (
        "[profile top]\nrole_arn = arn:aws:iam::1:role/forbidden\nsource_profile = base\n"
        "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n"
    )
    said = one_sentence(run("list", "--profile", "top", **settings(config)))
    assert '"top" cannot assume arn:aws:iam::1:role/forbidden' in said
    assert "profile base" in said
    assert "sts:AssumeRole" in said


ROLES = (
    "[profile top]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = middle\n"
    "[profile middle]\nrole_arn = arn:aws:iam::1:role/middle\nsource_profile = base\n"
    "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n"
)


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_a_wrong_clock_is_corrected_once_for_all_calls_to_sts(run, settings, identity, seconds):
    identity.ahead = seconds
    identity.expiration = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(identity.now() + 3600))
    done = run("list", "--profile", "top", **settings(ROLES))
    assert (done.returncode, done.stderr) == (0, "")
    asked = [body for _, _, _, body in identity.requests]
    assert ["middle" in body for body in asked] == [True, True, False], asked


def test_a_clock_that_sts_refuses_even_when_right_is_told(run, settings, identity):
    refusal = "<ErrorResponse><Error><Code>RequestExpired</Code><Message>Signature expired: so</Message></Error></ErrorResponse>"
    identity.answers["/"] = 403, refusal
    assert "set this machine's clock" in one_sentence(run("list", "--profile", "top", **settings(ROLES)))
    assert len(identity.requests) == 1


@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("source", ["role", "sign-in"])
def test_the_number_of_attempts_at_credentials_is_the_users(run, settings, identity, source, attempts):
    name = hashlib.sha1(b"corp").hexdigest() + ".json"
    token = {"accessToken": "t", "expiresAt": "2099-01-01T00:00:00Z"}
    (settings.folder / "sso/cache" / name).write_text(json.dumps(token))
    path, config, profile = {
        "role": ("/", ROLES, "top"),
        "sign-in": ("/federation/credentials", SSO, "work"),
    }[source]
    identity.answers[path] = 503, ""
    one_sentence(run("list", "--profile", profile, **settings(config, AWS_MAX_ATTEMPTS=str(attempts))))
    assert len(identity.requests) == attempts


def test_a_credential_process_that_fails_is_quoted(run, settings):
    config = "[default]\ncredential_process = sh -c 'echo no ticket >&2; exit 3'\n"
    said = one_sentence(run("list", **settings(config)))
    assert "ended with status 3: no ticket" in said


def test_a_project_of_several_functions_asks_once_who_it_is(run, settings, aws, algorithms):
    asked = algorithms / "asked"
    keys = '{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "s"}'
    config = f"[default]\ncredential_process = sh -c 'echo >> {asked}; echo \"$KEYS\"'\n"
    project = '[functions.one]\npaths = ["algorithms"]\n[functions.two]\npaths = ["algorithms"]\n'
    (algorithms / "lambdapool.toml").write_text(project)
    for verb in ("create", "update"):
        done = run(
            verb,
            cwd=algorithms,
            **settings(config, KEYS=keys, AWS_ENDPOINT_URL_IAM=aws.environment["AWS_ENDPOINT_URL"]),
        )
        assert done.returncode == 0, done.stderr
    assert asked.read_text() == "\n\n"


@pytest.mark.parametrize(
    "config, more, words",
    [
        ("[default]\nservices = typo\n[services other]\nlambda =\n", {}, ["[services typo]", "services = typo"]),
        ("", {"AWS_ACCESS_KEY_ID": "AKID\n"}, ["access key id", "line break"]),
        ("", {"AWS_SESSION_TOKEN": "token\n"}, ["session token", "line break"]),
    ],
    ids=["no such services section", "line break in a key", "line break in a token"],
)
def test_what_cannot_be_meant_is_told(run, settings, config, more, words):
    keys = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}
    said = one_sentence(run("list", **{**settings(config), **keys, **more}))
    assert all(word in said for word in words), said


def test_a_role_by_a_chain_of_profiles_calls_lambda(run, settings, aws):
    config = (
        "[default]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = middle\n"
        "[profile middle]\nrole_arn = arn:aws:iam::1:role/middle\ncredential_source = Environment\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"}
    answer = run("list", "--profile", "default", **settings(config), **keys)
    assert answer.returncode == 0, answer.stderr
    assert aws.actions() == ["ListFunctions"]


def test_without_credentials_the_answer_comes_soon_even_where_nobody_answers_for_the_instance(run, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = settings("", AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=url)
        said = one_sentence(run("list", **environment))
    assert "aws configure" in said
    assert "--target local" in said


def test_ctrl_c_ends_the_wait_for_sts(settings, interrupted):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = settings(MFA.replace("mfa_serial", "external_id"), AWS_ENDPOINT_URL_STS=url)
        interrupted(environment, lambda: silent.accept()[0].recv(1))


def test_ctrl_c_ends_the_wait_for_a_credential_process(settings, interrupted, tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    config = f"[default]\ncredential_process = sh -c 'echo > {begun}; exec sleep 600'\n"
    interrupted(settings(config), begun.read_text)


@pytest.fixture
def interrupted(lambdapool, clean_environment):
    """Ctrl-C, once `begun` has returned, ends `lambdapool list`: sooner than any of its waits."""

    def interrupted(environment, begun):
        child = subprocess.Popen(
            [lambdapool, "list"], env={**clean_environment, **environment}, stderr=subprocess.PIPE, text=True
        )
        begun()
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=120)
        assert (child.returncode, said) == (130, "Error: interrupted: nothing was changed.\n")

    return interrupted


MFA = (
    "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/me\n"
    "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\n"
)


def test_an_mfa_code_needs_a_terminal(settings, lambdapool, clean_environment):
    answer = subprocess.run(
        [lambdapool, "list"],
        env={**clean_environment, **settings(MFA)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,  # which has none
    )
    said = one_sentence(answer)
    assert "there is no terminal to ask on" in said
    assert "aws configure export-credentials --profile default" in said


def test_an_mfa_code_is_asked_for_on_the_terminal(settings, lambdapool, clean_environment, identity):
    environment = {**clean_environment, **settings(MFA)}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(lambdapool, [str(lambdapool), "list"], environment)
    said = b""
    asked = False
    while select.select([terminal], [], [], 30)[0]:
        try:
            said += os.read(terminal, 1000)
        except OSError:  # the child has gone
            break
        if not asked and b"MFA code for arn:aws:iam::1:mfa/me: " in said:
            asked = True
            os.write(terminal, b"123456\n")
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said
    assert any("TokenCode=123456" in body for _, _, _, body in identity.requests)
