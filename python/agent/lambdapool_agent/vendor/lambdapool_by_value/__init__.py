"""What has no importable name, as bytes: cloudpickle with what it leaves undone.

The same package is on both sides of a task (a caller has it beside lambdapool, a function beside the agent), so
that pickles can name what is in it. Its rules:

- A class or function that exists where the bytes are read is the one there. A task's are made anew in the worker
  and set to what the caller has. Where the answer to that task mentions one of them, it says which (an id); what
  the worker may have done to it never reaches the caller.
- A class arrives as it was: with its slots, with enum members' attributes and aliases, and without running
  ``__init_subclass__`` or a metaclass's constructor again, whose effects travel already.
- An exception arrives as it was, whatever its constructor takes.
- What would be looked up by name in the other side's ``__main__`` is refused where it is pickled.

Only the standard library and cloudpickle 2 or newer; Python 3.9 or newer.
"""

import sys


def dumps_task(thing, buffer_callback=None):
    """For a worker, of something of the caller's. Raises what pickling raises. `buffer_callback` as pickle has it."""
    from .pickler import dumps_task  # late: cloudpickle takes some milliseconds

    return dumps_task(thing, buffer_callback=buffer_callback)


def dumps_answer(thing):
    """For the caller, in a worker, between begin_task() and the next one. Raises what pickling raises."""
    from .pickler import dumps_answer

    return dumps_answer(thing)


def begin_task(blobs=None):
    """In a worker: what comes from now on came with a new task. `blobs`: functions that give the bytes of those that
    came with it, by their digests."""
    if blobs:
        from . import shared

        shared.blobs = blobs
    arrivals = sys.modules.get(__name__ + ".arrivals")
    if arrivals is not None:
        arrivals.begin_task()


def namespaces():
    """In a worker: the globals of the functions that came with the task, by the caller's id of them."""
    arrivals = sys.modules.get(__name__ + ".arrivals")
    return {} if arrivals is None else arrivals.task_globals
