"""Bringing the code that is here to a function that has other code: the command that does it, or doing it."""

from __future__ import annotations

import os
import pathlib
import sys
import threading
from typing import Any, Dict, List, Optional, Tuple

from . import loaded_source
from .errors import LambdaPoolError


def module_name(path: str) -> str:
    """``a.b`` of ``a/b.py`` and of ``a/b/__init__.py``."""
    name = path[: -len(".py")]
    return (name[: -len("/__init__")] if name.endswith("/__init__") else name).replace("/", ".")


def local_paths(manifest: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """Of what the function was made from: where it is here, and the names of what is not found here.

    A module is where it was imported from; what is no module, beside one that is.
    """
    bases: Dict[str, pathlib.Path] = {}
    for path in manifest["files"]:
        file = loaded_source.source_file(sys.modules.get(module_name(path)))
        if file is not None:
            bases.setdefault(path.split("/")[0], pathlib.Path(file).parents[path.count("/")])
    names = manifest.get("paths") or sorted({path.split("/")[0] for path in manifest["files"]})
    found, missing = [], []
    for name in names:
        places = [bases[name]] if name in bases else list(bases.values())
        place = next((base / name for base in places if (base / name).exists()), None)
        if place is None:
            missing.append(name)
        else:
            found.append(str(place))
    return found, missing


def command(function: str, manifest: Dict[str, Any]) -> str:
    """``lambdapool update f f.py data``, to be typed in the current directory."""
    found, missing = local_paths(manifest)
    words = ["lambdapool update", function]
    if manifest.get("requirements"):
        words.append("-r FILE")
    return " ".join(words + [_shown(path) for path in found] + missing)


def _shown(path: str) -> str:
    try:
        relative = os.path.relpath(path)
    except OSError:  # the current directory is gone
        return path
    return path if relative.startswith("..") else relative


class Redeployment:
    """What ``stale="update"`` does, for one pool.

    Args:
        function: its plain name.
        where: target, region, profile and keys, as a Deployment takes them.
        in_flight: how many calls a pool has under way at most: after an update, so many may still answer with the code
            that was replaced.
    """

    def __init__(self, function: str, where: Dict[str, Any], in_flight: int) -> None:
        self._function = function
        self._where = where
        self._in_flight = in_flight
        self._lock = threading.Lock()
        self._replaced = b""
        self._late = 0  # answers since then

    def replace(self, manifest: bytes, content: Dict[str, Any], reason: str) -> Optional[str]:
        """None: the function has what is here. Else why it could not be brought about. Blocks; tells on stderr."""
        with self._lock:
            if manifest == self._replaced:
                self._late += 1
                return None if self._late <= self._in_flight else "somebody else puts the other code back"
            try:
                self._update(content, reason)
            except (LambdaPoolError, ValueError, TypeError, OSError) as error:
                return str(error)
            self._replaced, self._late = manifest, 0
            return None

    def settled(self) -> None:
        """The function has been seen to have what is here."""
        with self._lock:
            self._replaced = b""

    def _update(self, content: Dict[str, Any], reason: str) -> None:
        from . import deploying

        paths, requirements = self._code(content)
        print("lambdapool: %s: updating it" % reason, file=sys.stderr)
        where = self._where
        deploying.update(
            self._function,
            paths,
            requirements=requirements,
            target=where["target"],
            aws_access_key_id=where["access_key_id"],
            aws_secret_access_key=where["secret_access_key"],
            aws_session_token=where["session_token"],
            region=where["region"],
            project=where["project"],
            aws_profile_name=where["profile"],
            allow_http=where["allow_http"],
        )

    def _code(self, content: Dict[str, Any]) -> Tuple[List[str], Optional[str]]:
        """As the project file says it, else as the function has it."""
        from .deployment import settings_of_project

        settings = settings_of_project(self._function)
        if settings is not None and settings["paths"]:
            return settings["paths"], settings.get("requirements")
        paths, missing = local_paths(content)
        if missing:
            raise ValueError(
                "%s, which it has, is not found here; lambdapool.toml can say where it is" % ", ".join(missing)
            )
        return paths, None
