"""Tracebacks of code that travelled by value have its lines: those that were sent, or none."""

import linecache
import os
import subprocess
import sys

import pytest
from conftest import BUILD

SCRIPT = """
import sys
from lambdapool import LambdaPool

def divide(x):
    return 1 / x  # by what was given

class Share:
    def of(self, x):
        return [divide(each) for each in [x]]

def fail(x):
    return Share().of(x)  # not of this

with LambdaPool(1, "algorithms") as pool:
    if sys.argv[1] == "edited":
        with open(__file__, "r+") as file:
            text = file.read()
            file.seek(0)
            file.write("# a line more\\n" + text)
    try:
        pool.apply(%(call)s)
    except Exception as error:
        print(error.__cause__)
"""


def trace_of(tmp_path, how, call="fail, (0,)"):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT % {"call": call})
    environment = dict(os.environ, PYTHONPATH=str(BUILD / "python"))
    finished = subprocess.run(
        [sys.executable, str(script), how], env=environment, capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stderr
    return [line.strip() for line in finished.stdout.splitlines() if "^" not in line]


@pytest.mark.usefixtures("service")
def test_the_lines_of_a_script_are_there(tmp_path):
    lines = trace_of(tmp_path, "as it was")
    script = tmp_path / "script.py"
    assert lines[lines.index(f'File "{script}", line 6, in divide') + 1] == "return 1 / x  # by what was given"
    assert lines[lines.index(f'File "{script}", line 10, in of') + 1] == "return [divide(each) for each in [x]]"
    assert lines[lines.index(f'File "{script}", line 13, in fail') + 1] == "return Share().of(x)  # not of this"
    lines = trace_of(tmp_path, "as it was", "lambda: fail(0)")
    assert lines[lines.index(f'File "{script}", line 22, in <lambda>') + 1] == "pool.apply(lambda: fail(0))"


@pytest.mark.usefixtures("service")
def test_an_edited_file_shows_no_lines(tmp_path):
    lines = trace_of(tmp_path, "edited")
    assert f'File "{tmp_path / "script.py"}", line 6, in divide' in lines
    assert not [line for line in lines if line.startswith("return")]


def test_the_lines_of_a_notebooks_cell_are_there(pool):
    cell = "def divide(x):\n    return 1 / x\n"
    name = "/tmp/ipykernel_1/3256162800.py"  # as ipykernel names a cell, and tells linecache of it
    linecache.cache[name] = (len(cell), None, cell.splitlines(True), name)
    namespace = {"__name__": "__main__"}
    exec(compile(cell, name, "exec"), namespace)
    with pytest.raises(ZeroDivisionError) as caught:
        pool.apply(namespace["divide"], (0,))
    assert f'  File "{name}", line 2, in divide\n    return 1 / x\n' in str(caught.value.__cause__)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no exception groups")
def test_the_lines_are_there_in_groups_too(pool):
    def divide(x):
        return 1 / x

    def fail():
        try:
            divide(0)
        except ZeroDivisionError as error:
            raise ExceptionGroup("all", [error])  # noqa: B904, F821

    with pytest.raises(Exception) as caught:
        pool.apply(fail)
    lines = [line for line in str(caught.value.__cause__).splitlines() if "^" not in line]
    framed = [
        index for index, line in enumerate(lines) if line.startswith("    |   File") and line.endswith("in divide")
    ]
    assert framed and all(lines[index + 1] == "    |     return 1 / x" for index in framed)
