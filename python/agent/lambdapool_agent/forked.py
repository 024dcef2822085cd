"""The end of a child that a task forked and that then leaves the task.

It has the worker's memory and, on AWS, its connection, so it would answer in the worker's place and then take
the worker's next task. It ends here instead, as a child of multiprocessing does: with the status that the
interpreter would give it and its own output written out. The exit handlers that it inherited are not run: they
are the worker's, which goes on.
"""

import mmap
import os
import sys
import threading

_WIPE_ON_FORK = 18  # MADV_WIPEONFORK of Linux; the mmap module has no name for it


class _Asked:
    """As the page of mark(), where the system has none."""

    def __init__(self, process):
        self._process = process

    def __getitem__(self, _):
        return os.getpid() == self._process


_mark, _marked = None, 0
_MOVABLE = (list, tuple, range)  # whose iterators have __setstate__
_items: "object" = iter([])  # those that are left of the task


def mark(process):
    """What has a true first item in this process, whose id is `process`, and a false one in its children: a page that
    they get empty. To look there costs a tenth of asking for the id, which is a system call."""
    global _mark, _marked
    if _marked != process:
        _mark, _marked = _page() or _Asked(process), process
    return _mark


def here():
    """This process's id and its mark()."""
    process = _marked if _marked and _mark is not None and _mark[0] else os.getpid()
    return process, mark(process)


def _page():
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page.madvise(_WIPE_ON_FORK)
    except (AttributeError, OSError, ValueError):  # AttributeError: no Linux
        return None
    page[0] = 1
    return page


def not_in_children(items):
    """An iterator of which nothing is left in a child that one of the items forks: several run in a row, before anybody
    looks who runs them. (Of what is forked without Python's knowledge the time that it takes ends the row.)"""
    global _items
    _items = iter(items if type(items) in _MOVABLE else list(items))
    return _items


def _forget():
    """In a child, wherever it was Python that forked: some systems take the advice and do nothing."""
    global _marked
    _marked = 0
    _items.__setstate__(sys.maxsize)  # type: ignore[attr-defined]
    if isinstance(_mark, mmap.mmap):
        _mark[0] = 0


os.register_at_fork(after_in_child=_forget)


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
