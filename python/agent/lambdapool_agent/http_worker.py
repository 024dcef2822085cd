"""Serves tasks over HTTP: a function's other way of running, for platforms that run a container with a port.

    python3 lambdapool_agent/http_worker.py

Run as a file, so that of the package only the files beside it are imported that need nothing of it, and nothing of the
user's: tasks run in processes of their own (task_process.py), which this one minds (task_minder.py). So whatever
becomes of a task, its caller hears of it: the platforms themselves let a container go on after the time is over, and
say nothing but 503 of one that died. What is asked and answered is in docs/protocol.md, HTTP workers.

Settings are environment variables: PORT, or LAMBDAPOOL_LISTEN_FD for a socket that listens already;
LAMBDAPOOL_TIMEOUT (else CLOUD_RUN_TIMEOUT_SECONDS) in seconds; LAMBDAPOOL_MEMORY_MB, of the whole instance;
LAMBDAPOOL_PER_INSTANCE, how many tasks run at a time, 1 unless given; LAMBDAPOOL_BEAT_MS, after how many milliseconds
a task is told to be under way of which there is nothing to tell, 10,000 unless given.
"""

import base64
import http.server
import os
import queue
import signal
import socket
import struct
import sys
import threading

import part_frame  # type: ignore[import-not-found]  # beside this file, which is run as one
import platform_log  # type: ignore[import-not-found]
import task_minder  # type: ignore[import-not-found]

BODY_LIMIT = 32 * 1024 * 1024  # Cloud Run's, of requests and of answers
TOO_LARGE = b"a task has at most 33,554,432 bytes\n"
TIMEOUT_SECONDS = 300.0  # Cloud Run's, where nothing else is said
BEAT_MS = 10_000
PARTS = "application/vnd.lambdapool.parts"
NOTHING_NEW = part_frame.head_of(b"N", 0, 0)


class Settings:
    def __init__(self, environment):
        timeout = environment.get("LAMBDAPOOL_TIMEOUT") or environment.get("CLOUD_RUN_TIMEOUT_SECONDS")
        self.timeout = float(timeout) if timeout else TIMEOUT_SECONDS
        memory = environment.get("LAMBDAPOOL_MEMORY_MB")
        self.memory_bytes = int(memory) << 20 if memory else None
        self.per_instance = int(environment.get("LAMBDAPOOL_PER_INSTANCE") or 1)
        self.beat = int(environment.get("LAMBDAPOOL_BEAT_MS") or BEAT_MS) / 1000
        self.port = int(environment.get("PORT") or 8080)
        descriptor = environment.get("LAMBDAPOOL_LISTEN_FD")
        self.listen_fd = int(descriptor) if descriptor else None


class Handler(http.server.BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False  # not every socket that is handed over is TCP
    wbufsize = -1  # head and body in one write

    def do_GET(self):
        self._send(200, b"a lambdapool function: tasks come by POST\n", {"Content-Type": "text/plain"})

    def do_POST(self):
        body = self._body()
        if body is None:
            return
        hears = self.request_version != "HTTP/1.0" and PARTS in (self.headers["Accept"] or "")
        output = self.headers["X-Lambdapool-Output"] == "live"
        task = task_minder.Task(body, platform_log.request_id(self.headers), hears, output)
        self.server.tasks.put(task)
        has_begun = False
        for frames in self._news_of(task):
            if not has_begun:
                self._send_head(200, {"Content-Type": PARTS, **self._id(task), "Transfer-Encoding": "chunked"})
                has_begun = True
            self._send_chunk(frames)
        if has_begun:
            self._end_stream(task.answer)
        else:
            self._send_answer(task)

    def _news_of(self, task):
        """What is told ahead of the answer, until that is there. So long as there is nothing, that is told now and
        then."""
        while True:
            try:
                frames = task.news.get(timeout=self.server.beat if task.hears else None)
            except queue.Empty:
                frames = NOTHING_NEW
            if frames is None:
                return
            yield frames

    @staticmethod
    def _id(task):
        return {"X-Lambdapool-Request": task.id}

    def _send_answer(self, task):
        answer = task.answer
        kind = "application/vnd.lambdapool" if b"\0" in answer.body else "application/json"
        headers = {"Content-Type": kind, "X-Lambdapool-Log": base64.b64encode(answer.log).decode()}
        headers.update(self._id(task))
        if answer.error is not None:
            headers["X-Lambdapool-Error"] = answer.error
        self._send(200, answer.body, headers)

    def _body(self):
        if (self.headers["Transfer-Encoding"] or "").strip().lower() == "chunked":
            return self._chunks()
        try:
            size = int(self.headers["Content-Length"] or 0)
        except ValueError:
            return self._refuse(400, b"the Content-Length is no number\n")
        if not 0 <= size <= BODY_LIMIT:
            return self._refuse(413, TOO_LARGE)
        body = self.rfile.read(size)
        if len(body) < size:
            self.close_connection = True
            return None
        return body

    def _chunks(self):
        body = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(1024).partition(b";")[0], 16)
            except ValueError:
                return self._refuse(400, b"a chunk has no size\n")
            if not 0 <= size <= BODY_LIMIT - len(body):
                return self._refuse(413, TOO_LARGE)
            if size == 0:
                break
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                self.close_connection = True
                return None
            body += part[:-2]
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return bytes(body)

    def _refuse(self, status, why):
        self.close_connection = True
        self._send(status, why, {"Content-Type": "text/plain", "Connection": "close"})

    def _send(self, status, body, headers):
        self._send_head(status, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body)

    def _send_head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send_chunk(self, *pieces):
        self.wfile.write(b"%x\r\n" % sum(map(len, pieces)))
        for piece in (*pieces, b"\r\n"):
            self.wfile.write(piece)
        self.wfile.flush()

    def _end_stream(self, answer):
        kind = b"A" if answer.error is None else b"E"
        head = part_frame.head_of(b"L", 0, 0, answer.log) + answer.log + part_frame.head_of(kind, 0, 0, answer.body)
        self._send_chunk(head, answer.body)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format, *arguments):
        pass  # the platform logs requests


def _user_of(connection):
    """Who is at the other end of a Unix socket: who gives tasks has code run."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return _CREDENTIALS.unpack(credentials)[1]


_CREDENTIALS = struct.Struct("3i")  # process, user, group


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, settings):
        listening = None
        if settings.listen_fd is not None:
            listening = socket.socket(fileno=settings.listen_fd)
            self.address_family = listening.family
        super().__init__(("0.0.0.0", settings.port), Handler, bind_and_activate=False)
        if listening is not None:
            self.socket.close()
            self.socket = listening
        else:
            self.server_bind()
            self.server_activate()
        self.tasks: "queue.SimpleQueue[task_minder.Task]" = queue.SimpleQueue()
        self.beat = settings.beat

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # that is who called, having gone
            super().handle_error(request, client_address)

    def get_request(self):
        connection, address = super().get_request()
        if self.address_family == socket.AF_UNIX and _user_of(connection) != os.getuid():
            connection.close()
            raise OSError("a task from another user")
        return connection, address or ("", 0)  # of a Unix socket there is none


def main():
    settings = Settings(os.environ)
    server = Server(settings)
    several = settings.per_instance > 1
    workers = [
        task_minder.Worker(settings, server.tasks, slot if several else None) for slot in range(settings.per_instance)
    ]
    platform_log.starts.put(platform_log.age_of_process())

    def end(*_):
        for worker in workers:
            worker.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    for worker in workers:
        threading.Thread(target=worker.run, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    sys.path.pop(0)  # this directory, whose modules are the package's and not for every import
    main()
