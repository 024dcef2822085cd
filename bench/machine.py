"""What users meet on one machine beside tasks: the start of workers, the command line, zips."""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import BUILD, PROGRAM, QUICK, ROOT, Row, at_most, interleaved, milliseconds, run

BENCH = BUILD / "bench"


def starts(environment):
    script = [sys.executable, ROOT / "bench" / "cold_start.py", PROGRAM]
    cpp = [BENCH / "lambdapool_bench_cold_start", PROGRAM]
    medians = interleaved(
        {"python": lambda: run(script, environment=environment), "cpp": lambda: run(cpp, environment=environment)},
        1 if QUICK else 3,
    )
    python, cpp = medians["python"], medians["cpp"]
    fresh, process = {"fresh interpreter": python["interpreter"]}, {"the program itself": cpp["process"]}
    return [
        Row("first call of a Python function", "ms", python["first"], fresh, "<= 40 ms", python["first"] <= 40),
        Row("next Python worker", "ms", python["next"], fresh, "<= 3 ms", python["next"] <= 3),
        Row(
            "next C++ worker",
            "ms",
            cpp["next"],
            process,
            "<= the program + 0.5 ms",
            cpp["next"] <= cpp["process"] + 0.5,
        ),
    ]


def listing(environment):
    rounds = [milliseconds([PROGRAM, "list", "--target", "local"], environment) for _ in range(3 if QUICK else 9)]
    took = statistics.median(rounds)
    return [Row("lambdapool list, local", "ms", took, {}, "<= 5 ms", took <= 5)]


def write_package(directory, megabytes):
    """Half text, half what compresses badly, as in packages with shared libraries."""
    source = random.Random(1)
    words = [bytes(source.choices(b"abcdefghijklmnopqrstuvwxyz_", k=source.randint(2, 12))) for _ in range(5000)]
    for number in range(megabytes):
        if number % 2:
            content = source.randbytes(1 << 20)
        else:
            content = b" ".join(source.choices(words, k=(1 << 20) // 7))
        (directory / ("file%d" % number)).write_bytes(content)


def zipping():
    megabytes = 40 if QUICK else 240
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "package"
        directory.mkdir()
        write_package(directory, megabytes)
        runs = {"ours": [BENCH / "lambdapool_bench_zip", directory, Path(scratch) / "ours.zip"]}
        if shutil.which("zip"):
            runs["zip -6"] = ["zip", "-q", "-6", "-r", Path(scratch) / "theirs.zip", directory]
        else:
            script = "import shutil, sys; shutil.make_archive(sys.argv[1], 'zip', sys.argv[2])"  # zlib's level 6
            runs["zipfile"] = [sys.executable, "-c", script, Path(scratch) / "theirs", directory]
        took = {name: milliseconds(command) / 1e3 for name, command in runs.items()}
    ours, peer = took.pop("ours"), next(iter(took))
    return [at_most("zip of %d MB" % megabytes, "s", ours, took, 1 / 3, peer)]


def deploy(home):
    """The functions that the measurements call; the environment in which they are."""
    environment = {"LAMBDAPOOL_HOME": str(home), "LAMBDAPOOL_TARGET": "local"}
    empty = Path(home) / "empty"
    empty.mkdir()
    create = [PROGRAM, "create", "--memory", "256", "--timeout", "60"]
    for arguments in (["bench", empty], ["bench-cpp", BENCH / "lambdapool_bench_cold_start"]):
        subprocess.run([*create, *arguments], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
    return environment
