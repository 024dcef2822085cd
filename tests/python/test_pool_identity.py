"""Pools whose credentials have to be fetched first."""

import os
import signal
import subprocess
import sys

PROGRAM = """
import lambdapool
try:
    lambdapool.LambdaPool(workers=1, lambda_function="f")
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_ends_the_wait_for_credentials(tmp_path):
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = us-east-1\ncredential_process = sh -c 'echo > {begun}; exec sleep 600'\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.update(AWS_CONFIG_FILE=str(config), HOME=str(tmp_path), LAMBDAPOOL_TARGET="aws")
    child = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)
    begun.read_text()  # waits for the process
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=120)
    assert (child.returncode, said) == (0, "interrupted\n")
