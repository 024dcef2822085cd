"""Speaks AWS Lambda's Runtime API for a Python handler, as AWS's own runtime interface client does.

The other end is the local Lambda, over a Unix socket that was inherited. An answer and the request for the
next event go out in one write, which saves a wake-up of each side for every invocation. A handler of
lambdapool's own takes small tasks in packets, which need no parsing (docs/protocol.md, Packets).
"""

import importlib
import json
import math
import os
import re
import sys
import threading
import time
import traceback

import lambdapool_packets
import lambdapool_records
import lambdapool_sdk

OWN_FILES = (__file__, lambdapool_packets.__file__, lambdapool_records.__file__, lambdapool_sdk.__file__)
API = "/2018-06-01/runtime/"
NEXT = ("GET " + API + "invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n").encode()
# For a handler that takes the local Lambda's own callers' bytes as they are (docs/protocol.md, Raw).
NEXT_RAW = NEXT[:-2] + b"Lambdapool-Raw: 1\r\n\r\n"
POST = "POST " + API + "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n"


class Fault(Exception):
    """An error of the contract between runtime and handler, rather than of the handler's code."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = "Runtime." + kind, message, trace


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    def __init__(self, members):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, members.get(name))


class ClientContext:
    def __init__(self, members):
        self.custom = members.get("custom")
        self.env = members.get("env")
        client = members.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


class Context:
    lambdapool_shared = None  # as of packets.Deadline

    def __init__(self, function, headers, deadline_ms, client_context):
        vars(self).update(function)
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = headers.get("Lambda-Runtime-Aws-Tenant-Id")
        self.identity = Identity()
        self.client_context = client_context
        self._deadline_ms = deadline_ms

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        members = ",".join("%s=%s" % item for item in vars(self).items() if not item[0].startswith("_"))
        return "LambdaContext([" + members + "])"


def function_of_environment():
    """The members of each invocation's context that are the function's; read once, since it takes its time."""
    return {
        "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "function_version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        "memory_limit_in_mb": os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "log_group_name": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "log_stream_name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
    }


class Channel:
    """HTTP/1.1 on a connected socket: just what the local Lambda sends."""

    def __init__(self, connection):
        self._connection = connection
        self._buffer = b""

    def send(self, data):
        self._connection.sendall(data)

    def receive(self):
        """The next response as (status, headers by their names, body)."""
        end = self._buffer.find(b"\r\n\r\n")
        while end < 0:
            self._buffer += self._read(65536)
            end = self._buffer.find(b"\r\n\r\n")
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = dict([line.split(": ", 1) for line in lines[1:]])
        start, length = end + 4, int(headers.get("Content-Length", 0))
        if len(self._buffer) < start + length:
            self._read_until(start + length)
        body = self._buffer[start : start + length]
        self._buffer = self._buffer[start + length :]
        return int(lines[0].split(" ", 2)[1]), headers, body

    def _read(self, size):
        data = self._connection.recv(size)
        if not data:
            os._exit(0)  # the local Lambda is gone, and this worker with it
        return data

    def _read_until(self, size):
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            parts.append(self._read(min(size - have + 65536, 1 << 20)))
            have += len(parts[-1])
        self._buffer = b"".join(parts)


class Decimals:
    """Puts Decimals into JSON with all of their digits, which the json module cannot: each travels as a
    marked string, and the marks are taken off the finished text."""

    def __init__(self):
        self.mark = None

    def default(self, value):
        decimal = sys.modules.get("decimal")  # whoever has a Decimal has imported it
        if decimal is None or not isinstance(value, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
        if value.is_nan():
            return math.nan
        self.mark = self.mark or os.urandom(16).hex()
        return self.mark + str(value)

    def finish(self, text):
        return re.sub('"' + self.mark + '([^"]*)"', r"\1", text) if self.mark else text


# As json.dumps does, which would make a new one for each answer.
ENCODER = json.JSONEncoder(ensure_ascii=sys.version_info < (3, 12))


def marshal(value):
    if isinstance(value, bytes):
        return value, "application/unknown"
    try:
        return ENCODER.encode(value).encode(), "application/json"
    except Exception:
        pass  # it has Decimals, or else fails in the same way again
    try:
        decimals = Decimals()
        text = json.dumps(value, default=decimals.default, ensure_ascii=ENCODER.ensure_ascii)
        return decimals.finish(text).encode(), "application/json"
    except Exception as error:
        raise Fault("MarshalError", "Unable to marshal response: %s" % error) from None


def unmarshal(body):
    try:
        return json.loads(body.decode())
    except Exception as error:
        raise Fault("UnmarshalError", "Unable to unmarshal input: %s" % error) from None


def find_handler(handler):
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "MalformedHandlerName",
            "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler,
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        message = "Syntax error in module '%s': %s" % (module_name, error)
        raise Fault("UserCodeSyntaxError", message, trace) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("HandlerNotFound", message) from None


def user_frames(trace):
    """The traceback below this file and, while importing, below the import machinery."""
    frames = traceback.extract_tb(trace)
    first = 0
    while first < len(frames) and (
        frames[first].filename in OWN_FILES
        or frames[first].filename.startswith("<frozen importlib")
        or frames[first].filename == importlib.__file__
    ):
        first += 1
    return traceback.format_list(frames[first:])


def describe(error, request_id):
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace or []
    else:
        kind, message, trace = type(error).__name__, str(error), user_frames(error.__traceback__)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(error):
    lines = ["[ERROR] " + error["errorType"] + (": " + error["errorMessage"] if error["errorMessage"] else "")]
    lines.append("Traceback (most recent call last):")
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            bare = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(bare)) + bare)
    sys.stdout.write("\n".join(lines) + "\n")


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


def context_of(function, headers):
    client_context = headers.get("Lambda-Runtime-Client-Context")
    if client_context:
        try:
            client_context = ClientContext(json.loads(client_context.encode("latin-1")))
        except Exception as error:
            message = "Unable to parse Client Context JSON: %s" % error
            raise Fault("LambdaContextUnmarshalError", message) from None
    return Context(function, headers, int(headers["Lambda-Runtime-Deadline-Ms"]), client_context or None)


def end_child(error=None):
    """Ends a child that the function's code forked and that came back from there, as if it were the worker.
    The agent does likewise for its tasks. Exit handlers are not run: those are the worker's."""
    code = 1
    try:
        code = exit_status(error)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)


