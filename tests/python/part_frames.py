"""Frames of docs/protocol.md, Parts, as its text has them."""

import zlib


def part(kind, first=0, count=0, content=b""):
    head = kind + b"".join(number.to_bytes(4, "little") for number in (len(content), first, count))
    return head + zlib.crc32(head + content).to_bytes(4, "little") + content


def frames(data):
    """(kind, first, count, content) of each."""
    found = []
    while data:
        size, first, count = (int.from_bytes(data[at : at + 4], "little") for at in (1, 5, 9))
        content = data[17 : 17 + size]
        assert data.startswith(part(data[:1], first, count, content))
        found.append((data[:1].decode(), first, count, content))
        data = data[17 + size :]
    return found


def next_frame(stream):
    """(kind, content) of the next one, as soon as it has come."""
    head = stream.read(17)
    ((kind, _, _, content),) = frames(head + stream.read(int.from_bytes(head[1:5], "little")))
    return kind, content
