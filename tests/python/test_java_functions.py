"""Functions of the runtimes java8.al2 to java25, by the machine's Java: with a small client of the Runtime API under
the name of Lambda's own, which is compiled here where there is a JDK."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from archives import zipped
from conftest import PROGRAM
from local_lambda import ROLE, client_of, served

CLIENT = """
package com.amazonaws.services.lambda.runtime.api.client;
import java.io.*;
import java.net.*;
public class AWSLambda {
  public static void main(String[] arguments) throws Exception {
    String api = "http://" + System.getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/";
    for (;;) {
      HttpURLConnection next = (HttpURLConnection) new URL(api + "next").openConnection();
      try (InputStream event = next.getInputStream()) { while (event.read() >= 0); }
      String answer = "{\\"handler\\": \\"" + arguments[0] + "\\", \\"whose\\": \\"WHOSE\\", \\"mark\\": \\"" +
        System.getenv("MARK") + "\\", \\"environment\\": \\"" + System.getenv("AWS_EXECUTION_ENV") +
        "\\", \\"heap\\": " + Runtime.getRuntime().maxMemory() + "}";
      String id = next.getHeaderField("Lambda-Runtime-Aws-Request-Id");
      HttpURLConnection response = (HttpURLConnection) new URL(api + id + "/response").openConnection();
      response.setRequestMethod("POST");
      response.setDoOutput(true);
      try (OutputStream body = response.getOutputStream()) { body.write(answer.getBytes("UTF-8")); }
      response.getResponseCode();
    }
  }
}
"""
CLASS = "com/amazonaws/services/lambda/runtime/api/client/AWSLambda"
JAR = "aws-lambda-java-runtime-interface-client"
JAVAC = shutil.which("javac")
VERSION = JAVAC and re.search(r"(\d+)\D", subprocess.run([JAVAC, "-version"], capture_output=True, text=True).stdout)[1]
KNOWN = {"8": "java8.al2", "11": "java11", "17": "java17", "21": "java21", "25": "java25"}
pytestmark = pytest.mark.skipif(VERSION not in KNOWN, reason="no JDK of a version that Lambda has")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The client's class, of which `whose` says in its answers where it was found."""

    def compiled(whose):
        folder = tmp_path_factory.mktemp("java")
        (folder / "AWSLambda.java").write_text(CLIENT.replace("WHOSE", whose))
        subprocess.run([JAVAC, "-d", str(folder), str(folder / "AWSLambda.java")], check=True, capture_output=True)
        return (folder / (CLASS + ".class")).read_bytes()

    return compiled


@pytest.fixture
def home():
    """Not below /tmp, of which workers have one of their own."""
    with tempfile.TemporaryDirectory(dir=PROGRAM.parent) as folder:
        yield Path(folder)


@pytest.fixture
def call(tmp_path, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    with served(tmp_path / "home") as endpoint:
        client = client_of(endpoint)

        def call(files, runtime=None, **more):
            arguments = {"Runtime": runtime or KNOWN[VERSION], "Role": ROLE, "Handler": "a.B::c", "Timeout": 60, **more}
            client.create_function(FunctionName="f", Code={"ZipFile": zipped(files)}, **arguments)
            client.get_waiter("function_active_v2").wait(FunctionName="f")
            answer = json.loads(client.invoke(FunctionName="f", Payload=b"{}")["Payload"].read())
            client.delete_function(FunctionName="f")
            return answer

        yield call


def test_the_client_comes_with_the_package_unpacked_or_as_a_jar(call, compiled):
    mine = compiled("package")
    answer = call({CLASS + ".class": mine}, MemorySize=256)
    assert (answer["handler"], answer["whose"], answer["environment"]) == (
        "a.B::c", "package", f"AWS_Lambda_{KNOWN[VERSION]}")
    assert 100 << 20 < answer["heap"] < 256 << 20
    jar = zipped({CLASS + ".class": mine})
    assert call({f"lib/{JAR}-1.0.0.jar": jar})["whose"] == "package"
    wrapper = '#!/bin/sh\nexport MARK=wrapped\nexec "$@"\n'
    wrapped = call({f"lib/{JAR}-1.0.0.jar": jar, "wrapper": wrapper},
                   Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}})  # fmt: skip
    assert wrapped["mark"] == "wrapped" and wrapped["handler"] == "a.B::c"


def test_the_newest_client_of_mavens_repository_is_taken(call, compiled, home):
    refused = call({"empty": b""})
    assert refused["errorType"] == "Runtime.InvalidRuntime"
    assert f"mvn dependency:get -Dartifact=com.amazonaws:{JAR}:RELEASE" in refused["errorMessage"]
    for version in ("1.9.0", "1.10.0"):
        folder = home / ".m2" / "repository" / "com" / "amazonaws" / JAR / version
        folder.mkdir(parents=True)
        (folder / f"{JAR}-{version}.jar").write_bytes(zipped({CLASS + ".class": compiled(version)}))
    assert call({"empty": b""})["whose"] == "1.10.0"


def installed():
    listed = "".join(file.read_text() for file in Path("/usr/lib/jvm").glob("*/release"))
    return {VERSION, *re.findall(r'JAVA_VERSION="(?:1\.)?(\d+)', listed)}


def test_a_version_that_is_not_there_is_refused_with_those_that_are(call):
    number, runtime = next(one for one in KNOWN.items() if one[0] not in installed())
    answer = call({"empty": b""}, runtime)
    assert answer["errorType"] == "Runtime.InvalidRuntime"
    assert f"{runtime} runs by a Java {number} of this machine, and there is none in" in answer["errorMessage"]
    assert f"java is {VERSION}" in answer["errorMessage"]
