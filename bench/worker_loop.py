"""The worker's side of the Runtime API beside AWS's own client for it: CPU of the worker for each invocation.

stub_endpoint.cpp hands out invocations as fast as they are answered, and says when it was COUNT.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import BUILD, QUICK, at_most, interleaved
from wire import stub

COUNT = 2_000 if QUICK else 10_000
HANDLER = "def handler(event, context):\n    return {'lambdapool': 1}\n"


def worker(command, endpoint, **variables):
    """Its CPU, in microseconds an invocation."""
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%s" % endpoint.port,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        **variables,
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([str(part) for part in command], env=environment, **quiet)
    endpoint.process.stdout.readline()
    process.kill()
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return {"cpu_us": (used.ru_utime + used.ru_stime) / COUNT * 1e6}


def rows():
    try:
        import awslambdaric  # noqa: F401
    except ImportError:
        return []
    with tempfile.TemporaryDirectory() as directory, stub("--invocations", COUNT) as endpoint:
        (Path(directory) / "bench_handler.py").write_text(HANDLER)
        ours = [BUILD / "bench" / "lambdapool_bench_cold_start"]
        theirs = [sys.executable, "-m", "awslambdaric", "bench_handler.handler"]
        medians = interleaved(
            {
                "ours": lambda: worker(ours, endpoint, _HANDLER="lambdapool"),
                "awslambdaric": lambda: worker(
                    theirs, endpoint, _HANDLER="bench_handler.handler", PYTHONPATH=directory
                ),
            },
            2 if QUICK else 3,
        )
    peers = {"awslambdaric": medians["awslambdaric"]["cpu_us"]}
    return [
        at_most("worker's loop, C++: CPU an invocation", "us", medians["ours"]["cpu_us"], peers, 0.5, "awslambdaric")
    ]
