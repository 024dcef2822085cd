"""A machine without what the library is compiled with is told of all of it at once, as a line for apt-get."""

import os
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

# The machine's own folders are not looked into, as if they were empty.
NOTHING_HERE = ["-DCMAKE_FIND_USE_CMAKE_SYSTEM_PATH=OFF", "-DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF"]


def packages_to_build():
    lines = (ROOT / "tools" / "debian-build.txt").read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


@pytest.fixture
def asked_for(tmp_path):
    def asked_for(*options, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX")}
        command = [shutil.which("cmake"), "-S", ROOT, "-B", tmp_path, "-G", "Ninja"]
        command += ["-DCMAKE_MAKE_PROGRAM=" + shutil.which("ninja"), *NOTHING_HERE, *options]
        ran = subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, timeout=600)
        assert ran.returncode != 0
        asked = re.findall(r"^ *apt-get install (.+)$", ran.stderr, re.MULTILINE)
        assert len(asked) == 1, ran.stderr
        return set(asked[0].split())

    return asked_for


def test_without_a_compiler_all_packages_are_named(asked_for, tmp_path):
    (tmp_path / "empty").mkdir()
    assert asked_for(PATH=str(tmp_path / "empty")) == packages_to_build()


def test_without_libraries_all_of_theirs_are_named(asked_for):
    compiler = ["-DCMAKE_CXX_COMPILER=" + shutil.which("g++"), "-DCMAKE_C_COMPILER=" + shutil.which("gcc")]
    libraries = {name for name in packages_to_build() if re.match(r"lib|zlib|nlohmann", name)}
    assert asked_for(*compiler, "-DLAMBDAPOOL_PYTHON=OFF") == libraries
