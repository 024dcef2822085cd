"""``@lambdapool.function``: a function that knows how to run on Lambda, without a pool or a function's name."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Callable, Dict, Generic, Iterable, Iterator, List, Optional, Tuple, TypeVar, Union, overload

from .script_code import ScriptCode, function_name_of, read_script
from .script_requirements import Requirements

R = TypeVar("R")

AskedRequirements = Union[None, str, "os.PathLike[str]", List[str], Tuple[str, ...]]


class RemoteFunction(Generic[R]):
    """What :func:`function` makes of a function. Called, it runs here; its other methods run it on Lambda.

    The first of them deploys what the function needs, as ``lambdapool run`` does for a script, and prints what that
    was. All functions with the same settings share one executor.
    """

    def __init__(self, func: Callable[..., R], settings: Dict[str, Any]) -> None:
        functools.update_wrapper(self, func)
        self._func = func
        self._settings = settings

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        return self._func(*args, **kwargs)

    def submit(self, *args: Any, **kwargs: Any) -> "Future[R]":
        """Runs ``f(*args, **kwargs)`` on Lambda; returns at once."""
        future: "Future[R]" = self._executor().submit(self._func, *args, **kwargs)
        return future

    def remote(self, *args: Any, **kwargs: Any) -> R:
        """``f(*args, **kwargs)``, on Lambda; waits for the value."""
        return self.submit(*args, **kwargs).result()

    def map(self, *iterables: Iterable[Any], timeout: Optional[float] = None, chunksize: int = 1) -> Iterator[R]:
        """``map(f, *iterables)``, on Lambda: as :meth:`concurrent.futures.Executor.map`."""
        results: Iterator[R] = self._executor().map(self._func, *iterables, timeout=timeout, chunksize=chunksize)
        return results

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        raise TypeError("lambdapool.function is for functions, not for methods: %s" % self._func.__qualname__)

    def __reduce__(self) -> Any:
        """In a worker it is the plain function."""
        return functools.partial, (self._func,)

    def __repr__(self) -> str:
        return "<lambdapool.function %s.%s>" % (self._func.__module__, self._func.__qualname__)

    def _executor(self) -> Any:
        return _executors.of(self._func, self._settings)


class _Executors:
    """One for each function on Lambda and its settings, for as long as the program runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Dict[Any, Any] = {}
        self._owner = os.getpid()

    def of(self, func: Callable[..., Any], settings: Dict[str, Any]) -> Any:
        from .executor import LambdaExecutor

        with self._lock:
            if self._owner != os.getpid():  # a forked child's are its parent's
                self._made, self._owner = {}, os.getpid()
            key = (_file_of(func), repr(sorted(settings.items(), key=lambda item: item[0])))
            if key not in self._made:
                with tempfile.TemporaryDirectory(prefix="lambdapool-") as folder:
                    self._made[key] = LambdaExecutor(**_arguments(_code_of(func), settings, Path(folder)))
            return self._made[key]


_executors = _Executors()


def _file_of(func: Callable[..., Any]) -> Optional[str]:
    """None for a notebook's, and for code that was made at run time."""
    file = getattr(sys.modules.get(func.__module__), "__file__", None)
    return file if file is not None and os.path.isfile(file) else None


def _code_of(func: Callable[..., Any]) -> ScriptCode:
    """What the function's source needs, itself included where it can be imported there."""
    file = _file_of(func)
    if file is None:
        return ScriptCode(Path(inspect.getsourcefile(func) or "notebook"))
    code = read_script(Path(file))
    if func.__module__ != "__main__":
        depth = func.__module__.count(".") + (1 if Path(file).name == "__init__.py" else 0)
        own = Path(file).resolve().parents[depth - 1] if depth else Path(file).resolve()
        code.paths = [own] + [path for path in code.paths if path != own]
    return code


def _arguments(code: ScriptCode, settings: Dict[str, Any], folder: Path) -> Dict[str, Any]:
    arguments = {name: value for name, value in settings.items() if value is not None}
    requirements = arguments.pop("requirements", code.requirements)
    if isinstance(requirements, (list, tuple)):
        requirements = Requirements(lines=list(requirements))
    if isinstance(requirements, Requirements):
        requirements = requirements.path_in(folder)
    if requirements is not None:
        arguments["requirements"] = requirements
    arguments.setdefault("lambda_function", os.environ.get("LAMBDAPOOL_FUNCTION") or function_name_of(code.script))
    arguments["deploy"] = [str(path) for path in code.paths]
    return arguments


@overload
def function(func: Callable[..., R]) -> RemoteFunction[R]: ...
@overload
def function(
    *,
    name: Optional[str] = None,
    memory: Optional[int] = None,
    timeout: Optional[int] = None,
    requirements: AskedRequirements = None,
    max_workers: Optional[int] = None,
    target: Optional[str] = None,
    **options: Any,
) -> Callable[[Callable[..., R]], RemoteFunction[R]]: ...
def function(
    func: Optional[Callable[..., R]] = None,
    *,
    name: Optional[str] = None,
    memory: Optional[int] = None,
    timeout: Optional[int] = None,
    requirements: AskedRequirements = None,
    max_workers: Optional[int] = None,
    target: Optional[str] = None,
    **options: Any,
) -> Any:
    """A decorator: ``f(x)`` runs here as before, ``f.map(items)``, ``f.submit(x)`` and ``f.remote(x)`` run on Lambda.

        @lambdapool.function(memory=512, timeout=60, requirements=["numpy"])
        def simulate(seed): ...

        results = list(simulate.map(range(1000)))

    Args:
        name: the Lambda function's; else ``LAMBDAPOOL_FUNCTION``, else the name of the file.
        memory, timeout: of the Lambda function, in megabytes and seconds.
        requirements: a requirements file, or a list of requirements; else what ``lambdapool run`` would find.
        max_workers, target, options: as :class:`LambdaExecutor` has them.

    What the function's file imports of the user's own is deployed with it.
    """
    settings = dict(
        options,
        lambda_function=name,
        memory=memory,
        timeout=timeout,
        requirements=requirements,
        max_workers=max_workers,
        target=target,
    )

    def decorate(decorated: Callable[..., R]) -> RemoteFunction[R]:
        if not callable(decorated) or isinstance(decorated, type):
            raise TypeError("lambdapool.function is for functions, not for %r" % (decorated,))
        return RemoteFunction(decorated, settings)

    return decorate if func is None else decorate(func)
