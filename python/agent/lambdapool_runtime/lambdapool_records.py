"""Where what a function logs goes, and in what form: AWS's for text, or JSON where its LoggingConfig says so."""

import json
import logging
import os
import sys
import time
import traceback

DATE = "%Y-%m-%dT%H:%M:%SZ"
TEXT_FRAME, JSON_FRAME = 0xA55A0003, 0xA55A0002
FRAME_OF_LEVEL = {logging.DEBUG: 8, logging.INFO: 12, logging.WARNING: 16, logging.ERROR: 20, logging.CRITICAL: 24}


def write_to_stdout(text, level=None):
    sys.stdout.write(text)


class Telemetry:
    """A descriptor at which Lambda takes each record as one: behind its kind, its size and its time."""

    def __init__(self, descriptor, written):
        """`written` is told the text of each."""
        self._descriptor, self._written = descriptor, written

    def __call__(self, text, level=None):
        data = text.encode("utf-8", "backslashreplace")
        kind = (JSON_FRAME if level is not None and is_json() else TEXT_FRAME) + FRAME_OF_LEVEL.get(level, 0)
        head = kind.to_bytes(4, "big") + len(data).to_bytes(4, "big") + (time.time_ns() // 1000).to_bytes(8, "big")
        left = memoryview(head + data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        self._written(text)


def level_of(record):
    """The standard one below it."""
    return min(50, max(0, record.levelno)) // 10 * 10


class LogHandler(logging.Handler):
    """What AWS's runtime installs on the root logger, in the same format."""

    request_id = ""
    tenant_id = None
    sink = staticmethod(write_to_stdout)
    tells_levels = False

    def __init__(self):
        super().__init__()
        self.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
            )
        )

    def emit(self, record):
        record.aws_request_id, record.tenant_id = self.request_id, self.tenant_id
        self.sink(self.format(record), level_of(record) if self.tells_levels else None)


class JsonFormatter(logging.Formatter):
    """A line of JSON a record, with the members that AWS's runtime gives it where a function's logs are JSON."""

    # What a record has by itself; everything else comes from the caller's `extra`.
    own = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id", "tenant_id"} - {"taskName"}

    def format(self, record):
        is_object = isinstance(record.msg, dict) and not record.args
        line = {
            "timestamp": self.formatTime(record, DATE),
            "level": logging.getLevelName(level_of(record)),
            "message": record.msg if is_object else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[0]:
            line["stackTrace"] = traceback.format_tb(record.exc_info[2])
            line["errorType"] = record.exc_info[0].__name__
            line["errorMessage"] = str(record.exc_info[1])
        line["requestId"] = record.aws_request_id
        if record.exc_info and record.exc_info[0]:
            line["location"] = "%s:%s:%d" % (record.pathname, record.funcName, record.lineno)
        if record.tenant_id is not None:
            line["tenantId"] = record.tenant_id
        extra = ((name, value) for name, value in vars(record).items() if name not in self.own and name not in line)
        line.update((name, value) for name, value in extra if value is not None)
        return json.dumps(line, default=str, ensure_ascii=False) + "\n"


def is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
    if is_json():
        handler.setFormatter(JsonFormatter())
    handler.tells_levels = bool(is_json() or level)
    if isinstance(getattr(logging, level, None), int):
        logging.getLogger().setLevel(level)
    logging.getLogger().addHandler(handler)
