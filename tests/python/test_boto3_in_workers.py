"""Functions of the local Lambda import boto3 without packaging it (src/local/python/sdk.py)."""

import io
import json
import sys
import venv
import zipfile

import pytest

boto3 = pytest.importorskip("boto3")
from local_lambda import ROLE, RUNTIME, client_of, served

IMPORT = """
import importlib.util
import boto3, botocore
def handler(event, context):
    return [boto3.whose, botocore.whose, importlib.util.find_spec("beside") is None]
"""
IMPORT_LATER = """
import importlib.util
def handler(event, context):
    if event:
        return [importlib.util.find_spec(name) is None for name in ("boto3", "botocore", "six")]
    import boto3
"""
REAL = """
import boto3
def handler(event, context):
    return [boto3.__version__, boto3.client("s3").meta.service_model.service_name]
"""


def fake(whose):
    return {"boto3/__init__.py": f"whose = '{whose}'", "botocore.py": f"whose = '{whose}'", "beside.py": ""}


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An active virtual environment into which files can be put. In a worker's own root it would be hidden."""
    venv.create(tmp_path / "venv", symlinks=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # what is installed is another matter: test_local_sdk.py

    def put(files):
        for name, text in files.items():
            file = tmp_path / "venv" / "lib" / RUNTIME / "site-packages" / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)

    return put


@pytest.fixture
def client(tmp_path):
    with served(tmp_path / "home") as endpoint:
        yield client_of(endpoint)


def answer_of(client, source, event=None, files=None, **more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"main.py": source, **(files or {})}.items():
            archive.writestr(name, text)
    code = {"ZipFile": buffer.getvalue()}
    client.create_function(FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code=code, **more)
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    answers = [json.load(client.invoke(FunctionName="f", Payload=json.dumps(event))["Payload"]) for _ in range(2)]
    client.delete_function(FunctionName="f")
    return answers[0]


def test_it_is_the_one_of_the_virtual_environment_and_nothing_else_of_there_is_seen(environment, client):
    environment(fake("interpreter"))
    assert answer_of(client, IMPORT) == ["interpreter", "interpreter", True]
    # In an interpreter that is started for the worker alone:
    fresh = {"Variables": {"PYTHONHASHSEED": "1"}}
    assert answer_of(client, IMPORT, Environment=fresh) == ["interpreter", "interpreter", True]


def test_the_packages_own_comes_first(environment, client):
    environment(fake("interpreter"))
    assert answer_of(client, IMPORT, files=fake("package")) == ["package", "package", False]


def test_who_asks_whether_it_is_there_is_told_no(environment, client):
    answers = answer_of(client, IMPORT_LATER, event=1)
    assert answers == [True, True, True]


def test_the_real_one_makes_clients(tmp_path, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    with served(tmp_path / "home") as endpoint:
        answer = answer_of(client_of(endpoint), REAL, Timeout=60, MemorySize=512)
    assert answer == [boto3.__version__, "s3"]
