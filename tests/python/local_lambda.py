"""A served local Lambda and a boto3 client for it, for tests of what it answers."""

import os
import subprocess
import sys
from contextlib import contextmanager

import archives
import pytest
from conftest import PROGRAM

boto3 = pytest.importorskip("boto3")
from botocore.config import Config

RUNTIME = "python%d.%d" % sys.version_info[:2]
ROLE = "arn:aws:iam::000000000000:role/any"
REGION = "us-east-1"
# How a runtime of somebody else's begins (a bootstrap): connected to the Runtime API, with a reader of its answers.
RUNTIME_OF_ANOTHER = """#!/usr/bin/env python3
import base64, json, os, socket, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
def connect():
    global api, answers
    api = socket.create_connection((host, int(port)))
    answers = api.makefile("rb")
connect()
def answer():
    headers = {}
    answers.readline()
    for line in iter(answers.readline, b"\\r\\n"):
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = answers.read(int(headers["content-length"]))
    if headers.get("connection") == "close": connect()
    return headers, body
"""
ARN = f"arn:aws:lambda:{REGION}:000000000000:function:"


def zipped(source):
    return archives.zipped({"main.py": source})


@contextmanager
def served(home, *arguments):
    """The endpoint's URL."""
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    process = subprocess.Popen(
        [str(PROGRAM), "serve", "--port", "0", *arguments],
        env=dict(os.environ, LAMBDAPOOL_HOME=str(home)),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process.stdout.readline().split(" at ")[1].split()[0]
    finally:
        process.terminate()
        assert process.wait(120) == 0


def client_of(endpoint, service="lambda"):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"max_attempts": 0}, read_timeout=600, parameter_validation=False),
    )


def create(client, name, source="def handler(event, context):\n    return event\n", **more):
    client.create_function(
        FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="main.handler", Code={"ZipFile": zipped(source)}, **more
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)


def refused(call, **arguments):
    """(code, message, HTTP status) of what is refused."""
    try:
        call(**arguments)
    except Exception as error:  # whatever botocore makes of it
        answer = error.response
        return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("it was not refused")
