"""Whether a file that was found, not named, may be obeyed."""

from __future__ import annotations

import os
from typing import Optional, Union

from . import _native


class UntrustedFile(ValueError):
    """Another user of the machine could have put the file there, or written it. It is not passed over: that would
    change what the program does in silence."""


def check_trusted(path: Union[str, "os.PathLike[str]"], trusted: Optional[int] = None) -> None:
    """Raises UntrustedFile, which says why and what to do. `trusted`: a user who is as good as this process's own."""
    why = _native.why_not_trusted(os.fsencode(path), trusted)
    if why is not None:
        raise UntrustedFile(why)
