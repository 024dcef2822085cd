"""Where what a function logs goes, and in what form: AWS's for text, or JSON where its LoggingConfig says so."""

import json
import logging
import os
import sys
import time


class LogHandler(logging.Handler):
    """What AWS's runtime installs on the root logger, in the same format."""

    request_id = ""

    def __init__(self):
        super().__init__()
        self.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"
            )
        )

    def emit(self, record):
        record.aws_request_id = self.request_id
        sys.stdout.write(self.format(record))


class JsonFormatter(logging.Formatter):
    """A line of JSON a record, with the members that AWS's runtime gives it where a function's logs are JSON."""

    # What a record has by itself; everything else comes from the caller's `extra`.
    own = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id", "taskName"}

    def format(self, record):
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.aws_request_id,
        }
        if record.exc_info and record.exc_info[0]:
            line["errorType"] = record.exc_info[0].__name__
            line["errorMessage"] = str(record.exc_info[1])
            line["stackTrace"] = self.formatException(record.exc_info).splitlines()
            line["location"] = "%s:%s:%d" % (record.pathname, record.funcName, record.lineno)
        line.update((name, value) for name, value in vars(record).items() if name not in self.own)
        return json.dumps(line, default=str, ensure_ascii=False) + "\n"


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    handler = LogHandler()
    logging.getLogger().addHandler(handler)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(JsonFormatter())
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").replace("TRACE", "DEBUG").replace("FATAL", "CRITICAL")
        if isinstance(getattr(logging, level, None), int):
            logging.getLogger().setLevel(level)
