"""Root trees of other Debians, in which wheels are tried: older and newer than this one, and for arm64 under emulation.

They are unpacked by mmdebstrap, not configured: Python and a shell is all that is asked of them.
"""

import os
import shutil
import subprocess
from pathlib import Path

# suite, Debian's architecture, `uname -m`, the Python that it has
TREES = [
    ("bullseye", "amd64", "x86_64", (3, 9)),
    ("trixie", "amd64", "x86_64", (3, 13)),
    ("bookworm", "arm64", "aarch64", (3, 11)),
]
PACKAGES = "ca-certificates,python3,python3-venv,python3-pip,libc-bin,coreutils,bash,dash"
HERE = Path(__file__).resolve().parent


def what_hinders(machine):
    """Why no tree of that machine can be made or entered here; None where nothing does."""
    if os.geteuid() != 0:
        return "only root can unpack one"
    if not shutil.which("mmdebstrap"):
        return "apt-get install mmdebstrap"
    if machine != os.uname().machine and not Path("/usr/bin/qemu-aarch64-static").exists():
        return "apt-get install qemu-user-static"
    return None


def make(trees, suite, architecture):
    """The tree's root; made once."""
    root = trees / f"{suite}-{architecture}"
    if not (root / "usr").is_dir():
        trees.mkdir(parents=True, exist_ok=True)
        making = trees / "making"
        shutil.rmtree(making, ignore_errors=True)
        options = [
            "--quiet",
            "--mode=root",
            "--variant=extract",
            f"--architectures={architecture}",
            f"--include={PACKAGES}",
        ]
        subprocess.run(["mmdebstrap", *options, suite, making], check=True)
        authorities = making / "etc" / "ssl" / "certs" / "ca-certificates.crt"  # as its configuration would make it
        each = sorted((making / "usr" / "share" / "ca-certificates").rglob("*.crt"))
        authorities.parent.mkdir(parents=True, exist_ok=True)
        authorities.write_text("".join(file.read_text() for file in each))
        making.rename(root)
    return root


def command_in(root, machine, *command):
    """The command line that runs `command` in the tree."""
    return [str(HERE / "enter_tree.sh"), str(root), machine, *command]
