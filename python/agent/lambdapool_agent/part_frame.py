"""The frames in which outcomes are told ahead of their answer (docs/protocol.md, Parts). It imports nothing of the
package: http_worker.py, which is run as a file, has it, too."""

import struct
from zlib import crc32

_FRAME = struct.Struct("<cIII")  # kind, size of the content, the first item, how many
_CHECK = struct.Struct("<I")  # of the above and of the content, which follows: a task may write to any memory
HEAD = _FRAME.size + _CHECK.size

# Memory in which they are told: two numbers of 64 bits, how large they are and how many items have begun; then they.
SIZE, BEGUN, FRAMES_AT = 0, 1, 16

OUTPUT_BYTES_MAX = 16 << 20  # of a call
NO_MORE = b"lambdapool: what this call writes further is in its log alone\n"


def head_of(kind, first, count, *pieces):
    """What stands before a frame's content, which is these pieces one after the other."""
    head = _FRAME.pack(kind, sum(memoryview(piece).nbytes for piece in pieces), first, count)
    check = crc32(head)
    for piece in pieces:
        check = crc32(piece, check)
    return head + _CHECK.pack(check)


def whole(frames):
    """Of frames one after the other, those before the first that is cut off, spoilt, or ends a call."""
    at = 0
    while len(frames) - at >= HEAD:
        kind, size, _, _ = _FRAME.unpack_from(frames, at)
        content = at + HEAD
        if kind in (b"A", b"E") or size > len(frames) - content:
            break
        end = content + size
        check = crc32(frames[content:end], crc32(frames[at : at + _FRAME.size]))
        if _CHECK.unpack_from(frames, at + _FRAME.size)[0] != check:
            break
        at = end
    return frames[:at]


class WholeLines:
    """Of what comes in pieces."""

    def __init__(self, bytes_max):
        """A line that is longer is given in pieces."""
        self._bytes_max, self._line = bytes_max, b""

    def of(self, text):
        """Those that have ended with this."""
        text = self._line + text
        end = text.rfind(b"\n") + 1
        if end == 0 and len(text) >= self._bytes_max:
            end = len(text)
        self._line = text[end:]
        return text[:end]

    def rest(self):
        line, self._line = self._line, b""
        return line


class Output:
    """What a call writes, as far as it is told: so much of it, and of the rest that there is more."""

    def __init__(self):
        self._left = OUTPUT_BYTES_MAX

    def of(self, lines):
        """The content of the next frame, b"" for none; the last of the lines may lack its end."""
        if not lines or self._left == 0:
            return b""
        told = lines[: self._left]
        self._left -= len(told)
        if len(told) < len(lines):
            told = told[: told.rfind(b"\n") + 1]
        if told and not told.endswith(b"\n"):
            told += b"\n"
        return told + NO_MORE if self._left == 0 else told
