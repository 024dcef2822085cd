"""The authorities that TLS trusts are found where each family of distributions keeps them: this machine's are hidden."""

import os
import subprocess

import pytest
from authority import Authority, serve_tls

# An /etc of its own, with $PLACE alone of what it says about authorities, in a mount namespace that ends with it.
ELSEWHERE = """
set -e
mount -t tmpfs none "$ETC"
for name in passwd group hosts nsswitch.conf resolv.conf ld.so.cache host.conf; do
  if [ -e /etc/$name ]; then cp /etc/$name "$ETC"; fi
done
if [ -n "$PLACE" ]; then
  mkdir -p "$ETC/$(dirname "$PLACE")"
  cp "$BUNDLE" "$ETC/$PLACE"
fi
mount --bind "$ETC" /etc
if [ -d /usr/lib/ssl ]; then mount -t tmpfs none /usr/lib/ssl; fi
exec "$@"
"""
OWN_MOUNTS = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]

OF_THIS_MACHINE = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")


def has_own_mounts():
    try:
        return subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not has_own_mounts(), reason="this machine lets nobody mount")


@pytest.fixture
def list_elsewhere(aws, lambdapool, clean_environment, tmp_path):
    """Runs `lambdapool list` against an https service where `place` in /etc alone has authorities."""
    directory, script, etc = tmp_path / "authority", tmp_path / "elsewhere.sh", tmp_path / "etc"
    directory.mkdir()
    etc.mkdir()
    script.write_text(ELSEWHERE)
    authority = Authority(directory)
    serve_tls(aws.server, authority.server_context())

    def run(place, **environment):
        own = {name: value for name, value in clean_environment.items() if name not in OF_THIS_MACHINE}
        named = {"ETC": str(etc), "PLACE": place, "BUNDLE": authority.bundle, **environment}
        named["AWS_ENDPOINT_URL"] = "https://localhost:%d" % aws.server.server_port
        return subprocess.run(
            [*OWN_MOUNTS, "sh", script, lambdapool, "list", "--target", "aws"],
            env={**own, **aws.environment, **named},
            capture_output=True,
            text=True,
            timeout=60,
        )

    run.bundle = authority.bundle
    return run


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("ssl/certs/ca-certificates.crt", id="Debian"),
        pytest.param("pki/tls/certs/ca-bundle.crt", id="RedHat_and_Amazon"),
        pytest.param("pki/ca-trust/extracted/pem/tls-ca-bundle.pem", id="newer_RedHat"),
        pytest.param("ssl/ca-bundle.pem", id="SUSE"),
        pytest.param("ssl/cert.pem", id="Alpine"),
    ],
)
def test_a_distributions_place_is_enough(list_elsewhere, place):
    ran = list_elsewhere(place)
    assert ran.returncode == 0, ran.stderr


def test_a_named_file_is_enough(list_elsewhere):
    ran = list_elsewhere("", SSL_CERT_FILE=list_elsewhere.bundle)
    assert ran.returncode == 0, ran.stderr


def test_where_there_are_none_the_package_to_install_is_named(list_elsewhere):
    ran = list_elsewhere("")
    assert ran.returncode != 0
    assert "ca-certificates" in ran.stderr and "SSL_CERT_FILE" in ran.stderr
