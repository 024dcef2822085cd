"""What pools take from a project's lambdapool.toml, found upward from the current directory."""

from __future__ import annotations

import pathlib
from typing import Any, Dict, Optional, Tuple

from .toml_file import read_toml

FILE = "lambdapool.toml"


def functions_of_project() -> Tuple[Dict[str, Any], Optional[pathlib.Path]]:
    """The tables [functions.NAME], and the file; none where there is no file. Raises ValueError where it cannot be
    read."""
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents):
        path = folder / FILE
        if path.is_file():
            functions = read_toml(path).get("functions", {})
            return (functions if isinstance(functions, dict) else {}), path
    return {}, None
