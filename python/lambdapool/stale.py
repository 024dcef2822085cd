"""What a pool does where a module that is loaded here was deployed with another source."""

from __future__ import annotations

import os
from typing import Optional

from .project_file import setting_of

VARIABLE = "LAMBDAPOOL_STALE"
MODES = ("error", "warn", "ignore", "update")


def stale_mode(given: Optional[str], function: str) -> str:
    """The argument, else $LAMBDAPOOL_STALE, else what lambdapool.toml says of the function, else "error". Raises
    ValueError or TypeError."""
    if given is not None and not isinstance(given, str):
        raise TypeError("stale must be a str, not %s" % type(given).__name__)
    mode, where = given, "stale"
    if mode is None:
        mode, where = os.environ.get(VARIABLE) or None, VARIABLE
    if mode is None:
        mode, where = setting_of(function, "stale"), "stale in lambdapool.toml"
    if mode is None:
        return MODES[0]
    if mode not in MODES:
        raise ValueError("%s must be one of %s, not %r" % (where, ", ".join(MODES), mode))
    return mode
