"""What Python takes from a lambdapool.toml, or a project's files, that another user could have written: nothing, and it
says so."""

import os

import pytest
from conftest import package_is_built

pytestmark = pytest.mark.skipif(not package_is_built(), reason="the package is not built")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
STRANGER = 54321


@pytest.fixture
def planted(tmp_path, monkeypatch):
    below = tmp_path / "shared" / "project"
    below.mkdir(parents=True)
    file = below.parent / "lambdapool.toml"
    file.write_text("region = 'eu-west-3'\n[functions.f]\npaths = ['x']\nstale = 'ignore'\nbucket = 'theirs'\n")
    file.parent.chmod(0o755)
    file.chmod(0o666)
    monkeypatch.chdir(below)
    monkeypatch.delenv("SUDO_UID", raising=False)
    return file


def test_nothing_of_it_is_taken_and_nothing_is_passed_over(planted):
    import lambdapool
    from lambdapool.default_function import bucket_or_default, function_or_default
    from lambdapool.project_file import place_or_default
    from lambdapool.stale import stale_mode

    for use in (
        lambda: stale_mode(None, "f"),
        lambda: bucket_or_default(None, "f"),
        lambda: function_or_default(None),
        lambda: place_or_default("region", None, "local"),
        lambda: lambdapool.LambdaPool(1, "f", target="local"),
        lambda: lambdapool.LambdaPool(1, "f", target="local", region="eu-west-1"),
        lambda: lambdapool.LambdaPool(1, "f", target="local", deploy=True),
        lambda: lambdapool.list(target="local"),
    ):
        with pytest.raises(ValueError, match="lambdapool.toml is not obeyed: everybody can write to it") as raised:
            use()
        assert type(raised.value).__name__ == "UntrustedFile"
    planted.chmod(0o644)
    pytest.importorskip("tomllib")
    assert stale_mode(None, "f") == "ignore" and bucket_or_default(None, "f") == "theirs"


@as_root
def test_another_user_s_is_refused_but_that_of_sudo_s_caller(planted, monkeypatch):
    from lambdapool.stale import stale_mode

    pytest.importorskip("tomllib")
    planted.chmod(0o664)
    for path in (planted, planted.parent):
        os.chown(path, STRANGER, STRANGER)
    with pytest.raises(ValueError, match="belongs to user 54321, not to you or root"):
        stale_mode(None, "f")
    monkeypatch.setenv("SUDO_UID", str(STRANGER))
    assert stale_mode(None, "f") == "ignore"


@pytest.fixture
def script(tmp_path):
    folder = tmp_path / "shared" / "scripts"
    folder.mkdir(parents=True)
    (tmp_path / "shared").chmod(0o755)
    path = folder / "script.py"
    path.write_text("import os\n")
    return path


@pytest.mark.parametrize("name", ["lambdapool.toml", "requirements.txt", "pyproject.toml"])
def test_a_project_that_others_can_declare_is_none(script, name):
    from lambdapool.script_code import read_script

    marker = script.parent.parent / name
    marker.write_text("")
    read_script(script)
    marker.chmod(0o666)
    with pytest.raises(ValueError, match="%s is not obeyed: everybody can write to it" % name):
        read_script(script)


@as_root
def test_beside_a_script_it_is_that_of_who_may_write_there_but_not_in_tmp(script):
    from lambdapool.script_code import read_script

    requirements = script.with_name("requirements.txt")
    requirements.write_text("six\n")
    os.chown(requirements, STRANGER, STRANGER)
    assert read_script(script).requirements.file == requirements, "they could have put modules there, too"
    script.parent.chmod(0o1777)
    with pytest.raises(ValueError, match="requirements.txt is not obeyed: it belongs to user 54321"):
        read_script(script)
    os.chown(script, STRANGER, STRANGER)
    assert read_script(script).requirements.file == requirements, "who runs a script trusts its owner"


@pytest.mark.parametrize("text", ["a = " + "[" * 10_000, "x = " + "{a = " * 4_000, "a." * 10_000 + "a = 1"])
def test_toml_that_is_nested_deeply_is_refused(tmp_path, text):
    from lambdapool.toml_file import read_toml

    (tmp_path / "x.toml").write_text("\n" + text)
    with pytest.raises(ValueError, match="x.toml:2: this is nested more than 100 deep"):
        read_toml(tmp_path / "x.toml")
