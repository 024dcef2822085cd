"""Layers of one's own, on the local Lambda."""

import json
import os
import resource
import signal
import subprocess


def test_a_layer_is_used_by_name_and_its_newest_version_counts(run, serve, tmp_path, algorithms):
    (tmp_path / "numbers.py").write_text("ONE = 1\n")
    assert run("layer", "publish", "numbers", "numbers.py").returncode == 0
    (tmp_path / "numbers.py").write_text("ONE = 'one'\n")
    published = run("layer", "publish", "numbers", "numbers.py")
    assert "version 2" in published.stdout
    done = run("create", "f", "algorithms", "--layers", "numbers")
    assert (done.returncode, done.stderr) == (0, "")
    layers = serve.client().get_function_configuration(FunctionName="f")["Layers"]
    assert [layer["Arn"].rsplit(":", 2)[1:] for layer in layers] == [["numbers", "2"]]
    assert run("update", "f", "--layers", "numbers:1").returncode == 0
    layers = serve.client().get_function_configuration(FunctionName="f")["Layers"]
    assert [layer["Arn"].rsplit(":", 1)[1] for layer in layers] == ["1"]


def test_layers_are_listed_and_deleted(run, tmp_path):
    (tmp_path / "numbers.py").write_text("")
    for name in ("aa", "bb", "bb"):
        assert run("layer", "publish", name, "numbers.py").returncode == 0
    listed = json.loads(run("layer", "list", "--output", "json").stdout)
    assert [(layer["name"], layer["version"]) for layer in listed] == [("aa", 1), ("bb", 2)]
    assert run("layer", "list").stdout.splitlines()[2].split()[:2] == ["aa", "1"]
    assert run("layer", "delete", "bb:2").stdout == "=== Deleted layer bb version 2 ===\n"
    assert run("layer", "delete", "bb").stdout == "=== Deleted layer bb version 1 ===\n"
    done = run("layer", "delete", "bb")
    assert done.returncode == 1 and "there is no layer bb" in done.stderr


def test_what_is_no_layer_is_refused(run, tmp_path, algorithms, lambdapool):
    for arguments, sentence in [
        (["publish", "x"], "there is nothing to publish"),
        (["publish", "a b", "algorithms"], "layer name 'a b' must have"),
        (["publish", "x", lambdapool], "a layer holds Python code"),
        (["delete", "x"], "there is no layer x"),
    ]:
        done = run("layer", *arguments)
        assert done.returncode == 1 and done.stderr.startswith("Error: " + sentence), done.stderr
    assert "there is no layer x" in run("create", "f", "algorithms", "--layers", "x").stderr


def test_ctrl_c_acts_at_once_while_a_package_is_zipped(lambdapool, clean_environment, algorithms):
    with open(algorithms / "algorithms" / "noise.bin", "wb") as file:
        file.write(os.urandom(150_000_000))
    process = subprocess.Popen(
        [lambdapool, "create", "f", "algorithms"],
        cwd=algorithms, env=clean_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not process.stdout.readline().startswith("Copying noise.bin"):
        pass
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "Error: interrupted: nothing was changed.\n")
    # Seconds of work, however busy the machine: all of it is some three.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2


def test_what_a_killed_installation_left_is_removed_by_the_next(run, lambdapool, clean_environment, algorithms):
    programs, temporary = algorithms / "programs", algorithms / "temporary"
    programs.mkdir()
    temporary.mkdir()
    started = algorithms / "started"
    os.mkfifo(started)
    (programs / "uv").write_text(f"#!/bin/sh\n: > {started}\nexec sleep 60\n")
    (programs / "uv").chmod(0o755)
    (algorithms / "requirements.txt").write_text("something\n")
    # For this one uv is asked, whatever else is there.
    create = ["create", "f", "algorithms", "-r", "requirements.txt", "--runtime", "python3.12"]
    environment = {**clean_environment, "PATH": f"{programs}:{clean_environment['PATH']}", "TMPDIR": str(temporary)}
    process = subprocess.Popen([lambdapool, *create], cwd=algorithms, env=environment, stdout=subprocess.DEVNULL)
    with open(started):
        process.kill()
    process.wait()
    assert any(temporary.iterdir())
    for left in [*temporary.iterdir(), *temporary.glob("*/*")]:  # where the path is long, the service's socket too
        os.utime(left, (0, 0))
    (programs / "uv").write_text("#!/bin/sh\nexit 1\n")
    assert run(*create, PATH=environment["PATH"], TMPDIR=str(temporary)).returncode == 1
    assert list(temporary.iterdir()) == []
    assert run("create", "g", "algorithms", TMPDIR="/nowhere").returncode == 0, "nothing temporary is needed"
