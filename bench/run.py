"""Runs the benchmarks and prints ratios against peers measured beside ours in the same run.

Rounds are interleaved (ours, peer, ours, peer, ...), medians are shown, and everything goes to
build/bench/results.json. Absolute figures depend on the machine; the ratios are what to compare.
"""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import local_tasks

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build"))
PROGRAM = BUILD / "bin" / "lambdapool"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CPUS = sorted(os.sched_getaffinity(0))


def pinned(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def run(command, cpu=None, environment=None):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        preexec_fn=pinned(cpu) if cpu is not None else None,
        env={**os.environ, **(environment or {})},
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def interleaved(runs, rounds=ROUNDS):
    """{name: callable returning a dict of figures} -> {name: {figure: median}}."""
    results = {name: [] for name in runs}
    for _ in range(rounds):
        for name, measure in runs.items():
            results[name].append(measure())
    return {
        name: {figure: statistics.median(r[figure] for r in rows) for figure in rows[0]}
        for name, rows in results.items()
    }


def table(title, header, rows):
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
    print(f"\n{title}\n")
    for row in [header, ["-" * width for width in widths], *rows]:
        print(
            "  "
            + "  ".join(
                str(cell).rjust(width) if i else str(cell).ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths))
            )
        )
    sys.stdout.flush()


