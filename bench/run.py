"""Runs the benchmarks: each of ours beside its peers in the same run, one table, JSON in build/bench/results.json.

Absolute figures depend on the machine and on what else it does; the ratios are what to compare. `--quick`: fewer and
smaller ones, in about a minute. bench/README.md says what each row is.
"""

import json
import shutil
import sys
import tempfile
import time

import large_data
import local_tasks
import machine
import wire
import worker_loop
from measure import BUILD, CPUS, QUICK, as_json, load, show


def main():
    started, before = time.time(), load()
    home = tempfile.mkdtemp()
    rows = []
    try:
        environment = machine.deploy(home)
        sections = [
            wire.client_cpu,
            wire.over_tls,
            wire.many_in_flight,
            worker_loop.rows,
            lambda: local_tasks.rows(environment),
            lambda: machine.starts(environment),
            lambda: machine.listing(environment),
            machine.zipping,
            lambda: large_data.rows(environment),
        ]
        for section in sections:
            rows += section()
            print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    show(rows)
    report = {"cpus": len(CPUS), "quick": QUICK, "load_before": before, "load_after": load(), "rows": as_json(rows)}
    out = BUILD / "bench" / ("quick.json" if QUICK else "results.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2) + "\n")
    print(
        "\nbench: %.0f s on %d cores; the load of others before: %.1f; figures in %s"
        % (time.time() - started, len(CPUS), before, out)
    )


if __name__ == "__main__":
    main()
