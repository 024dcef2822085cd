"""Which function is meant where none is named: $LAMBDAPOOL_FUNCTION, or the only one of lambdapool.toml."""

from __future__ import annotations

import os
from typing import Optional

from .project_file import FILE, functions_of_project, setting_of

VARIABLE = "LAMBDAPOOL_FUNCTION"
BUCKET_VARIABLE = "LAMBDAPOOL_BUCKET"


def function_or_default(given: Optional[str]) -> str:
    """Raises TypeError where nothing says which, ValueError where the file cannot be read."""
    if given is not None:
        return given
    named = os.environ.get(VARIABLE)
    if named:
        return named
    functions, where = functions_of_project()
    if len(functions) == 1:
        return next(iter(functions))
    what = "no %s here or above" % FILE if where is None else "%s has %d functions" % (where, len(functions))
    raise TypeError(
        "lambda_function must be a str: the function's name or ARN (it was not given, %s is not set, and %s)"
        % (VARIABLE, what)
    )


def bucket_or_default(given: Optional[str], function: str) -> str:
    """Empty where nothing says which."""
    if given is not None:
        return given
    return os.environ.get(BUCKET_VARIABLE) or setting_of(function, "bucket") or ""
