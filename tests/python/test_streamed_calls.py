"""InvokeWithResponseStream between programs that share no code: our pools read streams that botocore's or nobody's code of
ours frames, botocore reads those of our workers, and who does not stream is called by Invoke."""

import base64
import http.server
import io
import json
import os
import pickle
import socket
import threading
import zlib

import cloudpickle
import lambdapool_tasks as tasks
import pytest
from conftest import identity
from lambdapool import LambdaPool, NetworkError, ProtocolError, WorkerDied
from lambdapool_agent import envelope
from local_lambda import client_of, served
from part_frames import part

PARTS = "/response-streaming-invocations"
CUT = b"the connection breaks"


def event(kind, payload):
    """A message as application/vnd.amazon.eventstream has it, which botocore reads below."""

    def header(name, value):
        return bytes([len(name)]) + name + b"\7" + len(value).to_bytes(2, "big") + value

    headers = header(b":event-type", kind) + header(b":content-type", b"any") + header(b":message-type", b"event")
    head = (16 + len(headers) + len(payload)).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    message = head + zlib.crc32(head).to_bytes(4, "big") + headers + payload
    return message + zlib.crc32(message).to_bytes(4, "big")


def test_botocore_reads_what_the_stub_below_sends():
    eventstream = pytest.importorskip("botocore.eventstream")
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(event(b"PayloadChunk", b"one") + event(b"InvokeComplete", b"{}"))
    assert [(one.headers[":event-type"], one.payload) for one in buffer] == [
        ("PayloadChunk", b"one"),
        ("InvokeComplete", b"{}"),
    ]


