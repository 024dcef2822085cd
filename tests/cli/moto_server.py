"""moto's server on a free port: an AWS that shares no line with ours."""

import os
import re
import subprocess
import sys

KEYS = {
    "LAMBDAPOOL_TARGET": "aws",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class MotoServer:
    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for line in self.process.stderr:
            if match := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                self.endpoint = match[1]
                break
        else:
            raise AssertionError(f"moto's server ended with {self.process.wait()}")
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
        self.process.communicate()
