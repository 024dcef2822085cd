"""logs: on the local target as a function wrote them, on AWS as moto's CloudWatch Logs has them."""

import http.server
import json
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
from fake_aws import error
from functions import create

TALKS = """
def handler(event, context):
    print("hello", event.get("who"))
    if event.get("fails"):
        raise ValueError("no luck")
    return context.aws_request_id
"""


def invoke(client, **event):
    answer = client.invoke(FunctionName="talks", Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def wait_for_lines(run, count, *arguments, **environment):
    """The log is written behind an invocation's answer: asked again until it has so many lines."""
    deadline = time.monotonic() + 120
    while True:
        done = run("logs", "talks", *arguments, **environment)
        assert done.returncode == 0, done
        lines = done.stdout.splitlines()
        if len(lines) >= count or time.monotonic() > deadline:
            return lines


WAITS = """
import threading


def handler(event, context):
    print("begun")
    threading.Event().wait()
"""


@pytest.fixture
def talks(serve):
    create(serve.client(), "talks", TALKS)
    return serve.client()


@pytest.fixture(scope="module")
def moto():
    pytest.importorskip("moto")
    from moto_server import MotoServer

    server = MotoServer()
    yield server
    server.close()


def test_lines_come_in_the_order_of_time_with_the_report_in_words(run, talks):
    first, second = invoke(talks, who="Ada"), invoke(talks, who="Grace")
    lines = wait_for_lines(run, 8)
    form = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\w{8}) (.*)")
    times, streams, texts = zip(*(form.fullmatch(line).groups() for line in lines))
    assert list(times) == sorted(times)
    assert len(set(streams)) == 1  # the second call found the first one's worker
    assert [text for text in texts if not text.startswith("REPORT")] == [
        f"START RequestId: {first} Version: $LATEST",
        "hello Ada",
        f"END RequestId: {first}",
        f"START RequestId: {second} Version: $LATEST",
        "hello Grace",
        f"END RequestId: {second}",
    ]
    reports = [text for text in texts if text.startswith("REPORT")]
    took = r"REPORT RequestId: %s took [\d.]+ ms( and [\d.]+ ms to start)?, billed [\d.]+ ms, used \d+ of 128 MB"
    assert re.fullmatch(took % first, reports[0]) and re.fullmatch(took % second, reports[1]), reports


def test_lines_are_chosen_by_text_by_request_and_by_time(run, talks):
    first, second = invoke(talks, who="Ada"), invoke(talks, who="Grace")
    wait_for_lines(run, 8)
    assert [line.split(" ", 2)[2] for line in wait_for_lines(run, 1, "--filter", "hello G")] == ["hello Grace"]
    of_second = wait_for_lines(run, 4, "--request-id", second)
    assert len(of_second) == 4 and "hello Grace" in of_second[1] and first not in "".join(of_second)
    nothing = run("logs", "talks", "--since", "2999-01-01")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "--since" in nothing.stderr


def test_json_has_the_lines_as_they_are(run, talks):
    id = invoke(talks, who="Ada")
    lines = [json.loads(line) for line in wait_for_lines(run, 4, "--output", "json")]
    assert all(set(line) == {"time", "stream", "text"} for line in lines)
    assert lines[1]["text"] == "hello Ada"
    assert lines[3]["text"].startswith(f"REPORT RequestId: {id}\tDuration: ")


