"""What create and update send, and what they leave, when things go wrong between two calls: a scripted AWS."""

import base64
import json
import os
import signal

import pytest
from fake_aws import ACCOUNT, DROP, error

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
VPC = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/mine"
WRAPPER = "/var/task/lambdapool_runtime/exec_wrapper"
READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture
def function(aws, run_aws, algorithms):
    """A function f; from here on only later requests are counted."""
    assert run_aws("create", "f", "algorithms").returncode == 0
    aws.requests.clear()
    (algorithms / "algorithms" / "more.py").write_text("")
    return aws.functions["f"]


def refused(done, code=1):
    assert done.returncode == code, done
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def writes(aws):
    return [action for action in aws.actions() if not action.startswith(("Get", "List"))]


def test_every_option_reaches_the_service(aws, run_aws, algorithms):
    (algorithms / "more.json").write_text('{"Version": "2012-10-17",\n "Statement": []}')
    done = run_aws(
        "create", "f", "algorithms", "--architecture", "arm64", "--ephemeral-storage", "1024", "--description", "words",
        "--env", "AA=1=2", "--env", "BB=", "--tag", "team=x y", "--subnet", "subnet-1", "--security-group", "sg-1",
        "--concurrency", "0", "--policy", READ, "--policy", "more.json", "--runtime", "python3.13",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    f = aws.functions["f"]
    assert (f["Architectures"], f["EphemeralStorage"], f["Description"]) == (["arm64"], {"Size": 1024}, "words")
    assert {name: f["Environment"]["Variables"][name] for name in ("AA", "BB")} == {"AA": "1=2", "BB": ""}
    assert f["VpcConfig"] == {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert f["Runtime"] == "python3.13"
    assert aws.reserved == {"f": 0}
    assert {key: aws.tags["f"][key] for key in aws.tags["f"] if key != "lambdapool"} == {"team": "x y"}
    role = aws.roles["lambdapool-role-f"]
    assert set(role["policies"]) == {BASIC, VPC, READ}
    assert {name: json.loads(text) for name, text in role["inline"].items()} == {
        "more": {"Version": "2012-10-17", "Statement": []}
    }
    assert run_aws("delete", "f").returncode == 0
    assert (aws.functions, aws.roles) == ({}, {})


def test_an_update_sends_code_before_configuration_and_each_with_its_revision(aws, run_aws, function):
    done = run_aws("update", "f", "algorithms", "--memory", "256", "--env", "AB=1")
    assert (done.returncode, done.stderr) == (0, "")
    assert writes(aws) == ["UpdateFunctionCode", "UpdateFunctionConfiguration"]
    assert all("RevisionId" in request.json for request in aws.requests if request.method == "PUT")
    assert "Changing memory from 128 to 256 MB..." in done.stdout
    assert "Changing environment variable AB..." in done.stdout


def test_an_update_sends_only_what_differs(aws, run_aws, function):
    done = run_aws("update", "f", "--memory", "128", "--timeout", "60", "--tag", "team=x", "--concurrency", "none")
    assert done.returncode == 0
    assert writes(aws) == ["UpdateFunctionConfiguration", "TagResource"]
    sent = next(r.json for r in aws.requests if r.action == "UpdateFunctionConfiguration")
    assert set(sent) == {"Timeout", "RevisionId"}
    aws.requests.clear()
    done = run_aws("update", "f", "--timeout", "60", "--tag", "team=x", "--untag", "other", "--unset-env", "ABC")
    assert "is as it was asked to be" in done.stdout
    assert writes(aws) == []


def test_variables_and_tags_are_merged_and_can_be_removed(aws, run_aws, function):
    assert run_aws("update", "f", "--env", "AA=1", "--env", "BB=2", "--tag", "a=1", "--tag", "b=2").returncode == 0
    assert run_aws("update", "f", "--env", "BB=3", "--unset-env", "AA", "--tag", "b=3", "--untag", "a").returncode == 0
    variables = function["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if "LAMBDAPOOL" not in name} == {
        "BB": "3", "AWS_LAMBDA_EXEC_WRAPPER": WRAPPER,
    }  # fmt: skip
    assert {key: value for key, value in aws.tags["f"].items() if key != "lambdapool"} == {"b": "3"}


def test_new_code_renews_the_mark_of_the_version_that_made_it(aws, run_aws, function):
    current = aws.tags["f"]["lambdapool"]
    aws.tags["f"]["lambdapool"] = function["Environment"]["Variables"]["LAMBDAPOOL_VERSION"] = "0.0.1"
    assert run_aws("update", "f", "--memory", "256").returncode == 0
    assert aws.tags["f"]["lambdapool"] == "0.0.1", "the code is still that version's"
    assert run_aws("update", "f", "algorithms").returncode == 0
    assert aws.tags["f"]["lambdapool"] == function["Environment"]["Variables"]["LAMBDAPOOL_VERSION"] == current


def test_a_refused_configuration_puts_the_old_code_back(aws, run_aws, function):
    before = dict(function)
    aws.hook(
        "UpdateFunctionConfiguration", error(400, "InvalidParameterValueException", "Layer version does not exist.")
    )
    message = refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    assert "Layer version does not exist" in message
    assert {**before, "RevisionId": 0} == {**function, "RevisionId": 0}
    assert writes(aws) == ["UpdateFunctionCode", "UpdateFunctionConfiguration", "UpdateFunctionCode"]


def test_what_somebody_else_deploys_after_a_refusal_is_not_overwritten(aws, run_aws, function):
    def refuse(request):
        if request.action == "UpdateFunctionConfiguration":
            function.update(aws.code(base64.b64encode(b"another's")))
            return error(400, "InvalidParameterValueException", "No such layer.")

    aws.hooks.append(refuse)
    message = refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    assert "No such layer." in message and "as somebody else has left it" in message
    assert function["CodeSize"] == len("another's")
    assert writes(aws) == ["UpdateFunctionCode", "UpdateFunctionConfiguration"]


def test_old_code_that_needs_a_bucket_is_said_not_to_be_put_back(aws, run_aws, function):
    function.update(aws.code(base64.b64encode(os.urandom(52_500_000))))
    aws.hook("UpdateFunctionConfiguration", error(400, "InvalidParameterValueException", "No such layer."))
    message = refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    assert "No such layer." in message and "--bucket" in message


def test_a_lost_answer_to_a_change_of_the_configuration_alone_is_told_as_such(aws, run_aws, function):
    def lose(request):
        if request.action == "UpdateFunctionConfiguration":
            aws.hooks.append(lambda request: error(503, "ServiceUnavailableException", "busy"))
            return DROP

    aws.hooks.append(lose)
    message = refused(run_aws("update", "f", "--memory", "512", AWS_MAX_ATTEMPTS="1"))
    assert message.startswith("Error: whether the configuration of function f was changed is not known")


def test_where_the_old_code_cannot_be_had_the_state_is_said(aws, run_aws, function):
    aws.hook("GetCode", (403, "expired"))
    aws.hook("UpdateFunctionConfiguration", error(400, "InvalidParameterValueException", "No such layer."))
    message = refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    assert "has its new code with its old configuration" in message and "No such layer." in message
    assert run_aws("update", "f", "algorithms", "--memory", "512").returncode == 0
    assert function["MemorySize"] == 512


def test_a_configuration_that_fails_afterwards_is_put_back_with_the_code(aws, run_aws, function):
    before = dict(function)
    failed = []

    def fail(request):
        if request.action == "UpdateFunctionConfiguration" and not failed:
            failed.append(request)
            answer = aws.update(request, function)
            function.update(LastUpdateStatus="Failed", LastUpdateStatusReason="no address left in the subnet")
            return answer
        if request.action.startswith("Update"):
            function["LastUpdateStatus"] = "Successful"

    aws.hooks.append(fail)
    assert "no address left" in refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    del function["LastUpdateStatusReason"]
    assert {**before, "RevisionId": 0} == {**function, "RevisionId": 0}


@pytest.mark.parametrize("step", ["UpdateFunctionCode", "UpdateFunctionConfiguration"])
def test_two_who_deploy_at_once_get_a_conflict_and_no_mixture(aws, run_aws, function, step):
    seen = []

    def interfere(request):
        if request.action == step and not seen:
            seen.append(request)
            function["RevisionId"] = "another"

    aws.hooks.append(interfere)
    assert "somebody else" in refused(run_aws("update", "f", "algorithms", "--memory", "512"))
    assert function["MemorySize"] == 128


def test_a_change_between_the_two_steps_is_noticed_though_its_revision_is_new(aws, run_aws, function):
    def interfere(request):
        if request.action == "UpdateFunctionCode":
            answer = aws.update(request, function)
            function.update(MemorySize=1024, RevisionId="theirs")
            return answer

    aws.hooks.append(interfere)
    assert "somebody else" in refused(run_aws("update", "f", "algorithms", "--timeout", "60"))
    assert (function["MemorySize"], function["Timeout"]) == (1024, 3)


def test_an_update_after_one_that_failed_sends_the_code_again(aws, run_aws, function):
    function.update(LastUpdateStatus="Failed", LastUpdateStatusReason="broken")
    def heal(request):
        if request.action == "UpdateFunctionCode":
            function["LastUpdateStatus"] = "Successful"

    aws.hooks.append(heal)
    done = run_aws("update", "f", "algorithms")
    assert (done.returncode, done.stderr) == (0, "")
    assert writes(aws)[0] == "UpdateFunctionCode"


@pytest.mark.parametrize(
    "verb", [["create", "g", "algorithms"], ["update", "f", "algorithms", "--memory", "256"], ["delete", "f"]]
)
def test_a_dry_run_sends_nothing_that_changes_anything(aws, run_aws, function, verb):
    done = run_aws(*verb, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Would" in done.stdout and done.stdout.endswith("=== Dry run: nothing was changed ===\n")
    assert writes(aws) == []


def test_policies_that_are_there_already_are_no_change(aws, run_aws, function, algorithms):
    (algorithms / "more.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    arguments = ["update", "f", "--policy", READ, "--policy", "more.json"]
    assert "Changing policies of role lambdapool-role-f" in run_aws(*arguments).stdout
    aws.requests.clear()
    done = run_aws(*arguments)
    assert done.returncode == 0 and "=== Unchanged" in done.stdout
    assert writes(aws) == [] and not {"AttachRolePolicy", "PutRolePolicy"} & set(aws.actions())
    (algorithms / "more.json").write_text('{"Version": "2012-10-17", "Statement": [{}]}')
    assert "Would change policies of role" in run_aws(*arguments, "--dry-run").stdout


def test_a_creation_after_a_killed_one_is_as_it_was_asked_to_be(aws, run_aws, algorithms):
    first = ["--env", "AA=1", "--tag", "old=1", "--description", "old", "--concurrency", "2", "--policy", READ]
    assert run_aws("create", "f", "algorithms", *first).returncode == 0
    aws.tags["f"]["lambdapool:unfinished"] = ""
    done = run_aws("create", "f", "algorithms", "--env", "BB=1", "--memory", "256")
    assert done.returncode == 0 and "is made anew" in done.stdout, done
    function = aws.functions["f"]
    variables = set(function["Environment"]["Variables"])
    variables -= {"LAMBDAPOOL_VERSION", "LAMBDAPOOL_CODEC", "AWS_LAMBDA_EXEC_WRAPPER"}
    assert (variables, function["MemorySize"], function["Description"]) == ({"BB"}, 256, "Made by lambdapool")
    assert set(aws.tags["f"]) == {"lambdapool"} and aws.reserved == {}
    assert aws.roles["lambdapool-role-f"]["policies"] == [BASIC]
    aws.tags["f"]["lambdapool:unfinished"] = ""
    assert run_aws("create", "f", "algorithms", "--role", ROLE).returncode == 0
    assert (aws.functions["f"]["Role"], aws.roles) == (ROLE, {})


def test_a_dry_run_of_create_tells_all_that_was_asked_for(run_aws, algorithms):
    asked = ["--tag", "a=b", "--description", "x", "--ephemeral-storage", "1024", "--policy", READ, "--env", "CC=1"]
    asked += ["--subnet", "subnet-1", "--security-group", "sg-1", "--concurrency", "3"]
    said = run_aws("create", "f", "algorithms", *asked, "--dry-run").stdout
    for word in ("a=b", "'x'", "1024 MB", READ, "CC", "subnet-1", "sg-1", "concurrency of 3"):
        assert word in said, said


def test_policies_of_an_update_replace_those_before(aws, run_aws, function, algorithms):
    assert run_aws("update", "f", "--policy", READ).returncode == 0
    assert set(aws.roles["lambdapool-role-f"]["policies"]) == {BASIC, READ}
    assert run_aws("update", "f", "--policy=").returncode == 0
    assert aws.roles["lambdapool-role-f"]["policies"] == [BASIC]


def test_an_update_to_a_brought_role_removes_the_made_one(aws, run_aws, function):
    assert run_aws("update", "f", "--role", ROLE).returncode == 0
    assert (function["Role"], aws.roles) == (ROLE, {})
    assert "did not make" in refused(run_aws("update", "f", "--policy", READ))


@pytest.mark.parametrize("again", [["update", "f", "--role", ROLE], ["delete", "f"]])
def test_a_made_role_that_a_failed_update_has_left_is_removed_by_the_next_command(aws, run_aws, function, again):
    denied = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    aws.hook("DeleteRole", (403, denied))
    assert "which the same command does again" in refused(run_aws("update", "f", "--role", ROLE))
    assert "lambdapool-role-f" in aws.roles
    assert run_aws(*again).returncode == 0
    assert aws.roles == {}


def test_a_brought_role_that_lambda_cannot_assume_is_told_with_its_principal(aws, run_aws, algorithms):
    aws.hooks.append(
        lambda request: (
            error(
                400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
            )
            if request.action == "CreateFunction"
            else None
        )
    )
    message = refused(run_aws("create", "f", "algorithms", "--role", ROLE))
    assert "role/mine" in message and "lambda.amazonaws.com" in message


@pytest.fixture
def killed(start_aws):
    """Runs a command and kills it at the first `action`, before it is answered; a kill can't be noticed."""

    def killed(arguments, action):
        def kill(process, request):
            if request.action == action and process.poll() is None:
                process.kill()
                process.wait()

        process = start_aws(*arguments, meanwhile=kill)
        assert process.wait(60) == -signal.SIGKILL
        process.stderr.close()

    return killed


STEPS = ["CreateRole", "AttachRolePolicy", "CreateFunction", "PutFunctionConcurrency", "UntagResource"]


@pytest.mark.parametrize("action", STEPS)
def test_a_killed_creation_is_mended_by_the_next_one(aws, run_aws, killed, algorithms, action):
    create = ["create", "f", "algorithms", "--concurrency", "5"]
    killed(create, action)
    done = run_aws(*create)
    if action == "UntagResource":  # the last step, which the service carried out
        assert "already exists" in refused(done)
    else:
        assert (done.returncode, done.stderr) == (0, "")
    assert (aws.reserved, set(aws.tags["f"])) == ({"f": 5}, {"lambdapool"})
    assert run_aws("delete", "f").returncode == 0
    assert (aws.functions, aws.roles) == ({}, {})


@pytest.mark.parametrize("action", STEPS)
def test_a_killed_creation_is_cleaned_up_by_delete(aws, run_aws, killed, algorithms, action):
    killed(["create", "f", "algorithms", "--concurrency", "5"], action)
    done = run_aws("delete", "f")
    assert (done.returncode, done.stderr) == (0, "")
    assert (aws.functions, aws.roles) == ({}, {})


@pytest.mark.parametrize("action", ["UpdateFunctionCode", "UpdateFunctionConfiguration", "TagResource"])
def test_a_killed_update_is_mended_by_the_next_one(aws, run_aws, killed, function, algorithms, action):
    update = ["update", "f", "algorithms", "--memory", "256", "--tag", "a=b"]
    killed(update, action)
    done = run_aws(*update)
    assert (done.returncode, done.stderr) == (0, "")
    assert (function["MemorySize"], aws.tags["f"]["a"]) == (256, "b")


@pytest.mark.parametrize("moment", ["UpdateFunctionCode", "UpdateFunctionConfiguration", "TagResource"])
@pytest.mark.parametrize("refusal", ["the service's own", "another one's"])
def test_a_function_that_somebody_else_deletes_meanwhile_is_said_to_be_gone(aws, run_aws, function, moment, refusal):
    def delete(request):
        if request.action == moment:
            aws.functions.pop("f", None)
            if refusal == "another one's":
                return error(400, "InvalidParameterValueException", "No such layer.")

    aws.hooks.append(delete)
    message = refused(run_aws("update", "f", "algorithms", "--memory", "512", "--tag", "a=b"))
    if moment == "UpdateFunctionConfiguration" or refusal == "the service's own":
        assert message == (
            "Error: function f was deleted by somebody else while it was being changed; if you still want it, create it again.\n"
        )
