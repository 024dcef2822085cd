"""Speaks AWS Lambda's Runtime API for a Python handler, as AWS's own runtime interface client does.

The other end is the local Lambda, over a Unix socket that was inherited. An answer and the request for the
next event go out in one write, which saves a wake-up of each side for every invocation. A handler of
lambdapool's own takes small tasks in packets, which need no parsing (docs/protocol.md, Packets). What a handler is
given and what becomes of its answer is the same as on AWS: lambdapool_invocation.py and lambdapool_channel.py.
"""

import os
import sys

import lambdapool_channel
import lambdapool_invocation
import lambdapool_packets
import lambdapool_records
import lambdapool_sdk
from lambdapool_channel import NEXT, POST, answer, answer_request, failure, init_error_request
from lambdapool_invocation import Context, begin, exit_status, find_handler, function_of_environment, in_this_process

__all__ = ["POST", "answer_request", "exit_status", "failure"]  # for those who are given this module

lambdapool_invocation.OWN_FILES |= {__file__, lambdapool_packets.__file__, lambdapool_sdk.__file__}
# For a handler that takes the local Lambda's own callers' bytes as they are (docs/protocol.md, Raw).
NEXT_RAW = NEXT[:-2] + b"Lambdapool-Raw: 1\r\n\r\n"


class Channel(lambdapool_channel.Channel):
    def closed(self):
        os._exit(0)  # the local Lambda is gone, and this worker with it


def opt_directory():
    """Where the layers are; not in /opt where the worker has no root of its own."""
    global _opt
    _opt = os.environ.pop("LAMBDAPOOL_OPT", _opt)
    return _opt


_opt = "/opt"


def search_path():
    """Package, layers, then the standard library, in the order that Lambda has."""
    version = "python%d.%d" % sys.version_info[:2]
    opt = opt_directory()
    own = [os.environ["LAMBDA_TASK_ROOT"]]
    own += [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry]
    own += [opt + "/python/lib/" + version + "/site-packages", opt + "/python"]
    return own + [entry for entry in sys.path if entry not in own]


def run_fresh(descriptor):
    """For an interpreter that was started for this worker alone; a wrapper may have chosen another handler."""
    import site
    import socket

    site.setquit()
    site.setcopyright()
    site.sethelper()
    prepare()
    sys.exit(run(socket.socket(fileno=descriptor), os.environ["_HANDLER"]))


def prepare():
    """What is there before anything of the function is imported."""
    lambdapool_records.set_up_logging()
    sys.path[:] = search_path()


def run(connection, handler_name, news=bytes):
    """Serves invocations until the process is killed. Returns an exit status where it cannot start. What `news`
    returns, a request or nothing, is sent before each request for the next invocation."""
    packets, tokens, shared = lambdapool_packets.take(connection)
    Context.lambdapool_shared = lambdapool_packets.Deadline.lambdapool_shared = shared
    channel = Channel(connection)
    ours = (connection, packets, tokens)
    os.register_at_fork(after_in_child=lambda: [one.close() for one in ours])  # it has nothing to say there
    try:
        handler = in_this_process(find_handler, handler_name)
    except Exception as error:
        channel.send(init_error_request(error))
        channel.receive()
        return 1
    function = function_of_environment()
    if hasattr(handler, "lambdapool_raw"):
        lambdapool_packets.serve(packets, tokens, channel, handler, function, news, sys.modules[__name__])
    channel.send(news() + NEXT)
    while True:
        headers, body = next_invocation(channel)
        channel.send(answer(handler, function, headers, body, channel)[0] + news() + NEXT)


def rehearse(handler, envelope):
    """A task of nobody's, from its packet to its answer's, in a process that is going to be a worker. It has too little
    time for a timer, which would stay."""
    stage = lambdapool_packets.Rehearsal(b"T0\n500\nRoot=0\0" + envelope)
    try:
        lambdapool_packets.serve(stage, stage, stage, handler, function_of_environment(), bytes, sys.modules[__name__])
    except IndexError:
        begin("", None)


def next_invocation(channel):
    while True:
        _, headers, body = channel.receive()
        if lambdapool_channel.REQUEST_ID in headers:  # else an acknowledgement: of the answer before, of the news
            begin(headers[lambdapool_channel.REQUEST_ID], headers.get(lambdapool_channel.TRACE_ID))
            return headers, body
