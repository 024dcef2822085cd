"""Imports the package's own modules while the function starts.

Lambda gives that phase 10 seconds beside the function's timeout; an import in the first task would count against
it. `lambdapool create` writes down which modules there are. None of this can do harm: what cannot be imported is
left to the task that needs it, which then has the error; a module that runs something (a script) is left out; and
no import begins when half of the time is over.
"""

import importlib
import importlib.util
import os
import sys
import time

from . import forked

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules.txt")
ENOUGH_SECONDS = 5


def import_own_modules(list_file=LIST, clock=time.monotonic):
    try:
        with open(list_file, encoding="utf-8") as file:
            names = file.read().split()
    except OSError:
        return  # made by other means
    until = clock() + ENOUGH_SECONDS
    for name in names:
        if clock() > until:
            return
        _import(name)


def _import(name):
    process, known = os.getpid(), set(sys.modules)
    try:
        if name not in sys.modules and _only_defines(name):
            importlib.import_module(name)
    except BaseException as error:
        if os.getpid() != process:
            forked.end(error)
        for module in set(sys.modules) - known:
            if module == name or module.startswith(name + "."):
                del sys.modules[module]  # so that the task's import fails as this one did
    if os.getpid() != process:
        forked.end()


def _only_defines(name):
    """Whether the module has functions or classes and, beside them, nothing that is run for its own sake; a
    package's __init__ may have nothing at all."""
    import ast  # late: two milliseconds, and there may be no such module

    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return False
    with open(spec.origin, "rb") as file:
        body = ast.parse(file.read()).body
    kinds = {type(statement) for statement in body}
    if kinds & {ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith}:
        return False
    if any(isinstance(statement, ast.Expr) and _runs(statement.value, ast) for statement in body):
        return False
    return bool(spec.submodule_search_locations) or bool(kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})


# What modules call for its effect on others, as against what a script does.
_SETTINGS = ("basicConfig", "filterwarnings", "simplefilter", "use", "setLevel", "addHandler", "seed", "set_option")


def _runs(value, ast):
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        return name not in _SETTINGS and not name.startswith(("set_", "register"))
    return not isinstance(value, ast.Constant)
