"""create, update and delete against a scripted AWS: roles, waiting, failures, lost answers, signals."""

import os
import signal
import subprocess

import pytest
from fake_aws import DROP, error

NOT_ASSUMED = error(
    400, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
)
DENIED = error(403, "AccessDeniedException", "User: x is not authorized to perform: lambda:CreateFunction")
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@pytest.fixture
def create(run_aws, algorithms):
    return lambda *arguments, **environment: run_aws("create", "f", "algorithms", *arguments, **environment)


OWNED = {"lambdapool:function": "f", "lambdapool:region": "us-east-1"}


def one_sentence(done, code=1):
    assert done.returncode == code, done
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_create_makes_a_role_and_delete_removes_it(aws, create, run_aws):
    done = create()
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.roles == {"lambdapool-role-f": {"arn": aws.functions["f"]["Role"], "policies": [BASIC], "tags": OWNED}}
    assert aws.functions["f"]["Role"].endswith(":role/lambdapool/lambdapool-role-f")
    done = run_aws("delete", "f")
    assert (done.returncode, done.stderr) == (0, "")
    assert (aws.functions, aws.roles) == ({}, {})


def test_a_brought_role_is_used_and_never_removed(aws, create, run_aws):
    aws.roles["mine"] = {"arn": "arn:aws:iam::123456789012:role/mine", "policies": []}
    assert create("--role", aws.roles["mine"]["arn"]).returncode == 0
    assert aws.functions["f"]["Role"] == aws.roles["mine"]["arn"]
    assert run_aws("delete", "f").returncode == 0
    assert list(aws.roles) == ["mine"]
    assert not [action for action in aws.actions() if "Role" in action]


def test_a_role_that_lambda_does_not_know_yet_is_waited_for(aws, create):
    aws.hook("CreateFunction", NOT_ASSUMED)
    assert create().returncode == 0
    assert aws.actions().count("CreateFunction") == 2


def test_a_refused_creation_leaves_neither_function_nor_role(aws, create):
    aws.hook("CreateFunction", DENIED)
    assert "lambda:CreateFunction" in one_sentence(create())
    assert (aws.functions, aws.roles) == ({}, {})


def test_a_role_of_an_earlier_run_is_used_and_kept_on_failure(aws, create):
    role = {"arn": "arn:aws:iam::123456789012:role/lambdapool/lambdapool-role-f", "policies": [BASIC], "tags": OWNED}
    aws.roles["lambdapool-role-f"] = role
    aws.hook("CreateFunction", DENIED)
    one_sentence(create())
    assert list(aws.roles) == ["lambdapool-role-f"]
    assert create().returncode == 0
    assert aws.functions["f"]["Role"] == role["arn"]


def test_create_waits_until_the_function_is_active(aws, create):
    aws.pending_polls = 3
    aws.hook("GetFunction", None)
    assert create().returncode == 0
    assert aws.pending_polls == 0


def test_a_function_that_fails_to_become_active_is_removed_and_the_reason_told(aws, create):
    def fail(request):
        if request.action == "GetFunction" and "f" in aws.functions:
            aws.functions["f"].update(State="Failed", StateReason="the image is broken")

    aws.hooks.append(fail)
    assert "the image is broken" in one_sentence(create())
    assert (aws.functions, aws.roles) == ({}, {})


def test_a_creation_whose_answer_got_lost_is_found_and_not_sent_twice(aws, create):
    def lose(request):
        if request.action == "CreateFunction":
            aws.create(request.json)
            return DROP

    aws.hooks.append(lose)
    done = create()
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.actions().count("CreateFunction") == 1


