"""Homes of other versions of lambdapool: an older one goes on, a newer one is refused."""

import hashlib
import json
import platform
import sqlite3
from pathlib import Path

import pytest
from functions import ROLE, RUNTIME, zipped

ARCHITECTURE = "arm64" if platform.machine() == "aarch64" else "x86_64"


@pytest.fixture
def old_home(home):
    """Of schema 1, with a function f, its version 1, an alias, a tag and a layer."""
    zip = zipped()
    sha256 = hashlib.sha256(zip).hexdigest()
    code = {"sha256": sha256, "size": len(zip), "unzipped": 100}
    config = {
        "runtime": RUNTIME, "role": ROLE, "handler": "main.handler", "description": "of old", "timeout_s": 7,
        "memory_mb": 256, "ephemeral_mb": 512, "architecture": ARCHITECTURE, "log_group": "/aws/lambda/f", "code": code,
        "last_modified": "2025-10-09T08:53:20.000+0000", "layers": [],
    }  # fmt: skip
    (home / "zips").mkdir(parents=True)
    (home / "zips" / f"{sha256}.zip").write_bytes(zip)
    script = (Path(__file__).parent / "schema_1.sql").read_text()
    connection = sqlite3.connect(home / "lambdapool.db")
    connection.executescript(script.replace("CONFIG", json.dumps(config)).replace("CODE", json.dumps(code)))
    connection.close()
    return home


def test_a_home_of_schema_1_goes_on(old_home, start_serve):
    client = start_serve().client()
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == ["f"]
    found = client.get_function(FunctionName="f")
    assert found["Tags"] == {"team": "blue"} and found["Configuration"]["Timeout"] == 7
    called = client.invoke(FunctionName="f", Qualifier="live", Payload=b'"hello"')
    assert (called["ExecutedVersion"], called["Payload"].read()) == ("1", b'"hello"')
    assert client.list_layers()["Layers"][0]["LayerName"] == "l"
    # What is new since has room.
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    assert client.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 1
    client.update_function_configuration(FunctionName="f", Timeout=9)
    client.delete_function(FunctionName="f")
    connection = sqlite3.connect(old_home / "lambdapool.db")
    assert connection.execute("PRAGMA user_version").fetchone()[0] > 1
    connection.close()


def test_two_processes_may_find_the_old_home_at_once(old_home, start_serve):
    served = [start_serve(), start_serve()]
    for each in served:
        assert each.client().invoke(FunctionName="f", Payload=b"1")["Payload"].read() == b"1"


def test_a_home_of_a_newer_lambdapool_is_refused(old_home, run):
    connection = sqlite3.connect(old_home / "lambdapool.db")
    connection.execute("PRAGMA user_version = 1000")
    connection.close()
    for command in (["list"], ["create", "g"], ["delete", "f"], ["logs", "f"], ["doctor"]):
        done = run(*command)
        assert done.returncode == 1, command
        said = done.stdout + done.stderr
        assert "was made by a newer lambdapool (schema 1000" in said and "update lambdapool" in said, command
