"""Stands between a pool with its workers and S3: counts what goes by, and does harm where a test asks for it."""

import http.client
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 1 << 20


class Between:
    def __init__(self, behind):
        self._behind = urllib.parse.urlsplit(behind)
        self._lock = threading.Lock()
        self.requests = []  # (method, path, bytes of the body either way)
        self.harm = lambda method, path: None  # "cut", "spoil", or (status, code)
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                between._forward(self)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # connections are cut on purpose

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def sent(self, method):
        return sum(size for each, _, size in self.requests if each == method)

    def paths(self, method):
        return [path for each, path, _ in self.requests if each == method]

    def _forward(self, handler):
        path = handler.path.partition("?")[0]
        harm = self.harm(handler.command, handler.path)
        length = int(handler.headers.get("Content-Length", 0))
        if harm == "cut":
            handler.rfile.read(length // 2)
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        body = handler.rfile.read(length)
        if isinstance(harm, tuple):
            status, code = harm
            answer, headers = (
                b"<Error><Code>%s</Code><Message>as the test wants it</Message></Error>" % code.encode(),
                [],
            )
        else:
            status, headers, answer = self._ask(handler, body)
            if harm == "spoil" and answer:
                answer = bytes([answer[0] ^ 1]) + answer[1:]
        with self._lock:
            self.requests.append((handler.command, path, max(len(body), len(answer))))
        handler.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _ask(self, handler, body):
        connection = http.client.HTTPConnection(self._behind.hostname, self._behind.port)
        try:
            connection.request(handler.command, handler.path, body, dict(handler.headers))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()
