"""Large arguments to two local workers, beside the ways of sharing memory on one machine (data.py).

Needs numpy and pandas, which the function gets too; joblib is compared with where it is there.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from measure import PROGRAM, QUICK, ROOT, Row, at_most, interleaved, run

PEERS = {"pool": "multiprocessing.Pool", "shared": "executor, shared memory", "joblib": "joblib, memmapping"}


def deploy(environment):
    requirements = Path(environment["LAMBDAPOOL_HOME"]) / "requirements.txt"
    requirements.write_text("numpy\npandas\n")
    create = [PROGRAM, "create", "bench-data", ROOT / "bench" / "bench_data_tasks.py", "--requirements", requirements]
    command = [*create, "--memory", "1024", "--timeout", "60"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **environment})


def rows(environment):
    if QUICK or any(importlib.util.find_spec(name) is None for name in ("numpy", "pandas")):
        return []
    deploy(environment)
    names = ["frames-ours", "frames-pool", "table-ours", "table-pool", "table-shared"]
    if importlib.util.find_spec("joblib"):
        names.append("table-joblib")
    script = ROOT / "bench" / "data.py"
    medians = interleaved(
        {n: (lambda n=n: run([sys.executable, script, n], environment=environment)) for n in names}, 3
    )
    wall = {name: medians[name]["wall_s"] for name in names}

    def of(kind):
        peers = {PEERS[n.partition("-")[2]]: wall[n] for n in names if n.startswith(kind) and not n.endswith("-ours")}
        return wall[kind + "-ours"], peers

    (table, peers), (frames, pool) = of("table"), of("frames")
    return [
        at_most("200 DataFrames of 160 KB", "s", frames, pool, 1.15, PEERS["pool"]),
        Row("200 tasks over one array of 100 MB", "s", table, peers, "less than each", table < min(peers.values())),
    ]
