"""The peer: boto3 in a thread pool, as the first lambdapool did it. Usage: boto3_client.py PORT IN_FLIGHT CALLS."""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

port, in_flight, calls = (int(argument) for argument in sys.argv[1:])
client = boto3.client(
    "lambda",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="secret",
    config=Config(max_pool_connections=in_flight),
)
payload = b'{"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","task":"gASVIQAAAAAAAAA="}'


def invoke(_):
    return client.invoke(FunctionName="bench", Payload=payload)["Payload"].read()


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


with ThreadPoolExecutor(in_flight) as threads:
    list(threads.map(invoke, range(calls // 10 + in_flight)))
    before, start = cpu(), time.perf_counter()
    list(threads.map(invoke, range(calls)))
    wall, used = time.perf_counter() - start, cpu() - before
print(json.dumps({"calls": calls, "failed": 0, "cpu_us": used / calls * 1e6, "wall_us": wall / calls * 1e6}))
