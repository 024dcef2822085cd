"""A Runtime API as Lambda has it, which hands out the events that it is given and keeps what it is sent; and processes
that serve them: our loop, as its wrapper starts it, and AWS's awslambdaric."""

import contextlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
from dataclasses import dataclass, field

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "python" / "agent" / "lambdapool_runtime"
NEVER = 99_999_999_999_999


@dataclass
class Sent:
    path: str
    headers: dict
    body: bytes
    trailers: dict = field(default_factory=dict)
    pieces: list = field(default_factory=list)  # that came in chunks

    @property
    def json(self):
        return json.loads(self.body)


class RuntimeApi:
    """`closes`: after each of its answers it closes the connection. `piece`: is told each chunk as it comes."""

    def __init__(self, events, closes=False, piece=lambda piece: None, headers=None):
        self.sent, self._done = [], threading.Event()
        events, outer = list(events), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if not events:
                    outer._done.set()
                    threading.Event().wait()  # until the test ends: a runtime waits here for ever
                number, event = len(outer.sent), events.pop(0)
                given = {
                    "Lambda-Runtime-Aws-Request-Id": "id-%d" % number,
                    "Lambda-Runtime-Deadline-Ms": str(NEVER),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                    "Lambda-Runtime-Trace-Id": "Root=1-%d" % number,
                    "Content-Type": "application/json",
                    **(headers or {}),
                }
                self.answer(200, event if isinstance(event, bytes) else json.dumps(event).encode(), given)

            def do_POST(self):
                sent = Sent(self.path, {name.lower(): value for name, value in self.headers.items()}, b"")
                if self.headers.get("Transfer-Encoding") == "chunked":
                    for one in iter(lambda: self.chunk(), b""):
                        sent.pieces.append(one)
                        piece(one)
                    sent.body = b"".join(sent.pieces)
                    for line in iter(lambda: self.rfile.readline().strip().decode(), ""):
                        name, _, value = line.partition(": ")
                        sent.trailers[name] = value
                else:
                    sent.body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.sent.append(sent)
                self.answer(202, b'{"status":"OK"}\n', {})
                if self.path.endswith("/init/error"):
                    outer._done.set()

            def chunk(self):
                size = int(self.rfile.readline(), 16)
                if not size:
                    return b""
                data = self.rfile.read(size)
                self.rfile.readline()
                return data

            def answer(self, status, body, headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = closes

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a runtime that has been killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self):
        """Until all events have been answered, or there has been an error of initialisation."""
        assert self._done.wait(60), self.sent

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


OURS, THEIRS = "ours", "awslambdaric"


@contextlib.contextmanager
def started(kind, api, root, handler="main.handler", pass_fds=(), **variables):
    """A process that serves the API with the package in `root`; what it prints is in its `stdout`."""
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": str(root),
        "_HANDLER": handler,
        **variables,
    }
    if kind == OURS:
        environment.pop("PYTHONPATH", None)
        command = [str(RUNTIME / "exec_wrapper"), sys.executable, "-u", "/var/runtime/bootstrap.py"]
    else:
        environment["PYTHONPATH"] = str(root)
        command = [sys.executable, "-m", "awslambdaric", handler]
    process = subprocess.Popen(
        command, env=environment, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        pass_fds=pass_fds,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def served(kind, events, root, source, closes=False, headers=None, **more):
    """What was sent, and what was printed."""
    (root / "main.py").write_text(source)
    api = RuntimeApi(events, closes, headers=headers)
    try:
        with started(kind, api, root, **more) as process:
            api.wait()
            process.kill()
            return api.sent, process.stdout.read().decode()
    finally:
        api.stop()
