"""What a task writes, on its way to whoever runs the pool, in the stream of its answer (docs/protocol.md, Output)."""

from . import early
from .part_frame import head_of

CALL_BYTES_MAX = 16 << 20  # of a call
LINE_BYTES_MAX = 64 << 10  # a longer one is told in pieces
NO_MORE = b"lambdapool: what this call writes further is in its log alone\n"
TOO_FAST = b"lambdapool: output is left out here, for it came too fast\n"


def wanted(event, context):
    """What says who listens to the output, where the task's sender takes it in the answer's stream and the platform
    does not put it there itself; else None."""
    if getattr(context, "lambdapool_output", None) is None or early.stream_of(event, context) is None:
        return None
    return context.lambdapool_output if event["parts"].get("stdout") is True else None


class Shown:
    """Whole lines. They are in the log in any case: what a slow reader would hold up is left out."""

    def __init__(self, stream):
        self._stream, self._left, self._has_gap = stream, CALL_BYTES_MAX, False
        self._unfinished = {}  # by what they are written to

    def __call__(self, to, text):
        begun = self._unfinished.pop(to, b"") + text.encode("utf-8", "backslashreplace")
        end = begun.rfind(b"\n") + 1
        if end == 0 and len(begun) >= LINE_BYTES_MAX:
            end = len(begun)
        if end < len(begun):
            self._unfinished[to] = begun[end:]
        if end:
            self._tell(begun[:end])

    def finish(self):
        for rest in self._unfinished.values():
            self._tell(rest)
        self._unfinished = {}

    def _tell(self, lines):
        if self._left <= 0:
            return
        if not self._stream.takes_more():
            self._has_gap = True
            return
        if self._has_gap:
            self._has_gap, lines = False, TOO_FAST + lines
        if not lines.endswith(b"\n"):
            lines += b"\n"
        if len(lines) > self._left:
            lines = lines[: lines.rfind(b"\n", 0, self._left) + 1] + NO_MORE
            self._left = 0
        self._left -= len(lines)
        self._stream.write(head_of(b"O", 0, 0, lines), lines)