def test_a_role_stays_where_the_function_may_have_been_made(aws, create, run_aws):
    def lose(request):
        if request.action == "CreateFunction":
            aws.create(request.json)
            aws.hook("GetFunction", *[error(503, "ServiceUnavailableException", "busy")] * 2)
            return DROP

    aws.hooks.append(lose)
    done = create(AWS_MAX_ATTEMPTS="1")
    assert done.returncode == 1
    assert "Warning: whether there is a function f now is not known, so role lambdapool-role-f is left" in done.stderr
    assert "lambdapool-role-f" in aws.roles
    assert run_aws("delete", "f").returncode == 0
    assert (aws.functions, aws.roles) == ({}, {})


def test_a_creation_whose_answer_cannot_be_read_is_found(aws, create):
    def garble(request):
        if request.action == "CreateFunction":
            return aws.create(request.json)[0], "<html>"

    aws.hooks.append(garble)
    done = create()
    assert (done.returncode, done.stderr) == (0, "")
    assert list(aws.functions) == list(aws.tags) == ["f"]


def test_who_creates_a_moment_too_late_leaves_the_role_to_who_was_first(aws, create):
    def overtake(request):
        if request.action == "CreateFunction" and not aws.functions:
            aws.create({**request.json, "MemorySize": 512})

    aws.hooks.append(overtake)
    assert "somebody made it just now" in one_sentence(create())
    assert aws.functions["f"]["MemorySize"] == 512
    assert aws.functions["f"]["Role"] == aws.roles["lambdapool-role-f"]["arn"]
    assert aws.roles["lambdapool-role-f"]["policies"] == [BASIC]


def test_throttles_and_failing_servers_are_tried_again(aws, run_aws):
    aws.hook("ListFunctions", (503, {}), error(429, "TooManyRequestsException", "Rate exceeded"))
    assert run_aws("list").returncode == 0
    assert aws.actions() == ["ListFunctions"] * 3


def test_a_service_that_is_not_there_is_told_in_one_sentence(aws, run_aws):
    aws.close()
    assert aws.environment["AWS_ENDPOINT_URL"].removeprefix("http://") in one_sentence(run_aws("list"))


def test_code_that_is_refused_leaves_the_configuration_as_it_was(aws, create, run_aws, algorithms):
    assert create("--memory", "256").returncode == 0
    before = dict(aws.functions["f"])
    (algorithms / "algorithms" / "more.py").write_text("")
    aws.hook("UpdateFunctionCode", error(400, "CodeStorageExceededException", "Code storage limit exceeded."))
    done = run_aws("update", "f", "algorithms", "--memory", "512", "--timeout", "60")
    assert "Code storage limit exceeded" in one_sentence(done)
    after = dict(aws.functions["f"])
    before.pop("RevisionId"), after.pop("RevisionId")
    assert after == before


def test_an_update_whose_answer_got_lost_is_found(aws, create, run_aws, algorithms):
    assert create().returncode == 0
    (algorithms / "algorithms" / "more.py").write_text("")

    def lose(request):
        if request.action == "UpdateFunctionCode":
            aws.update(request, aws.functions["f"])
            return DROP

    aws.hooks.append(lose)
    done = run_aws("update", "f", "algorithms")
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.actions().count("UpdateFunctionCode") == 1


def do_and_fail(aws, action, do):
    """The next `action` is done and answered by a 500 all the same, so that the next attempt finds it done."""
    done = []

    def answer(request):
        if request.action == action and not done:
            done.append(do(request))
            return error(500, "ServiceException", "An error occurred")

    aws.hooks.append(answer)


def test_what_a_failing_service_created_all_the_same_is_ours(aws, create):
    do_and_fail(aws, "CreateFunction", lambda request: aws.create(request.json))
    done = create()
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.actions().count("CreateFunction") == 2
    assert "f" in aws.functions and "lambdapool-role-f" in aws.roles


@pytest.mark.parametrize("action", ["UpdateFunctionCode", "UpdateFunctionConfiguration"])
def test_what_a_failing_service_updated_all_the_same_is_ours(aws, create, run_aws, algorithms, action):
    assert create().returncode == 0
    (algorithms / "algorithms" / "more.py").write_text("")
    do_and_fail(aws, action, lambda request: aws.update(request, aws.functions["f"]))
    done = run_aws("update", "f", "algorithms", "--memory", "512")
    assert (done.returncode, done.stderr) == (0, "")
    assert aws.functions["f"]["MemorySize"] == 512
    assert aws.actions().count(action) == 2


