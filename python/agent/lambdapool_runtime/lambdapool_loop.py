"""Runs a function on AWS, where exec_wrapper has put this into the place of Lambda's own script: asks for invocations,
and calls the handler as that does. Unlike it, this can stream a handler's answer.

Lambda's comes first in everything else: where modules are found, what a context has, what is logged and in what form,
what an error is told as.
"""

import io
import os
import site
import socket
import sys

import lambdapool_channel as api
import lambdapool_invocation as invocation
import lambdapool_records as records

INIT_FAILED = 1


def set_search_path(own_directory):
    """Package, layers, Lambda's runtime with its SDK, the standard library; with the .pth files of the first two."""
    version = "python%d.%d" % sys.version_info[:2]
    runtime = os.environ.get("LAMBDA_RUNTIME_DIR", "/var/runtime")
    layers = ["/opt/python/lib/" + version + "/site-packages", "/opt/python"]
    own = [os.environ.get("LAMBDA_TASK_ROOT", "/var/task")]
    if "PYTHONPATH" not in os.environ:
        own += layers
        os.environ["PYTHONPATH"] = runtime
    rest = [entry for entry in sys.path if entry not in own + [own_directory, runtime]]
    sys.path[:] = own + [runtime] + rest
    for directory in own:
        site.addsitedir(directory)


class Output(io.TextIOWrapper):
    """stdout or stderr: what is written goes out at once, and to whoever listens."""

    listener = None  # gets the stream and the text, in this process alone

    def write(self, text):
        count = super().write(text)
        self.flush()
        if Output.listener is not None:
            Output.listener(self, text)
        return count


def listen(listener):
    Output.listener = listener


def set_up_output():
    for name in ("stdout", "stderr"):
        old = getattr(sys, name)
        setattr(sys, name, Output(old.buffer, old.encoding, old.errors))


def set_up_records():
    descriptor = os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    if descriptor is not None:
        records.LogHandler.sink = records.Telemetry(int(descriptor), written_beside)
    records.set_up_logging()


def written_beside(text):
    if Output.listener is not None:
        Output.listener(None, text)


class Connection(api.Channel):
    """To the Runtime API, which may close it while a function runs."""

    def __init__(self, address):
        super().__init__(None)
        host, _, port = address.rpartition(":")
        self._address = host.strip("[]"), int(port)
        self._open()

    def _open(self):
        self.close()
        self._connection = socket.create_connection(self._address)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self):
        if self._connection is not None:
            self._connection.close()

    def ready(self):
        try:
            if self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return  # an answer that nobody waited for: what is sent next will tell
        except BlockingIOError:
            return
        except OSError:
            pass
        self._open()

    def exchange(self, request, begun=False):
        """The answer to a request, or to what is left of one that has begun, which cannot be sent again."""
        if not begun:
            self.ready()
        try:
            self.send(request)
            answer = self.receive()
        except (api.Gone, OSError):
            if begun:
                raise
            self._open()
            self.send(request)
            answer = self.receive()
        if answer[1].get("connection") == "close":
            self._open()
        return answer

    def next(self):
        status, headers, body = self.exchange(api.NEXT)
        if status != 200:
            raise RuntimeError("the Lambda Runtime API hands out no invocation: HTTP %d %r" % (status, body[:200]))
        return headers, body

    def tell(self, request, begun=False):
        status, _, body = self.exchange(request, begun)
        if status != 202:
            print("the Lambda Runtime API refused an answer: HTTP %d %r" % (status, body[:200]), file=sys.stderr)


def run(channel, handler_name):
    """Serves invocations until the process is killed. Returns an exit status where it cannot start."""

    def let_go():  # in a child, which has nothing to say there
        channel.close()
        listen(None)

    os.register_at_fork(after_in_child=let_go)
    try:
        handler = invocation.in_this_process(invocation.find_handler, handler_name)
    except Exception as error:
        channel.tell(api.init_error_request(error))
        return INIT_FAILED
    function = invocation.function_of_environment()
    while True:
        headers, body = channel.next()
        invocation.begin(headers[api.REQUEST_ID], headers.get(api.TRACE_ID), headers.get(api.TENANT_ID))
        rest, begun = api.answer(handler, function, headers, body, channel, listen)
        listen(None)
        channel.tell(rest, begun)


def main():
    set_search_path(os.path.dirname(os.path.abspath(__file__)))
    invocation.OWN_FILES.add(__file__)
    set_up_output()
    set_up_records()
    sys.exit(run(Connection(os.environ["AWS_LAMBDA_RUNTIME_API"]), os.environ["_HANDLER"]))


if __name__ == "__main__":
    main()
