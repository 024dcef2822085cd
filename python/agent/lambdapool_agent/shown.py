"""What a task writes, on its way to whoever runs the pool, in the stream of its answer (docs/protocol.md, Output)."""

from . import early
from .part_frame import Output, WholeLines, head_of

LINE_BYTES_MAX = 64 << 10
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
        self._stream, self._output, self._has_gap = stream, Output(), False
        self._lines = {}  # by what they are written to

    def __call__(self, to, text):
        lines = self._lines.setdefault(to, WholeLines(LINE_BYTES_MAX))
        self._tell(lines.of(text.encode("utf-8", "backslashreplace")))

    def finish(self):
        for lines in self._lines.values():
            self._tell(lines.rest())

    def _tell(self, lines):
        if not lines:
            return
        if not self._stream.takes_more():
            self._has_gap = True
            return
        if self._has_gap:
            self._has_gap, lines = False, TOO_FAST + lines
        told = self._output.of(lines)
        if told:
            self._stream.write(head_of(b"O", 0, 0, told), told)
