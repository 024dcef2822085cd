"""What must not get into a package or onto a terminal by accident."""

import os
import pty
import subprocess

import pytest

pytestmark = pytest.mark.on_both_targets

SECRETS = {
    ".env": "A=1",
    ".aws/credentials": "x",
    "id_ed25519": "x",
    "a.pem": "-----BEGIN RSA PRIVATE KEY-----\n",
    "infra/terraform.tfstate": "{}",
    "data.json": '{"type": "service_account", "private_key": "x"}',
}
HARMLESS = {".env.example": "A=", "id_ed25519.pub": "x", "ca.pem": "-----BEGIN CERTIFICATE-----\n"}


@pytest.fixture
def with_secrets(algorithms):
    own = algorithms / "algorithms"
    for name, text in {**SECRETS, **HARMLESS}.items():
        (own / name).parent.mkdir(exist_ok=True)
        (own / name).write_text(text)
    return own


@pytest.mark.on_lambda_alone("plays AWS")
def test_likely_secrets_are_refused_and_all_are_named(run_aws, aws, with_secrets):
    done = run_aws("create", "f", "algorithms")
    assert done.returncode == 1 and aws.functions == {} and aws.roles == {}
    assert done.stderr.startswith("Error: What looks like secrets would go into the package: ")
    assert done.stderr.count("\n") == 1
    for name in [".env", ".aws/", "id_ed25519", "a.pem", "infra/terraform.tfstate", "data.json"]:
        assert f"algorithms/{name} (" in done.stderr
    for name in HARMLESS:
        assert f"algorithms/{name} " not in done.stderr


@pytest.mark.on_lambda_alone("plays AWS")
def test_secrets_that_are_named_go_along(run_aws, aws, with_secrets, tmp_path):
    names = [".env", ".aws", "id_ed25519", "a.pem", "infra/terraform.tfstate"]
    allowed = [word for name in names for word in ("--allow-secret", f"algorithms/{name}")]
    done = run_aws("create", "f", "algorithms", *allowed)
    assert done.returncode == 1
    assert "package: algorithms/data.json (a service account's key); move" in done.stderr
    assert run_aws("create", "f", "algorithms", *allowed, "--allow-secret", "algorithms/data.json").returncode == 0
    assert run_aws("create", "g", "algorithms/algorithms.py", "algorithms/.env").returncode == 0, "named as a path"
    toml = 'functions.h = {paths = ["algorithms"], allow-secrets = ["algorithms"]}\n'
    (tmp_path / "lambdapool.toml").write_text(toml)
    assert run_aws("create", "h").returncode == 0
    assert set(aws.functions) == {"f", "g", "h"}


@pytest.mark.on_lambda_alone("plays AWS")
def test_update_and_layers_refuse_secrets_too(run_aws, aws, algorithms):
    assert run_aws("create", "f", "algorithms").returncode == 0
    (algorithms / "algorithms" / ".netrc").write_text("machine x")
    for command in (["update", "f", "algorithms"], ["layer", "publish", "l", "algorithms"]):
        done = run_aws(*command)
        assert done.returncode == 1 and "algorithms/.netrc (passwords of hosts)" in done.stderr, command
    assert run_aws("update", "f", "algorithms", "--allow-secret", "algorithms/.netrc").returncode == 0


@pytest.mark.on_lambda_alone("plays AWS")
def test_a_link_to_a_secret_outside_is_refused_under_its_harmless_name(run_aws, aws, algorithms, tmp_path):
    (tmp_path / "user" / ".netrc").write_text("machine x")
    (algorithms / "algorithms" / "data.txt").symlink_to(tmp_path / "user" / ".netrc")
    done = run_aws("create", "f", "algorithms")
    assert done.returncode == 1 and "algorithms/data.txt (passwords of hosts)" in done.stderr
    assert "Following" in done.stdout and str(tmp_path / "user" / ".netrc") in done.stdout


def on_a_terminal(program, *arguments, **options):
    """What the program prints to a terminal, standard output and errors."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, **options)
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # how a terminal's end is told
        pass
    os.close(ours)
    assert process.wait(60) is not None
    return seen.replace(b"\r\n", b"\n")


def test_control_characters_of_others_are_shown_and_not_obeyed(lambdapool, run, clean_environment, tmp_path):
    (tmp_path / "m.py").write_text(
        "def f(x):\n    print('\\x1b]0;owned\\x07\\x1b[2J\\x9b31m', flush=True)\n    raise ValueError('\\x1b[31m')\n"
    )
    assert run("create", "f", "m.py").returncode == 0
    call = "import m, lambdapool\nwith lambdapool.LambdaPool(1, 'f') as pool:\n    pool.apply(m.f, (1,))\n"
    python = os.path.join(clean_environment["VIRTUAL_ENV"], "bin", "python")
    subprocess.run([python, "-c", call], cwd=tmp_path, env=clean_environment, capture_output=True, timeout=60)
    seen = on_a_terminal(lambdapool, "logs", "f", env=clean_environment, cwd=tmp_path)
    assert b"\x1b" not in seen and b"\x07" not in seen, seen
    assert b"\\x1b]0;owned\\x07\\x1b[2J" in seen
    assert b"\x1b]0;owned\x07" in run("logs", "f").stdout.encode(), "a pipe gets what was written"


@pytest.mark.parametrize("arguments", [["create", "\x1b[2Jf", "x"], ["delete", "f\x1b[2J"], ["\x1b[2J"]])
def test_errors_show_control_characters(lambdapool, clean_environment, tmp_path, arguments):
    seen = on_a_terminal(lambdapool, *arguments, env=clean_environment, cwd=tmp_path)
    assert seen.startswith(b"Error: ") and b"\x1b" not in seen and b"\\x1b[2J" in seen, seen
