"""What the measurements share: running ours and its peers in turn, and the table that comes of it."""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build"))
PROGRAM = BUILD / "bin" / "lambdapool"
CPUS = sorted(os.sched_getaffinity(0))
QUICK = "--quick" in sys.argv


@dataclass
class Row:
    """One line of the table. `ours` and `peers` in the same unit, of which less is better."""

    name: str
    unit: str
    ours: float
    peers: "dict[str, float]" = field(default_factory=dict)
    goal: str = ""
    met: Optional[bool] = None

    def ratio(self, peer):
        return self.ours / self.peers[peer]


def at_most(name, unit, ours, peers, factor, of):
    """A row whose goal is `factor` times the peer `of`, or less."""
    goal = "<= %g x %s" % (factor, of) if factor >= 1 else ">= %.3g x faster than %s" % (1 / factor, of)
    met = ours <= factor * peers[of] if of in peers else None
    return Row(name, unit, ours, peers, goal, met)


def pinned(cpu):
    return (lambda: os.sched_setaffinity(0, {cpu})) if cpu is not None else None


def output_of(command, cpu=None, environment=None):
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        preexec_fn=pinned(cpu),
        env={**os.environ, **(environment or {})},
    )
    return done.stdout


def run(command, cpu=None, environment=None):
    return json.loads(output_of(command, cpu, environment).strip().splitlines()[-1])


def milliseconds(command, environment=None):
    start = time.perf_counter()
    output_of(command, environment=environment)
    return (time.perf_counter() - start) * 1e3


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def interleaved(runs, rounds):
    """{name: callable returning a dict of figures} -> {name: {figure: median}}, ours and peers in turn."""
    results = {name: [] for name in runs}
    for _ in range(rounds):
        for name, measure in runs.items():
            results[name].append(measure())
    return {
        name: {figure: statistics.median(r[figure] for r in rows) for figure in rows[0]}
        for name, rows in results.items()
    }


def load():
    """How busy the machine is with others: processes that want to run, over the last minute."""
    return os.getloadavg()[0]


def number(value):
    return "%.0f" % value if value >= 100 else "%.3g" % value


def show(rows):
    header = ["", "ours", "peer", "ours / peer", "goal", ""]
    lines = []
    for row in rows:
        peers = list(row.peers) or [None]
        for index, peer in enumerate(peers):
            first = index == 0
            lines.append(
                [
                    row.name if first else "",
                    "%s %s" % (number(row.ours), row.unit) if first else "",
                    "%s %s" % (peer, number(row.peers[peer])) if peer else "-",
                    "%.2f" % row.ratio(peer) if peer else "-",
                    row.goal if first else "",
                    {True: "met", False: "missed", None: ""}[row.met] if first else "",
                ]
            )
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    for line in [header, ["-" * width for width in widths], *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    sys.stdout.flush()


def as_json(rows):
    return [{**asdict(row), "ratios": {peer: row.ratio(peer) for peer in row.peers}} for row in rows]


def requests_of_wrk(text):
    return int(re.search(r"(\d+) requests in", text).group(1))
