"""What is told of a task ahead of its answer, as whoever minds its process comes to know it: outcomes that it puts into
memory, and what it writes; in frames (docs/protocol.md, Parts)."""

from typing import Any

import part_frame  # type: ignore[import-not-found]  # beside http_worker.py, which is run as a file

LINE_BYTES_MAX = 256 << 10


class Ahead:
    def __init__(self, tell, output):
        """`tell` gets the frames; `output`: with those of what the task writes."""
        self._tell, self._spoilt = tell, False
        self._lines = part_frame.WholeLines(LINE_BYTES_MAX)
        self._output: Any = part_frame.Output() if output else None

    def parts(self, frames):
        """From memory, which a task can write to: from the first that is spoilt on, none is told."""
        if self._spoilt or not frames:
            return
        whole = part_frame.whole(frames)
        self._spoilt = len(whole) < len(frames)
        if whole:
            self._tell(whole)

    def write(self, text):
        """What the task has written."""
        if self._output is not None:
            self._show(self._lines.of(text))

    def end(self):
        """That was all."""
        if self._output is not None:
            self._show(self._lines.rest())

    def _show(self, lines):
        told = self._output.of(lines)
        if told:
            self._tell(part_frame.head_of(b"O", 0, 0, told) + told)
