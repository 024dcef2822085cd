"""Why a task could not be unpickled, so that its caller can tell what differs."""

import pickle
import re
import sys

from . import outcome

# How a pickle of protocol 4 or newer names a module: a short string. Compiled where it is needed: that takes as long as
# three modules of the agent, and each worker would.
_NAMES = rb"\x8c.([A-Za-z_][A-Za-z0-9_.]*)"
_NOT_THERE = (ImportError, AttributeError)


def pickles_in(body):
    """How many the bytes are, 0 where they are something else. What is in them may fail to load all the same."""
    import pickletools  # late, as what takes a fresh worker time and few need

    count = 0
    try:
        while body:
            for _opcode, _, position in pickletools.genops(body):
                end = (position or 0) + 1
            body, count = body[end:], count + 1
        return count
    except ValueError:
        return 0


def describe(error, body):
    """The outcome that stands for every item of the task."""
    module = getattr(error, "name", None) if isinstance(error, ImportError) else None
    raised = None if isinstance(error, _NOT_THERE) else outcome.exception(error)[1]
    told = type(error).__name__, outcome.message(error), module, versions(body), raised
    return outcome.UNREADABLE, pickle.dumps(told, 5)


def versions(body):
    """Those of the packages here that the task mentions, by name."""
    found = {}
    for name in {match.group(1).split(b".")[0].decode() for match in re.finditer(_NAMES, body, re.DOTALL)}:
        version = getattr(sys.modules.get(name), "__version__", None)
        if isinstance(version, str):
            found[name] = version
    return found
