"""The source lines of code that was sent by value, in tracebacks from where its files are not.

A line is shown only where the file still has the code that was sent: the file's source, compiled, has the same code
object. So a file that was edited after its import shows no lines rather than wrong ones. The cells of a notebook and
the lines of an interactive session are no files; linecache has them under names that are never used again.
"""

from __future__ import annotations

import dis
import functools
import linecache
import os
import re
import tokenize
from types import CodeType
from typing import FrozenSet, Iterator, List, Optional, Tuple

from lambdapool_by_value.arrivals import sent_functions

_FRAME = re.compile(r'([ |]*)File "([^"]+)", line (\d+), in (.+)')


def with_source_lines(trace: str) -> str:
    """A traceback as Python prints it, with the lines that are known here and were not there. Never raises."""
    try:
        return "\n".join(_filled(trace.split("\n")))
    except Exception:
        return trace


def _filled(lines: List[str]) -> Iterator[str]:
    for line, following in zip(lines, lines[1:] + [""]):
        yield line
        frame = _FRAME.fullmatch(line)
        if frame is None or following.startswith(frame[1] + "  "):
            continue
        source = _line(frame[2], int(frame[3]), frame[4])
        if source:
            yield frame[1] + "  " + source


def _line(file: str, number: int, name: str) -> str:
    lines, known = _source(file)
    if not 0 < number <= len(lines):
        return ""
    for function in sent_functions():
        if function.__code__.co_filename != file:
            continue
        for code in _codes(function.__code__):
            if code.co_name == name and (known is None or code in known) and number in _numbers(code):
                return lines[number - 1].strip()
    return ""


def _source(file: str) -> Tuple[List[str], Optional[FrozenSet[CodeType]]]:
    """The lines, and the code objects that they make; None where the lines are those that were compiled."""
    entry = linecache.cache.get(file)
    if entry is not None and len(entry) == 4 and entry[1] is None:
        return entry[2], None
    try:
        now = os.stat(file)
    except OSError:
        return [], None
    return _compiled(file, now.st_mtime_ns, now.st_size, now.st_ino)


@functools.lru_cache(maxsize=16)
def _compiled(file: str, *state: int) -> Tuple[List[str], Optional[FrozenSet[CodeType]]]:
    try:
        with tokenize.open(file) as stream:
            source = stream.read()
        module = compile(source, file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return [], None
    return source.splitlines(), frozenset(_codes(module))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _numbers(code: CodeType) -> Iterator[Optional[int]]:
    return (number for _, number in dis.findlinestarts(code))
