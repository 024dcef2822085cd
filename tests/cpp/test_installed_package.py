"""The installed package in a project of its own: both compilers, with and without optimisation, PIE and static-pie."""

import os
import subprocess

import pytest

from conftest import BUILD, ROOT

CONFIGURATIONS = [(compiler, level) for compiler in ("g++", "clang++-16") for level in ("-O0", "-O2")]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
    return prefix


@pytest.mark.parametrize(("compiler", "level"), CONFIGURATIONS)
def test_a_project_of_its_own_builds_and_runs(compiler, level, prefix, tmp_path, clean_environment):
    def execute(*command):
        finished = subprocess.run(
            list(map(str, command)), env=clean_environment, capture_output=True, text=True, timeout=600
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    build = tmp_path / "build"
    execute(
        "cmake", "-S", ROOT / "tests" / "cpp" / "program", "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_CXX_FLAGS={level}", "-DCMAKE_BUILD_TYPE=None",
        *(["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if os.environ.get("CCACHE_DIR") else []),
    )
    execute("cmake", "--build", build)
    for name in ("program_pie", "program_static"):
        linked = subprocess.run(["ldd", build / name], capture_output=True, text=True).stdout
        assert ("libc.so" in linked) == (name == "program_pie")
        execute(prefix / "bin" / "lambdapool", "create", name, build / name, "--timeout", "60")
        assert execute(build / name, "calls", name).endswith("\nok\n")
    execute(prefix / "bin" / "lambdapool", "create", "twin", build / "twin_one")
    assert execute(build / "twin_two", "twin") == "42 8 2\n"