def test_somebody_elses_change_in_between_is_noticed(aws, create, run_aws):
    assert create().returncode == 0
    seen = []

    def interfere(request):
        if request.action == "UpdateFunctionConfiguration" and not seen:
            seen.append(request)
            aws.functions["f"]["RevisionId"] = "another"

    aws.hooks.append(interfere)
    done = run_aws("update", "f", "--memory", "512")
    assert "changed by somebody else" in one_sentence(done)
    assert aws.functions["f"]["MemorySize"] == 128


@pytest.fixture
def interrupted(start_aws, algorithms):
    """Runs a command and sends `number` when `hook(request)` says so; the exit code and stderr."""

    def interrupted(arguments, hook, number=signal.SIGINT):
        def watch(process, request):
            if hook(request):
                process.send_signal(number)

        process = start_aws(*arguments, meanwhile=watch)
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    return interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("action", ["GetFunction", "CreateRole", "AttachRolePolicy", "CreateFunction"])
def test_an_interrupted_creation_leaves_nothing(aws, interrupted, action, number):
    done = []

    def once(request):
        if request.action == action and not done:
            done.append(request)
            return True

    code, errors = interrupted(["create", "f", "algorithms"], once, number)
    assert code == 130 and errors.endswith("Error: interrupted: nothing was changed.\n")
    assert (aws.functions, aws.roles) == ({}, {})


def test_a_creation_interrupted_while_pending_leaves_nothing(aws, interrupted):
    aws.pending_polls = 1_000_000
    polls = []

    def third_poll(request):
        if request.action == "GetFunction" and "f" in aws.functions:
            polls.append(request)
            return len(polls) == 3

    assert interrupted(["create", "f", "algorithms"], third_poll) == (130, "Error: interrupted: nothing was changed.\n")
    assert (aws.functions, aws.roles) == ({}, {})


def test_an_interrupted_creation_that_cannot_be_taken_back_keeps_its_role(aws, interrupted):
    aws.pending_polls = 1000
    polls = []
    aws.hook("DeleteFunction", *[error(500, "ServiceException", "An error occurred")] * 3)

    def third_poll(request):
        if request.action == "GetFunction" and aws.functions:
            polls.append(request)
            return len(polls) == 3

    code, errors = interrupted(["create", "f", "algorithms"], third_poll)
    assert (code, errors.splitlines()[-1]) == (130, "Error: interrupted, after function f was made.")
    assert errors.startswith("Warning: function f could not be removed")
    assert "f" in aws.functions and "lambdapool-role-f" in aws.roles


def test_another_signal_ends_what_the_first_one_only_asked_to_end(create, start_aws):
    assert create().returncode == 0

    def interrupt(process, request):
        if request.action == "UpdateFunctionConfiguration":
            process.send_signal(signal.SIGINT)
            process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    process = start_aws("update", "f", "--memory", "256", meanwhile=interrupt)
    assert process.wait(60) == -signal.SIGTERM
    process.stderr.close()


@pytest.mark.parametrize("action", ["GetFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode"])
def test_an_interrupted_update_is_done_or_not_done(aws, create, interrupted, algorithms, action):
    assert create().returncode == 0
    before = dict(aws.functions["f"])
    (algorithms / "algorithms" / "more.py").write_text("")
    done = []

    def once(request):
        if request.action == action and not done:
            done.append(request)
            return True

    code, errors = interrupted(["update", "f", "algorithms", "--memory", "512"], once)
    after = aws.functions["f"]
    if action == "GetFunction":
        assert (code, errors) == (130, "Error: interrupted: nothing was changed.\n")
        assert after == before
    else:
        # What is said depends on how soon the answer comes.
        assert code == 0 and errors in (
            "",
            "Finishing the step that has begun; once more stops at once and may leave it half done.\n",
        )
        assert after["MemorySize"] == 512 and after["CodeSha256"] != before["CodeSha256"]


