"""Which function is meant where none is named: $LAMBDAPOOL_FUNCTION, or the only one of lambdapool.toml."""

from __future__ import annotations

import os
import pathlib
from typing import Any, Dict, List, Optional

VARIABLE = "LAMBDAPOOL_FUNCTION"
FILE = "lambdapool.toml"


def function_or_default(given: Optional[str]) -> str:
    """Raises TypeError where nothing says which, ValueError where the file cannot be read."""
    if given is not None:
        return given
    named = os.environ.get(VARIABLE)
    if named:
        return named
    names, where = _functions_of_project()
    if len(names) == 1:
        return names[0]
    what = "no %s here or above" % FILE if where is None else "%s has %d functions" % (where, len(names))
    raise TypeError("lambda_function must be a str: the function's name or ARN (it was not given, %s is not set, and %s)" % (VARIABLE, what))


def _functions_of_project() -> "tuple[List[str], Optional[pathlib.Path]]":
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        path = folder / FILE
        if path.is_file():
            return sorted(_read(path).get("functions", {})), path
    return [], None


def _read(path: pathlib.Path) -> Dict[str, Any]:
    try:
        import tomllib as toml
    except ImportError:  # before Python 3.11
        try:
            import tomli as toml  # type: ignore[import-not-found,no-redef]
        except ImportError:
            raise ValueError("%s can be read with Python 3.11 or the package tomli: name the function instead" % path) from None
    try:
        return toml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError("%s cannot be read: %s" % (path, error)) from None
