"""What AWS's Python runtime does for a handler, whatever brings the invocations: its context, JSON, what an error is
told as. For the local Lambda's runtime client and for the loop on AWS."""

import importlib
import json
import logging
import math
import os
import re
import sys
import threading
import time
import traceback

import lambdapool_records
from lambdapool_records import LogHandler

OWN_FILES = {__file__, lambdapool_records.__file__}  # of which a traceback tells nothing


class Fault(Exception):
    """An error of the contract between runtime and handler, rather than of the handler's code."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = "Runtime." + kind, message, trace


class Members:
    """What an invocation tells beside its event; shown as AWS's runtime shows it."""

    title = ""

    def __repr__(self):
        title = self.title or type(self).__name__
        return title + "([" + ",".join("%s=%s" % item for item in vars(self).items()) + "])"


class Identity(Members):
    title = "CognitoIdentity"

    def __init__(self, members):
        self.cognito_identity_id = members.get("cognitoIdentityId")
        self.cognito_identity_pool_id = members.get("cognitoIdentityPoolId")


class Client(Members):
    def __init__(self, members):
        for name in ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"):
            setattr(self, name, members.get(name))


class ClientContext(Members):
    def __init__(self, members):
        self.custom = members.get("custom")
        self.env = members.get("env")
        client = members.get("client")
        self.client = Client(client) if isinstance(client, dict) else None


SHOWN = ("aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb")
SHOWN += ("function_version", "invoked_function_arn", "client_context", "identity", "tenant_id")
W3C_MEMBERS = ("traceparent", "tracestate", "baggage")


class Context:
    # For handlers of lambdapool's own: memory in which outcomes are told early (docs/protocol.md, Parts); a stream for
    # the answer; and who is told what the function writes: a function that sets that, where the platform does not.
    lambdapool_shared = lambdapool_stream = lambdapool_output = None

    def __init__(self, function, headers):
        vars(self).update(function)
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        members = parsed_header(headers, "lambda-runtime-client-context", "Client Context")
        self._w3c = members.pop("w3c", None) if isinstance(members, dict) else None
        self.client_context = None if members is None else ClientContext(members)
        self.identity = Identity(parsed_header(headers, "lambda-runtime-cognito-identity", "Cognito Identity") or {})
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def w3c(self):
        """The trace context that came with the invocation."""
        members = self._w3c if isinstance(self._w3c, dict) else {}
        return {name: members[name] for name in W3C_MEMBERS if isinstance(members.get(name), str)}

    def log(self, message):
        LogHandler.sink(str(message))

    def __repr__(self):
        return "LambdaContext([" + ",".join("%s=%s" % (name, getattr(self, name)) for name in SHOWN) + "])"


def parsed_header(headers, name, title):
    """None where there is none."""
    text = headers.get(name)
    try:
        return json.loads(text.encode("latin-1")) if text else None
    except Exception as error:
        raise Fault("LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (title, error)) from None


def function_of_environment():
    """The members of each invocation's context that are the function's; read once, since it takes its time."""
    return {
        "function_name": os.environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "function_version": os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        "memory_limit_in_mb": os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "log_group_name": os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "log_stream_name": os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
    }


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


def own_frames(trace):
    """The function's own: below these files and, while importing, below the import machinery."""
    frames = traceback.extract_tb(trace)
    first = 0
    while first < len(frames) and (
        frames[first].filename in OWN_FILES
        or frames[first].filename.startswith("<frozen importlib")
        or frames[first].filename == importlib.__file__
    ):
        first += 1
    return frames[first:]


def describe(error, request_id):
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace or []
    else:
        kind, message = type(error).__name__, str(error)
        frames = own_frames(error.__traceback__)
        trace = traceback.format_list([(one.filename, one.lineno, one.name, one.line) for one in frames])
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def xray_cause(error):
    """What X-Ray shows of an error; "" where that would be too much for a header."""
    fault = isinstance(error, Fault)
    frames = [] if fault else own_frames(error.__traceback__)
    cause = {
        "working_directory": os.getcwd(),
        "exceptions": [
            {
                "message": error.message if fault else str(error),
                "type": "LambdaValidationError" if fault else type(error).__name__,
                "stack": [{"label": one.name, "path": one.filename, "line": one.lineno} for one in frames],
            }
        ],
        "paths": sorted({one.filename for one in frames}),
    }
    text = json.dumps(cause)
    return text if len(text) < CAUSE_BYTES_MAX else ""


CAUSE_BYTES_MAX = 60_000


def log_error(error):
    if lambdapool_records.is_json():
        stamp = {"timestamp": time.strftime(lambdapool_records.DATE, time.gmtime()), "level": "ERROR"}
        text = json.dumps({**stamp, **error}, ensure_ascii=False)
    else:
        text = "\n".join(lines_of(error))
    LogHandler.sink(text + "\n", logging.ERROR)


def lines_of(error):
    yield "[ERROR] " + error["errorType"] + (": " + error["errorMessage"] if error["errorMessage"] else "")
    yield "Traceback (most recent call last):"
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            bare = line.lstrip(" ")
            yield "\u00a0" * (len(line) - len(bare)) + bare


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


class TraceVariable:
    """Sets the variable in which a handler finds its invocation's trace id.

    The C library keeps each value that a variable ever had: a worker would grow by some 140 bytes with each invocation,
    and take longer for each. So where there is ctypes (the fork server has it), the variable has one place in memory,
    which is written over, as long as nobody else sets it."""

    NAME = "_X_AMZN_TRACE_ID"
    BYTES = 512

    def __init__(self):
        self._place = self._value = self._putenv = None

    def set(self, value):
        key, text = self.NAME.encode(), ("%s=%s" % (self.NAME, value)).encode()
        variables = getattr(os.environ, "_data", {})
        fits = len(text) < self.BYTES
        if fits and self._value is not None and variables.get(key) is self._value:
            self._place.value = text
            variables[key] = self._value = text[len(key) + 1 :]
            return
        os.environ[self.NAME], self._value = value, None
        ctypes = sys.modules.get("ctypes")
        if ctypes is None or not fits or key not in variables:
            return
        if self._place is None:
            self._place, self._putenv = ctypes.create_string_buffer(self.BYTES), ctypes.CDLL(None).putenv
        self._place.value = text
        if self._putenv(self._place) == 0:
            self._value = variables[key]

    def clear(self):
        os.environ.pop(self.NAME, None)


trace_variable = TraceVariable()


def begin(request_id, trace, tenant=None):
    """What holds from now on, of an invocation that is about to run."""
    LogHandler.request_id, LogHandler.tenant_id = request_id, tenant
    if trace:
        trace_variable.set(trace)
    else:
        trace_variable.clear()
