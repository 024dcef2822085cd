"""What is told of a task ahead of its answer, as whoever minds its process comes to know it: outcomes that it puts into
memory, and what it writes; in frames (docs/protocol.md, Parts)."""

import part_frame  # type: ignore[import-not-found]  # beside http_worker.py, which is run as a file

CALL_BYTES_MAX = 16 << 20  # of output
LINE_BYTES_MAX = 256 << 10  # a longer one is told in pieces
NO_MORE = b"lambdapool: what this call writes further is in its log alone\n"


class Ahead:
    def __init__(self, tell, output):
        """`tell` gets the frames; `output`: with those of what the task writes."""
        self._tell, self._output = tell, output
        self._spoilt, self._line, self._left = False, b"", CALL_BYTES_MAX

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
        if not self._output:
            return
        text = self._line + text
        end = text.rfind(b"\n") + 1
        if end == 0 and len(text) >= LINE_BYTES_MAX:
            end = len(text)
        self._line = text[end:]
        self._show(text[:end])

    def end(self):
        """That was all."""
        self._show(self._line)
        self._line = b""

    def _show(self, lines):
        if not lines or self._left == 0:
            return
        told = lines[: self._left]
        self._left -= len(told)
        if len(told) < len(lines):
            told = told[: told.rfind(b"\n") + 1]
        if told and not told.endswith(b"\n"):
            told += b"\n"
        if self._left == 0:
            told += NO_MORE
        self._tell(part_frame.head_of(b"O", 0, 0, told) + told)