def exit_status(error):
    """What the interpreter makes of an exception that nobody caught; 0 for none."""
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1


def in_this_process(function, *arguments):
    """Calls the function; whoever comes back in a child of this process goes no further."""
    worker = os.getpid()
    try:
        result = function(*arguments)
    except BaseException as error:
        if os.getpid() != worker:
            end_child(error)
        raise
    if os.getpid() != worker:
        end_child()
    return result


def answer(handler, function, headers, body):
    """Runs the handler once; the bytes that answer the invocation."""
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        context = context_of(function, headers)
        if b"\0" in body:  # in no JSON: so only where it has been asked for
            result, content_type = in_this_process(handler.lambdapool_raw, body, context), "application/unknown"
        else:
            result, content_type = in_this_process(lambda: marshal(handler(unmarshal(body), context)))
    except Exception as error:
        return failure(error, request_id)
    return answer_request(request_id, "/response", content_type, result)


def failure(error, request_id):
    description = describe(error, request_id)
    log_error(description)
    return answer_request(request_id, "/error", "application/json", json.dumps(description).encode())


def answer_request(request_id, kind, content_type, result):
    head = POST % ("invocation/" + request_id + kind, content_type, "", len(result))
    return head.encode() + result


def fail_init(channel, error):
    description = describe(error, "")
    log_error(description)
    body = json.dumps(description).encode()
    kind = "Lambda-Runtime-Function-Error-Type: " + description["errorType"] + "\r\n"
    channel.send((POST % ("init/error", "application/json", kind, len(body))).encode() + body)
    channel.receive()


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
    packets, shared = lambdapool_packets.take(connection)
    Context.lambdapool_shared = lambdapool_packets.Deadline.lambdapool_shared = shared
    channel = Channel(connection)
    os.register_at_fork(after_in_child=lambda: (connection.close(), packets.close()))  # it has nothing to say there
    try:
        handler = in_this_process(find_handler, handler_name)
    except Exception as error:
        fail_init(channel, error)
        return 1
    function = function_of_environment()
    if hasattr(handler, "lambdapool_raw"):
        lambdapool_packets.serve(packets, channel, handler, function, news, sys.modules[__name__])
    channel.send(news() + NEXT)
    while True:
        headers, body = next_invocation(channel)
        channel.send(answer(handler, function, headers, body) + news() + NEXT)


def next_invocation(channel):
    while True:
        _, headers, body = channel.receive()
        if "Lambda-Runtime-Aws-Request-Id" in headers:  # else an acknowledgement: of the answer before, of the news
            begin(headers["Lambda-Runtime-Aws-Request-Id"], headers.get("Lambda-Runtime-Trace-Id"))
            return headers, body


trace_variable = lambdapool_packets.TraceVariable()


def begin(request_id, trace):
    lambdapool_records.LogHandler.request_id = request_id
    if trace:
        trace_variable.set(trace)
