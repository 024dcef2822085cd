"""What a script needs over there: the user's own modules that it imports, the files that they read, and the packages
of others. Found by reading sources, never by running or importing them.

A module is the user's own unless it belongs to Python or stands in a site-packages directory; it is looked for where
the script would find it: beside the script, in a project's ``src/``, on ``sys.path`` (editable installs too).
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import site
import sys
import sysconfig
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set

from .script_requirements import ALWAYS_THERE, Requirements, find_requirements
from .trusted_file import check_trusted

#: What marks the top of a project.
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "uv.lock", "lambdapool.toml")


@dataclass
class ScriptCode:
    """Where a script's code is, and what it needs.

    Attributes:
        paths: files and directories to deploy, each once, in the order in which they were found.
        search: directories that the script needs on ``sys.path`` beyond its own (a project's ``src``).
        requirements: what of others it needs.
        functions: the Lambda functions that the script's pools and executors name literally.
        broken: sources that cannot be parsed, as sentences; what they import was not followed.
    """

    script: Path
    paths: List[Path] = field(default_factory=list)
    search: List[Path] = field(default_factory=list)
    requirements: Requirements = field(default_factory=Requirements)
    functions: List[str] = field(default_factory=list)
    broken: List[str] = field(default_factory=list)


def read_script(script: Path) -> ScriptCode:
    """Raises ValueError for what is no script, or a requirements or lock file that cannot be read or that others could
    have written."""
    script = script.resolve()
    code = ScriptCode(script)
    tree = _parse(script, code)
    if tree is None:
        raise ValueError(code.broken[0])
    project = _project_of(script)
    roots = [script.parent]
    if project is not None:
        roots += [folder for folder in (project / "src", project) if folder.is_dir() and folder not in roots]
    code.functions = _functions_named_in(tree)
    others = _follow(code, tree, roots)
    code.search = [
        root for root in roots[1:] if any(_is_within(path, root) and path.parent == root for path in code.paths)
    ]
    code.requirements = find_requirements(script, project, others)
    return code


def _project_of(script: Path) -> Optional[Path]:
    """The nearest directory, from the script's up, that says it is a project; not beyond the home or a repository's
    top. Raises UntrustedFile where others could have written what says so. Who runs a script trusts its owner, and
    whom the owner lets write beside it: a module there is imported before any other. Not in /tmp, where everybody can
    write."""
    home, folder, owner = Path.home(), script.parent, script.stat().st_uid
    for place in (folder, *folder.parents):
        found = place.stat()
        is_sticky = found.st_mode & 0o1002 == 0o1002
        if place != folder and (found.st_mode & 0o002 or found.st_uid not in (0, os.geteuid(), owner)):
            return None  # others can put files there
        says_so = [place / name for name in _PROJECT_FILES if (place / name).is_file()]
        for file in says_so if place != folder or is_sticky else ():
            check_trusted(file, owner)
        if says_so:
            return place
        if place == home or (place / ".git").exists():
            return None
    return None


def _follow(code: ScriptCode, tree: ast.AST, roots: List[Path]) -> List[str]:
    """Adds the user's own modules to `code`, and answers the dotted names of those of others."""
    others: List[str] = []
    others_tops: Set[str] = set()
    seen: Set[str] = set(sys.builtin_module_names) | {"__main__", "__future__"} | ALWAYS_THERE
    waiting = sorted(_imported_by(tree))
    while waiting:
        name = waiting.pop(0)
        top = name.split(".")[0]
        if top in others_tops:
            others.append(name)
        if top in seen:
            continue
        seen.add(top)
        places = _own_places(top, roots)
        if places is None:
            others_tops.add(top)
            others.append(name)
            continue
        for place in places:
            if place not in code.paths and place != code.script:
                code.paths.append(place)
            for source in _sources_below(place):
                module = _parse(source, code)
                if module is None:
                    continue
                waiting += sorted(_imported_by(module) - set(waiting))
                if place.is_file():
                    code.paths += [path for path in _files_read_by(module, source) if path not in code.paths]
    return others


def _own_places(name: str, roots: List[Path]) -> Optional[List[Path]]:
    """The files or directories that top-level module `name` consists of where it is the user's own; [] where it is
    Python's own or nowhere; None where it is of others."""
    try:
        spec = PathFinder.find_spec(name, [str(root) for root in roots]) or importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # a broken finder, or a module without a spec
        spec = None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        found = [Path(place).resolve() for place in spec.submodule_search_locations]
    elif spec.has_location and spec.origin:
        found = [Path(spec.origin).resolve()]
    else:
        return []  # built in or frozen
    own = [place for place in found if not _is_of_others(place) and not _is_of_python(place)]
    if own:
        return own
    return None if any(_is_of_others(place) for place in found) else []


def _is_within(path: Path, folder: Path) -> bool:
    return folder == path or folder in path.parents


def _folders(*names: str) -> List[Path]:
    paths = sysconfig.get_paths()
    return [Path(paths[name]).resolve() for name in names if paths.get(name)]


def _is_of_others(path: Path) -> bool:
    if any(part in ("site-packages", "dist-packages") for part in path.parts):
        return True
    installed = _folders("purelib", "platlib") + [Path(site.getusersitepackages()).resolve()]
    return any(_is_within(path, folder) for folder in installed)


def _is_of_python(path: Path) -> bool:
    return any(_is_within(path, folder) for folder in _folders("stdlib", "platstdlib"))


def _sources_below(place: Path) -> Iterator[Path]:
    if place.is_file():
        if place.suffix == ".py":
            yield place
        return
    for folder, names, files in os.walk(place):
        names[:] = sorted(name for name in names if name != "__pycache__" and not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".py"):
                yield Path(folder, name)


def _parse(path: Path, code: ScriptCode) -> Optional[ast.Module]:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except OSError as error:
        code.broken.append("%s cannot be read: %s" % (path, error.strerror))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        code.broken.append(
            "%s is no Python%s: %s" % (path, " (line %d)" % line if line else "", getattr(error, "msg", error))
        )
    return None


def _imported_by(tree: ast.AST) -> Set[str]:
    """Dotted names of what is imported absolutely: by statements (but what only type checkers see), or by
    ``import_module`` and ``__import__`` with a literal."""
    names: Set[str] = set()
    waiting: List[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                names.update("%s.%s" % (node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.If) and _name_of(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        elif isinstance(node, ast.Call) and _name_of(node.func) in ("import_module", "__import__"):
            text = _text(node.args[0]) if node.args else None
            if text and not text.startswith("."):
                names.add(text)
        waiting += ast.iter_child_nodes(node)
    return names


def _name_of(node: ast.AST) -> Optional[str]:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _text(node: Optional[ast.AST]) -> Optional[str]:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _files_read_by(tree: ast.Module, source: Path) -> List[Path]:
    """What stands beside a module that consists of one file and is named in it, in an expression with ``__file__`` or
    a name that was made from it: ``Path(__file__).with_name("table.csv")``, ``HERE / "data" / "table.csv"``."""
    derived = {"__file__"}
    found: List[Path] = []
    for statement in ast.walk(tree):
        if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.With)):
            continue
        mentioned = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        if not mentioned & derived:
            continue
        if isinstance(statement, ast.Assign):
            derived |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        for node in ast.walk(statement):
            text = _text(node)
            if not text or "\0" in text or len(text) > 255 or Path(text).is_absolute():
                continue
            top = Path(text).parts[0] if Path(text).parts else ""
            beside = source.parent / top
            if top in ("", ".", "..") or not beside.exists() or not (source.parent / text).exists():
                continue
            if beside not in found and beside.suffix != ".py" and not (beside / "__init__.py").exists():
                found.append(beside)
    return found


def _functions_named_in(tree: ast.AST) -> List[str]:
    names: List[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _name_of(node.func) not in ("LambdaPool", "LambdaExecutor", "configured"):
            continue
        given: Dict[Optional[str], ast.AST] = {keyword.arg: keyword.value for keyword in node.keywords}
        texts = [_text(given.get("lambda_function"))] + [_text(argument) for argument in node.args[:2]]
        for text in texts:
            if text and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) and text not in names:
                names.append(text)
    return names


def function_name_of(script: Path) -> str:
    """The Lambda function's name for a script that names none: its own, with what Lambda does not allow replaced."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", script.stem).strip("-")[:64]
    return name or "script"
