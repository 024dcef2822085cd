"""Answers of the local Cloud Run that come in chunks, as any HTTP client reads them."""

import base64
import http.client
import json
import pickle
import sys
from urllib.parse import urlsplit

import pytest
from local_lambda import served
from part_frames import frames, next_frame

PARTS = "application/vnd.lambdapool.parts"


@pytest.fixture(scope="module")
def service(gcp_environment):
    with served(gcp_environment["LAMBDAPOOL_HOME"]) as endpoint:
        yield urlsplit(endpoint).netloc


@pytest.fixture
def call(service):
    """call(function, items): the answer to a task, as soon as it begins."""
    connections = []

    def call(name, items, **headers):
        function = b"\x80\x05clambdapool_tasks\n" + name.encode() + b"\n."
        body = base64.b64encode(function + pickle.dumps(("starmap", items), 5)).decode()
        task = {"lambdapool": 1, "codec": "pickle", "peer": "%d.%d" % sys.version_info[:2], "echo": "e-1"}
        task.update(encoding="base64", parts={}, task=body)
        connections.append(http.client.HTTPConnection(service, timeout=600))
        headers = {"Authorization": "Bearer any", **headers}
        connections[-1].request("POST", "/_run/local/us-central1/algorithms/", json.dumps(task), headers)
        return connections[-1].getresponse()

    yield call
    for connection in connections:
        connection.close()


def items(ear, count):
    return [(item, ear.port, 0) for item in range(count)]


def test_outcomes_and_output_arrive_while_the_task_runs(call, ear):
    ear.hold(lambda told: told == "2")
    answer = call("tell_and_sleep", items(ear, 4), Accept=PARTS)
    assert (answer.status, answer.headers["Content-Type"]) == (200, PARTS)
    told = [next_frame(answer)[0] for _ in range(3)]
    ear.release()
    assert told == ["H", "P", "P"]
    assert [kind for kind, *_ in frames(answer.read())][-2:] == ["L", "A"]

    ear.hold(lambda told: True)
    answer = call("talk", [(7, ear.port)], **{"Accept": PARTS, "X-Lambdapool-Output": "live"})
    assert next_frame(answer) == ("O", b"begins 7\n")
    ear.release()
    assert [kind for kind, *_ in frames(answer.read())][-2:] == ["L", "A"]


def test_who_does_not_ask_gets_the_whole_answer_at_once(call, ear):
    answer = call("tell_and_sleep", items(ear, 4))
    body = answer.read()
    assert answer.headers["Transfer-Encoding"] is None
    assert answer.headers["Content-Length"] == str(len(body))
    assert json.loads(body)["echo"] == "e-1"


def test_a_caller_who_goes_away_leaves_the_instance_to_the_next_one(call, ear):
    ear.hold(lambda told: told == "2")
    answer = call("tell_and_sleep", items(ear, 3), Accept=PARTS)
    assert next_frame(answer)[0] == "H"
    answer.close()
    assert ear.wait_for(3)
    ear.release()
    assert json.loads(call("tell_and_sleep", items(ear, 1)).read())["echo"] == "e-1"
    assert sorted(ear.heard) == ["0", "0", "1", "2"]
