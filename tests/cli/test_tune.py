"""lambdapool tune: a sample with several sizes of memory, in a copy of the function."""

import base64
import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys

import pytest

SOURCE = """
import os
import socket

def use(megabytes):
    block = bytearray(megabytes << 20)
    block[::4096] = b"x" * len(block[::4096])
    return len(block)

def fail(item):
    raise KeyError(item)

def wait(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.recv(1)
"""


@pytest.fixture
def shop(run, tmp_path):
    (tmp_path / "shop.py").write_text(SOURCE)
    done = run("create", "shop", "shop.py", "--timeout", "60", "--memory", "200")
    assert done.returncode == 0, done.stderr
    return tmp_path


def functions(run):
    return json.loads(run("list", "--output", "json").stdout)


def test_sizes_are_compared_and_the_function_is_as_it_was(run, shop):
    (shop / "items").write_text("1\n\n150\n2\n")
    before = functions(run)
    done = run("tune", "shop", "shop:use", "--items", "items", "--memory", "256,128", "--memory", "256")
    assert (done.returncode, done.stderr) == (0, "")
    head, small, large, best, note = done.stdout.splitlines()
    assert head.split() == "MEMORY ITEM TAKES 1,000 ITEMS COST USED".split()
    assert small.split() == "128 MB out of memory".split()
    assert re.fullmatch(r" *256 MB +[\d.]+ m?u?s +\$0\.00\d+ +1\d\d MB", large)
    assert best == "cheapest: 256 MB, fastest: 256 MB, balanced: 256 MB"
    assert "no times of AWS" in note
    assert functions(run) == before


def test_json_has_the_figures(run, shop):
    (shop / "items").write_text("1\n")
    done = run("tune", "shop", "shop:use", "--items", "items", "--memory", "300", "--output", "json")
    tuning = json.loads(done.stdout)
    [row] = tuning["rows"]
    assert (row["memory_mb"], row["items"], row["failure"]) == (300, 1, None)
    assert row["item_ms"] > 0 and row["item_cost_usd"] > 0 and 0 < row["max_memory_used_mb"] <= 300
    assert tuning["cheapest"] == tuning["fastest"] == tuning["balanced"] == 300


def test_a_payload_is_sent_as_it_is(run, shop):
    task = b"cshop\nuse\n." + pickle.dumps(("map", [1]), 5)
    envelope = {
        "lambdapool": 1,
        "codec": "pickle",
        "peer": "%d.%d" % sys.version_info[:2],
        "encoding": "base64",
        "task": base64.b64encode(task).decode(),
    }
    (shop / "event").write_text(json.dumps(envelope))
    done = run("tune", "shop", "--payload", "event", "--times", "3", "--memory", "128,256", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(row["memory_mb"], row["items"]) for row in json.loads(done.stdout)["rows"]] == [(128, 3), (256, 3)]
    (shop / "event").write_text("{}")
    done = run("tune", "shop", "--payload", "event", "--memory", "128")
    assert done.returncode == 1 and "is not a lambdapool task" in done.stderr and "-tune-" not in done.stderr
    assert [function["name"] for function in functions(run)] == ["shop"]


