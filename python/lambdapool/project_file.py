"""What pools take from a project's lambdapool.toml, found upward from the current directory."""

from __future__ import annotations

import pathlib
from typing import Any, Dict, Optional, Tuple

from .toml_file import read_toml

FILE = "lambdapool.toml"


def functions_of_project() -> Tuple[Dict[str, Any], Optional[pathlib.Path]]:
    """The tables [functions.NAME], and the file; none where there is no file. Raises ValueError where it cannot be
    read, OSError where the current directory is gone."""
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        path = folder / FILE
        if path.is_file():
            functions = read_toml(path).get("functions", {})
            return (functions if isinstance(functions, dict) else {}), path
    return {}, None


def setting_of(function: str, name: str) -> Optional[str]:
    """A text that the file says of a function (its name or ARN, a qualifier or none). None where it says nothing, and
    where it cannot be read: a pool that needs nothing of it works without it."""
    try:
        functions, _ = functions_of_project()
    except (OSError, ValueError):
        return None
    settings = functions.get(function.split(":function:")[-1].split(":")[0], {})
    value = settings.get(name) if isinstance(settings, dict) else None
    return value if isinstance(value, str) else None
