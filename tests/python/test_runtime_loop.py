"""The loop by which Python functions on AWS take invocations (python/agent/lambdapool_runtime): beside AWS's own
runtime client, awslambdaric, over the same Runtime API; and what that cannot do, streamed answers."""

import base64
import importlib.util
import json
import os
import pickle
import re
import subprocess
import sys

import data_tasks
import forking_tasks
import pytest
from fake_runtime_api import OURS, RUNTIME, THEIRS, RuntimeApi, served, started
from lambdapool_agent import envelope
from part_frames import frames

both = pytest.mark.skipif(importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric is not installed")

SOURCE = """
import decimal, json, logging, os, sys

def handler(event, context):
    if event == "raise":
        raise ValueError("on purpose \\u00e9")
    if event == "set":
        return {1, 2}
    if event == "exit":
        sys.exit(3)
    if event == "bytes":
        return b"raw \\xff"
    if event == "decimal":
        return [decimal.Decimal("1.10"), decimal.Decimal("NaN")]
    if event == "fork":
        if os.fork() == 0:
            return "the child's"
        os.wait()
    if event == "log":
        print("printed")
        print("to stderr", file=sys.stderr)
        log = logging.getLogger("mine")
        log.debug("not shown unless asked for")
        log.info("info %d", 1, extra={"order": 7})
        log.warning({"an": "object"})
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("caught")
        context.log("by the context\\n")
    return {
        "event": event, "context": repr(context), "trace": os.environ.get("_X_AMZN_TRACE_ID"), "cwd": os.getcwd(),
        "remaining": context.get_remaining_time_in_millis() > 1000, "w3c": context.w3c(),
        "path": sys.path[0] == os.environ["LAMBDA_TASK_ROOT"],
    }
"""
EVENTS = [1, None, {"a": ["é", 1.5]}, "raise", "set", "bytes", "decimal", "log", b"no JSON", ""]
CONTEXT = json.dumps(
    {"custom": {"a": 1}, "env": {"b": 2}, "client": {"app_title": "t"}, "w3c": {"traceparent": "00-1", "other": "x"}}
)
HEADERS = {
    "Lambda-Runtime-Client-Context": CONTEXT,
    "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
    "Lambda-Runtime-Aws-Tenant-Id": "tenant",
    "Lambda-Runtime-Invocation-Id": "run",
}
ERROR_TYPE = "lambda-runtime-function-error-type"
NAMES = ("content-type", ERROR_TYPE, "lambda-runtime-invocation-id")
CAUSE = "lambda-runtime-function-xray-error-cause"


def told(sent):
    """What the service is told, without what a client of HTTP adds."""
    headers = {name: sent.headers.get(name) for name in NAMES}
    return sent.path, headers, json.loads(sent.headers.get(CAUSE) or "null"), sent.body


@both
@pytest.mark.parametrize(
    "headers", [{}, HEADERS, {"Lambda-Runtime-Client-Context": "no JSON"}], ids=["few", "all", "bad"]
)
def test_events_are_answered_as_awslambdaric_answers_them(tmp_path, headers):
    theirs, _ = served(THEIRS, EVENTS, tmp_path, SOURCE, headers=headers)
    ours, _ = served(OURS, EVENTS, tmp_path, SOURCE, headers=headers)
    assert len(ours) == len(EVENTS)
    assert list(map(told, ours)) == list(map(told, theirs))


BROKEN = {
    "no module": ("import no_such_module", "main.handler"),
    "syntax": ("def handler(:", "main.handler"),
    "raises": ("raise KeyError('x')", "main.handler"),
    "no handler": ("", "main.handler"),
    "no dot": ("", "main"),
    "built in": ("", "sys.exit"),
}


@both
@pytest.mark.parametrize("source, handler", BROKEN.values(), ids=BROKEN)
def test_errors_of_initialisation_are_told_as_awslambdaric_tells_them(tmp_path, source, handler):
    (theirs,), _ = served(THEIRS, [1], tmp_path, source, handler=handler)
    (ours,), log = served(OURS, [1], tmp_path, source, handler=handler)
    assert ours.path == "/2018-06-01/runtime/init/error"
    mine, other = ours.json, theirs.json
    # Theirs tells of its own frames, and of those of the import system.
    assert mine.pop("stackTrace") == other.pop("stackTrace")[-len(ours.json["stackTrace"]) or 9 :]
    assert mine == other
    assert (ours.path, ours.headers[ERROR_TYPE]) == (theirs.path, theirs.headers[ERROR_TYPE])
    assert "[ERROR] " + mine["errorType"] in log


def test_a_failed_initialisation_and_an_exit_end_the_process_as_awslambdarics(tmp_path):
    (tmp_path / "main.py").write_text("import no_such_module")
    api = RuntimeApi([1])
    with started(OURS, api, tmp_path) as process:
        assert process.wait(60) == 1
    api.stop()
    (tmp_path / "main.py").write_text(SOURCE)
    api = RuntimeApi(["exit"])
    with started(OURS, api, tmp_path) as process:
        assert process.wait(60) == 3
    api.stop()
    assert api.sent == []


def comparable(log):
    """Without times; `\\r` is how awslambdaric ends inner lines where there is no descriptor for records."""
    log = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", log.replace("\r", "\n"))
    return [json.loads(line) if line.startswith("{") else line for line in log.splitlines()]


LOGS = {
    "text": {},
    "level": {"AWS_LAMBDA_LOG_LEVEL": "DEBUG"},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "TRACE"},
    "json of errors": {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "ERROR"},
}


