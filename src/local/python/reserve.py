"""A worker that is forked before it is asked for, so that nobody waits for the fork and what it copies of memory.

It has nothing of a function and is given away once. There is one at most, while workers come and go, and none where
memory is short.
"""

import array
import os
import signal
import socket

IDLE_MS = 30_000  # without a worker, until it ends
LEAST_FREE = 1 / 16  # of the machine's memory


class Reserve:
    """`live(socket)`: what the forked process does; what is given to it arrives there. `control`: the descriptor of the
    server's socket, which it must not keep open."""

    def __init__(self, control, live):
        self._control, self._live = control, live
        self._pid = self._socket = None

    def prepare(self):
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
            self._live(socket.socket(fileno=os.dup(self._control)))
        finally:
            os._exit(0)

    def give(self, message, fds):
        """The process that has got it; None where there is none."""
        pid, self._pid = self._pid, None
        if pid is None:
            return None
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        try:
            with self._socket as ours:
                ours.sendmsg([message], rights)
        except OSError:  # somebody has killed it, or the request is too long
            os.kill(pid, signal.SIGKILL)
            return None
        return pid

    def discard(self):
        if self._pid is not None:
            self._socket.close()
            os.kill(self._pid, signal.SIGKILL)
            self._pid = None

    def ended(self, pid):
        if pid == self._pid:
            self._socket.close()
            self._pid = None

    def patience(self, workers):
        """How long to poll, in milliseconds; None: for ever."""
        return IDLE_MS if self._pid is not None and not workers else None


def is_memory_short():
    try:
        with open("/proc/meminfo", "rb") as file:
            kb = {line.split(b":")[0]: int(line.split()[1]) for line in file}
        return kb[b"MemAvailable"] < kb[b"MemTotal"] * LEAST_FREE
    except (OSError, KeyError, IndexError, ValueError):
        return True
