"""Holds the direction of dependencies between the folders of src/, and a few habits that a compiler can't."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for folder in ("src", "include", "python", "bench", "examples", "fuzz")
    for ending in ("*.cpp", "*.hpp", "*.h", "*.c")
    for path in (ROOT / folder).rglob(ending)
)

# folder -> folders whose headers it may include (its own always). docs/architecture.md draws this.
MAY_INCLUDE = {
    "core": set(),
    "http": {"core"},
    "cloud": {"core", "report", "http/message", "http/answer", "http/proxy"},
    "aws": {"core", "report", "http/message", "http/answer", "http/body_stream", "cloud"},
    "gcp": {"core", "http/message", "http/answer", "http/body_stream", "cloud"},
    "process": {"core"},
    "report": {"core"},
    "sqlite": {"core"},
    "journal": {"core", "sqlite"},
    "identity": {"core", "http", "cloud", "aws", "gcp", "process"},
    "package": {"core", "process"},
    "runtime": {"core"},
    "local": {"core", "http", "package/zip", "package/tar", "sqlite"},
    "target": {"core", "http/message", "http/proxy", "http/answer", "report", "cloud", "aws", "gcp", "identity", "local"},
    "deploy": {"core", "http", "cloud", "aws", "gcp", "report", "identity", "process", "package", "local", "target"},
    "objects": {"core", "http", "aws", "identity", "target"},
    "pool": {"core", "report", "http", "cloud", "target"},
    "api": {"core", "report", "journal", "cloud", "aws", "deploy", "objects", "pool", "process", "target", "runtime"},
    "cli": {"core", "aws", "report", "journal", "package/leftover", "local", "deploy", "process"},
}

SYSTEM_HEADERS = {  # header prefix -> folders of src/ that may know it
    "boost/": {"http"},
    "openssl/ssl": {"http"},
    "openssl/x509": {"http"},
    "openssl/": {"core", "http", "gcp"},
    "sqlite3": {"sqlite"},
    "minizip/": {"package"},
    "libdeflate": {"package"},
    "CLI/": {"cli"},
    "spawn.h": {"local", "package", "cli"},
}


def folder_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if parts[0] == "src" else None


def includes(path):
    return re.findall(r'^\s*#\s*include\s+([<"])([^">]+)[">]', path.read_text(), re.M)


def production():
    return [p for p in SOURCES if folder_of(p) and not p.stem.endswith(("_test", "_for_tests"))]


@pytest.mark.parametrize("folder", sorted(MAY_INCLUDE))
def test_a_folder_includes_only_what_lies_below_it(folder):
    allowed = MAY_INCLUDE[folder] | {folder}
    wrong = []
    for path in (p for p in production() if folder_of(p) == folder):
        for kind, header in includes(path):
            top = header.split("/")[0]
            if kind != '"' or top not in MAY_INCLUDE or "/" not in header:
                continue
            if not any(header == a + ".hpp" or header.startswith(a + "/") for a in allowed):
                wrong.append(f"{path.relative_to(ROOT)} includes {header}")
    assert wrong == []


def test_every_folder_of_src_has_its_place_in_the_order():
    assert {p.name for p in (ROOT / "src").iterdir() if p.is_dir()} == set(MAY_INCLUDE)


def test_third_party_headers_stay_in_their_folders():
    wrong = []
    for path in production():
        for _, header in includes(path):
            for prefix, folders in SYSTEM_HEADERS.items():
                if header.startswith(prefix):
                    if folder_of(path) not in folders:
                        wrong.append(f"{path.relative_to(ROOT)} includes {header}")
                    break
    assert wrong == []


def test_public_headers_show_nothing_of_the_inside():
    wrong = [
        f"{path.relative_to(ROOT)} includes {header}"
        for path in SOURCES
        if "include" in path.relative_to(ROOT).parts[:1]
        for kind, header in includes(path)
        if (kind == '"' and not header.startswith("lambdapool/"))
        or header.startswith(("boost/", "nlohmann/", "openssl/"))
    ]
    assert wrong == []


def test_the_environment_is_read_in_one_place_below_the_edges():
    readers = {
        str(path.relative_to(ROOT))
        for path in production()
        if re.search(r"\b(secure_)?getenv\s*\(|\benviron\b", path.read_text())
    }
    allowed = {"src/core/environment.cpp", "src/api/init.cpp"}
    assert readers <= allowed, readers - allowed


def test_headers_are_included_once():
    assert [
        str(p.relative_to(ROOT)) for p in SOURCES if p.suffix == ".hpp" and "#pragma once" not in p.read_text()
    ] == []