def test_what_it_cannot_do_it_refuses(run, shop):
    for name, lines in (("good", "1\n"), ("empty", "\n"), ("text", "1\nx\n")):
        (shop / name).write_text(lines)
    os.mkfifo(shop / "pipe")
    for arguments, sentence in (
        (["shop"], "give a sample: either MODULE:FUNCTION with --items FILE, or --payload FILE"),
        (["shop", "--items", "good"], "--items needs MODULE:FUNCTION"),
        (["shop", "shop:use", "--payload", "good"], "MODULE:FUNCTION does not go with it"),
        (["shop", "shop:use", "--items", "good", "--times", "3"], "--times does not go with --items"),
        (["shop", "--payload", "good", "--workers", "3"], "--workers does not go with it"),
        (["shop", "shop:use", "--items", "good", "--workers", "0"], "--workers must be between 1 and 10000"),
        (["shop", "shop:use", "--items", "good", "--memory", "64"], "memory must be between 128 and 10240 MB"),
        (["shop", "shop:use", "--items", "good", "--memory", "big"], "not 'big'"),
        (["shop", "--payload", "none"], "there is no file none that can be read"),
        (["shop", "shop:use", "--items", "none"], "No such file"),
        (["shop", "shop:use", "--items", "empty"], "empty has no items"),
        (["shop", "shop:use", "--items", "pipe"], "needs a file, not a pipe"),
        (["shop", "shop:use", "--items", "text"], "line 2 of text is no JSON"),
        (["shop", "shop.use", "--items", "good"], "named as MODULE:FUNCTION"),
        (["shop", "shop:nothing", "--items", "good"], "module shop has no nothing"),
        (["shop", "nothing:use", "--items", "good"], "module nothing cannot be imported here"),
        (["shop", "shop:fail", "--items", "good"], "item 0 of the sample fails with KeyError: 1"),
        (["nothing", "shop:use", "--items", "good"], "function nothing does not exist"),
        (["shop", "shop:use", "--items", "good", "--target", "gcp-local"], "measure one size after the other"),
    ):
        done = run("tune", *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert sentence in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert [function["name"] for function in functions(run)] == ["shop"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_it_leaves_the_function_as_it_was(run, shop, lambdapool, clean_environment, how):
    before = functions(run)
    with socket.create_server(("127.0.0.1", 0)) as server:
        (shop / "items").write_text("%d\n" % server.getsockname()[1])
        command = [lambdapool, "tune", "shop", "shop:wait", "--items", "items", "--memory", "128,256"]
        process = subprocess.Popen(command, cwd=shop, env=clean_environment, stderr=subprocess.PIPE, text=True)
        connection, _ = server.accept()
        with connection:
            process.send_signal(how)
            error = process.communicate(timeout=60)[1]
    after = functions(run)
    assert [function for function in after if function["name"] == "shop"] == before
    if how == signal.SIGKILL:  # what nothing can tidy up is a function of its own, to be deleted
        [copy] = [function["name"] for function in after if function["name"] != "shop"]
        assert re.fullmatch("shop-tune-[0-9a-f]{6}", copy)
        assert run("delete", copy).returncode == 0
    else:
        assert (process.returncode, after) == (130, before)
        assert "interrupted: the function was not touched" in error


def test_on_aws_only_the_copy_is_changed_and_it_is_removed(run_aws, aws, tmp_path):
    (tmp_path / "shop.py").write_text(SOURCE)
    assert run_aws("create", "shop", "shop.py", "--memory", "300", "--env", "KIND=toys").returncode == 0
    made = dict(aws.functions["shop"])
    log = "REPORT RequestId: 1\tDuration: 5.00 ms\tBilled Duration: 6 ms\tMemory Size: %d MB\tMax Memory Used: 70 MB\n"
    copies = {}

    def invoked(request):
        if not request.path.endswith("/invocations"):
            return None
        [copy] = [dict(function) for name, function in aws.functions.items() if name != "shop"]
        copies[copy["MemorySize"]] = copy
        tail = base64.b64encode((log % copy["MemorySize"]).encode()).decode()
        return 200, {}, {"X-Amz-Log-Result": tail}

    aws.hooks.append(invoked)
    aws.requests.clear()
    (tmp_path / "event").write_text("{}")
    done = run_aws("tune", "shop", "--payload", "event", "--memory", "128,512", "--times", "2", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    tuning = json.loads(done.stdout)
    for row, size in zip(tuning["rows"], (128, 512)):
        assert row["item_cost_usd"] == pytest.approx(2e-7 + 0.006 * size / 1024 * 1.66667e-5)
        assert (row["item_ms"], row["items"]) == (5, 2)
    assert aws.functions == {"shop": made}
    for size, copy in copies.items():
        assert copy["MemorySize"] == size and copy["Environment"] == made["Environment"]
        assert copy["CodeSha256"] == made["CodeSha256"] and copy["Role"] == made["Role"]
    changed = [request for request in aws.requests if request.method != "GET"]
    assert not [request.path for request in changed if re.search("shop(?!-tune-)", request.path)]
    assert len(aws.roles) == 1