def bench_engine():
    """Client CPU and rate against a stub endpoint; the client on one core, the endpoint on another."""
    stub = subprocess.Popen(
        [str(BUILD / "bench" / "lambdapool_bench_stub")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=pinned(CPUS[-1]),
    )
    try:
        port = stub.stdout.readline().strip()
        results, rows = {}, []
        for in_flight in (1, 10, 100, 1000):
            ours = [BUILD / "bench" / "lambdapool_bench_engine", port, in_flight, 20_000]
            peer = [sys.executable, ROOT / "bench" / "boto3_client.py", port, in_flight, 2_000]
            medians = interleaved({"ours": lambda: run(ours, CPUS[0]), "boto3": lambda: run(peer, CPUS[0])})
            results[in_flight] = medians
            cells = [in_flight]
            for name in ("ours", "boto3"):
                cells += [f"{medians[name]['cpu_us']:.1f}", f"{1e6 / medians[name]['wall_us']:.0f}"]
            cells.append(f"{medians['boto3']['cpu_us'] / medians['ours']['cpu_us']:.1f}")
            cells.append(f"{medians['boto3']['wall_us'] / medians['ours']['wall_us']:.1f}")
            rows.append(cells)
    finally:
        stub.stdin.close()
        stub.wait()
    table(
        "Invoke against a stub endpoint: client CPU in microseconds a call, calls a second",
        ["in flight", "CPU", "calls/s", "boto3 CPU", "boto3 calls/s", "CPU ratio", "rate ratio"],
        rows,
    )
    return results


def bench_local_tasks(environment):
    script = ROOT / "bench" / "local_tasks.py"
    results, rows = {}, []
    for row, (tasks, in_pool, in_executor) in local_tasks.ROWS.items():
        peers = (["pool"] if in_pool else []) + (["executor"] if in_executor else [])
        runs = {who: (lambda who=who: run([sys.executable, script, who, row], environment=environment)) for who in ["lambdapool", *peers]}
        results[row] = medians = interleaved(runs)
        us = {who: figures["wall_us"] for who, figures in medians.items()}
        cells = [f"{us[who]:.2f}" if who in us else "-" for who in ("lambdapool", "pool", "executor")]
        ratios = [f"{us[who] / us['lambdapool']:.2f}" if who in us else "-" for who in ("pool", "executor")]
        rows.append([row, f"{tasks:,}", *cells, *ratios])
    table(
        "Tiny tasks, 2 local workers: microseconds a task (ratio: peer / ours; above 1 ours is faster)",
        ["", "tasks", "lambdapool", "multiprocessing.Pool", "ProcessPoolExecutor", "ratio to Pool", "ratio to executor"],
        rows,
    )
    return results


def bench_cold_start(environment):
    python = interleaved(
        {"python": lambda: run([sys.executable, ROOT / "bench" / "cold_start.py", PROGRAM], environment=environment)}, 3
    )["python"]
    cpp = interleaved(
        {"cpp": lambda: run([BUILD / "bench" / "lambdapool_bench_cold_start", PROGRAM], environment=environment)}, 3
    )["cpp"]
    table(
        "Start of a local worker, as the caller sees it: milliseconds",
        ["worker", "first call", "next worker", "peer", "ratio"],
        [
            [
                "Python",
                f"{python['first']:.1f}",
                f"{python['next']:.1f}",
                f"{python['interpreter']:.1f} (fresh python)",
                f"{python['interpreter'] / python['next']:.1f}",
            ],
            [
                "C++",
                f"{cpp['first']:.1f}",
                f"{cpp['next']:.1f}",
                f"{cpp['process']:.1f} (the program itself)",
                f"{cpp['process'] / cpp['next']:.1f}",
            ],
        ],
    )
    return {"python": python, "cpp": cpp}


def bench_data(environment):
    """Needs numpy and pandas, which the function gets too; joblib is compared with where it is there."""
    if any(importlib.util.find_spec(name) is None for name in ("numpy", "pandas")):
        print("\nLarge data: left out, because numpy or pandas is not installed")
        return {}
    requirements = Path(environment["LAMBDAPOOL_HOME"]) / "requirements.txt"
    requirements.write_text("numpy\npandas\n")
    create = [PROGRAM, "create", "bench-data", ROOT / "bench" / "bench_data_tasks.py", "--requirements", requirements]
    subprocess.run(
        [*create, "--memory", "1024", "--timeout", "60"],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    names = ["frames-ours", "frames-pool", "table-ours", "table-pool", "table-shared"]
    if importlib.util.find_spec("joblib"):
        names.append("table-joblib")
    script = ROOT / "bench" / "data.py"
    medians = interleaved(
        {n: (lambda n=n: run([sys.executable, script, n], environment=environment)) for n in names}, 3
    )
    wall = {name: medians[name]["wall_s"] for name in names}
    peers = {
        "pool": "multiprocessing.Pool",
        "shared": "ProcessPoolExecutor, shared memory",
        "joblib": "joblib, memmapping",
    }
    rows = []
    for name in names:
        kind, _, peer = name.partition("-")
        if peer == "ours":
            continue
        what = "200 DataFrames of 160 KB" if kind == "frames" else "200 tasks over one array of 100 MB"
        ours = wall[f"{kind}-ours"]
        rows.append([what, f"{ours:.2f}", peers[peer], f"{wall[name]:.2f}", f"{wall[name] / ours:.2f}"])
    table(
        "Large data, 2 local workers: seconds (ratio: peer / ours; above 1 ours is faster)",
        ["tasks", "lambdapool", "peer", "its time", "ratio"],
        rows,
    )
    return wall


def main():
    home = tempfile.mkdtemp()
    environment = {"LAMBDAPOOL_HOME": home, "LAMBDAPOOL_TARGET": "local"}
    try:
        empty = Path(home) / "empty"
        empty.mkdir()
        create = [PROGRAM, "create", "--memory", "256", "--timeout", "60"]
        for arguments in (["bench", empty], ["bench-cpp", BUILD / "bench" / "lambdapool_bench_cold_start"]):
            subprocess.run(
                [*create, *arguments], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment}
            )
        results = {
            "engine": bench_engine(),
            "local_tasks": bench_local_tasks(environment),
            "cold_start": bench_cold_start(environment),
            "data": bench_data(environment),
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)
    out = BUILD / "bench" / "results.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n")
    print(f"\nbench: done; figures in {out.relative_to(ROOT) if out.is_relative_to(ROOT) else out}")


if __name__ == "__main__":
    main()
