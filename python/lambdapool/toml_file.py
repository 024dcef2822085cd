"""Reads TOML with what this Python has for it."""

from __future__ import annotations

import os
from typing import Any, Dict, Union

from . import _native


def read_toml(path: Union[str, "os.PathLike[str]"]) -> Dict[str, Any]:
    """Raises ValueError where the file cannot be read, saying why."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise ValueError("%s cannot be read: %s" % (path, error)) from None
    return parse_toml(text, str(path))


def parse_toml(text: str, where: str) -> Dict[str, Any]:
    """Raises ValueError for what is no TOML; `where` names it in the message."""
    try:
        import tomllib as toml  # type: ignore[import-not-found,unused-ignore]
    except ImportError:  # before Python 3.11
        try:
            import tomli as toml  # type: ignore[no-redef,unused-ignore]
        except ImportError:
            raise ValueError("%s can be read with Python 3.11 or later, or with the package tomli" % where) from None
    deep = _native.line_nested_too_deep(text)
    if deep is not None:
        raise ValueError("%s:%d: this is nested more than %d deep" % (where, deep, _native.toml_nesting_max))
    try:
        content: Dict[str, Any] = toml.loads(text)
        return content
    except ValueError as error:
        raise ValueError("%s cannot be read: %s" % (where, error)) from None
