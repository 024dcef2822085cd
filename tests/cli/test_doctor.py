"""doctor: what works, what does not, and how to mend it."""

import json
import os
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from fake_aws import ACCOUNT, error

ARN = f"arn:aws:iam::{ACCOUNT}:user/ada"
WHO = f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{ARN}</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
PYTHON = f"python3.{sys.version_info.minor}"


@pytest.fixture
def aws(aws):
    date = {"Date": format_datetime(datetime.now(timezone.utc), usegmt=True)}

    def answer(request):
        if request.form.get("Action") == "GetCallerIdentity":
            return 200, WHO, date
        if request.path.endswith("/invocations"):
            return (204, "") if request.path.split("/")[3] in aws.functions else None
        if request.path == "/" and not request.form:  # CloudWatch Logs
            return 200, {"events": []}
        return None

    aws.hooks.append(answer)
    return aws


@pytest.fixture
def doctor(run):
    def doctor(*arguments, code=0, **environment):
        done = run("doctor", *arguments, "--output", "json", **environment)
        assert (done.returncode, done.stderr) == (code, ""), done
        answer = json.loads(done.stdout)
        assert answer["ok"] == (code == 0)
        return {finding["topic"]: finding for finding in answer["findings"]}

    return doctor


def test_all_is_well_on_aws(aws, run, doctor, algorithms):
    assert run("create", "f", "algorithms", **aws.environment).returncode == 0
    found = doctor("f", **aws.environment)
    assert {finding["level"] for finding in found.values()} == {"ok"}
    assert found["region"]["text"] == "us-east-1 (from AWS_REGION)"
    assert found["endpoint"]["text"] == aws.environment["AWS_ENDPOINT_URL"] + " (from AWS_ENDPOINT_URL)"
    assert ARN in found["identity"]["text"] and ACCOUNT in found["identity"]["text"]
    assert found["clock"]["text"] == "as the service's"
    assert found["runtime"]["text"].startswith(f"{PYTHON}, 128 MB, timeout 3 s") or PYTHON in found["runtime"]["text"]
    assert found["may invoke"]["text"] == found["may list"]["text"] == found["may read logs"]["text"] == "yes"


