"""A stand-in for AWS Lambda's Invoke, so that the client is tested against something it does not share a
line with: an HTTP server whose workers are Python processes that run the agent."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
AGENT = HERE.parents[1] / "python" / "agent"

_WORKER = """
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import lambdapool_agent
for line in sys.stdin:
    try:
        answer = {"ok": lambdapool_agent.lambda_handler(json.loads(line), None)}
    except Exception as error:
        answer = {"error": {"errorType": type(error).__name__, "errorMessage": str(error)}}
    answers.write(json.dumps(answer) + "\\n")
    answers.flush()
"""


class StubService:
    """`throttles`: so many invocations are refused with 429 first."""

    def __init__(self, throttles=0, known=("algorithms",)):
        self.invocations = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.throttles = throttles
        self.known = known
        self._lock = threading.Lock()
        self._idle = []
        self._all = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                service._answer(self)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, client_address):
                pass  # clients may hang up

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            workers, self._all = self._all, []
        for worker in workers:  # wait(), not communicate(): a request's thread may be reading from it still
            worker.kill()
            worker.wait()

    def _answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        name = urllib.parse.unquote(request.path.split("/")[3])
        with self._lock:
            self.invocations += 1
            throttled = self.throttles > 0
            self.throttles -= throttled
        if name not in self.known:
            message = {"Type": "User", "Message": "Function not found: " + name}
            self._send(request, 404, message, {"x-amzn-ErrorType": "ResourceNotFoundException"})
        elif throttled:
            message = {"Type": "User", "Reason": "CallerRateLimitExceeded", "message": "Rate Exceeded."}
            self._send(request, 429, message, {"x-amzn-ErrorType": "TooManyRequestsException"})
        else:
            with self._lock:
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
            answer = self._run(body)
            with self._lock:
                self.in_flight -= 1
            if "ok" in answer:
                self._send(request, 200, answer["ok"], {})
            else:
                self._send(request, 200, answer["error"], {"X-Amz-Function-Error": "Unhandled"})

    def _run(self, body):
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None:
            path = os.pathsep.join([str(AGENT), str(HERE / "deployed")] + [p for p in sys.path if "site-packages" in p])
            worker = subprocess.Popen(
                [sys.executable, "-c", _WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=dict(os.environ, PYTHONPATH=path),
                cwd="/",
            )
            with self._lock:
                self._all.append(worker)
        try:
            worker.stdin.write(json.dumps(json.loads(body)).encode() + b"\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
        except OSError:
            line = b""
        if not line:
            worker.wait()
            message = "RequestId: 1 Error: Runtime exited with error: exit status %s" % worker.returncode
            return {"error": {"errorType": "Runtime.ExitError", "errorMessage": message}}
        with self._lock:
            self._idle.append(worker)
        return json.loads(line)

    def _send(self, request, status, message, headers):
        data = json.dumps(message).encode()
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("x-amzn-RequestId", "11111111-2222-4333-8444-555555555555")
        request.send_header("X-Amz-Log-Result", base64.b64encode(b"the end of the log\n").decode())
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        try:
            request.wfile.write(data)
        except OSError:
            pass
