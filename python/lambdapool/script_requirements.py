"""Which packages of others a script needs, and who says so.

The first of these that is there decides: the script's own block (PEP 723), ``requirements.txt`` beside it or at the
project's top, ``uv.lock``, ``pyproject.toml``'s dependencies; else what it imports, in the versions installed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

from .toml_file import parse_toml, read_toml

#: In every function anyway.
ALWAYS_THERE = {"lambdapool", "lambdapool_by_value", "cloudpickle"}


@dataclass
class Requirements:
    """Attributes:
    file: a requirements file of the user's, to be used as it is.
    lines: requirements in pip's notation, where there is no such file.
    source: what says so, for people: ``"uv.lock"``.
    """

    file: Optional[Path] = None
    lines: List[str] = field(default_factory=list)
    source: str = ""

    def path_in(self, folder: Path) -> Optional[str]:
        """Of a requirements file that says it, written into the folder where there is none; None where nothing is
        needed."""
        if self.file is not None:
            return str(self.file)
        if not self.lines:
            return None
        path = folder / "requirements.txt"
        path.write_text("".join(line + "\n" for line in self.lines), encoding="utf-8")
        return str(path)


def find_requirements(script: Path, project: Optional[Path], imported: List[str]) -> Requirements:
    """`imported`: the top-level names of others' modules. Raises ValueError for a file that cannot be read."""
    block = _script_block(script)
    if block is not None:
        return Requirements(lines=block, source=script.name)
    places = [script.parent] + ([project] if project not in (None, script.parent) else [])
    for place in places:
        if place is None:
            continue
        if (place / "requirements.txt").is_file():
            return Requirements(file=place / "requirements.txt", source="requirements.txt")
        if (place / "uv.lock").is_file():
            return Requirements(lines=_locked(place / "uv.lock"), source="uv.lock")
        if (place / "pyproject.toml").is_file():
            project_table = read_toml(place / "pyproject.toml").get("project", {})
            if "dependencies" in project_table:
                lines = [line for line in project_table["dependencies"] if _name_in(line) not in ALWAYS_THERE]
                return Requirements(lines=lines, source="pyproject.toml")
    return Requirements(lines=_installed(imported), source="what is installed here")


def _name_in(requirement: str) -> str:
    found = re.match(r"\s*([A-Za-z0-9._-]+)", requirement)
    return re.sub(r"[-_.]+", "_", found[1]).lower() if found else ""


def _script_block(script: Path) -> Optional[List[str]]:
    """The dependencies of a ``# /// script`` block; None where there is no block. The expression is PEP 723's."""
    text = script.read_text(encoding="utf-8", errors="replace")
    blocks = re.findall(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", text)
    if not blocks:
        return None
    if len(blocks) > 1:
        raise ValueError("%s has more than one script block" % script)
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in blocks[0][0].splitlines(keepends=True)
    )
    lines = parse_toml(content, "the script block of %s" % script).get("dependencies", [])
    return [line for line in lines if _name_in(line) not in ALWAYS_THERE]


def _locked(lock: Path) -> List[str]:
    """What the project of a uv.lock needs to run, in the locked versions, with the lock's markers."""
    packages: List[Dict[str, Any]] = read_toml(lock).get("package", [])
    roots = [package for package in packages if _is_project(package)]
    if not roots:
        raise ValueError("%s names no project that it was made for" % lock)
    lines: List[str] = []
    done: Set[str] = set()
    waiting = [(wanted, "") for root in roots for wanted in _wanted_by(root)]
    while waiting:
        wanted, above = waiting.pop(0)
        marker = " and ".join("(%s)" % text for text in (above, wanted.get("marker", "")) if text)
        for package in packages:
            if package["name"] != wanted["name"] or wanted.get("version", package.get("version")) != package.get(
                "version"
            ):
                continue
            if package in roots:
                continue
            if "registry" not in package.get("source", {}):
                raise ValueError(
                    "%s takes %s from %s, not from a registry: name it in a requirements.txt"
                    % (lock, package["name"], package.get("source"))
                )
            line = "%s==%s%s" % (package["name"], package["version"], " ; " + marker if marker else "")
            extras = wanted.get("extra", [])
            if line + str(extras) in done:
                continue
            done.add(line + str(extras))
            if line not in lines and _name_in(line) not in ALWAYS_THERE:
                lines.append(line)
            waiting += [(further, marker) for further in _wanted_by(package, extras)]
    return lines


def _is_project(package: Dict[str, Any]) -> bool:
    source = package.get("source", {})
    return "." in (source.get("editable"), source.get("virtual"))


def _wanted_by(package: Dict[str, Any], extras: Any = ()) -> List[Dict[str, Any]]:
    wanted = list(package.get("dependencies", []))
    for extra in extras:
        wanted += package.get("optional-dependencies", {}).get(extra, [])
    return wanted


def _installed(imported: List[str]) -> List[str]:
    """The distributions that hold these modules (dotted names), pinned to the versions installed here."""
    wanted: Dict[str, Set[str]] = {}
    for name in imported:
        top = name.split(".")[0]
        if top not in ALWAYS_THERE:
            wanted.setdefault(top, set()).add(name)
    holding: Dict[str, List[metadata.Distribution]] = {}
    for distribution in metadata.distributions() if wanted else ():
        name = distribution.metadata["Name"]
        if name and _name_in(name) not in ALWAYS_THERE:
            for top in _modules_of(distribution) & set(wanted):
                holding.setdefault(top, []).append(distribution)
    lines: Set[str] = set()
    for top, distributions in holding.items():
        if len(distributions) > 1:  # a namespace that several share, such as google
            distributions = [one for one in distributions if _holds(one, wanted[top])] or distributions
        lines.update("%s==%s" % (one.metadata["Name"], one.version) for one in distributions)
    return sorted(lines)


def _modules_of(distribution: metadata.Distribution) -> Set[str]:
    """Its top-level modules' names."""
    named = distribution.read_text("top_level.txt")
    if named is not None:
        return set(named.split())
    modules: Set[str] = set()
    for path in distribution.files or []:
        if len(path.parts) > 1:
            modules.add(path.parts[0])
        elif path.suffix in (".py", ".so"):
            modules.add(path.parts[0].split(".")[0])
    return modules


def _holds(distribution: metadata.Distribution, modules: Set[str]) -> bool:
    """Whether one of the dotted names is, or is below, a directory or file of this distribution's own."""
    paths = [str(path) for path in distribution.files or []]
    for name in modules:
        folder = name.replace(".", "/")
        if any(path.startswith((folder + "/", folder + ".")) for path in paths):
            return True
    return False
