"""AWS's SDK for JavaScript reads what our workers stream."""

import base64
import json
import pickle
import shutil
import subprocess

import data_tasks
import lambdapool_tasks as tasks
import pytest
from lambdapool_agent import envelope
from local_lambda import served
from part_frames import frames

NODE = shutil.which("node")
SDK = "@aws-sdk/client-lambda"
READER = """
const { LambdaClient, InvokeWithResponseStreamCommand } = require("%s");
const [endpoint, payload] = process.argv.slice(1);
const credentials = { accessKeyId: "any", secretAccessKey: "any" };
const client = new LambdaClient({ endpoint, region: "us-east-1", credentials });
(async () => {
  const told = { payload: [], end: null };
  const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName: "algorithms", Payload: payload }));
  for await (const event of answer.EventStream) {
    if (event.PayloadChunk) told.payload.push(Buffer.from(event.PayloadChunk.Payload));
    if (event.InvokeComplete) told.end = event.InvokeComplete;
  }
  console.log(JSON.stringify({ payload: Buffer.concat(told.payload).toString("base64"), end: told.end }));
})();
""" % SDK


@pytest.fixture(scope="module")
def read(local_environment):
    if NODE is None:
        pytest.skip("no node on PATH")
    if subprocess.run([NODE, "-e", "require('%s')" % SDK], capture_output=True).returncode != 0:
        pytest.skip("no %s for this node: npm install it, and set NODE_PATH to its node_modules" % SDK)
    with served(local_environment["LAMBDAPOOL_HOME"]) as endpoint:

        def read(task):
            command = [NODE, "-e", READER, endpoint, json.dumps(task)]
            told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=100).stdout)
            return base64.b64decode(told["payload"]), told["end"]

        yield read


def task(function, items, **parts):
    made = {**envelope.encode(pickle.dumps(function, 5) + pickle.dumps(("map", items), 5), "e"), "parts": parts}
    made["task"] = made.pop("outcome")
    return made


def test_it_reads_outcomes_of_a_worker_that_dies_and_how_it_ended(read):
    payload, end = read(task(tasks.exit_at_six, list(range(8)), stream=True))
    assert [kind for kind, *_ in frames(payload)] == ["H"] + ["P"] * 6 + ["B"]
    assert end["ErrorCode"] == "Runtime.ExitError"


def test_it_reads_an_answer_that_nobody_has_streamed(read):
    payload, end = read(task(str.upper, ["a"], stream=True))
    ((status, data),), _ = pickle.loads(base64.b64decode(json.loads(payload)["outcome"]))
    assert (status, pickle.loads(data)) == (0, "A") and "ErrorCode" not in end


def test_it_reads_a_result_that_fits_no_other_answer(read):
    payload, end = read(task(data_tasks.make_random, [7 << 20], stream=True, large=True))
    ((kind, _, _, content),) = frames(payload)
    head, _, body = content.partition(b"\0")
    size = json.loads(head)["buffers"][0]
    assert kind == "A" and json.loads(head)["encoding"] == "raw" and size >= 7 << 20
    ((status, data),), _ = pickle.loads(body[:-size], buffers=[body[-size:]])
    assert status == 0 and len(pickle.loads(data)) == 7 << 20
