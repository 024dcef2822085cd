"""Async functions: what they return is run to its end in the worker."""

from types import CoroutineType


def settle(result):
    """The value of a coroutine, which runs on an event loop of its own; anything else is its own value."""
    if type(result) is not CoroutineType:
        return result
    import asyncio

    return asyncio.run(result)
