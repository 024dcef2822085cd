"""The end of a child that a task forked and that then leaves the task.

It has the worker's memory and, on AWS, its connection, so it would answer in the worker's place and then take
the worker's next task. It ends here instead, as a child of multiprocessing does: with the status that the
interpreter would give it and its own output written out. The exit handlers that it inherited are not run: they
are the worker's, which goes on.
"""

import os
import sys
import threading


def end(error=None):
    """Ends this process, which left its task by returning or by the exception. Never returns."""
    code = 1
    try:
        code = _status(error)
        for thread in threading.enumerate():  # only what the child started itself is there after a fork
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    except BaseException:
        code = code or 1
    finally:
        flush()
        os._exit(code & 0xFF)


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # the task closed or replaced it; its outcome counts all the same


def _status(error):
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    if error.code is None or isinstance(error.code, int):
        return error.code or 0
    print(error.code, file=sys.stderr)
    return 1
