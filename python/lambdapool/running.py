"""``lambdapool run script.py``: deploys what the script needs, and runs it here. The command's own part, in C++, starts
``python -m lambdapool.running`` with the interpreter that the script is for.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NoReturn, Optional

from . import _native
from .deployment import QUALIFIERS, Deployment
from .errors import LambdaPoolError
from .script_code import ScriptCode, function_name_of, read_script


def main(arguments: Optional[List[str]] = None) -> NoReturn:
    options = _parsed(sys.argv[1:] if arguments is None else arguments)
    script = Path(options.script)
    try:
        if not script.is_file():
            raise ValueError("there is no script %s" % script)
        code = read_script(script)
        for note in code.broken:
            print("lambdapool: note: %s" % note, file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="lambdapool-") as folder:
            environment = _environment(code, _deployed(code, options, Path(folder)))
    except (LambdaPoolError, ValueError, OSError) as error:
        print("lambdapool run: %s" % error, file=sys.stderr)
        sys.exit(1)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, str(script), *options.arguments], environment)


def _parsed(arguments: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lambdapool.running", description=__doc__, allow_abbrev=False)
    parser.add_argument("--function")
    parser.add_argument("--memory", type=int)
    parser.add_argument("--timeout", type=int)
    parser.add_argument("--requirements")
    parser.add_argument("--with", dest="beside", action="append", default=[])
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(arguments)


def _deployed(code: ScriptCode, options: argparse.Namespace, folder: Path) -> List[str]:
    """NAME:VERSION of each function that the script's pools may call."""
    named = os.environ.get("LAMBDAPOOL_FUNCTION")
    functions = [options.function] if options.function else code.functions or [named or function_name_of(code.script)]
    settings: Dict[str, Any] = {
        "memory": options.memory,
        "timeout": options.timeout,
        "requirements": _given(options.requirements, folder) or code.requirements.path_in(folder),
    }
    paths = [str(path) for path in code.paths] + list(options.beside)
    return [Deployment(function, paths, settings, {}).ensure() for function in functions]


def _given(requirements: Optional[str], folder: Path) -> Optional[str]:
    """What can be read but once (``-r <(pip freeze)``) is read now, for all functions."""
    if not requirements or os.path.isdir(requirements) or os.path.isfile(requirements):
        return requirements
    if not os.path.exists(requirements) or _native.is_named_fifo(os.fsencode(requirements)):
        return requirements  # which is told where it is deployed
    copy = folder / "given-requirements.txt"
    copy.write_bytes(Path(requirements).read_bytes())
    return str(copy)


def _environment(code: ScriptCode, deployed: List[str]) -> Dict[str, str]:
    environment = dict(os.environ)
    environment[QUALIFIERS] = " ".join(deployed)
    environment["LAMBDAPOOL_FUNCTION"] = deployed[0].split(":")[0]
    if code.search:
        paths = [str(path) for path in code.search] + [environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


if __name__ == "__main__":
    main()
