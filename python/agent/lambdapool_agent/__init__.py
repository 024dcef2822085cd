"""The side of lambdapool that runs in a Python function on AWS Lambda.

Set as the function's handler: ``lambdapool_agent.lambda_handler``. Only the standard library, and
Python 3.9 or newer. What goes over the wire is specified in docs/protocol.md, codec ``pickle``.
"""

import os
import sys

# The user's own cloudpickle, if the package has one, comes first.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "vendor"))

from .envelope import LambdapoolCodeMismatch, LambdapoolProtocolError
from .handler import lambda_handler
from .last_words import on_crash
from .preload import import_own_modules

on_crash()
import_own_modules()

__all__ = ["LambdapoolCodeMismatch", "LambdapoolProtocolError", "lambda_handler"]
