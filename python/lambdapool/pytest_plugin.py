"""pytest's plugin. One line in a conftest.py, and tests have a local Lambda of their own:
``pytest_plugins = ["lambdapool.pytest_plugin"]``
"""

from __future__ import annotations

from typing import Iterator

import pytest

from .local_lambda import LocalLambda


@pytest.fixture
def local_lambda() -> Iterator[LocalLambda]:
    """A running, empty local Lambda, to which pools, commands and AWS clients are led while the test runs. For a
    wider scope write a fixture of your own around :func:`lambdapool.local`."""
    with LocalLambda() as service:
        yield service