def test_an_upload_to_s3_that_is_interrupted_leaves_no_parts(aws, interrupted, algorithms):
    (algorithms / "algorithms" / "noise.bin").write_bytes(os.urandom(53_000_000))
    s3 = []

    def bucket(request):
        if "/packages/" not in request.path:
            return None
        query = request.path.partition("?")[2]
        s3.append((request.method, query))
        if request.method == "POST":
            return 200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
        return (204, "") if request.method == "DELETE" else (200, "", {"ETag": '"tag"'})

    aws.hooks.append(bucket)
    code, errors = interrupted(
        ["create", "f", "algorithms", "--bucket", "packages"], lambda request: "partNumber=2" in request.path
    )
    assert (code, errors) == (130, "Error: interrupted: nothing was changed.\n")
    assert s3[0] == ("POST", "uploads=") and s3[-1] == ("DELETE", "uploadId=u1")
    assert ("POST", "uploadId=u1") not in s3
    assert (aws.functions, aws.roles) == ({}, {})


def test_an_object_whose_completion_was_not_told_is_removed(aws, create, algorithms):
    (algorithms / "algorithms" / "noise.bin").write_bytes(os.urandom(53_000_000))
    s3 = []
    gone = 404, "<Error><Code>NoSuchUpload</Code><Message>The specified upload does not exist.</Message></Error>"

    def bucket(request):
        if "/packages/" not in request.path:
            return None
        query = request.path.partition("?")[2]
        s3.append((request.method, query))
        if query == "uploads=":
            return 200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
        if query == "uploadId=u1":
            return gone
        return (204, "") if request.method == "DELETE" else (200, "", {"ETag": '"tag"'})

    aws.hooks.append(bucket)
    assert "The specified upload does not exist" in one_sentence(create("--bucket", "packages"))
    assert s3[-3:] == [("POST", "uploadId=u1"), ("DELETE", "uploadId=u1"), ("DELETE", "")]


def test_a_deletion_of_layer_versions_is_finished_after_ctrl_c(aws, interrupted):
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:l"
    created = "2026-11-22T19:00:00.000+0000"
    versions = [{"LayerVersionArn": f"{arn}:{n}", "Version": n, "CreatedDate": created} for n in (3, 2, 1)]
    deleted = []

    def layers(request):
        if request.method == "GET" and "/layers/l/versions" in request.path:
            return 200, {"LayerVersions": versions}
        if request.method == "DELETE":
            deleted.append(request.path.rsplit("/", 1)[1])
            return 204, ""

    aws.hooks.append(layers)
    code, errors = interrupted(["layer", "delete", "l"], lambda request: request.path.endswith("/versions/2"))
    assert code == 0 and "nothing was changed" not in errors
    assert deleted == ["3", "2", "1"]


def test_an_interrupted_installation_of_requirements_leaves_nothing(aws, lambdapool, clean_environment, algorithms):
    programs = algorithms / "programs"
    programs.mkdir()
    started = algorithms / "started"
    os.mkfifo(started)
    for name in ("uv", "pip", "python3"):
        script = f'#!/bin/sh\ncase "$*" in *version_info*) printf 3.11; exit;; esac\n: > {started}\nsleep 60\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    (algorithms / "requirements.txt").write_text("something\n")
    path = f"{programs}:{clean_environment['PATH']}"
    process = subprocess.Popen(
        [lambdapool, "create", "f", "algorithms", "-r", "requirements.txt"],
        cwd=algorithms,
        env={**clean_environment, **aws.environment, "PATH": path, "VIRTUAL_ENV": str(algorithms)},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    with open(started):
        os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "Error: interrupted: nothing was changed.\n")
    assert aws.actions() == ["GetFunction"]