@both
@pytest.mark.parametrize("variables", LOGS.values(), ids=LOGS)
def test_logs_are_those_of_awslambdaric(tmp_path, variables):
    events = ["log", "raise"]
    _, theirs = served(THEIRS, events, tmp_path, SOURCE, headers=HEADERS, **variables)
    _, ours = served(OURS, events, tmp_path, SOURCE, headers=HEADERS, **variables)
    assert comparable(ours) == comparable(theirs)


@both
@pytest.mark.parametrize("variables", LOGS.values(), ids=LOGS)
def test_records_go_to_lambdas_descriptor_in_the_same_frames(tmp_path, variables):
    frames = {}
    for kind in (OURS, THEIRS):
        with (tmp_path / "records").open("w+b") as file:
            number = file.fileno()
            given = {"_LAMBDA_TELEMETRY_LOG_FD": str(number), "pass_fds": [number], **variables}
            served(kind, ["log", "raise"], tmp_path, SOURCE, **given)
            file.seek(0)
            data, frames[kind] = file.read(), []
        while data:
            size = int.from_bytes(data[4:8], "big")
            frames[kind].append((data[:4].hex(), comparable(data[16 : 16 + size].decode())))
            data = data[16 + size :]
    assert len(frames[OURS]) >= 2
    assert frames[OURS] == frames[THEIRS]


def test_a_child_that_comes_back_from_the_handler_ends_and_answers_nothing(tmp_path):
    sent, _ = served(OURS, ["fork", 2], tmp_path, SOURCE)
    assert [each.json["event"] for each in sent] == ["fork", 2]


def test_a_connection_that_is_closed_between_invocations_is_opened_again(tmp_path):
    sent, _ = served(OURS, [1, "raise", 3], tmp_path, SOURCE, closes=True)
    assert [each.path.rpartition("/")[2] for each in sent] == ["response", "error", "response"]


