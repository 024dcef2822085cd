"""The frames in which outcomes are told ahead of their answer (docs/protocol.md, Parts). It imports nothing of the
package: http_worker.py, which is run as a file, has it, too."""

import struct
from zlib import crc32

_FRAME = struct.Struct("<cIII")  # kind, size of the content, the first item, how many
_CHECK = struct.Struct("<I")  # of the above and of the content, which follows: a task may write to any memory
HEAD = _FRAME.size + _CHECK.size


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
