"""What a type checker makes of code that uses lambdapool: what it makes of the standard library's."""

import pathlib
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("mypy")
PACKAGE = pathlib.Path(__file__).resolve().parents[2] / "python"

CODE = """
import concurrent.futures
import multiprocessing.pool
from typing import List
from lambdapool import LambdaExecutor, LambdaPool

def double(x: int) -> int:
    return 2 * x

def of_a_pool(pool: multiprocessing.pool.Pool) -> List[int]:
    return pool.map(double, [1])

def of_an_executor(executor: concurrent.futures.Executor) -> int:
    return executor.submit(double, 1).result()

pool = LambdaPool(2, "f")
executor = LambdaExecutor("f", 2)
of_a_pool(pool)
of_an_executor(executor)
number: int = executor.submit(double, 1).result()
text: str = executor.submit(double, 1).logs
more: str = pool.apply_async(double, (1,)).logs + pool.map_async(double, [1]).logs
numbers: List[int] = pool.map(double, [1])
executor.submit(double, "wrong")  # refused
executor.submit(double, 1, 2)  # refused
wrong: str = executor.submit(double, 1).result()  # refused
pool.map(double, ["wrong"])  # refused
"""


def test_mypy_takes_what_is_right_and_refuses_what_is_wrong(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(CODE))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--follow-imports=silent",
        "--no-error-summary",
        "--cache-dir",
        str(tmp_path),
        str(program),
    ]
    said = subprocess.run(
        command, env={"MYPYPATH": str(PACKAGE), "PATH": ""}, capture_output=True, text=True, timeout=300
    )
    refused = {int(line.split(":")[1]) for line in said.stdout.splitlines() if ": error:" in line}
    expected = {number for number, line in enumerate(program.read_text().splitlines(), 1) if line.endswith("# refused")}
    assert refused == expected, said.stdout + said.stderr
