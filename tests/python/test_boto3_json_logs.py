"""JSON logs: the platform's own lines are records of Lambda's Telemetry API schema, of the system log level."""

import base64
import json

import pytest

pytest.importorskip("boto3")

from local_lambda import ARN, client_of, create, served

WORKS = "def handler(event, context):\n    print('mine')\n    return 'ab'\n"
FAILS = "def handler(event, context):\n    1/0\n"
HANGS = "def handler(event, context):\n    import time\n    time.sleep(60)\n"
DIES = "def handler(event, context):\n    import os\n    os._exit(3)\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as endpoint:
        yield client_of(endpoint)


def logged(client, name, source, level="INFO", **more):
    """The records, those of the platform without their time, and the request's id."""
    create(client, name, source, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": level}, **more)
    answer = client.invoke(FunctionName=name, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    records = [json.loads(line) for line in lines if line.startswith('{"time"')]
    return records, answer["ResponseMetadata"]["RequestId"], lines


def test_start_and_report_are_records(client):
    (start, report), id, lines = logged(client, "works", WORKS)
    assert start["type"] == "platform.start" and start["time"].endswith("Z") and len(start["time"]) == 24
    assert start["record"] == {"requestId": id, "functionArn": ARN + "works", "version": "$LATEST"}
    assert report["type"] == "platform.report"
    metrics = report["record"].pop("metrics")
    assert report["record"] == {"requestId": id, "status": "success"}
    assert metrics["memorySizeMB"] == 128 and 0 < metrics["maxMemoryUsedMB"] <= 128
    assert 0 < metrics["durationMs"] <= metrics["billedDurationMs"] and metrics["initDurationMs"] > 0
    assert "mine" in lines and not any(line.startswith(("START", "END", "REPORT")) for line in lines)
    again = base64.b64decode(client.invoke(FunctionName="works", LogType="Tail")["LogResult"]).decode()
    assert "platform.report" in again and "initDurationMs" not in again, "the environment is warm"


@pytest.mark.parametrize(
    "source, level, types, status, error",
    [
        (WORKS, "DEBUG", ["start", "runtimeDone", "report"], "success", None),
        (WORKS, "WARN", [], None, None),
        (FAILS, "WARN", ["runtimeDone", "report"], "error", None),
        (DIES, "INFO", ["start", "runtimeDone", "report"], "error", "Runtime.ExitError"),
        (HANGS, "INFO", ["start", "runtimeDone", "report"], "timeout", None),
    ],
    ids=["all", "nothing to warn of", "an exception", "an exit", "a timeout"],
)
def test_the_level_says_which(client, source, level, types, status, error, request):
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    records, id, _ = logged(client, name, source, level, Timeout=1 if source == HANGS else 30)
    assert [record["type"] for record in records] == ["platform." + type for type in types]
    for record in records[-2:] if types else []:
        assert (record["record"]["status"], record["record"].get("errorType")) == (status, error)
    if types[:2] == ["start", "runtimeDone"] and source == WORKS:
        assert records[1]["record"]["metrics"]["producedBytes"] == len('"ab"')


def test_text_is_as_it_was(client):
    create(client, "text", WORKS)
    log = base64.b64decode(client.invoke(FunctionName="text", LogType="Tail")["LogResult"]).decode()
    assert [line.split(" ")[0] for line in log.splitlines()] == ["START", "mine", "END", "REPORT"]


LOGS = """
import logging
def handler(event, context):
    log = logging.getLogger("mine")
    log.debug("not this")
    log.info("seen %d", 1, extra={"order": 7})
    try:
        1/0
    except ZeroDivisionError:
        log.exception("caught")
"""


def test_a_functions_own_records_are_json_of_its_level(client):
    _, id, lines = logged(client, "own-records", LOGS)
    seen, caught = (json.loads(line) for line in lines if line.startswith('{"timestamp"'))
    assert seen.pop("timestamp").endswith("Z")
    assert seen == {"level": "INFO", "message": "seen 1", "logger": "mine", "requestId": id, "order": 7}
    assert (caught["level"], caught["errorType"], caught["errorMessage"]) == (
        "ERROR", "ZeroDivisionError", "division by zero")
    assert any("1/0" in line for line in caught["stackTrace"]) and ":handler:" in caught["location"]
