"""A local Lambda for tests of one's own code: ``with lambdapool.local() as service: ...``"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Optional, Type, Union

from . import _native
from .errors import LocalError

#: What would lead a pool, a command or an AWS client elsewhere.
_ELSEWHERE = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LOGS", "LAMBDAPOOL_FUNCTION")


class LocalLambda:
    """A local Lambda of one's own, which is there as long as its ``with`` block.

    Within the block the process's environment leads to it: pools and the command ``lambdapool`` (``LAMBDAPOOL_TARGET``,
    ``LAMBDAPOOL_HOME``), and boto3 or any other AWS client (``AWS_ENDPOINT_URL_LAMBDA``, a key and a region). At its
    end the environment is what it was, and a home that was made for it is gone, with the functions in it. Pools are
    to be ended within the block.

    Args:
        home: a directory that keeps functions and logs. If not given: a fresh one, removed at the end.
        region: the region that it says it is in.

    Raises:
        LocalError: it could not start.
    """

    def __init__(self, home: Union[str, "os.PathLike[str]", None] = None, *, region: str = "us-east-1") -> None:
        self._given_home = None if home is None else Path(os.path.abspath(home))
        self._region = region
        self._service: Optional[_native.LocalLambda] = None
        self._before: Dict[str, Optional[str]] = {}
        self._home: Optional[Path] = None
        self._owner = 0  # the process that entered; to a forked child it is its parent's

    def __enter__(self) -> LocalLambda:
        if self._service is not None:
            raise ValueError("this local Lambda is running")
        self._owner = os.getpid()
        self._home = self._given_home or Path(tempfile.mkdtemp(prefix="lambdapool-"))
        try:
            self._service = _native.LocalLambda(home=str(self._home), region=self._region, python=sys.executable or "")
        except RuntimeError as error:
            self._remove_home()
            raise LocalError(str(error)) from None
        for name in (*_ELSEWHERE, *self.environment):
            self._before[name] = os.environ.get(name)
            os.environ.pop(name, None)
        os.environ.update(self.environment)
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc_value: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if self._service is None or self._owner != os.getpid():
            return
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._service.close()
        self._service = None
        self._remove_home()

    @property
    def home(self) -> Path:
        """The directory that keeps its functions and logs."""
        if self._home is None:
            raise ValueError("this local Lambda is not running")
        return self._home

    @property
    def endpoint_url(self) -> str:
        return self._running().url

    @property
    def region_name(self) -> str:
        return self._region

    @property
    def aws_access_key_id(self) -> str:
        """Made for it; who does not sign with it is refused."""
        return self._running().access_key_id

    @property
    def aws_secret_access_key(self) -> str:
        return self._running().secret_access_key

    @property
    def environment(self) -> Dict[str, str]:
        """The variables that lead another program to it."""
        return {
            "LAMBDAPOOL_TARGET": "local",
            "LAMBDAPOOL_HOME": str(self.home),
            "AWS_ENDPOINT_URL_LAMBDA": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.aws_access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.aws_secret_access_key,
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service_name: str = "lambda", **arguments: Any) -> Any:
        """A boto3 client of it. Raises ImportError where boto3 is not installed."""
        import boto3  # type: ignore[import-not-found,import-untyped,unused-ignore]

        settings = {
            "endpoint_url": self.endpoint_url,
            "region_name": self._region,
            "aws_access_key_id": self.aws_access_key_id,
            "aws_secret_access_key": self.aws_secret_access_key,
        }
        return boto3.client(service_name, **{**settings, **arguments})

    def __repr__(self) -> str:
        return "<lambdapool.local %s>" % ("not running" if self._service is None else self.endpoint_url)

    def _running(self) -> _native.LocalLambda:
        if self._service is None:
            raise ValueError("this local Lambda is not running")
        return self._service

    def _remove_home(self) -> None:
        if self._given_home is None and self._home is not None:
            _remove(self._home)
        self._home = None


def _remove(home: Path) -> None:
    """Also what unpacked code is: read-only."""
    for folder, _, _ in os.walk(home):
        os.chmod(folder, 0o700)
    shutil.rmtree(home, ignore_errors=True)


def local(home: Union[str, "os.PathLike[str]", None] = None, *, region: str = "us-east-1") -> LocalLambda:
    """A local Lambda for a ``with`` block: see :class:`LocalLambda`.

    >>> with lambdapool.local() as service:
    ...     service.client("lambda").list_functions()["Functions"]
    []
    """
    return LocalLambda(home, region=region)
