"""Deploying on call: a pool's function has exactly the code that is here, in a published version of its own.

The version is found by what it was made from, so two checkouts that share a function's name never run each other's
code; what this user deployed within the last ten minutes is not looked up again (``LAMBDAPOOL_DEPLOY_TRUST``, seconds).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Union

from . import _native
from .arguments import check_integer
from .project_file import FILE, functions_of_project

TRUST = "LAMBDAPOOL_DEPLOY_TRUST"
QUALIFIERS = "LAMBDAPOOL_DEPLOYED"  # of a script that `lambdapool run` has deployed for: "name:7 other:3"
TRUSTED_SECONDS = 600.0
VERSIONS_KEPT = 5

if TYPE_CHECKING:  # it takes longer than the rest of this module
    Paths = Union[str, "os.PathLike[str]", Iterable[Union[str, "os.PathLike[str]"]]]


class Deployment:
    """What a pool shall have deployed, and where. Raises TypeError and ValueError for what cannot be meant.

    Args:
        function: the function's name, without a qualifier.
        deploy: paths, or True for what lambdapool.toml says of the function.
        settings: as lambdapool.toml has them, ``memory=512``, ``requirements="requirements.txt"``; None: not asked for.
        where: target, region, profile and keys, as _native.ensure_deployed takes them.
    """

    def __init__(
        self, function: str, deploy: Union[bool, Paths], settings: Dict[str, Any], where: Dict[str, Any]
    ) -> None:
        if ":" in function:
            raise ValueError(
                "deploy makes versions of a function, so lambda_function must be a name, not %r" % function
            )
        given = {name: value for name, value in settings.items() if value is not None}
        self.function = function
        self._where = where
        self._settings = _of_project(function) if deploy is True else {"paths": _paths(deploy)}
        for name, value in given.items():
            self._settings[name] = _setting(name, value)

    def ensure(self) -> str:
        """NAME:VERSION, which has what is here. Blocks; tells on stderr what it uploads. Raises LambdaPoolError."""
        return self._ensured(None)[0]

    def ensure_sizes(self, sizes: List[int]) -> List[str]:
        """As ensure(), with each of these sizes of memory (MB), which are ascending. What the plain name calls keeps
        the size that it has."""
        return self._ensured(sizes)

    def _ensured(self, sizes: Optional[List[int]]) -> List[str]:
        error, versions = _native.ensure_deployed(
            self.function,
            self._settings,
            python=sys.executable or "",
            trusted=_trusted(),
            versions_kept=VERSIONS_KEPT,
            sizes=sizes,
            **self._where,
        )
        if error is not None:
            from .errors import from_native  # late: see connect()

            raise from_native(error, self.function)
        for version, has_uploaded, size in versions:
            if has_uploaded:
                self._tell(version, size)
        return ["%s:%s" % (self.function, version) for version, _, _ in versions]

    def _tell(self, version: str, size: int) -> None:
        shown = ", ".join(_shown(path) for path in self._settings["paths"]) or "nothing of its own"
        told = (shown, _readable(size), version, self.function)
        print("lambdapool: deployed %s (%s) as version %s of function %s" % told, file=sys.stderr)


def deployed_version_of(function: str) -> str:
    """NAME:VERSION where `lambdapool run` has deployed the function for this script, else the name as it is."""
    for named in os.environ.get(QUALIFIERS, "").split():
        if named.split(":")[0] == function:
            return named
    return function


def _trusted() -> float:
    text = os.environ.get(TRUST)
    if not text:
        return TRUSTED_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 1e6:
        raise ValueError("%s must be a number of seconds, not %r" % (TRUST, text))
    return seconds


def _paths(deploy: Union[bool, Paths]) -> List[str]:
    if isinstance(deploy, (str, os.PathLike)):
        deploy = [deploy]
    if isinstance(deploy, bool) or not hasattr(deploy, "__iter__"):
        raise TypeError("deploy must be a path, a list of paths, or True, not %r" % (deploy,))
    paths = [os.fspath(path) for path in deploy]
    for path in paths:
        if not isinstance(path, str):
            raise TypeError("deploy must be a path, a list of paths, or True, not %r" % (path,))
        if not os.path.exists(path):
            raise FileNotFoundError("deploy: there is no file or directory %r" % path)
    return paths


def _setting(name: str, value: Any) -> Any:
    if name == "requirements":
        if isinstance(value, (str, os.PathLike)):
            path = os.fspath(value)
            if os.path.exists(path) and not os.path.isfile(path):
                raise ValueError("requirements must be a file, which is read more than once, not %r" % (path,))
            return path
        raise TypeError("requirements must be the path of a requirements file, not %r" % (value,))
    if name == "bucket":
        return value
    return check_integer(name, value)


def _of_project(function: str) -> Dict[str, Any]:
    settings = settings_of_project(function)
    if settings is not None:
        return settings
    file = functions_of_project()[1]
    if file is None:
        raise ValueError("deploy=True takes what %s says, and there is none here or above" % FILE)
    raise ValueError("deploy=True: %s says nothing of function %s" % (file, function))


def settings_of_project(function: str) -> Optional[Dict[str, Any]]:
    """What lambdapool.toml says of a function that is to be deployed; None: nothing. Raises ValueError where it cannot
    be read."""
    functions, file = functions_of_project()
    if file is None or function not in functions:
        return None
    settings = {name.replace("-", "_"): value for name, value in functions[function].items() if name != "stale"}
    folder = os.path.dirname(file)
    settings["paths"] = [_beside(folder, path) for path in settings.get("paths", [])]
    if settings.get("requirements"):
        settings["requirements"] = _beside(folder, settings["requirements"])
    if "policies" in settings:
        settings["policies"] = [one if one.startswith("arn:") else _beside(folder, one) for one in settings["policies"]]
    if settings.get("concurrency") == "none":
        settings["concurrency"] = None
    return settings


def _beside(folder: str, path: str) -> str:
    return os.path.normpath(os.path.join(folder, path))


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _readable(size: int) -> str:
    return "%.1f MB" % (size / 1e6) if size >= 1e6 else "%d kB" % max(1, round(size / 1e3))
