"""Both constructors take the function and the number of workers in either order, and each of them by name."""

from __future__ import annotations

import functools

TYPE_CHECKING = False  # typing's own would cost its import
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Tuple, TypeVar

    Init = TypeVar("Init", bound=Callable[..., None])

DEFAULT_WORKERS = 100


def in_either_order(*names: str) -> Callable[[Init], Init]:
    """`names`: of the first two parameters after `self`. One of them is ``lambda_function``, the one that is a str."""
    function = names.index("lambda_function")

    def decorate(init: Init) -> Init:
        @functools.wraps(init)
        def arranged(self: Any, *args: Any, **options: Any) -> None:
            init(self, *_arranged(names, function, args, options), **options)

        return arranged  # type: ignore[return-value]

    return decorate


def _arranged(names: Tuple[str, ...], function: int, args: Tuple[Any, ...], options: Dict[str, Any]) -> Tuple[Any, ...]:
    """`args` in the order of `names`; one that stands alone in the other's place goes into `options`."""
    if not args or isinstance(args[0], str) == (function == 0) or args[0] is None:
        return args
    if len(args) > 1:
        return (*args[1::-1], *args[2:]) if isinstance(args[1], str) == (function == 0) or args[1] is None else args
    if names[1] in options:
        return args  # twice the same: Python says so
    options[names[1]] = args[0]
    return ()


__all__ = ["DEFAULT_WORKERS", "in_either_order"]
