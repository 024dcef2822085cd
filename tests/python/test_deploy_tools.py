"""Functions deployed by other people's tools, unmodified, where these are installed: chalice (PyPI) beside the
tests' Python, cargo-lambda and lambroll on PATH. None of them needs a network for this."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from local_lambda import ROLE, client_of, served

BOOTSTRAP = """#!/bin/sh
while :; do
  id=$(curl -sS -D - -o /tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next" |
    tr -d '\\r' | sed -n 's/^lambda-runtime-aws-request-id: //pI')
  curl -sS --data-binary @/tmp/event "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
"""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with served(tmp_path_factory.mktemp("home")) as url:
        yield url


@pytest.fixture
def run(endpoint, tmp_path):
    variables = dict(
        os.environ, AWS_ENDPOINT_URL=endpoint, AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any",
        AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE="/nowhere",
        AWS_SHARED_CREDENTIALS_FILE="/nowhere", AWS_EC2_METADATA_DISABLED="true",
    )  # fmt: skip

    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def invoked(endpoint, name):
    answer = client_of(endpoint).invoke(FunctionName=name, Payload=b'{"name": "you"}')
    return json.loads(answer["Payload"].read())


def tool(name):
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def bootstrap_in(folder):
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    folder.mkdir(parents=True)
    (folder / "bootstrap").write_text(BOOTSTRAP)
    (folder / "bootstrap").chmod(0o755)


def test_chalice(endpoint, run, tmp_path):
    pytest.importorskip("chalice")
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(
        '{"version": "2.0", "app_name": "of-chalice", "stages": {"dev": {}}}'
    )
    (tmp_path / "app.py").write_text(
        "from chalice import Chalice\n"
        "app = Chalice(app_name='of-chalice')\n"
        "@app.lambda_function()\n"
        "def hello(event, context): return {'hello': event['name']}\n"
    )
    chalice = str(Path(sys.executable).with_name("chalice"))
    assert "Creating IAM role: of-chalice-dev" in run(chalice, "deploy")
    assert invoked(endpoint, "of-chalice-dev-hello") == {"hello": "you"}
    run(chalice, "deploy")
    run(chalice, "delete")
    assert client_of(endpoint).list_functions()["Functions"] == []
    assert client_of(endpoint, "iam").list_roles()["Roles"] == []


def test_cargo_lambda(endpoint, run, tmp_path):
    """Deployed alone: it takes an executable only, and building one of Rust needs a network."""
    cargo_lambda = tool("cargo-lambda")
    (tmp_path / "lambda" / "of-cargo").mkdir(parents=True)
    shutil.copy("/bin/true", tmp_path / "lambda" / "of-cargo" / "bootstrap")
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "of-cargo"\nversion = "0.1.0"\nedition = "2021"\n')
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.rs").write_text("fn main() {}\n")
    run(cargo_lambda, "lambda", "deploy", "of-cargo", "--lambda-dir", "lambda", "--enable-function-url")
    client = client_of(endpoint)
    role = client.get_function_configuration(FunctionName="of-cargo")["Role"]
    assert client_of(endpoint, "iam").get_role(RoleName=role.rsplit("/", 1)[1])["Role"]["Arn"] == role
    assert client.get_function_url_config(FunctionName="of-cargo")["AuthType"] == "NONE"


def test_lambroll(endpoint, run, tmp_path):
    lambroll = tool("lambroll")
    bootstrap_in(tmp_path / "dist")
    (tmp_path / "function.json").write_text(json.dumps({
        "FunctionName": "of-lambroll", "Handler": "bootstrap", "Runtime": "provided.al2023", "Role": ROLE,
    }))  # fmt: skip
    run(lambroll, "deploy", "--src", "dist")
    assert invoked(endpoint, "of-lambroll") == {"name": "you"}
    run(lambroll, "deploy", "--src", "dist")
    assert "Successful" in run(lambroll, "status")
    run(lambroll, "delete", "--force")
    assert "of-lambroll" not in str(client_of(endpoint).list_functions()["Functions"])
