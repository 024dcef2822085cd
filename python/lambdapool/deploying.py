"""Makes, changes, removes and lists Lambda functions: what the command ``lambdapool`` does, from a program.

    >>> import lambdapool
    >>> function = lambdapool.create("algorithms", "algorithms/", memory=256, progress=print)
    >>> lambdapool.list()
    [Function(name='algorithms', ...)]
    >>> lambdapool.delete("algorithms")

Each call blocks until it is done; Ctrl-C ends it, after what has begun is finished or taken back.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import sys
import warnings
from collections.abc import Mapping as MappingABC
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple, Union

from . import _native, errors
from .arguments import check_integer, one_region
from .project_file import place_or_default

Path = Union[str, "os.PathLike[str]"]


class Event(NamedTuple):
    """A step of a deployment, as ``progress`` is given it. ``str()`` of it is a line for people.

    ``kind`` is one of begun, copying, copying_path, copying_note, installing, installing_package, copied, uploading,
    uploading_part, uploaded, unchanged_code, changing, configuring, waiting, removing_unfinished, removed_left_role,
    note, warning, finishing. ``text`` is what it is about; ``done`` and ``total`` are bytes, of uploading_part;
    ``line`` says it in words.
    """

    kind: str
    text: str
    done: int
    total: int
    line: str

    def __str__(self) -> str:
        return self.line


Progress = Callable[[Event], object]


@dataclasses.dataclass(frozen=True)
class Function:
    """A Lambda function that lambdapool made.

    Attributes:
        name, arn, description: as Lambda has them.
        runtime: ``python3.13``, or ``provided.al2023`` for a C++ executable.
        architecture: ``x86_64`` or ``arm64``.
        role: the ARN of the role that it runs as.
        memory, ephemeral_storage: in MB.
        timeout: in seconds.
        size: of its code, zipped, in bytes.
        code_sha256: of the zip, in base64 as Lambda has it.
        last_modified: when its code or configuration was.
        last_update_error: why what was asked of it last does not serve, so that it is as it was; "" where it does.
        layers: the ARNs of its layers.
        lambdapool_version: that deployed its code.
    """

    name: str
    arn: str
    runtime: str
    architecture: str
    role: str
    description: str
    memory: int
    timeout: int
    ephemeral_storage: int
    size: int
    code_sha256: str
    last_modified: Optional[datetime.datetime]
    last_update_error: str
    layers: Tuple[str, ...]
    lambdapool_version: str


def create(
    name: str,
    paths: Union[Path, Iterable[Path]] = (),
    *,
    requirements: Optional[Path] = None,
    memory: Optional[int] = None,
    timeout: Optional[int] = None,
    layers: Optional[Iterable[str]] = None,
    runtime: Optional[str] = None,
    architecture: Optional[str] = None,
    ephemeral_storage: Optional[int] = None,
    response_mode: Optional[str] = None,
    description: Optional[str] = None,
    env: Optional[Mapping[str, str]] = None,
    tags: Optional[Mapping[str, str]] = None,
    subnets: Optional[Iterable[str]] = None,
    security_groups: Optional[Iterable[str]] = None,
    concurrency: Optional[int] = None,
    per_instance: Optional[int] = None,
    role: Optional[str] = None,
    service_account: Optional[str] = None,
    policies: Optional[Iterable[Path]] = None,
    bucket: Optional[str] = None,
    allow_secrets: Optional[Iterable[str]] = None,
    exists_ok: bool = False,
    progress: Optional[Progress] = None,
    target: Optional[str] = None,
    region: Optional[str] = None,
    project: Optional[str] = None,
    aws_access_key_id: Optional[str] = None,
    aws_secret_access_key: Optional[str] = None,
    aws_session_token: Optional[str] = None,
    aws_region_name: Optional[str] = None,
    aws_profile_name: Optional[str] = None,
    allow_http: bool = False,
) -> Function:
    """Makes a function, and waits until it can be called. What it made before a failure it removes again.

    Args:
        name: of the function, new.
        paths: the Python files and directories it needs, or a C++ executable with what goes beside it.
        requirements: a requirements file, installed for the function's Python and platform.
        memory: in MB (default 128, on Cloud Run 512). timeout: in seconds (default 3, on Cloud Run 300).
        ephemeral_storage: of /tmp, in MB. response_mode: of a Python function on AWS, ``streaming`` or ``buffered``.
        layers: ARNs, or names of one's own. runtime: default that of this Python.
        architecture: ``x86_64`` (the default on AWS) or ``arm64``. env: environment variables. tags: of the function.
        concurrency: so many concurrent executions are kept for it, and it has no more.
        per_instance, service_account: of Cloud Run: tasks at a time in one instance, and the account it runs as.
        role: an ARN; without one, a role is made for the function, with ``policies`` (ARNs, or JSON files).
        bucket: an S3 bucket, for a package above 50 MB; else ``LAMBDAPOOL_BUCKET``.
        allow_secrets: names that may look like secrets. exists_ok: a function of that name is left, and returned.
        progress: called with an :class:`Event` for each step; ``print`` will do. What it raises ends the deployment.
        target, region, project, aws_*, allow_http: where and as whom, as for :class:`lambdapool.LambdaPool`.

    Raises:
        ValueError: an argument is wrong, or does not go with another. TypeError: it is of the wrong type.
        ServiceError: there is a function of that name. LambdaPoolError: any other failure, by its class.
    """
    settings = _settings(
        paths, requirements, memory, timeout, layers, runtime, architecture, ephemeral_storage, response_mode, env,
        tags, description, subnets, security_groups, per_instance, role, service_account, policies, bucket,
        allow_secrets,
    )  # fmt: skip
    if concurrency is not None:
        settings["concurrency"] = _number("concurrency", concurrency)
    functions = _functions(
        target, region, project, aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region_name,
        aws_profile_name, allow_http,
    )  # fmt: skip
    return _function(_result(functions.create(_text("name", name), settings, exists_ok, _listener(progress)), name))


def update(
    name: str,
    paths: Union[Path, Iterable[Path]] = (),
    *,
    requirements: Optional[Path] = None,
    memory: Optional[int] = None,
    timeout: Optional[int] = None,
    layers: Optional[Iterable[str]] = None,
    runtime: Optional[str] = None,
    architecture: Optional[str] = None,
    ephemeral_storage: Optional[int] = None,
    response_mode: Optional[str] = None,
    description: Optional[str] = None,
    env: Optional[Mapping[str, str]] = None,
    unset_env: Iterable[str] = (),
    tags: Optional[Mapping[str, str]] = None,
    untag: Iterable[str] = (),
    subnets: Optional[Iterable[str]] = None,
    security_groups: Optional[Iterable[str]] = None,
    concurrency: Union[int, str, None] = None,
    per_instance: Optional[int] = None,
    role: Optional[str] = None,
    service_account: Optional[str] = None,
    policies: Optional[Iterable[Path]] = None,
    bucket: Optional[str] = None,
    allow_secrets: Optional[Iterable[str]] = None,
    progress: Optional[Progress] = None,
    target: Optional[str] = None,
    region: Optional[str] = None,
    project: Optional[str] = None,
    aws_access_key_id: Optional[str] = None,
    aws_secret_access_key: Optional[str] = None,
    aws_session_token: Optional[str] = None,
    aws_region_name: Optional[str] = None,
    aws_profile_name: Optional[str] = None,
    allow_http: bool = False,
) -> Function:
    """Changes what is given and nothing else, code and configuration both or neither; returns the function then.

    The arguments are those of :func:`create`, and:

    Args:
        paths: all of the function's new code; none: its code stays.
        requirements: ``""`` says that there shall be none any more.
        env: is added to the variables there are. unset_env: the names of those to be removed.
        tags: are added. untag: the keys of those to be removed.
        concurrency: ``"none"`` lets it share the account's again.

    Raises:
        FunctionNotFound: there is no such function. ServiceError: lambdapool did not make it, or somebody else changed
        it in the meantime. And what :func:`create` raises.
    """
    settings = _settings(
        paths, requirements, memory, timeout, layers, runtime, architecture, ephemeral_storage, response_mode, env,
        tags, description, subnets, security_groups, per_instance, role, service_account, policies, bucket,
        allow_secrets,
    )  # fmt: skip
    settings["unset_env"] = set(_texts("unset_env", unset_env))
    settings["untag"] = set(_texts("untag", untag))
    if isinstance(concurrency, str) and concurrency != "none":
        raise ValueError("concurrency is a number, or 'none', not %r" % concurrency)
    if concurrency is not None:
        settings["concurrency"] = None if isinstance(concurrency, str) else _number("concurrency", concurrency)
    functions = _functions(
        target, region, project, aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region_name,
        aws_profile_name, allow_http,
    )  # fmt: skip
    return _function(_result(functions.update(_text("name", name), settings, _listener(progress)), name))


def delete(
    name: str,
    *,
    progress: Optional[Progress] = None,
    target: Optional[str] = None,
    region: Optional[str] = None,
    project: Optional[str] = None,
    aws_access_key_id: Optional[str] = None,
    aws_secret_access_key: Optional[str] = None,
    aws_session_token: Optional[str] = None,
    aws_region_name: Optional[str] = None,
    aws_profile_name: Optional[str] = None,
    allow_http: bool = False,
) -> None:
    """Removes a function that lambdapool made, and the role that was made for it.

    Raises:
        FunctionNotFound: there is no such function. ServiceError: lambdapool did not make it. LambdaPoolError: any
        other failure, by its class.
    """
    functions = _functions(
        target, region, project, aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region_name,
        aws_profile_name, allow_http,
    )  # fmt: skip
    _result(functions.remove(_text("name", name), _listener(progress)), name)


def list(
    *,
    target: Optional[str] = None,
    region: Optional[str] = None,
    project: Optional[str] = None,
    aws_access_key_id: Optional[str] = None,
    aws_secret_access_key: Optional[str] = None,
    aws_session_token: Optional[str] = None,
    aws_region_name: Optional[str] = None,
    aws_profile_name: Optional[str] = None,
    allow_http: bool = False,
) -> List[Function]:
    """The functions that lambdapool made, the last modified first. Raises LambdaPoolError, by its class."""
    functions = _functions(
        target, region, project, aws_access_key_id, aws_secret_access_key, aws_session_token, aws_region_name,
        aws_profile_name, allow_http,
    )  # fmt: skip
    return [_function(found) for found in _result(functions.list(), "")]


def _settings(
    paths: Union[Path, Iterable[Path]],
    requirements: Optional[Path],
    memory: Optional[int],
    timeout: Optional[int],
    layers: Optional[Iterable[str]],
    runtime: Optional[str],
    architecture: Optional[str],
    ephemeral_storage: Optional[int],
    response_mode: Optional[str],
    env: Optional[Mapping[str, str]],
    tags: Optional[Mapping[str, str]],
    description: Optional[str],
    subnets: Optional[Iterable[str]],
    security_groups: Optional[Iterable[str]],
    per_instance: Optional[int],
    role: Optional[str],
    service_account: Optional[str],
    policies: Optional[Iterable[Path]],
    bucket: Optional[str],
    allow_secrets: Optional[Iterable[str]],
) -> Dict[str, Any]:
    """Those that are given, by their types."""
    kinds: Dict[str, Tuple[Callable[[str, Any], Any], Any]] = {
        "requirements": (_text, requirements),
        "memory": (_number, memory),
        "timeout": (_number, timeout),
        "layers": (_texts, layers),
        "runtime": (_text, runtime),
        "architecture": (_text, architecture),
        "ephemeral_storage": (_number, ephemeral_storage),
        "response_mode": (_text, response_mode),
        "description": (_text, description),
        "env": (_pairs, env),
        "tags": (_pairs, tags),
        "subnets": (_texts, subnets),
        "security_groups": (_texts, security_groups),
        "per_instance": (_number, per_instance),
        "role": (_text, role),
        "service_account": (_text, service_account),
        "policies": (_texts, policies),
        "bucket": (_text, bucket),
        "allow_secrets": (_texts, allow_secrets),
    }
    settings = {name: kind(name, value) for name, (kind, value) in kinds.items() if value is not None}
    settings["paths"] = _texts("paths", [paths] if isinstance(paths, (str, os.PathLike)) else paths)
    return settings


def _number(what: str, value: object) -> int:
    number = check_integer(what, value)
    if abs(number) >= 2**31:
        raise ValueError("%s is far too large: %d" % (what, number))
    return number


def _pairs(what: str, pairs: Mapping[str, str]) -> Dict[str, str]:
    if not isinstance(pairs, MappingABC):
        raise TypeError("%s must be a dict, not %s" % (what, type(pairs).__name__))
    return {_text("each name in %s" % what, key): _text("each value in %s" % what, pairs[key]) for key in pairs}


def _text(what: str, value: object) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise TypeError("%s must be a str, not %s" % (what, type(value).__name__))
    return value


def _texts(what: str, values: Iterable[object]) -> List[str]:
    if isinstance(values, (str, bytes)):
        raise TypeError("%s must be several, as in a list, not a %s" % (what, type(values).__name__))
    return [_text("each of %s" % what, value) for value in values]


def _functions(
    target: Optional[str],
    region: Optional[str],
    project: Optional[str],
    access_key_id: Optional[str],
    secret_access_key: Optional[str],
    session_token: Optional[str],
    aws_region_name: Optional[str],
    profile: Optional[str],
    allow_http: bool,
) -> _native.Functions:
    return _native.Functions(
        python=sys.executable or "",
        target=target,
        region=place_or_default("region", one_region(region, aws_region_name), target),
        project=place_or_default("project", project, target),
        profile=profile,
        access_key_id=access_key_id,
        secret_access_key=secret_access_key,
        session_token=session_token,
        allow_http=allow_http,
    )


def _listener(progress: Optional[Progress]) -> Callable[[str, str, int, int, str], None]:
    def hear(kind: str, text: str, done: int, total: int, line: str) -> None:
        if kind == "warning" and progress is None:
            warnings.warn(text, RuntimeWarning, stacklevel=4)
        if progress is not None:
            progress(Event(kind, text, done, total, line))

    return hear


def _result(outcome: Tuple[Any, Optional[_native.NativeError]], name: str) -> Any:
    value, error = outcome
    if error is not None:
        raise errors.from_native(error, name)
    return value


def _function(found: Dict[str, Any]) -> Function:
    try:
        modified = datetime.datetime.strptime(found["last_modified"], "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        modified = None
    return Function(**{**found, "last_modified": modified, "layers": tuple(found["layers"])})
