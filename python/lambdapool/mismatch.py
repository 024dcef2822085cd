"""Errors that say in what the two sides differ: code that is not there, packages of other versions."""

from __future__ import annotations

import sys
from typing import Callable, Dict, List, Optional

from .errors import CodeMismatch, UnreadableTask, UnsendableResult, make

# lambdapool is no part of what it deploys: code that imports it there has to bring it.
NESTED = (
    "a function has lambdapool only where its package has: name it, or a wheel of it, in the requirements file "
    "and deploy again: `lambdapool update %s -r FILE PATHS`"
)
_DEPLOY = "deploy your code again: `lambdapool update %s PATHS` (with --requirements FILE for packages)"
_SAME_VERSION = "deploy the function with the version that you have (`lambdapool update %s -r FILE PATHS`), or use its"


def is_own(module: Optional[str]) -> bool:
    return (module or "").partition(".")[0] == "lambdapool"


def of_missing_code(
    kind: str, message: str, module: Optional[str], versions: Dict[str, str], function: str
) -> BaseException:
    name = function or "NAME"
    others = _other_versions(versions)
    if others:
        told = "the function %s has other versions of packages than this program: %s (%s: %s); " + _SAME_VERSION
        return make(CodeMismatch, told % (name, ", ".join(others), kind, message, name), function)
    what = "the module %r" % module if module else "what the task needs"
    mend = NESTED if is_own(module) else _DEPLOY
    return make(
        CodeMismatch,
        "the function %s does not have %s (%s: %s); " % (name, what, kind, message) + mend % name,
        function,
    )


def of_task(kind: str, message: str, versions: Dict[str, str], function: str) -> BaseException:
    name = function or "NAME"
    told = "the function %s could not unpickle the task, and called nothing (%s: %s); " % (name, kind, message)
    others = _other_versions(versions)
    if others:
        told += "it has other versions of packages than this program: %s; " % ", ".join(others) + _SAME_VERSION % name
    else:
        told += "where its code is older than yours, " + _DEPLOY % name
    return make(UnreadableTask, told, function)


def of_result(error: BaseException, function: str) -> BaseException:
    message = "the function's result cannot be unpickled here: %s: %s" % (type(error).__name__, error)
    kind = CodeMismatch if isinstance(error, (ImportError, AttributeError)) else UnsendableResult
    package = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    version = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(version, str):
        message += "; the version of %s here is %s, and the function's seems to be another one" % (package, version)
    failure = make(kind, message, function)
    failure.__cause__ = error
    return failure


def other_major_versions(theirs: Dict[str, str]) -> List[str]:
    """Of the packages that are loaded here too."""
    return _apart(theirs, lambda version: version.partition(".")[0])


def _other_versions(theirs: Dict[str, str]) -> List[str]:
    return _apart(theirs, lambda version: version)


def _apart(theirs: Dict[str, str], compared: Callable[[str], str]) -> List[str]:
    others = []
    for package, version in sorted(theirs.items()):
        own = getattr(sys.modules.get(package), "__version__", None)
        if isinstance(own, str) and compared(own) != compared(version):
            others.append("%s is version %s there and %s here" % (package, version, own))
    return others
