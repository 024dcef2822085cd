"""Opens the engine behind a pool or an executor.

Once it is open, the local Lambda starts what workers need. So what is not needed until then is imported meanwhile,
which takes about as long: errors.py, and all that builds upon it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

from . import _native, pickling
from .arguments import check_integer, one_region
from .default_function import bucket_or_default
from .deployment import Deployment, deployed_version_of, settings_of_project
from .project_file import place_or_default
from .stale import stale_mode

if TYPE_CHECKING:
    from .deployed_code import DeployedCode
    from .dispatcher import Dispatcher

#: After the function's own timeout its answer may take so many seconds more.
READ_MARGIN = 30.0

#: So many calls are with the engine beyond those that the workers run, and at least one a worker: with few workers
#: enough for several to be sent, and answers to be taken, at a time.
AHEAD = 32


def connect(
    function: str,
    workers: int,
    *,
    drains_at_exit: bool,
    ahead: int = AHEAD,
    target: Optional[str] = None,
    region: Optional[str] = None,
    aws_region_name: Optional[str] = None,
    project: Optional[str] = None,
    profile: Optional[str] = None,
    access_key_id: Optional[str] = None,
    secret_access_key: Optional[str] = None,
    session_token: Optional[str] = None,
    function_timeout: Optional[float] = None,
    throttle_timeout: float = 300,
    network_timeout: float = 120,
    idempotent: bool = False,
    retries: Optional[int] = None,
    allow_http: bool = False,
    stale: Optional[str] = None,
    bucket: Optional[str] = None,
    stdout: bool = False,
    deploy: Any = None,
    settings: Optional[Dict[str, Any]] = None,
) -> Dispatcher:
    """Raises ValueError, TypeError, CredentialsError, or LocalError."""
    _check_function(function)
    workers = _checked_workers(workers)
    _check_timeouts(
        function_timeout=function_timeout, throttle_timeout=throttle_timeout, network_timeout=network_timeout
    )
    _check_choices(idempotent=idempotent, allow_http=allow_http, stdout=stdout)
    _check_texts(region=region, aws_region_name=aws_region_name, target=target, project=project, bucket=bucket)
    where: Dict[str, Any] = {
        "target": target,
        "region": place_or_default("region", one_region(region, aws_region_name), target),
        "project": place_or_default("project", project, target),
        "profile": profile,
        "access_key_id": access_key_id,
        "secret_access_key": secret_access_key,
        "session_token": session_token,
        "allow_http": allow_http,
    }
    _check_texts(**{_NAMES.get(name, name): where[name] for name in where if name != "allow_http"})
    named = function
    function, *rungs = _deployed(function, deploy, settings or {}, where, bucket)
    mode = _stale_mode(stale, function)
    engine: Any = _native.Engine(
        function,
        workers,
        ahead=max(workers, ahead),
        peer=pickling.PEER,
        python=sys.executable or "",
        function_timeout=None if function_timeout is None else float(function_timeout),
        throttle_timeout=float(throttle_timeout),
        network_timeout=float(network_timeout),
        read_margin=READ_MARGIN,
        idempotent=idempotent,
        retries=retries,
        **where,
        bucket=_bucket(bucket, function, target),
        wants_output=stdout,
    )
    _open(engine, function)
    from .dispatcher import Dispatcher

    code = _code_of(function, mode, where, in_flight=workers + max(workers, ahead))
    dispatcher = Dispatcher(engine, workers, function, drains_at_exit, code, rungs, prints=stdout)
    return _with_deployment(dispatcher, named, deploy, dict(settings or {}, bucket=bucket, memory=None), where)


def _with_deployment(
    dispatcher: Dispatcher, function: str, deploy: Any, settings: Dict[str, Any], where: Dict[str, Any]
) -> Dispatcher:
    if deploy is not None and deploy is not False:
        dispatcher.deployment = Deployment(function, deploy, settings, where)
    return dispatcher


def _is_google(target: Optional[str]) -> bool:
    return (target or os.environ.get("LAMBDAPOOL_TARGET", "")).startswith("gcp")


def _bucket(given: Optional[str], function: str, target: Optional[str]) -> str:
    if given is not None and _is_google(target):
        raise ValueError("a call to Cloud Run takes 32 MiB as they are, and no bucket for more: leave bucket out")
    return bucket_or_default(given, function)


def _stale_mode(stale: Optional[str], function: str) -> str:
    mode = stale_mode(stale, function)
    if mode != "update" or ":" not in function:
        return mode
    if stale is not None:
        raise ValueError("stale='update' changes what a function's plain name calls, and %s is called" % function)
    return "error"


def _code_of(function: str, mode: str, where: Dict[str, Any], in_flight: int) -> DeployedCode:
    from .deployed_code import DeployedCode
    from .redeployment import Redeployment

    return DeployedCode(function, mode, Redeployment(function, where, in_flight) if mode == "update" else None)


def _open(engine: Any, function: str) -> None:
    error = engine.open()
    if error is not None:
        from .errors import from_native

        raise from_native(error, function)


def _deployed(
    function: str, deploy: Any, settings: Dict[str, Any], where: Dict[str, Any], bucket: Optional[str]
) -> List[str]:
    """What is called: the function, or the version of it that has what is here; and versions with more memory each."""
    if deploy is None or deploy is False:
        for name, value in settings.items():
            if value is not None:
                raise ValueError("%s is a setting of what is deployed: it goes with deploy=" % name)
        return [deployed_version_of(function)]
    memory = settings.get("memory")
    if memory is None and deploy is True:
        memory = (settings_of_project(function) or {}).get("memory")
    ladder = [memory] if memory is None or not isinstance(memory, (list, tuple)) else _checked_ladder(memory)
    if len(ladder) > 1 and _is_google(where["target"]):
        raise ValueError(
            "several sizes of memory are versions that one pool calls, and on Cloud Run each has an address of its own:"
            " give one size, and run what has run out of memory in a pool with more"
        )
    rungs = [Deployment(function, deploy, dict(settings, bucket=bucket, memory=each), where) for each in ladder]
    # The least last: what others call by the function's plain name has it.
    return [rung.ensure() for rung in reversed(rungs)][::-1]


def _checked_ladder(memory: Sequence[Any]) -> List[int]:
    ladder = [check_integer("memory", each) for each in memory]
    if not ladder or any(low >= high for low, high in zip(ladder, ladder[1:])):
        raise ValueError("memory must be megabytes, or a list of them that grow, not %r" % (memory,))
    return ladder


def _check_function(function: object) -> None:
    if not isinstance(function, str):
        raise TypeError("lambda_function must be a str (a name or an ARN), not %s" % type(function).__name__)
    if not function:
        raise ValueError("lambda_function is empty: it must be a Lambda function's name or ARN")


def _checked_workers(workers: int) -> int:
    workers = check_integer("the number of workers", workers)
    if not 0 < workers <= 10_000:
        raise ValueError("the number of workers must be between 1 and 10000, not %d" % workers)
    return workers


_SECONDS_MAX = 1_000_000  # eleven days


def _check_timeouts(**timeouts: Optional[float]) -> None:
    for name, seconds in timeouts.items():
        if seconds is None and name == "function_timeout":
            continue
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise TypeError("%s must be a number of seconds, not %s" % (name, type(seconds).__name__))
        if name == "network_timeout" and seconds == 0:
            continue
        if not 0 < seconds:
            raise ValueError("%s must be a number of seconds above 0, not %r" % (name, seconds))
        if seconds > _SECONDS_MAX:
            raise ValueError("%s must be at most %d seconds" % (name, _SECONDS_MAX))


def _check_choices(**choices: bool) -> None:
    for name, choice in choices.items():
        if not isinstance(choice, bool):
            raise TypeError("%s must be True or False, not %s" % (name, type(choice).__name__))


#: Of arguments, as pools and executors have them.
_NAMES = {
    "profile": "aws_profile_name",
    "access_key_id": "aws_access_key_id",
    "secret_access_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
}


def _check_texts(**texts: Optional[str]) -> None:
    for name, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise TypeError("%s must be a str, not %s" % (name, type(text).__name__))
