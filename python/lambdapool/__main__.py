"""`python -m lambdapool` is the command `lambdapool` of this Python's installation."""

import os
import shutil
import sys
import sysconfig
from typing import Optional


def _program() -> Optional[str]:
    """Where an installation for this Python puts it, where a build does, or what a shell would find."""
    places = [
        os.path.join(os.path.dirname(sys.executable), "lambdapool"),
        os.path.join(sysconfig.get_path("scripts"), "lambdapool"),
    ]
    for scheme in ("posix_user", "posix_prefix"):
        places.append(os.path.join(sysconfig.get_path("scripts", scheme), "lambdapool"))
    from lambdapool import _native

    places.append(os.path.join(os.path.dirname(_native.__file__), "..", "..", "bin", "lambdapool"))
    found = next((place for place in places if os.access(place, os.X_OK) and os.path.isfile(place)), None)
    return found or shutil.which("lambdapool")


def main() -> None:
    program = _program()
    if program is None:
        sys.exit(
            "Error: the program lambdapool was not found beside this Python or on the PATH; install the package again."
        )
    try:
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"Error: {program} could not be started: {error.strerror}.")


if __name__ == "__main__":
    main()
