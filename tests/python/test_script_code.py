"""What `lambdapool run` finds that a script needs, by reading: one test a layout that people have."""

import sys
from pathlib import Path

import pytest
from conftest import package_is_built

pytestmark = pytest.mark.skipif(not package_is_built(), reason="the package is not built")


@pytest.fixture
def project(tmp_path):
    """Writes files, and reads what `script.py` needs: paths relative to the project."""

    def write(script="script.py", **files):
        for name, text in files.pop("files").items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        from lambdapool.script_code import read_script

        code = read_script(tmp_path / script)
        code.names = sorted(str(path.relative_to(tmp_path)) for path in code.paths)
        return code

    return write


def test_a_single_file_needs_nothing(project):
    code = project(files={"script.py": "import os, json\nfrom lambdapool import LambdaPool\nprint(os.getcwd())\n"})
    assert (code.names, code.requirements.lines, code.broken) == ([], [], [])


def test_a_module_beside_it(project):
    assert project(files={"script.py": "import model", "model.py": "", "unused.py": ""}).names == ["model.py"]


def test_modules_that_modules_import(project):
    files = {"script.py": "from model import fit", "model.py": "import shapes.round", "shapes/__init__.py": "", "shapes/round.py": "import constants", "constants.py": ""}
    assert project(files=files).names == ["constants.py", "model.py", "shapes"]


def test_a_package_is_taken_whole_with_its_data(project):
    files = {"script.py": "from pkg.sub import f", "pkg/__init__.py": "", "pkg/sub/__init__.py": "from ..other import x", "pkg/other.py": "x = 1", "pkg/table.csv": "1"}
    assert project(files=files).names == ["pkg"]


def test_the_src_layout(project):
    files = {"pyproject.toml": "[project]\nname='x'\n", "script.py": "import pkg", "src/pkg/__init__.py": "from . import core", "src/pkg/core.py": ""}
    code = project(files=files)
    assert code.names == ["src/pkg"]
    assert [path.name for path in code.search] == ["src"]


def test_a_script_in_a_folder_of_a_project(project):
    files = {"pyproject.toml": "", "scripts/run.py": "import pkg\nimport near", "scripts/near.py": "", "pkg/__init__.py": ""}
    code = project("scripts/run.py", files=files)
    assert code.names == ["pkg", "scripts/near.py"]
    assert len(code.search) == 1


def test_a_namespace_package(project):
    files = {"script.py": "import space.part.one", "space/part/one.py": "import two", "two.py": ""}
    assert project(files=files).names == ["space", "two.py"]


def test_an_editable_install(tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "editable_pkg").mkdir()
    (elsewhere / "editable_pkg" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(elsewhere))
    from lambdapool.script_code import read_script

    script = elsewhere.parent / "an_editable_script.py"
    script.write_text("import editable_pkg")
    assert read_script(script).paths == [(elsewhere / "editable_pkg").resolve()]


def test_imports_in_functions_and_by_name(project):
    files = {
        "script.py": "import importlib\ndef f():\n    import inner\n    return importlib.import_module('named')\n",
        "inner.py": "", "named.py": "",
    }
    assert project(files=files).names == ["inner.py", "named.py"]


def test_what_only_type_checkers_see_is_left_out(project):
    files = {"script.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import types_only\nelse:\n    import real\n", "types_only.py": "", "real.py": ""}
    assert project(files=files).names == ["real.py"]


def test_an_optional_import_that_is_nowhere(project):
    assert project(files={"script.py": "try:\n    import no_such_module_xyz\nexcept ImportError:\n    pass\n"}).names == []


def test_a_module_that_hides_one_of_pythons(project):
    assert project(files={"script.py": "import colorsys", "colorsys.py": ""}).names == ["colorsys.py"]


def test_files_that_a_module_reads(project):
    files = {
        "script.py": "import model",
        "model.py": "from pathlib import Path\nHERE = Path(__file__).parent\nT = (HERE / 'data' / 'table.csv')\nU = Path(__file__).with_name('weights.bin')\nV = 'notes.txt'\n",
        "data/table.csv": "1", "weights.bin": "w", "notes.txt": "n",
    }
    assert project(files=files).names == ["data", "model.py", "weights.bin"]


def test_requirements_txt(project, tmp_path):
    code = project(files={"script.py": "import numpy", "requirements.txt": "numpy==2.1.0\n"})
    assert code.requirements.file == (tmp_path / "requirements.txt").resolve()


def test_pyproject_dependencies(project):
    files = {"pyproject.toml": "[project]\nname='x'\ndependencies=['numpy>=2', 'lambdapool']\n", "script.py": ""}
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    assert project(files=files).requirements.lines == ["numpy>=2"]


LOCK = """
version = 1
[[package]]
name = "mine"
source = { virtual = "." }
dependencies = [{ name = "pandas" }, { name = "tomli", marker = "python_full_version < '3.11'" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "pandas"
version = "2.2.3"
source = { registry = "https://pypi.org/simple" }
dependencies = [{ name = "numpy", version = "2.1.0" }]
[[package]]
name = "numpy"
version = "2.0.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "tomli"
version = "2.0.1"
source = { registry = "https://pypi.org/simple" }
[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://pypi.org/simple" }
"""


def test_a_lock_file(project):
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    lines = project(files={"script.py": "", "uv.lock": LOCK, "pyproject.toml": "[project]\ndependencies=['pandas']\n"}).requirements.lines
    assert lines == ["pandas==2.2.3", "tomli==2.0.1 ; (python_full_version < '3.11')", "numpy==2.1.0"]


def test_a_scripts_own_block(project):
    script = "# /// script\n# requires-python = '>=3.9'\n# dependencies = [\n#   'requests<3',\n# ]\n# ///\nimport requests\n"
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    assert project(files={"script.py": script, "requirements.txt": "numpy"}).requirements.lines == ["requests<3"]


def test_what_is_installed_here_where_nothing_says_more(project):
    lines = project(files={"script.py": "import pytest\nimport _pytest.fixtures\n"}).requirements.lines
    assert lines == ["pytest==" + pytest.__version__]


def test_the_functions_that_it_names(project):
    script = "from lambdapool import LambdaPool, LambdaExecutor\nLambdaPool(4, 'one')\nLambdaExecutor(lambda_function='two', max_workers=3)\nLambdaPool(4, name)\n"
    assert project(files={"script.py": script}).functions == ["one", "two"]


def test_a_module_that_is_no_python_is_told(project):
    code = project(files={"script.py": "import old", "old.py": "print 'hello'\n"})
    assert code.names == ["old.py"]
    assert "old.py is no Python (line 1)" in code.broken[0]


def test_a_script_that_is_no_python_is_refused(project):
    with pytest.raises(ValueError, match="script.py is no Python"):
        project(files={"script.py": "def f(:\n"})


@pytest.mark.parametrize("stem, name", [("fit", "fit"), ("my fit.v2", "my-fit-v2"), ("–", "script")])
def test_names_of_functions(stem, name):
    from lambdapool.script_code import function_name_of

    assert function_name_of(Path(stem + ".py")) == name
