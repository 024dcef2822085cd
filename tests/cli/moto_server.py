"""moto's server on a free port: an AWS that shares no line with ours."""

import collections
import os
import re
import subprocess
import sys
import threading

KEYS = {
    "LAMBDAPOOL_TARGET": "aws",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class MotoServer:
    """`environment`: more variables for the server, which sees none of AWS's own."""

    def __init__(self, **environment):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            env={**inherited, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            if match := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                self.endpoint = match[1]
                break
        else:
            raise AssertionError(f"moto's server ended with {self.process.wait()}: {''.join(said)}")
        # It writes a line for each request: once the pipe is full it would stand still.
        self._reader = threading.Thread(target=collections.deque, args=(self.process.stderr, 0), daemon=True)
        self._reader.start()
        self.environment = {**KEYS, "AWS_ENDPOINT_URL": self.endpoint}

    def client(self, service):
        import boto3

        return boto3.session.Session().client(
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
        )

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stderr.close()
