"""Calls over the wire against stub_endpoint.cpp, which answers at once: the client's CPU on one core, beside wrk's."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from measure import (
    BUILD,
    CPUS,
    QUICK,
    ROOT,
    Row,
    at_most,
    children_cpu,
    interleaved,
    output_of,
    pinned,
    requests_of_wrk,
    run,
)

STUB, ENGINE = BUILD / "bench" / "lambdapool_bench_stub", BUILD / "bench" / "lambdapool_bench_engine"
TASK = '{"lambdapool":1,"codec":"pickle","peer":"3.11","encoding":"base64","task":"gASVIQAAAAAAAAA="}'
REQUEST = "wrk.method = 'POST'\nwrk.body = [[%s]]\nwrk.headers['Content-Type'] = 'application/json'\n" % TASK


class Stub(NamedTuple):
    process: subprocess.Popen
    port: str


@contextlib.contextmanager
def stub(*arguments, program=(STUB,)):
    process = subprocess.Popen(
        [*map(str, program), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=pinned(CPUS[-1]),
    )
    try:
        yield Stub(process, process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait()


def wrk(port, in_flight, script, scheme="http"):
    before = children_cpu()
    address = "%s://127.0.0.1:%s/2015-03-31/functions/bench/invocations" % (scheme, port)
    requests = requests_of_wrk(output_of(["wrk", "-t1", "-c", in_flight, "-d1s", "-s", script, address], CPUS[0]))
    return {"cpu_us": (children_cpu() - before) / requests * 1e6}


def boto3(port, in_flight):
    return run([sys.executable, ROOT / "bench" / "boto3_client.py", port, in_flight, 1_000], CPUS[0])


def client_cpu():
    rows, calls, rounds = [], 20_000, 2 if QUICK else 5
    with stub() as endpoint, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(REQUEST)
        script.flush()
        port = endpoint.port
        for in_flight in (100,) if QUICK else (10, 100, 1000):
            runs = {"ours": lambda: run([ENGINE, port, in_flight, calls], CPUS[0])}
            if in_flight == 100:
                runs["streamed"] = lambda: run([ENGINE, port, in_flight, calls, "streamed"], CPUS[0])
            if shutil.which("wrk"):
                runs["wrk"] = lambda: wrk(port, in_flight, script.name)
            if in_flight == 100 and not QUICK:
                runs["boto3"] = lambda: boto3(port, in_flight)
            medians = interleaved(runs, rounds)
            peers = {name: figures["cpu_us"] for name, figures in medians.items() if name != "ours"}
            streamed = peers.pop("streamed", None)
            name = "client CPU a call, %d in flight, plain" % in_flight
            rows.append(at_most(name, "us", medians["ours"]["cpu_us"], peers, 1.25, "wrk"))
            if streamed is not None:
                name = "  the same by InvokeWithResponseStream"
                rows.append(Row(name, "us", streamed, {"by Invoke": medians["ours"]["cpu_us"]}))
    return rows


def over_tls():
    """The same over TLS, 100 in flight, to a certificate made for it."""
    calls, rounds = 10_000, 1 if QUICK else 3
    with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(REQUEST)
        script.flush()
        certificate, key = Path(directory) / "certificate.pem", Path(directory) / "key.pem"
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        make += ["-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
        subprocess.run(make, check=True, stderr=subprocess.DEVNULL)
        with stub(certificate, key, program=(sys.executable, ROOT / "bench" / "tls_stub.py")) as endpoint:
            runs = {"ours": lambda: run([ENGINE, endpoint.port, 100, calls, certificate], CPUS[0])}
            if shutil.which("wrk"):
                runs["wrk"] = lambda: wrk(endpoint.port, 100, script.name, "https")
            cpu = {name: figures["cpu_us"] for name, figures in interleaved(runs, rounds).items()}
    return [at_most("client CPU a call, 100 in flight, TLS", "us", cpu.pop("ours"), cpu, 1.7, "wrk")]


def many_in_flight():
    """Answers take a second each, so that two waves of calls ideally take two."""
    # A listener has no more connections waiting than the system lets it have.
    waiting = int(Path("/proc/sys/net/core/somaxconn").read_text())
    in_flight = 1_000 if QUICK else min(10_000, waiting)
    with stub("--delay-ms", 1000) as endpoint:
        figures = run([ENGINE, endpoint.port, in_flight, 2 * in_flight])
    seconds, megabytes = figures["wall_us"] * 2 * in_flight / 1e6 / 2, figures["peak_mb"]
    return [
        at_most("a wave of %d calls of 1 s" % in_flight, "s", seconds, {"ideal": 1.0}, 1.2, "ideal"),
        Row("  memory of its client", "MB", megabytes, {}, "<= 1024 MB", megabytes <= 1024),
    ]
