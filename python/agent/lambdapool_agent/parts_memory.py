"""Memory that a process which runs tasks shares with the one that minds it (docs/protocol.md, Parts): what a task was
done with is there whatever becomes of it, and telling wakes nobody."""

import fcntl
import mmap
import os

import part_frame  # type: ignore[import-not-found]  # beside http_worker.py, which is run as a file
from part_frame import BEGUN, FRAMES_AT, SIZE

BYTES = 4 << 20  # taken only where something is written
_ANY = (1 << 32) - 1


def make():
    """None where the system has no such memory: then nothing is told early."""
    try:
        return PartsMemory(os.memfd_create("lambdapool-parts", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
    except (AttributeError, OSError):
        return None


class PartsMemory:
    def __init__(self, descriptor):
        self.descriptor = descriptor  # for the process, until it has been started
        try:
            os.ftruncate(descriptor, BYTES)
            # So that a task cannot take from under us what we read.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            self._memory = mmap.mmap(descriptor, BYTES)
        except (OSError, ValueError):
            os.close(descriptor)
            raise OSError("no memory to share") from None
        self._numbers = memoryview(self._memory).cast("Q")
        self._seen = self._taken = 0

    def begin(self):
        """A task comes: nothing of it is there."""
        self._numbers[SIZE] = self._numbers[BEGUN] = 0
        self._seen = self._taken = 0

    def look(self):
        """The frames that have come. What came just now is left for the next time: its writer orders nothing."""
        before, self._seen = self._seen, self._size()
        return self._up_to(min(before, self._seen))

    def rest(self):
        """The process has ended: all the rest, and how many items had begun."""
        parts, begun = self._up_to(self._size()), self._numbers[BEGUN]
        return parts + part_frame.head_of(b"B", 0, min(begun, _ANY)) if parts or begun else b""

    def _size(self):
        return min(self._numbers[SIZE], BYTES - FRAMES_AT)

    def _up_to(self, end):
        if end <= self._taken:
            return b""
        begin, self._taken = self._taken, end
        return self._memory[FRAMES_AT + begin : FRAMES_AT + end]
