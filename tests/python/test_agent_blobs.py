"""The agent and data that is not in the envelope, called as Lambda calls it (docs/protocol.md, Blobs)."""

import base64
import hashlib
import http.server
import json
import os
import pickle
import sys
import threading

import data_tasks
import pytest
from lambdapool_agent import LambdapoolProtocolError, blobs, lambda_handler

PEER = "%d.%d" % sys.version_info[:2]


class Objects:
    """Answers GET and PUT of any path."""

    def __init__(self):
        self.held, self.asked = {}, []
        objects = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                objects.asked.append(self.path)
                found = objects.held.get(self.path)
                self.send_response(404 if found is None else 200)
                self.send_header("Content-Length", str(len(found or b"")))
                self.end_headers()
                self.wfile.write(found or b"")

            def do_PUT(self):
                objects.held[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, data):
        digest = hashlib.sha256(data).hexdigest()
        self.held["/" + digest] = data
        return {"sha256": digest, "size": len(data), "url": self.url + "/" + digest}


@pytest.fixture
def objects(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("LAMBDAPOOL_OBJECTS", raising=False)
    monkeypatch.setattr(blobs, "_the_cache", None)
    objects = Objects()
    yield objects
    objects.server.shutdown()
    objects.server.server_close()


def event(body, **members):
    return dict(
        {
            "lambdapool": 1,
            "codec": "pickle",
            "peer": PEER,
            "encoding": "base64",
            "task": base64.b64encode(body).decode(),
        },
        **members,
    )


def pickled(function, *arguments):
    """(the two pickles, their buffers)"""
    buffers = []
    body = pickle.dumps(function, 5) + pickle.dumps(("call", [(arguments, {})]), 5, buffer_callback=buffers.append)
    return body, [bytes(buffer.raw()) for buffer in buffers]


def value_of(answer):
    [outcome], seconds = pickle.loads(base64.b64decode(json.loads(json.dumps(answer))["outcome"]))
    assert outcome[0] in (0, 5) and seconds >= 0
    return pickle.loads(outcome[1])


def test_pieces_and_buffers_come_from_the_body_and_from_blobs(objects):
    block = data_tasks.Block(b"bytes of the block")
    body, [buffer] = pickled(data_tasks.digest, block)
    half = len(body) // 2
    for members, inline in (
        ({"pieces": [len(body)], "buffers": [len(buffer)]}, body + buffer),
        ({"pieces": [{"blob": 0}], "buffers": [{"blob": 1}], "blobs": [objects.put(body), objects.put(buffer)]}, b""),
        (
            {"pieces": [half, {"blob": 0}], "buffers": [len(buffer)], "blobs": [objects.put(body[half:])]},
            body[:half] + buffer,
        ),
    ):
        assert value_of(lambda_handler(event(inline, **members), None)) == data_tasks.digest(block)


BODY, BUFFERS = pickled(len, b"x")


@pytest.mark.parametrize(
    "members",
    [
        {"buffers": [len(BODY) + 1]}, {"pieces": [len(BODY) + 1]}, {"pieces": [-1]}, {"pieces": ["1"], "blobs": []},
        {"pieces": [{"blob": 0}], "blobs": []},
        {"pieces": [{"blob": -1}], "blobs": [{"sha256": "a" * 64, "size": 0, "url": ""}]},
        {"blobs": [{}]}, {"blobs": 1}, {"results": {}}, {"results": 1},
    ],
)  # fmt: skip
def test_an_envelope_that_describes_no_data_is_refused(objects, members):
    if "pieces" in members:
        members = {"buffers": [], **members}
    with pytest.raises((LambdapoolProtocolError, blobs.LambdapoolBlobError)):
        lambda_handler(event(BODY, **members), None)


def test_a_blob_is_fetched_once_and_checked(objects):
    body, _ = pickled(len, b"x" * 1000)
    made = event(b"", pieces=[{"blob": 0}], blobs=[objects.put(body)])
    assert value_of(lambda_handler(made, None)) == value_of(lambda_handler(made, None)) == 1000
    assert len(objects.asked) == 1
    other, _ = pickled(len, b"y" * 1000)
    made = event(b"", pieces=[{"blob": 0}], blobs=[objects.put(other)])
    objects.held["/" + hashlib.sha256(other).hexdigest()] = body
    with pytest.raises(blobs.LambdapoolBlobError, match="SHA-256"):
        lambda_handler(made, None)
    assert len(os.listdir(os.environ["TMPDIR"] + "/.lambdapool-blobs")) == 1


def test_what_was_used_least_recently_makes_room(objects, monkeypatch):
    cache = blobs._Cache()
    held = [objects.put(bytes([byte]) * 1000) for byte in range(3)]
    paths = []
    for age, blob in enumerate(held):
        paths.append(cache.path_of(blob["sha256"], 1000, blob["url"]))
        os.utime(paths[-1], (age, age))
    os.utime(paths[0], (100, 100))
    free = iter([0, 0, 1 << 30])
    monkeypatch.setattr(cache, "_free", lambda: next(free, 1 << 30))
    new = objects.put(b"new" * 1000)
    cache.path_of(new["sha256"], 3000, new["url"])
    assert [os.path.exists(path) for path in paths] == [True, False, False]


def test_a_full_disk_is_an_error_that_says_so(objects, monkeypatch):
    monkeypatch.setattr(blobs._Cache, "_free", lambda self: 10)
    body, _ = pickled(len, b"x" * 1000)
    with pytest.raises(blobs.LambdapoolBlobError, match="room for 10.*ephemeral storage"):
        lambda_handler(event(b"", pieces=[{"blob": 0}], blobs=[objects.put(body)]), None)


def test_a_large_answer_is_put_where_it_may(objects):
    body, _ = pickled(data_tasks.make, 8 << 20)
    answer = lambda_handler(event(body, results={"url": objects.url + "/result"}, echo="e"), None)
    assert (answer["encoding"], answer["echo"]) == ("stored", "e")
    digest, _, sizes = answer["outcome"].partition(":")
    held = objects.held["/result"]
    assert hashlib.sha256(held).hexdigest() == digest and sum(map(int, sizes.split(","))) == len(held)
    first = int(sizes.split(",")[0])
    [(status, data, buffers)], _ = pickle.loads(held[:first], buffers=[held[first:]])
    assert status == 8 and len(pickle.loads(data, buffers=buffers)) == 8 << 20
