"""Whether the function has the code that this program has loaded. docs/protocol.md, Code, says how it is asked.

A call that refers to code by name runs what was deployed, not what stands here: after an edit without
`lambdapool update` that is a wrong answer, in silence. So the worker says once which sources it was made from,
and every module that is loaded here and deployed there has to have the same. Not compared: what is only on one
side, what was installed into site-packages, what has no source (compiled only, made at run time), and code that
travels by value (``__main__``, notebooks, lambdas), which is always the caller's own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
import warnings
from typing import Any, Dict, List, NamedTuple, Optional

from . import loaded_source
from .errors import CodeMismatch, make
from .mismatch import other_major_versions
from .redeployment import Redeployment, command, module_name

UNKNOWN = "-"  # no worker's code is that: it answers with which it has


class Differing(NamedTuple):
    path: str  # in the package
    file: str  # here
    edited: bool  # since it was imported


class DeployedCode:
    """Of one pool's function. `redeployment`: brings the code that is here there; None where a mismatch is an error."""

    def __init__(self, function: str, mode: str, redeployment: Optional[Redeployment] = None) -> None:
        self._function = function
        self._mode = mode
        self._redeployment = redeployment
        self._digest = "" if mode == "ignore" else UNKNOWN
        self._manifest = b""
        self._content: Dict[str, Any] = {}  # of the manifest
        self._files: Dict[str, str] = {}  # of the manifest, those not compared yet
        self._apart: List[str] = []  # what was warned of
        self._modules = 0  # how many were loaded here when they were compared
        self._lock = threading.RLock()  # held while they are: threads that wait for tasks of their own learn of it, too

    @property
    def digest(self) -> str:
        """What a task names the worker's code by; "" where any will do."""
        return self._digest

    def expected(self) -> str:
        """What a task names the worker's code by; "" where any will do. Raises CodeMismatch where a module that was
        loaded meanwhile differs."""
        if self._files and len(sys.modules) != self._modules:
            with self._lock:
                mismatch = self._compare(self._digest)
            if mismatch is not None:
                raise mismatch
        return self._digest

    def learn(self, manifest: bytes) -> Optional[CodeMismatch]:
        """The worker has this code, and has run nothing. None: it will do, and the task can be sent again."""
        with self._lock:
            return self._learn(manifest)

    def _learn(self, manifest: bytes) -> Optional[CodeMismatch]:
        self._files = {}
        if manifest:
            self._manifest, self._content = manifest, json.loads(manifest)
            self._files = dict(self._content["files"])
            if self._mode != "ignore":
                self._warn_of_versions(self._content.get("requirements", {}))
        elif self._digest == UNKNOWN:
            warnings.warn(
                "the function %s was not made by this lambdapool: nobody can tell whether it has the code that is here "
                "(`lambdapool update %s PATHS` mends that)" % (self._function, self._function),
                stacklevel=2,
            )
        return self._compare(hashlib.sha256(manifest).hexdigest()[:16])

    def _warn_of_versions(self, theirs: Dict[str, str]) -> None:
        """Of packages that are loaded here too and whose major version is another: what is pickled of them may not
        be understood, or be understood otherwise."""
        apart = other_major_versions(theirs)
        if apart and apart != self._apart:
            self._apart = apart
            warnings.warn(
                "the function %s has other major versions of packages than this program: %s"
                % (self._function, ", ".join(apart)),
                stacklevel=2,
            )

    def _compare(self, digest: str) -> Optional[CodeMismatch]:
        """Tasks name the code by `digest` from then on where it will do. (Other threads send meanwhile, without the
        lock.)"""
        self._modules = len(sys.modules)
        differing: List[Differing] = []
        for path in list(self._files):
            module = sys.modules.get(module_name(path))
            if module is None:
                continue
            loaded = loaded_source.hash_of(module)
            if loaded is None or loaded == self._files[path]:
                del self._files[path]
            else:
                differing.append(Differing(path, module.__file__ or "", loaded == loaded_source.EDITED))
        if not differing:
            if self._redeployment is not None:
                self._redeployment.settled()
            self._digest = digest
            return None
        if self._mode == "warn":
            warnings.warn(
                self._told(differing) + "; what is there is run all the same, since stale is 'warn'", stacklevel=2
            )
            for one in differing:
                del self._files[one.path]
            self._digest = digest
            return None
        self._digest = UNKNOWN
        failure = ""
        if self._redeployment is not None and not any(one.edited for one in differing):
            why_not = self._redeployment.replace(self._manifest, self._content, self._difference(differing))
            if why_not is None:
                self._files = {}
                return None
            failure = ", and could not be updated: %s" % why_not
        error = make(CodeMismatch, self._told(differing) + "; nothing was run" + failure, self._function)
        assert isinstance(error, CodeMismatch)
        return error

    def _told(self, differing: List[Differing]) -> str:
        edited = [one.path for one in differing if one.edited]
        if edited:
            return "%s was edited after this program had imported it: start the program anew" % edited[0]
        return self._difference(differing) + ". Deploy what is here: `%s`" % command(self._function, self._content)

    def _difference(self, differing: List[Differing]) -> str:
        shown = ["%s (here of %s)" % (one.path, _changed(one.file)) for one in differing[:5]]
        if len(differing) > len(shown):
            shown.append("%d others" % (len(differing) - len(shown)))
        return "the function %s has other code than this program: %s" % (self._function, ", ".join(shown))


def _changed(file: str) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(os.stat(file).st_mtime))
    except OSError:
        return "an unknown time"