class Service:
    """Answers calls with what `stream` makes of the task's (echo, items), in HTTP chunks; other calls are counted. Where
    `refusal` is a status, that is the answer to calls that are to be streamed."""

    def __init__(self):
        self.paths, self.bodies, self.refusal, self.stream = [], [], None, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.paths.append(self.path)
                outer.bodies.append(json.loads(body))
                if outer.refusal and self.path.endswith(PARTS):
                    return self.answer(outer.refusal, b'{"Message": "no such way"}')
                if not self.path.endswith(PARTS):
                    return self.answer(200, json.dumps(outcome(body)).encode())
                self.send_response(200)
                self.send_header("Content-Type", "application/vnd.amazon.eventstream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in outer.stream(json.loads(body)):
                    if piece is CUT:
                        self.close_connection = True
                        return self.connection.shutdown(socket.SHUT_RDWR)
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def outcome(body, values=None):
    task = json.loads(body) if isinstance(body, bytes) else body
    if values is None:
        _, _, raw = envelope.decode(task)
        stream = io.BytesIO(raw)
        function = pickle.load(stream)
        values = [function(item) for item in pickle.load(stream)[1]]
    outcomes = [(0, pickle.dumps(value, 5)) for value in values]
    return envelope.encode(pickle.dumps((outcomes, 0.001), 5), task["echo"])


@pytest.fixture
def service(monkeypatch):
    service = Service()
    variables = {"LAMBDAPOOL_TARGET": "aws", "AWS_ENDPOINT_URL_LAMBDA": service.url, "LAMBDAPOOL_STALE": "ignore"}
    for name, value in {**identity(), **variables}.items():
        monkeypatch.setenv(name, value)
    yield service
    service.stop()


@pytest.fixture
def pool(service):
    with LambdaPool(1, "algorithms") as pool:
        yield pool


def parts_of(task, values):
    content = pickle.dumps(([(0, pickle.dumps(value, 5)) for value in values], 0.0), 5)
    yield part(b"H", content=envelope.encode_raw(b"", task["echo"]))
    yield part(b"P", 0, len(values), content)


def test_a_stream_of_somebody_elses_is_read_as_it_comes(service, pool):
    go_on = threading.Event()

    def stream(task):
        yield event(b"PayloadChunk", b"".join(parts_of(task, [0, 1])))
        go_on.wait()
        answer = json.dumps(outcome(task, [0, 1, 4])).encode()
        whole = part(b"A", content=answer)
        yield event(b"PayloadChunk", whole[:40]) + event(b"PayloadChunk", whole[40:])
        yield event(b"InvokeComplete", b'{"LogResult": "%s"}' % base64.b64encode(b"a log"))

    service.stream = stream
    results = pool.imap(tasks.square, range(3), chunksize=3)
    assert [results.next(timeout=100), results.next(timeout=100)] == [0, 1]
    go_on.set()
    assert results.next(timeout=100) == 4
    assert len(service.paths) == 1 and service.bodies[0]["parts"] == {"stream": True, "large": True}


def test_an_answer_that_is_not_streamed_arrives_too(service, pool):
    service.stream = lambda task: [
        event(b"PayloadChunk", json.dumps(outcome(task, [0, 1, 4])).encode()),
        event(b"InvokeComplete", b"{}"),
    ]
    assert pool.map(tasks.square, range(3), 3) == [0, 1, 4]


def test_of_a_stream_without_the_end_of_its_worker_all_that_is_left_may_have_run(service, pool):
    died = {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: r Error: Runtime exited with error: exit status 3",
    }
    end = {"ErrorCode": "Runtime.ExitError", "ErrorDetails": json.dumps(died)}
    service.stream = lambda task: [
        event(b"PayloadChunk", b"".join(parts_of(task, [0, 1]))),
        event(b"InvokeComplete", json.dumps(end).encode()),
    ]
    results = pool.imap_unordered(tasks.square, range(4), chunksize=4)
    assert [results.next(timeout=100), results.next(timeout=100)] == [0, 1]
    for _ in range(2):
        with pytest.raises(WorkerDied, match="exit status 3"):
            results.next(timeout=100)
    assert len(service.paths) == 1


@pytest.mark.parametrize("spoil", [b"x", b"\0" * 20], ids=["text", "zeros"])
def test_a_stream_that_is_none_is_an_error_and_nothing_is_sent_again(service, pool, spoil):
    service.stream = lambda task: [event(b"PayloadChunk", b"".join(parts_of(task, [0, 1]))), spoil * 30]
    results = pool.imap(tasks.square, range(4), chunksize=4)
    assert [results.next(timeout=100), results.next(timeout=100)] == [0, 1]
    with pytest.raises(Exception, match="may have run"):
        results.next(timeout=100)
    assert len(service.paths) == 1


@pytest.mark.parametrize("end, kind", [([CUT], NetworkError), ([], ProtocolError)], ids=["broken", "too short"])
def test_a_large_result_that_is_cut_may_have_run_and_is_not_sent_again(service, pool, end, kind):
    whole = part(b"A", content=envelope.encode_raw(b"", "echo") + b"x" * 7_000_000)
    service.stream = lambda task: [event(b"PayloadChunk", whole[at : at + 65_536]) for at in range(0, 3_000_000, 65_536)] + end
    with pytest.raises(kind, match="may have run"):
        pool.apply(tasks.square, (3,))
    assert len(service.paths) == 1 and service.bodies[0]["parts"] == {"stream": True, "large": True}


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_who_refuses_to_stream_is_called_by_invoke_from_then_on(service, pool, status):
    service.refusal = status
    for _ in range(2):
        assert pool.map(tasks.square, range(6), 3) == [0, 1, 4, 9, 16, 25]
    assert [path.endswith(PARTS) for path in service.paths] == [True] + [False] * 4
    assert all(body["parts"] == {} for body in service.bodies[1:])


def test_botocore_reads_what_our_worker_tells_early(local_environment):
    """Its frames, by a reader of their own. The third item ends the worker."""
    task = envelope_of(lambda item: item * item if item < 2 else os._exit(3), range(4))
    with served(local_environment["LAMBDAPOOL_HOME"]) as endpoint:
        answer = client_of(endpoint).invoke_with_response_stream(FunctionName="algorithms", Payload=json.dumps(task))
        events = list(answer["EventStream"])
    payload = b"".join(one["PayloadChunk"]["Payload"] for one in events if "PayloadChunk" in one)
    assert events[-1]["InvokeComplete"]["ErrorCode"] == "Runtime.ExitError"
    frames = []
    while payload:
        size, first, count = (int.from_bytes(payload[at : at + 4], "little") for at in (1, 5, 9))
        content = payload[17 : 17 + size]
        assert payload[: 17 + size] == part(payload[:1], first, count, content)
        frames.append((payload[:1], first, count))
        if payload[:1] == b"P":
            assert [pickle.loads(value) for _, value in pickle.loads(content)[0]] in ([0], [1], [[0]], [[1]])
        payload = payload[17 + size :]
    assert frames == [(b"H", 0, 0), (b"P", 0, 1), (b"P", 1, 1), (b"B", 0, 3)]


def envelope_of(function, items):
    body = cloudpickle.dumps(function, 5) + pickle.dumps(("map", list(items)), 5)
    return {
        "lambdapool": 1,
        "codec": "pickle",
        "peer": envelope.PEER,
        "echo": "e-1",
        "encoding": "base64",
        "parts": {"stream": True},
        "task": base64.b64encode(body).decode(),
    }
