"""The installed package in a project of its own: both compilers, with and without optimisation, PIE and static-pie."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import BUILD, ROOT

pytestmark = pytest.mark.timeout(1800)  # whole projects are compiled, on a machine that may be busy

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
            list(map(str, command)), env=clean_environment, capture_output=True, text=True, timeout=1500
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
    for name in ("low", "low_static"):
        execute(prefix / "bin" / "lambdapool", "create", name, build / name)
        assert execute(build / name, name) == "2 pointers refused\n"
    execute(prefix / "bin" / "lambdapool", "create", "twin", build / "twin_one")
    assert execute(build / "twin_two", "twin") == "42 8 2\n"


MINIMAL = """\
#include <lambdapool/lambdapool.hpp>
int main(int argc, char** argv) { lambdapool::init(argc, argv); }
"""


SQUARES = """\
#include <iostream>
#include <lambdapool/lambdapool.hpp>
int square(int n) { return n * n; }
int main(int argc, char** argv) {
  lambdapool::init(argc, argv);
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = "squares"}};
  for (int n : pool.map(square, std::vector{1, 2, 3})) std::cout << n << " ";
}
"""


@pytest.mark.parametrize("package", ["lambdapool", "lambdapool-shared"])
def test_pkg_config_says_how_a_program_is_built(package, prefix, tmp_path, clean_environment):
    (tmp_path / "squares.cpp").write_text(SQUARES)
    found = next(prefix.rglob(package + ".pc")).parent
    path = str(found)
    asked = ["pkg-config", "--cflags", "--libs", package]
    told = subprocess.run(asked, env={**os.environ, "PKG_CONFIG_PATH": path}, check=True, capture_output=True, text=True)
    build = ["g++", "-std=c++20", "squares.cpp", "-o", "squares", *told.stdout.split(), f"-Wl,-rpath,{found.parent}"]
    for command in (build, [prefix / "bin" / "lambdapool", "create", "squares", "squares"], ["./squares"]):
        ran = subprocess.run(command, cwd=tmp_path, env=clean_environment, capture_output=True, text=True, timeout=1500)
        assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "1 4 9 "


WITHOUT_INIT = """\
#include <lambdapool/lambdapool.hpp>
int square(int n) { return n * n; }
int main() {
  lambdapool::LambdaPool pool{{.workers = 2, .lambda_function = "squares"}};
  pool.map(square, std::vector{1, 2, 3});
}
"""


def test_the_shared_library_serves_a_project_of_its_own(prefix, tmp_path, clean_environment):
    (tmp_path / "squares.cpp").write_text(SQUARES)
    (tmp_path / "without_init.cpp").write_text(WITHOUT_INIT)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(p CXX)\nfind_package(lambdapool REQUIRED)\n"
        "set(CMAKE_CXX_VISIBILITY_PRESET hidden)\n"
        "add_executable(squares squares.cpp)\nadd_executable(without_init without_init.cpp)\n"
        "target_link_libraries(squares PRIVATE lambdapool::shared)\nlambdapool_program(squares)\n"
        "target_link_libraries(without_init PRIVATE lambdapool::shared)\n"
    )

    def execute(*command, expected=0):
        finished = subprocess.run(
            list(map(str, command)), env=clean_environment, capture_output=True, text=True, timeout=1500
        )
        assert finished.returncode == expected, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    build = tmp_path / "b"
    execute("cmake", "-G", "Ninja", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    execute("cmake", "--build", build)
    execute(prefix / "bin" / "lambdapool", "create", "squares", build / "squares")
    assert execute(build / "squares") == "1 4 9 "
    assert "lambdapool_program_id" in execute("nm", "-D", "--defined-only", build / "squares")
    said = execute(prefix / "bin" / "lambdapool", "create", "without", build / "without_init", expected=1)
    assert "never calls lambdapool::init" in said


def test_the_shared_library_shows_what_the_headers_declare_and_needs_only_the_c_library_and_cpps(prefix):
    library = next(prefix.rglob("liblambdapool.so"))
    shown = subprocess.run(["nm", "-DC", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = {line.split(" ", 2)[2] for line in shown.splitlines()}
    public = r"lambdapool::(detail::|compiled_\w+::init|Tuning::|create|update|remove|list|progress_on_terminal|to_string)\b"
    assert names and not [name for name in names if not re.match(public, name)]
    dynamic = subprocess.run(["readelf", "-d", library], check=True, capture_output=True, text=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(\w+)[^\]]*\]", dynamic))
    assert needed <= {"libc", "libm", "libstdc", "libgcc_s", "ld"}
    assert re.search(r"\(SONAME\).*\[liblambdapool\.so\.\d+\.\d+\]", dynamic)


def test_the_shared_library_has_what_programs_ask_for(prefix):
    objects = list((Path(BUILD) / "tests" / "cpp" / "CMakeFiles").rglob("*.o"))
    assert objects

    def symbols(*arguments):
        ran = subprocess.run(["nm", *map(str, arguments)], check=True, capture_output=True, text=True)
        return {line.split()[-1] for line in ran.stdout.splitlines() if "_ZN10lambdapool" in line}

    shown = symbols("-D", "--defined-only", next(prefix.rglob("liblambdapool.so")))
    defined = symbols("--defined-only", *objects)  # templates
    missing = symbols("--undefined-only", *objects) - shown - defined
    assert not missing, "not in src/api/exports.map"


@pytest.mark.parametrize("shared", ["OFF", "ON"])
def test_a_project_may_fetch_the_sources_and_gets_no_tests_with_them(shared, tmp_path):
    (tmp_path / "main.cpp").write_text(SQUARES)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p CXX C)\ninclude(FetchContent)\n"
        f"FetchContent_Declare(lambdapool SOURCE_DIR {ROOT})\nFetchContent_MakeAvailable(lambdapool)\n"
        "add_executable(p main.cpp)\ntarget_link_libraries(p PRIVATE lambdapool::lambdapool)\nlambdapool_program(p)\n"
    )
    build = tmp_path / "build"
    python = ["-DPython_EXECUTABLE=" + sys.executable, f"-DBUILD_SHARED_LIBS={shared}"]
    configure = ["cmake", "-G", "Ninja", "-S", tmp_path, "-B", build, *python]
    subprocess.run(configure, check=True, capture_output=True, timeout=600)
    named = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], check=True, capture_output=True, text=True)
    targets = set(re.findall(r"^([\w./]+):", named.stdout, re.M))
    assert "p" in targets and "lambdapool_api" in targets
    assert ("lambdapool_shared" in targets) == (shared == "ON")
    assert not [target for target in targets if re.search(r"_test$|^algorithms$|^lambdapool_python$", target)]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("-D_GLIBCXX_DEBUG", "compiled_with_GLIBCXX_DEBUG::init"),
        ("-D_GLIBCXX_USE_CXX11_ABI=0", "compiled_with_GLIBCXX_USE_CXX11_ABI_0::init"),
        ("-fpack-struct", "cannot be used with -fpack-struct"),
        ("-fshort-enums", "cannot be used with -fshort-enums"),
        ("-fshort-wchar", "cannot be used with -fshort-wchar"),
        ("-mlong-double-64", "cannot be used with options that change long double"),
        ("-D_GLIBCXX_ASSERTIONS", None),
    ],
)
def test_options_that_change_the_layout_of_objects_do_not_build(option, said, prefix, tmp_path):
    if option.startswith("-m") and platform.machine() != "x86_64":
        pytest.skip("an option of x86_64")
    (tmp_path / "main.cpp").write_text(MINIMAL)
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(p CXX)\nfind_package(lambdapool REQUIRED)\n"
        "add_executable(p main.cpp)\ntarget_link_libraries(p PRIVATE lambdapool::lambdapool)\n"
    )
    configure = ["cmake", "-S", tmp_path, "-B", tmp_path / "b", f"-DCMAKE_PREFIX_PATH={prefix}"]
    subprocess.run([*configure, f"-DCMAKE_CXX_FLAGS={option}"], check=True, capture_output=True, timeout=600)
    built = subprocess.run(
        ["cmake", "--build", tmp_path / "b"],
        capture_output=True,
        text=True,
        timeout=1500,
        env={**os.environ, "LC_ALL": "C"},
    )
    assert (built.returncode == 0) == (said is None), built.stdout + built.stderr
    assert said is None or said in built.stdout + built.stderr
