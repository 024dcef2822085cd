"""Which code this worker has: what `lambdapool create` and `update` wrote down of it (docs/protocol.md, Code)."""

import importlib
import os
import pickle
import sys

from . import outcome

try:  # hashlib takes milliseconds longer, for OpenSSL's
    sha256 = importlib.import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
except ImportError:
    from hashlib import sha256

_manifest = None


def manifest():
    """The manifest's bytes; b"" where the package has none."""
    global _manifest
    if _manifest is None:
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        try:
            with open(os.path.join(root, "lambdapool_manifest.json"), "rb") as file:
                _manifest = file.read()
        except OSError:
            _manifest = b""
    return _manifest


def digest(manifest_bytes):
    """16 hex digits: what a task names the code by."""
    return sha256(manifest_bytes).hexdigest()[:16]


def refusal(expected):
    """None where the worker has the code that the task expects; else the outcome that tells which it has."""
    global _known
    if _known is None:
        _known = digest(manifest())
    return None if expected == _known else (outcome.OTHER_CODE, pickle.dumps(manifest(), 5))


_known = None