def test_follow_shows_what_another_process_runs_and_ends_silently_on_ctrl_c(lambdapool, clean_environment, run, talks):
    invoke(talks, who="Ada")
    wait_for_lines(run, 4)
    process = subprocess.Popen(
        [lambdapool, "logs", "talks", "--follow"],
        env=clean_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    guard = threading.Timer(60, process.kill)
    guard.start()
    try:
        before = [process.stdout.readline() for _ in range(4)]
        assert "hello Ada" in before[1]
        invoke(talks, who="Grace")
        after = [process.stdout.readline() for _ in range(4)]
        assert "hello Grace" in after[1]
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


def test_a_killed_service_leaves_the_lines_of_the_task_that_ran(run, serve):
    create(serve.client(), "talks", WAITS, Timeout=900)
    id = serve.client().invoke(FunctionName="talks", InvocationType="Event")["ResponseMetadata"]["RequestId"]
    texts = [line.split(" ", 2)[2] for line in wait_for_lines(run, 2)]  # the task never ends by itself
    assert texts == [f"START RequestId: {id} Version: $LATEST", "begun"]
    serve.process.kill()
    serve.process.wait(120)
    after = [line.split(" ", 2)[2] for line in wait_for_lines(run, 3)]
    assert after[:2] == texts and re.match(rf"\[lambdapool: RequestId {id} has no END: ", after[2]), after


DIES = """
import lambdapool, os, signal


def say(word):
    print(word)


with lambdapool.LambdaPool(1, "talks", target="local") as pool:
    pool.apply(say, ("the last word",))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_client_that_is_killed_leaves_the_log_of_the_task_before(lambdapool, clean_environment, run, tmp_path):
    package = lambdapool.parents[1] / "python"
    if not list((package / "lambdapool").glob("_native*")):
        pytest.skip("the Python package is not built")
    (tmp_path / "module.py").write_text("x = 1")
    assert run("create", "talks", tmp_path / "module.py").returncode == 0
    (tmp_path / "client.py").write_text(DIES)
    environment = dict(clean_environment, PYTHONPATH=str(package))
    client = subprocess.run([sys.executable, tmp_path / "client.py"], env=environment, timeout=300)
    assert client.returncode == -signal.SIGKILL
    done = run("logs", "talks")
    texts = [line.split(" ", 2)[2] for line in done.stdout.splitlines()]
    at = texts.index("the last word")
    assert [text.split(" ")[0] for text in texts[at - 1 : at + 3]] == ["START", "the", "END", "REPORT"]


def test_a_function_that_is_not_there_is_told_from_one_that_has_not_logged(run, talks):
    quiet = run("logs", "talks")
    assert (quiet.returncode, quiet.stdout) == (0, "")
    assert quiet.stderr == "Function talks has not logged anything yet; its log begins when it first runs.\n"
    missing = run("logs", "nobody")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("Error: function nobody does not exist on the target local")


@pytest.mark.parametrize("since", ["soon", "12", "2026-99-99"])
def test_a_time_that_is_none_is_refused_in_one_sentence(run, since):
    done = run("logs", "talks", f"--since={since}")
    assert done.returncode == 1 and done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1
    assert "--since takes" in done.stderr


def put_log(moto, function, *events):
    """(seconds ago, stream, message) each, as CloudWatch Logs has them."""
    logs = moto.client("logs")
    group, now = f"/aws/lambda/{function}", int(time.time() * 1000)
    logs.create_log_group(logGroupName=group)
    for stream in sorted({stream for _, stream, _ in events}):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        some = [{"timestamp": now - 1000 * ago, "message": message} for ago, of, message in events if of == stream]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=some)


def put_function(moto, name):
    role = {"Version": "2012-10-17", "Statement": []}
    iam = moto.client("iam")
    arn = iam.create_role(RoleName=f"role-{name}", AssumeRolePolicyDocument=json.dumps(role))["Role"]["Arn"]
    from functions import zipped

    moto.client("lambda").create_function(
        FunctionName=name, Runtime="python3.12", Role=arn, Handler="main.handler", Code={"ZipFile": zipped()}
    )


REPORT = "REPORT RequestId: r1\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tStatus: timeout\n"


def test_cloudwatch_s_lines_have_the_same_form(run, moto):
    put_function(moto, "shown")
    put_log(
        moto,
        "shown",
        (4000, "2026/11/22/[$LATEST]aaaaaaaa", "an hour and more ago\n"),
        (30, "2026/11/22/[$LATEST]aaaaaaaa", "START RequestId: r1 Version: $LATEST\n"),
        (20, "2026/11/22/[$LATEST]bbbbbbbb", "START RequestId: r2 Version: $LATEST\n"),
        (10, "2026/11/22/[$LATEST]aaaaaaaa", "Traceback:\r  here\n"),
        (5, "2026/11/22/[$LATEST]aaaaaaaa", REPORT),
    )
    done = run("logs", "shown", **moto.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == [
        "aaaaaaaa START RequestId: r1 Version: $LATEST",
        "bbbbbbbb START RequestId: r2 Version: $LATEST",
        "aaaaaaaa Traceback:",
        "aaaaaaaa   here",
        "aaaaaaaa REPORT RequestId: r1 TIMED OUT after 3000.00 ms, billed 3000.00 ms, used 36 of 128 MB",
    ]
    assert "an hour" in run("logs", "shown", "--since", "2d", **moto.environment).stdout
    of_one = run("logs", "shown", "--request-id", "r1", **moto.environment).stdout
    assert "r2" not in of_one and "Traceback" in of_one


def test_a_group_that_is_not_there_means_that_nothing_ran(run, moto):
    put_function(moto, "silent")
    done = run("logs", "silent", **moto.environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert "has not logged anything yet" in done.stderr
    missing = run("logs", "nobody", **moto.environment)
    assert missing.returncode == 1 and "function nobody does not exist in us-east-1" in missing.stderr


def test_empty_pages_are_passed_and_who_may_only_read_logs_can(run, aws):
    denied = error(
        403, "AccessDeniedException", "User: x is not authorized to perform: lambda:GetFunctionConfiguration"
    )
    pages = [
        {"events": [], "nextToken": "one"},
        {"events": [], "nextToken": "two"},
        {"events": [{"eventId": "1", "timestamp": int(time.time() * 1000), "message": "here\n", "logStreamName": "s"}]},
    ]
    asked = []

    def answer(request):
        if request.method == "GET":
            return denied
        asked.append(request.json)
        return 200, pages[len(asked) - 1]

    aws.hooks.append(answer)
    done = run("logs", "f", **aws.environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" s here\n") and done.stdout.count("\n") == 1
    assert [body.get("nextToken") for body in asked] == [None, "one", "two"]
    assert {body["logGroupName"] for body in asked} == {"/aws/lambda/f"}


def test_what_is_no_cloudwatch_logs_is_not_taken_for_an_empty_log(run, serve, talks):
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{other.server_address[1]}"
        environment = {**serve.environment, "AWS_ENDPOINT_URL": endpoint, "LAMBDAPOOL_TARGET": "aws"}
        done = run("logs", "talks", **environment)
        other.shutdown()
    assert done.returncode == 1 and "501" in done.stderr and "has not logged" not in done.stderr, done


def test_what_is_served_is_read_as_aws_is(run, serve, talks):
    environment = {**serve.environment, "AWS_ENDPOINT_URL": serve.endpoint, "LAMBDAPOOL_TARGET": "aws"}
    assert "has not logged anything yet" in run("logs", "talks", **environment).stderr
    invoke(talks, who="Ada")
    assert any(line.endswith(" hello Ada") for line in wait_for_lines(run, 4, **environment))