@pytest.mark.parametrize(
    "variables, arguments",
    [
        ({"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}, []),
        ({"AWS_LAMBDA_MAX_CONCURRENCY": "8"}, []),
        ({}, None),
    ],
    ids=["snapshots", "several at a time", "without a script"],
)
def test_what_the_loop_does_not_do_is_left_to_lambdas(tmp_path, variables, arguments):
    script = tmp_path / "bootstrap.py"
    script.write_text("import sys; print('theirs', sys.flags.isolated)")
    command = ["true"] if arguments is None else [sys.executable, "-I", str(script)]
    done = subprocess.run(
        [RUNTIME / "exec_wrapper", *command], env={**os.environ, **variables}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "" if arguments is None else "theirs 1\n")


def test_options_of_the_interpreter_are_kept(tmp_path):
    (tmp_path / "main.py").write_text("import sys\ndef handler(event, context): return sys.flags.dev_mode")
    api = RuntimeApi([1])
    environment = {
        **os.environ, "AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "main.handler", "LAMBDA_TASK_ROOT": str(tmp_path),
    }  # fmt: skip
    command = [RUNTIME / "exec_wrapper", sys.executable, "-X", "dev", "/var/runtime/bootstrap.py"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        api.wait()
        process.kill()
    api.stop()
    assert api.sent[0].body == b"true"


# Of lambdapool's own handler.

TASKS = """
import sys
sys.path[:0] = [%r, %r]
from lambdapool_agent import lambda_handler
"""


def task(function, items, **parts):
    body = pickle.dumps(function, 5) + pickle.dumps(("map", items), 5)
    made = {**envelope.encode(body, "echo-1"), "parts": parts}
    made["task"] = made.pop("outcome")
    return made


def values(content):
    raw, _ = pickle.loads(content)
    return [pickle.loads(data) for _, data in raw]


def run_tasks(tmp_path, events, piece=lambda piece: None):
    tasks = os.path.dirname(os.path.abspath(forking_tasks.__file__))
    (tmp_path / "main.py").write_text(TASKS % (str(RUNTIME.parent), tasks))
    api = RuntimeApi(events, piece=piece)
    with started(OURS, api, tmp_path, handler="main.lambda_handler") as process:
        api.wait()
        process.kill()
        log = process.stdout.read().decode()
    api.stop()
    return api.sent, log


def read(answer):
    return values(base64.b64decode(json.loads(answer)["outcome"]))


def test_outcomes_are_streamed_as_they_finish_where_the_task_asks_for_it(tmp_path):
    (sent,), _ = run_tasks(tmp_path, [task(str.upper, ["a", "b", "c"], stream=True)])
    assert sent.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert sent.headers["content-type"] == "application/vnd.lambdapool.parts"
    head, first, second, answer = frames(sent.body)
    assert head[0] == "H" and b'"echo": "echo-1"' in head[3]
    assert (first[:3], values(first[3])) == (("P", 0, 1), ["A"])
    assert (second[:3], values(second[3])) == (("P", 1, 1), ["B"])
    assert answer[0] == "A" and read(answer[3]) == ["A", "B", "C"]
    assert frames(sent.pieces[0]) == [head, first], "each goes out by itself"
    assert sent.trailers == {}


@pytest.mark.parametrize("parts, items", [({}, "ab"), ({"stream": True}, "a"), ({"stdout": True}, "ab")])
def test_other_answers_are_as_awslambdarics(tmp_path, parts, items):
    (sent,), _ = run_tasks(tmp_path, [task(str.upper, list(items), **parts)])
    assert "lambda-runtime-function-response-mode" not in sent.headers and sent.pieces == []
    assert sent.headers["content-type"] == "application/json"
    assert read(sent.body) == list(items.upper())


def test_what_a_task_prints_is_streamed_where_it_is_asked_for(tmp_path):
    (sent, after), log = run_tasks(
        tmp_path, [task(print, ["one", "two\nthree"], stream=True, stdout=True), task(print, ["not told"], stream=True)]
    )
    output = b"".join(content for kind, *_, content in frames(sent.body) if kind == "O")
    assert output == b"one\ntwo\nthree\n" == log[: len(output)].encode()
    assert [kind for kind, *_ in frames(sent.body)][-1] == "A"
    assert after.pieces == [] and log.endswith("not told\n")


def test_a_failure_in_the_middle_of_a_stream_is_in_its_trailers(tmp_path):
    source = """
def handler(event, context):
    context.lambdapool_stream.write(b"begun")
    raise ValueError("on purpose")
"""
    (sent, after), log = served(OURS, [1, 2], tmp_path, source)
    assert sent.path.endswith("/response") and sent.body == b"begun"
    assert sent.trailers["Lambda-Runtime-Function-Error-Type"] == "ValueError"
    told = json.loads(base64.b64decode(sent.trailers["Lambda-Runtime-Function-Error-Body"]))
    assert (told["errorMessage"], told["requestId"]) == ("on purpose", "id-0")
    assert "[ERROR] ValueError: on purpose" in log and after.body == b"begun"


def test_what_a_child_of_a_task_prints_or_leaves_does_not_get_into_the_stream(tmp_path):
    (sent,), log = run_tasks(tmp_path, [task(forking_tasks.fork_and_print, ["a", "b"], stream=True, stdout=True)])
    kinds = [kind for kind, *_ in frames(sent.body)]
    assert kinds[-1] == "A" and read(frames(sent.body)[-1][3]) == [True, True]
    assert log.count("of the child") == 2


def test_an_answer_that_fits_no_other_is_streamed_where_its_sender_reads_it(tmp_path):
    size, large = 7 << 20, {"stream": True, "large": True}
    events = [
        task(data_tasks.make_random, [size], **large),
        task(data_tasks.make_random, [size], stream=True),
        task(data_tasks.make_bytes, [size], **large),
        task(data_tasks.make_random, [1], **large),
    ]
    (streamed, refused, compressed, small), _ = run_tasks(tmp_path, events)
    ((kind, _, _, content),) = frames(streamed.body)
    head, _, body = content.partition(b"\0")
    (buffer,) = json.loads(head)["buffers"]
    ((status, data),), _ = pickle.loads(body[:-buffer], buffers=[body[-buffer:]])
    assert (kind, json.loads(head)["encoding"], status) == ("A", "raw", 0)
    assert len(pickle.loads(data)) == size
    assert pickle.loads(base64.b64decode(refused.json["outcome"]))[0][0][0] == 3, "too large"
    assert compressed.pieces == [] and compressed.json["encoding"] == "zlib+base64"
    assert small.pieces == [] and len(read(small.body)[0]) == 1
