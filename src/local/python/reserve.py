"""A worker that is forked before it is asked for, so that nobody waits for the fork and what it copies of memory.

It has nothing of a function and is given away once. There is one at most, while workers come and go, and none where
memory is short.
"""

import array
import os
import signal
import socket

SOON_MS = 2  # after a worker was started, which goes first
IDLE_MS = 30_000  # without a worker, until it ends
LEAST_FREE = 1 / 16  # of the machine's memory
CLONE_NEWNS = 0x00020000
_apart = False


class Reserve:
    """`live(socket)`: what the forked process does; what is given to it arrives there. `control`: the descriptor of the
    server's socket, which it must not keep open. `unshare`: the C library's; None: there is never one."""

    def __init__(self, control, live, unshare):
        self._control, self._live, self._unshare = control, live, unshare
        self.in_root = False  # the last worker, so that the next will be
        self._tried = unshare is None  # since anything has changed
        self._pid = self._socket = None
        self._soon = SOON_MS

    def waited(self, workers):
        """So long as patience() said nobody has asked for a worker, nor has one ended."""
        if workers:
            self.prepare()
        else:
            self.discard()

    def prepare(self):
        self._tried, self._soon = True, SOON_MS
        if self._pid is not None or is_memory_short():
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            pid = os.fork()
        except OSError:
            return
        if pid == 0:
            self._begin(theirs)
        theirs.close()
        self._pid, self._socket = pid, ours

    def _begin(self, theirs):
        try:
            signal.set_wakeup_fd(-1)
            os.dup2(theirs.fileno(), self._control, inheritable=False)
            os.closerange(self._control + 1, 256)
            theirs.detach()
            if self.in_root:
                stand_apart(self._unshare)
            self._live(socket.socket(fileno=os.dup(self._control)))
        finally:
            os._exit(0)

    def give(self, message, fds):
        """The process that has got it; None where there is none."""
        self._changed()
        pid, self._pid = self._pid, None
        if pid is None:
            return None
        try:
            with self._socket as ours:
                hand_on(ours, message, fds)
        except OSError:  # somebody has killed it, or the request is too long
            os.kill(pid, signal.SIGKILL)
            return None
        self._soon = 0  # whoever has given it has waited
        return pid

    def discard(self):
        if self._pid is not None:
            self._socket.close()
            os.kill(self._pid, signal.SIGKILL)
            self._pid = None
            self._changed()

    def ended(self, pid):
        if pid == self._pid:  # somebody has killed it
            self._socket.close()
            self._pid = None
        else:
            self._changed()

    def _changed(self):
        self._tried = self._unshare is None

    def patience(self, workers):
        """How long to poll, in milliseconds; None: for ever."""
        if self._pid is None:
            return self._soon if workers and not self._tried else None
        return None if workers else IDLE_MS


def receive(control):
    fds = array.array("i")
    message, ancillary, _, _ = control.recvmsg(131072, socket.CMSG_SPACE(2 * fds.itemsize))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return message, list(fds)


def hand_on(to, message, fds):
    to.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])


def stand_apart(unshare):
    """In mounts of this process's own; they are copied once, which takes the longest of what a root takes. 0 where that
    was done."""
    global _apart
    failed = 0 if _apart else unshare(CLONE_NEWNS)
    _apart = failed == 0
    return failed


def is_memory_short():
    try:
        with open("/proc/meminfo", "rb") as file:
            kb = {line.split(b":")[0]: int(line.split()[1]) for line in file}
        return kb[b"MemAvailable"] < kb[b"MemTotal"] * LEAST_FREE
    except (OSError, KeyError, IndexError, ValueError):
        return True
