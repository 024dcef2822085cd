"""``python -m lambdapool.replay FILE``: runs a task that ``keep_failed`` has kept, here and now. `lambdapool replay` is
the same; with ``--pdb`` it stops at the function's first line, and where it fails, with ``--deployed`` the code is that
of the function's package in place of what is here."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import inspect
import io
import os
import pickle
import sys
import tempfile
import traceback
import zipfile
from functools import partial
from typing import Any, Callable, List, NoReturn, Optional

import lambdapool_by_value

from . import _native
from .errors import LambdaPoolError, from_native
from .kept import Kept, digest_of, read_kept
from .pickling import CALL, STARMAP


def main(arguments: Optional[List[str]] = None) -> NoReturn:
    parser = argparse.ArgumentParser(prog="lambdapool replay", description=__doc__, allow_abbrev=False)
    parser.add_argument("file")
    parser.add_argument("--pdb", action="store_true")
    parser.add_argument("--deployed", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="lambdapool-") as folder:
        sys.exit(replayed(options, folder))


def replayed(options: argparse.Namespace, folder: str) -> int:
    """The exit code. Code that was deployed is unpacked into the folder."""
    try:
        kept = read_kept(options.file)
        call = prepared(kept, unpacked(kept.about["function"], folder) if options.deployed else [])
    except (OSError, ValueError, LambdaPoolError) as error:
        print("lambdapool replay: %s" % error, file=sys.stderr)
        return 2
    about = kept.about
    which = "a task" if about["item"] is None else "item %d" % about["item"]
    failure = about["failure"].splitlines()[0]
    print("lambdapool: %s of function %s, which failed with %s" % (which, about["function"], failure), file=sys.stderr)
    return replay(call, options.pdb)


def unpacked(function: str, folder: str) -> List[str]:
    """What the function was deployed with, below the folder: where modules are looked for there, in this order. Raises
    LambdaPoolError."""
    error, zips = _native.fetch_code(function)
    if error is not None:
        raise from_native(error, function)
    task, opt = os.path.join(folder, "task"), os.path.join(folder, "opt")
    for place, package in zip([task] + [opt] * len(zips), zips):
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            archive.extractall(place)
    installed = "lib/python%d.%d/site-packages" % sys.version_info[:2]
    return [task, os.path.join(opt, "python", installed), os.path.join(opt, "python")]


def prepared(kept: Kept, deployed: List[str]) -> Callable[[Any], Any]:
    """The call, to be made by whatever calls functions. Imports the task's modules from where they were then, and says
    which have been edited since; or from the folders of what is deployed."""
    sys.path[:0] = deployed
    importlib.invalidate_caches()
    sys.path += [folder for folder in kept.about["path"] if folder not in sys.path]
    for file, digest in kept.about["sources"].items():
        if not deployed and digest_of(file) != digest:
            print("lambdapool: note: %s has been edited since the task failed" % file, file=sys.stderr)
    buffers = iter(kept.buffers)
    lambdapool_by_value.begin_task({digest: partial(memoryview, part) for digest, part in kept.shared.items()})
    function: Any = pickle.loads(kept.function, buffers=buffers)
    if type(function) is tuple:  # with what the pool's workers do first (WorkerSetup)
        _, initializer, _, wrapped = function
        if initializer:
            initialize, initargs = pickle.loads(initializer)
            initialize(*initargs)
        function = pickle.loads(wrapped, buffers=buffers)
    style, items = pickle.load(io.BytesIO(kept.arguments), buffers=buffers)
    [item] = items
    if style == CALL:
        args, kwds = item
    else:
        args, kwds = (tuple(item) if style == STARMAP else (item,)), {}
    return lambda run: run(function, *args, **kwds)


def replay(call: Callable[[Any], Any], debugged: bool) -> int:
    """The exit code: 1 where it fails again."""
    import pdb

    def run(function: Any, *args: Any, **kwds: Any) -> Any:
        value = function(*args, **kwds)
        return asyncio.run(value) if inspect.iscoroutine(value) else value

    try:
        value = call(pdb.runcall if debugged else run)
        if inspect.iscoroutine(value):
            value = asyncio.run(value)
    except Exception:
        traceback.print_exc()
        if debugged:
            pdb.post_mortem(sys.exc_info()[2])
        return 1
    print(repr(value))
    return 0


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    main()
