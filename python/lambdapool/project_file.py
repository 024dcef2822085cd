"""What pools take from a project's lambdapool.toml, found upward from the current directory."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any, Dict, Optional, Tuple

from .toml_file import read_toml
from .trusted_file import UntrustedFile, check_trusted

FILE = "lambdapool.toml"
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP)


def functions_of_project() -> Tuple[Dict[str, Any], Optional[str]]:
    """The tables [functions.NAME], and the file; none where there is no file. Raises ValueError where it cannot be
    read (UntrustedFile where others could have written it), OSError where the current directory is gone."""
    path = _file()
    return _functions_in(_content_of(path)), path


def _file() -> Optional[str]:
    """Raises UntrustedFile, OSError."""
    folders = [os.getcwd()]
    while os.path.dirname(folders[-1]) != folders[-1]:
        folders.append(os.path.dirname(folders[-1]))
    paths = (os.path.join(folder, FILE) for folder in folders)
    found = next((path for path in paths if _is_file(path)), None)
    if found is not None:
        check_trusted(found)
    return found


def _is_file(path: str) -> bool:
    """As pathlib has it, which takes longer to import than all of this. Raises OSError where that cannot be seen."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        if error.errno not in _ABSENT:
            raise
        return False


def _content_of(path: Optional[str]) -> Dict[str, Any]:
    return {} if path is None else read_toml(path)


def _functions_in(content: Dict[str, Any]) -> Dict[str, Any]:
    functions = content.get("functions", {})
    return functions if isinstance(functions, dict) else {}


def _what_can_be_read() -> Dict[str, Any]:
    """For a pool that needs nothing of the file, which works without it. Raises UntrustedFile: one that nobody was to
    put there is not to decide by being passed over, either."""
    try:
        return _content_of(_file())
    except UntrustedFile:
        raise
    except (OSError, ValueError):
        return {}


def setting_of(function: str, name: str) -> Optional[str]:
    """A text that the file says of a function (its name or ARN, a qualifier or none). None where it says nothing, and
    where it cannot be read. Raises UntrustedFile."""
    settings = _functions_in(_what_can_be_read()).get(function.split(":function:")[-1].split(":")[0], {})
    value = settings.get(name) if isinstance(settings, dict) else None
    return value if isinstance(value, str) else None


_VARIABLES = {
    ("region", True): (
        "GOOGLE_CLOUD_REGION",
        "CLOUDSDK_RUN_REGION",
        "CLOUDSDK_FUNCTIONS_REGION",
        "CLOUDSDK_COMPUTE_REGION",
    ),
    ("region", False): ("AWS_REGION", "AWS_DEFAULT_REGION"),
    ("project", True): ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
}


def place_or_default(name: str, given: Optional[str], target: Optional[str]) -> Optional[str]:
    """``region`` or ``project``: what is given counts more than a variable, which is looked at elsewhere, and that more
    than what the file says before its first table. None where none of these says it. Raises UntrustedFile."""
    is_google = (target or os.environ.get("LAMBDAPOOL_TARGET", "")).startswith("gcp")
    variables = _VARIABLES.get((name, is_google))
    if given is not None or variables is None or any(os.environ.get(variable) for variable in variables):
        return given
    value = _what_can_be_read().get(name)
    return value if isinstance(value, str) else None
