"""The agent under Google's functions-framework: what it is given there, and what becomes of its answer."""

import base64
import json
import pickle
import sys

import pytest

functions_framework = pytest.importorskip("functions_framework", reason="functions-framework is not installed")

MAIN = """
import functions_framework
from lambdapool_agent import task_process

@functions_framework.http
def run(request):
    body, error = task_process.run(request.get_data(), 60)
    return body, 200, {"X-Lambdapool-Error": error} if error else {}
"""


@pytest.fixture
def client(tmp_path):
    (tmp_path / "main.py").write_text(MAIN)
    return functions_framework.create_app("run", str(tmp_path / "main.py"), "http").test_client()


def test_a_task_is_answered(client):
    head = {"lambdapool": 1, "codec": "pickle", "peer": "%d.%d" % sys.version_info[:2], "echo": "e-1"}
    body = b"\x80\x05cbuiltins\nabs\n." + pickle.dumps(("map", [-7]), 5)
    as_json = json.dumps({**head, "encoding": "base64", "task": base64.b64encode(body).decode()})
    answer = client.post("/", data=as_json)
    assert (answer.status_code, answer.headers.get("X-Lambdapool-Error")) == (200, None)
    outcome = json.loads(answer.data)
    assert outcome["echo"] == "e-1"
    ((status, value),), _ = pickle.loads(base64.b64decode(outcome["outcome"]))
    assert pickle.loads(value) in (7, (7,), [7]), status


def test_what_is_no_task_says_so(client):
    answer = client.post("/", data=b"no task")
    assert answer.headers["X-Lambdapool-Error"] == "LambdapoolProtocolError"
    assert "not JSON" in json.loads(answer.data)["errorMessage"]