def test_a_region_that_only_the_instance_knows_is_told_too(aws, doctor):
    def metadata(request):
        if request.path == "/latest/api/token":
            return 200, "token", {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
        if request.path.startswith("/latest/meta-data/placement/"):
            return 200, "eu-south-1"

    aws.hooks.insert(0, metadata)
    url = aws.environment["AWS_ENDPOINT_URL"]
    environment = {name: value for name, value in aws.environment.items() if name != "AWS_REGION"}
    instance = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
    found = doctor(**environment, **instance)
    assert found["region"]["text"] == "eu-south-1 (from the instance's metadata)"
    assert found["endpoint"]["text"] == url + " (from AWS_ENDPOINT_URL)"


def test_the_text_says_the_same_and_never_the_secret(aws, run, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    done = run("doctor", "f", **aws.environment, AWS_SESSION_TOKEN="session-token")
    assert done.returncode == 0
    assert "secret" not in done.stdout and "session-token" not in done.stdout
    assert f"ok       identity       {ARN}" in done.stdout


def test_nothing_but_questions_is_asked(aws, run, doctor, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    del aws.requests[:]
    doctor("f", **aws.environment)
    asked = [request for request in aws.requests if request.method != "GET" and not request.form]
    assert {request.path for request in asked} == {"/", "/2015-03-31/functions/f/invocations"}
    assert all(not request.body for request in asked if request.path != "/")  # the dry run has no payload


def test_a_function_that_is_not_there(aws, doctor):
    found = doctor("f", code=1, **aws.environment)
    assert found["function"]["level"] == "problem" and "no f in us-east-1" in found["function"]["text"]
    assert "lambdapool create f PATHS" in found["function"]["mend"]


@pytest.mark.parametrize(
    "change, topic, words",
    [
        ({"State": "Failed", "StateReason": "no role"}, "state", "Failed: no role"),
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no subnet"}, "state", "no subnet"),
        ({"Environment": {"Variables": {}}}, "made by", "something else"),
        ({"Environment": {"Variables": {"LAMBDAPOOL_VERSION": "0.9.0"}}}, "made by", "lambdapool 0.9.0"),
    ],
)
def test_what_is_wrong_with_a_function_comes_with_its_mend(aws, run, doctor, algorithms, change, topic, words):
    run("create", "f", "algorithms", **aws.environment)
    aws.functions["f"].update(change)
    found = doctor("f", code=1, **aws.environment)
    assert found[topic]["level"] == "problem" and words in found[topic]["text"] and found[topic]["mend"]


def test_a_role_that_is_gone_is_missed(aws, run, doctor, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    assert doctor("f", **aws.environment)["role"]["text"] == aws.functions["f"]["Role"]
    role = aws.roles.pop("lambdapool-role-f")
    found = doctor("f", code=1, **aws.environment)["role"]
    assert found["level"] == "problem" and "not there any more" in found["text"]
    assert "lambdapool update f --role ARN" in found["mend"] and "lambdapool delete f" in found["mend"]
    aws.roles["lambdapool-role-f"] = {**role, "arn": role["arn"].replace("/lambdapool/", "/other/")}
    assert "/other/" in doctor("f", code=1, **aws.environment)["role"]["text"]


def test_a_role_that_may_not_be_looked_at_is_unknown(aws, run, doctor, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    denied = 403, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not allowed: iam:GetRole</Message></Error></ErrorResponse>"  # fmt: skip
    aws.hook("GetRole", denied)
    found = doctor("f", **aws.environment)["role"]
    assert found["level"] == "note" and "unknown" in found["text"]


def test_reserved_concurrency_is_told_and_none_at_all_is_a_problem(aws, run, doctor, algorithms):
    for environment in (aws.environment, {}):
        assert run("create", "f", "algorithms", "--concurrency", "5", **environment).returncode == 0
        assert doctor("f", **environment)["concurrency"]["text"] == "5 reserved"
        assert run("update", "f", "--concurrency", "0", **environment).returncode == 0
        found = doctor("f", code=1, **environment)["concurrency"]
        assert found["level"] == "problem" and "every call is refused" in found["text"]
        assert "`lambdapool update f --concurrency none`" in found["mend"]
        assert run("update", "f", "--concurrency", "none", **environment).returncode == 0
        assert doctor("f", **environment)["concurrency"]["level"] == "ok"


def test_another_python_is_a_note(aws, run, doctor, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    aws.functions["f"]["Runtime"] = "python3.99"
    found = doctor("f", **aws.environment)
    assert found["runtime"]["level"] == "note" and "python3.99" in found["runtime"]["mend"]


def test_what_the_caller_may_not_do_names_the_statement(aws, run, doctor, algorithms):
    run("create", "f", "algorithms", **aws.environment)
    text = f"User: {ARN} is not authorized to perform: lambda:InvokeFunction on resource: arn:f because no identity-based policy allows the lambda:InvokeFunction action"
    aws.hooks.insert(
        0, lambda request: error(403, "AccessDeniedException", text) if request.path.endswith("/invocations") else None
    )
    found = doctor("f", code=1, **aws.environment)
    assert '{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:f"}' in found["may invoke"]["text"]


@pytest.mark.parametrize("seconds, level", [(2, "ok"), (60, "note"), (-600, "note")])
def test_a_clock_that_is_off(aws, doctor, seconds, level):
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)
    aws.hooks.insert(
        0, lambda request: (200, WHO, {"Date": date}) if request.form.get("Action") == "GetCallerIdentity" else None
    )
    clock = doctor(**aws.environment)["clock"]
    assert clock["level"] == level
    assert level == "ok" or ("behind" if seconds > 0 else "ahead") in clock["text"]


def test_without_credentials_or_region_both_ways_out_are_named(doctor):
    found = doctor("--target", "aws", code=1, AWS_REGION="us-east-1")
    assert "aws configure" in found["credentials"]["text"] and "--target local" in found["credentials"]["text"]


def test_an_address_of_one_s_own_is_not_asked_who_one_is(aws, doctor):
    environment = dict(aws.environment)
    environment["AWS_ENDPOINT_URL_LAMBDA"] = environment.pop("AWS_ENDPOINT_URL")
    found = doctor(**environment)
    assert found["identity"]["level"] == "note"


def test_a_service_that_cannot_be_reached_is_told_once(doctor, aws):
    aws.close()
    found = doctor("f", code=1, **aws.environment, AWS_MAX_ATTEMPTS="1")
    assert "may invoke" not in found and found["may list"]["level"] == "problem"


def test_local_tells_home_limits_and_interpreters(run, doctor, home, algorithms):
    assert run("create", "f", "algorithms").returncode == 0
    found = doctor("f")
    assert found["home"]["text"] == str(home)
    assert found["target"]["text"] == "local (LAMBDAPOOL_TARGET)"
    assert "memory" in found["limits"]["text"]
    assert "size of /tmp not limited" in found["limits"]["text"]
    assert os.path.basename(PYTHON)[6:] in found["interpreters"]["text"]
    assert found["may invoke"]["text"] == "yes"


def test_what_only_reads_leaves_no_home_behind(run, doctor, home, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert doctor(TMPDIR=str(temporary))["home"]["text"] == f"{home} (not there yet: the first create makes it)"
    assert doctor("f", code=1, TMPDIR=str(temporary))["function"]["level"] == "problem"
    for arguments, code in (["list"], 0), (["logs", "f"], 1), (["layer", "list"], 0):
        done = run(*arguments, TMPDIR=str(temporary))
        assert done.returncode == code and ("does not exist" in done.stderr) == (code == 1), done
    assert not home.exists() and not list(temporary.iterdir())


def test_a_home_that_cannot_be_made_is_a_problem(doctor, tmp_path):
    file = tmp_path / "file"
    file.touch()
    found = doctor(code=1, LAMBDAPOOL_HOME=str(file / "no" / "home"))["home"]
    assert f"cannot be made in {file}" in found["text"] and "LAMBDAPOOL_HOME" in found["mend"]


@pytest.mark.parametrize("verb", [["doctor"], ["list"], ["logs", "f"], ["serve"]])
def test_a_relative_home_is_refused(run, tmp_path, verb):
    done = run(*verb, LAMBDAPOOL_HOME="rel")
    assert done.returncode != 0 and (done.stdout + done.stderr).count("LAMBDAPOOL_HOME is 'rel'") == 1, done
    assert not (tmp_path / "rel").exists()


def test_an_empty_home_is_as_if_unset(doctor, tmp_path):
    found = doctor(LAMBDAPOOL_HOME="", XDG_DATA_HOME="relative")["home"]
    assert found["text"].startswith(str(tmp_path / "user" / ".local" / "share" / "lambdapool"))


def test_a_damaged_home_has_one_advice(doctor, home):
    home.mkdir()
    (home / "lambdapool.db").write_bytes(b"no database at all" * 1000)
    found = doctor(code=1)["home"]
    assert "move it away" in found["text"] and "writable" not in found["text"] and "mend" not in found


def test_moto_s_identity_is_understood(doctor):
    pytest.importorskip("moto")
    from moto_server import MotoServer

    moto = MotoServer()
    try:
        found = doctor(**moto.environment)
    finally:
        moto.close()
    assert "arn:aws:sts::123456789012:user/moto" in found["identity"]["text"]


def test_moto_s_role_and_concurrency_are_understood(run, algorithms):
    pytest.importorskip("moto")
    from moto_server import MotoServer

    moto = MotoServer()

    def looked():
        answer = json.loads(run("doctor", "f", "--output", "json", **moto.environment).stdout)
        return {finding["topic"]: finding["level"] for finding in answer["findings"]}

    try:
        iam = moto.client("iam")
        trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
        arn = iam.create_role(RoleName="runs", Path="/some/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        done = run("create", "f", "algorithms", "--role", arn, "--concurrency", "2", **moto.environment)
        assert done.returncode == 0, done
        assert (looked()["role"], looked()["concurrency"]) == ("ok", "ok")
        iam.delete_role(RoleName="runs")
        assert (looked()["role"], looked()["concurrency"]) == ("problem", "ok")
    finally:
        moto.close()
