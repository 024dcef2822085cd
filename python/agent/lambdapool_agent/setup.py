"""What a pool asks of its workers before their tasks: an initializer, and an end after so many tasks.

It comes in the place of the function, as plain data, so that nothing of the user's is unpickled where it does
not belong: with a number of tasks, all of them run in a child of this process, which is replaced when it has
had them. Neither AWS's runtime nor the local one lets a worker end itself between two invocations.
"""

import os
import pickle
import socket
import struct
import types

import lambdapool_by_value

from . import coroutine, forked, outcome

_LENGTH = struct.Struct("<Q")
_initialized = None  # the digest of the initializer that ran here last: another pool's may have undone it
# By that initializer, in the namespaces of code by value: names and values, for each.
_left: "dict[str, dict[str, object]]" = {}
_child = None


class Setup:
    """`digest` names the setup; `initializer` is the pickle of (function, arguments), or b""; `max_tasks` is how
    many tasks a process may run, or None; `function` is the pickle of what to call."""

    def __init__(self, digest, initializer, max_tasks, function):
        self.digest, self.initializer, self.max_tasks, self.function = digest, initializer, max_tasks, function

    def initialize(self, worker):
        """Once in this process. Returns the outcome that says how it failed, or None."""
        global _initialized, _left
        if not self.initializer or _initialized == self.digest:
            return None
        _initialized, _left = None, {}
        try:
            function, arguments = pickle.loads(self.initializer)
            before = {key: dict(names) for key, names in lambdapool_by_value.namespaces().items()}
            coroutine.settle(function(*arguments))
        except BaseException as error:
            if os.getpid() != worker:
                forked.end(error)
            return outcome.initializer_failed(error)
        if os.getpid() != worker:
            forked.end()
        namespaces = lambdapool_by_value.namespaces()
        _left = {key: _changes(names, namespaces[key]) for key, names in before.items()}
        _initialized = self.digest
        return None

    def leave(self):
        """Once the task is there: code by value has new globals in each task, as its sender has them. What the
        initializer set in those of the same module goes on counting, as in a process of multiprocessing."""
        if self.initializer:
            for key, names in lambdapool_by_value.namespaces().items():
                names.update(_left.get(key, {}))


_CONSTANTS = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset)
_CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)


def _changes(before, after):
    """What was set, and what may have been changed in place."""
    return {
        name: value
        for name, value in after.items()
        if name not in before or before[name] is not value or not isinstance(value, _CONSTANTS + _CODE)
    }


def run_in_child(setup, task, ends, run):
    """`run(task, ends)` in the child that this setup has, made anew after `max_tasks` tasks. Where the child dies, this
    process dies in the same way: so the platform tells of it what it always tells."""
    global _child
    if _child is None or _child.digest != setup.digest:
        if _child is not None:
            _child.end()
        _child = _Child(setup, run)
    answer = _child.ask(task, ends)
    if _child.tasks == setup.max_tasks:
        _child.end()
        _child = None
    return answer


class _Child:
    def __init__(self, setup, run):
        self.digest, self.tasks = setup.digest, 0
        self._socket, theirs = socket.socketpair()
        forked.flush()
        self._pid = os.fork()
        if self._pid == 0:
            self._socket.close()
            try:
                _serve(theirs, run)
            finally:
                os._exit(0)
        theirs.close()

    def ask(self, task, ends):
        self.tasks += 1
        _write(self._socket, pickle.dumps((task, ends), 5))
        answer = _read(self._socket)
        if answer is None:
            self._die_alike()
        return pickle.loads(answer)

    def end(self):
        self._socket.close()
        os.waitpid(self._pid, 0)

    def _die_alike(self):
        _, status = os.waitpid(self._pid, 0)
        if os.WIFSIGNALED(status):
            os.kill(os.getpid(), os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))


def _serve(channel, run):
    while True:
        request = _read(channel)
        if request is None:
            return
        answer = run(*pickle.loads(request))
        forked.flush()
        _write(channel, pickle.dumps(answer, 5))


def _write(channel, data):
    try:
        channel.sendall(_LENGTH.pack(len(data)) + data)
    except OSError:
        pass  # the other side has ended, which reading tells


def _read(channel):
    """The next message; None where the other side has ended."""
    head = _read_bytes(channel, _LENGTH.size)
    return None if head is None else _read_bytes(channel, _LENGTH.unpack(head)[0])


def _read_bytes(channel, size):
    parts = []
    while size:
        try:
            part = channel.recv(min(size, 1 << 20))
        except OSError:
            return None
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
