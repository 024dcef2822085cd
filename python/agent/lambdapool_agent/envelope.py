"""The JSON object around a task and around its outcome."""

import base64
import binascii
import json
import os
import sys
import zlib
from json.encoder import encode_basestring_ascii

VERSION = 1
CODEC = "pickle"
PEER = "%d.%d" % sys.version_info[:2]
ARCHITECTURE = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)  # as AWS names it
MAX_BODY_BYTES = 256 << 20
MAX_ECHO = 64
_HEADS_MAX, _HEAD_BYTES_MAX = 256, 2048  # that are kept

COMPRESSED_FROM = 4 * 1024
_SAMPLE = 64 * 1024
_STEP = 1024 * 1024
_WORTH = 0.9  # of the size before


class LambdapoolProtocolError(Exception):
    """The event is not a task that this agent can read. Nothing was run."""


class LambdapoolCodeMismatch(Exception):
    """The task was made for other code than this. Nothing was run."""


class Head:
    """A task's object, but for its body and its echo. The tasks of one caller mostly have the same."""

    def __init__(self, event):
        """Raises LambdapoolProtocolError or LambdapoolCodeMismatch."""
        if not isinstance(event, dict) or "lambdapool" not in event:
            raise LambdapoolProtocolError(
                "the event is not a lambdapool task: this function runs tasks that LambdaPool or LambdaExecutor "
                'sends (a JSON object with the member "lambdapool")'
            )
        version = event["lambdapool"]
        if isinstance(version, bool) or version != VERSION:
            raise LambdapoolProtocolError(
                "the task speaks version %r of the lambdapool protocol, this function version %d; "
                "bring the older side up to date (`lambdapool update` for the function)" % (version, VERSION)
            )
        self.event = event
        codec, self.peer, self.encoding = _text(event, "codec"), _text(event, "peer"), _text(event, "encoding")
        if codec != CODEC:
            raise LambdapoolCodeMismatch(
                "the task is for the codec %r, but this function is a Python one (codec %r)" % (codec, CODEC)
            )


def decode(event):
    """The task as (its Head, its echo, its body). Raises LambdapoolProtocolError or LambdapoolCodeMismatch.

    The echo is what the outcome repeats, so that its reader knows whose it is; None where the task has none."""
    head = Head(event)
    return head, _echo(event), _body(head.encoding, _text(event, "task"))


def encode(body, echo=None, timeout=None):
    """The outcome's envelope around ``body``. ``timeout``: the function's own, in whole seconds, where it is known."""
    encoding, packed = "base64", body
    if len(body) >= COMPRESSED_FROM and compresses(body):
        encoding, packed = "zlib+base64", zlib.compress(body, 1)
    answer = {"lambdapool": VERSION, "codec": CODEC, "peer": PEER}
    if echo is not None:
        answer["echo"] = echo
    if timeout is not None:
        answer["timeout"] = timeout
    answer["architecture"] = ARCHITECTURE
    answer["encoding"] = encoding
    answer["outcome"] = base64.b64encode(packed).decode("ascii")
    return answer


_RAW_HEAD = '{"lambdapool": %d, "codec": "%s", "peer": "%s"%%s%%s, "architecture": "%s"%%s, "encoding": "raw"}\0' % (
    VERSION,
    CODEC,
    PEER,
    ARCHITECTURE,
)


def encode_raw(body, echo=None, timeout=None, buffers=()):
    """The envelope as bytes, with the body as it is behind it. `buffers`: the sizes of those that follow the body."""
    echoed = "" if echo is None else ', "echo": ' + encode_basestring_ascii(echo)
    limit = "" if timeout is None else ', "timeout": %d' % timeout
    apart = ', "buffers": %s' % list(buffers) if buffers else ""
    return (_RAW_HEAD % (echoed, limit, apart)).encode() + body


_ECHO = b'"echo":"'
_heads: "dict[tuple[bytes, bytes], Head]" = {}  # by what was before and behind their echoes


def split_raw(payload):
    """As decode(), of an envelope that is the object's JSON and the body behind it. JSON takes its time: a Head that
    has come before is not read again."""
    text, _, body = payload.partition(b"\0")
    before, _, rest = text.partition(_ECHO)
    echo, _, after = rest.partition(b'"')
    head = _heads.get((before, after))
    if head is not None and len(echo) <= MAX_ECHO and echo.replace(b"-", b"").isalnum():
        return head, echo.decode(), body
    try:
        event = json.loads(text.decode())
    except ValueError as error:
        raise LambdapoolProtocolError("the task's head is not JSON: %s" % error) from None
    head, known = Head(event), _echo(event)
    if known == echo.decode("latin-1") and _ECHO not in after and len(text) <= _HEAD_BYTES_MAX:
        if len(_heads) >= _HEADS_MAX:
            _heads.clear()
        _heads[before, after] = head
    return head, known, body


def stored(told, echo=None, timeout=None):
    """The envelope of an outcome that was put where the caller allows it; `told` is what blobs.store() says."""
    answer = encode(b"", echo, timeout)
    answer["encoding"], answer["outcome"] = "stored", told
    return answer


def encoded_size(answer):
    """How many bytes the answer has as JSON: at most this. The body needs no escapes, the echo six bytes a
    character at most."""
    return len(answer["outcome"]) + 6 * len(answer.get("echo", "")) + 160


def _echo(event):
    if "echo" not in event:
        return None
    echo = _text(event, "echo")
    if len(echo) > MAX_ECHO:
        raise LambdapoolProtocolError("the task's member 'echo' is longer than %d characters" % MAX_ECHO)
    return echo


def _text(event, name):
    value = event.get(name)
    if not isinstance(value, str):
        raise LambdapoolProtocolError(
            "the task's member %r is %s" % (name, "missing" if name not in event else "not a string")
        )
    return value


def _body(encoding, text):
    if encoding not in ("base64", "zlib+base64"):
        raise LambdapoolProtocolError("the task's encoding is %r, which this function does not know" % encoding)
    try:
        body = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LambdapoolProtocolError("the task is not base64: %s" % error) from None
    return body if encoding == "base64" else _decompress(body)


def _decompress(packed):
    reader = zlib.decompressobj()
    try:
        body = reader.decompress(packed, MAX_BODY_BYTES)
    except zlib.error as error:
        raise LambdapoolProtocolError("the task does not decompress: %s" % error) from None
    if reader.unconsumed_tail:
        raise LambdapoolProtocolError("the task decompresses to more than %d bytes" % MAX_BODY_BYTES)
    if not reader.eof or reader.unused_data:
        raise LambdapoolProtocolError("the task's compressed data is cut off, or something follows it")
    return body


def fits(pieces, most):
    """Whether they have about so many bytes compressed, or fewer. What has more is given up as soon as that is seen."""
    if sum(map(len, pieces)) > MAX_BODY_BYTES:
        return False
    size, compressor = 0, zlib.compressobj(1)
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(view), _STEP):
            size += len(compressor.compress(view[start : start + _STEP]))
            if size > most:
                return False
    return size + len(compressor.flush()) <= most


def compresses(body):
    """By a sample of it, enough to pay."""
    sample = body[:_SAMPLE]
    return len(zlib.compress(sample, 1)) < _WORTH * len(sample)
