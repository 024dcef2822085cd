"""Checks docs/packages.md's table of packages that data people use most, and that each deploys and imports.

    check_packages.py [--write] [PACKAGE...]

For each Python that Lambda has, and both machines, pip says (for the platform that pip_for_function.py describes)
which is the newest version that has wheels, together with all that it requires; the directories of those wheels say
how large they are, without being downloaded whole. What differs from the table is told, or written into it with
--write. Then each is deployed and imported on `local` with every interpreter that this machine has. The package index
has to be reachable.
"""

import argparse
import io
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path(os.environ.get("LAMBDAPOOL_BUILD", ROOT / "build")) / "bin" / "lambdapool"
PAGE = ROOT / "docs" / "packages.md"
MARKS = "<!-- packages: make check-packages -->\n\n", "<!-- end of packages -->\n"
MB = 1 << 20
ZIPPED_MAX, UNZIPPED_MAX = 50 * MB, 250 * MB  # without a bucket; at all

# Each runtime of Lambda as package/lambda_platform.cpp has it: its patch release, the minor version of its glibc.
PYTHONS = {"3.9": (20, 26), "3.10": (15, 26), "3.11": (10, 26), "3.12": (7, 34), "3.13": (0, 34)}
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
# What is imported, where its name is another.
PACKAGES = {
    "numpy": "", "pandas": "", "scipy": "", "scikit-learn": "sklearn", "statsmodels": "", "pyarrow": "", "polars": "",
    "xgboost": "", "xgboost-cpu": "xgboost", "lightgbm": "", "shapely": "", "opencv-python-headless": "cv2",
    "pillow": "PIL", "matplotlib": "", "sqlalchemy": "", "psycopg2-binary": "psycopg2", "requests": "", "boto3": "",
    "pydantic": "", "numba": "", "duckdb": "",
}  # fmt: skip

DEPLOYED = """\
import importlib
import importlib.metadata


def imported(module, package):
    importlib.import_module(module)
    return importlib.metadata.version(package)
"""


class RangeReader(io.RawIOBase):
    """A file on a server that answers parts of it, for zipfile to read a directory from its end."""

    def __init__(self, url):
        self.url, self.at = url, 0
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=180) as answer:
            self.size = int(answer.headers["Content-Length"])

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def read(self, count=-1):
        end = self.size if count < 0 else min(self.at + count, self.size)
        if end <= self.at:
            return b""
        request = urllib.request.Request(self.url, headers={"Range": f"bytes={self.at}-{end - 1}"})
        with urllib.request.urlopen(request, timeout=180) as answer:
            content = answer.read()
        if answer.status != 206:
            content = content[self.at : end]
        self.at = end
        return content


@cache
def wheel_sizes(url):
    """(bytes in the wheel, bytes unpacked)."""
    with zipfile.ZipFile(RangeReader(url)) as wheel:
        files = wheel.infolist()
    return sum(file.compress_size for file in files), sum(file.file_size for file in files)


class Choice:
    """What is installed of a package for one Python and machine."""

    def __init__(self, version, zipped, unzipped):
        self.version, self.zipped, self.unzipped = version, zipped, unzipped

    @property
    def fits(self):
        return self.unzipped < UNZIPPED_MAX


def choose(package, python, machine):
    """The newest version with wheels, as a Choice, or None."""
    patch, glibc = PYTHONS[python]
    where = json.dumps({"python": f"{python}.{patch}", "machine": MACHINES[machine], "glibc": glibc})
    command = [sys.executable, ROOT / "src/package/pip_for_function.py", where, "install", "--dry-run", "--quiet"]
    command += [
        "--ignore-installed",
        "--only-binary=:all:",
        "--target",
        tempfile.gettempdir(),
        "--report",
        "-",
        package,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        if "No matching distribution" in done.stderr:
            return None
        raise SystemExit(f"pip could not look {package} up for Python {python} on {machine}:\n{done.stderr}")
    installed = json.loads(done.stdout)["install"]
    sizes = [wheel_sizes(part["download_info"]["url"]) for part in installed]
    version = next(part["metadata"]["version"] for part in installed if part["requested"])
    return Choice(version, sum(size[0] for size in sizes), sum(size[1] for size in sizes))


def megabytes(choices, size):
    sizes = [getattr(choice, size) / MB for choice in choices]
    return f"{max(sizes):.0f}" if max(sizes) >= 0.95 else f"{max(sizes):.1f}"


def where(machines):
    """ "yes", "no", or the machines of which it is so."""
    return {len(MACHINES): "yes", 0: "no"}.get(len(machines), ", ".join(machines))


def cells(machine_choices):
    """What a row says of Pythons that have the same versions and verdicts."""
    shown, bucket, fits = [], [], []
    for machine, choices in zip(MACHINES, machine_choices):
        if None in choices:
            shown.append("none")
            continue
        shown.append(f"{choices[0].version}: {megabytes(choices, 'zipped')} / {megabytes(choices, 'unzipped')}")
        bucket += [machine] * (choices[0].zipped > ZIPPED_MAX)
        fits += [machine] * choices[0].fits
    return [*shown, where(bucket), where(fits)]


def rows(package, found):
    """A row for each run of Pythons with the same versions and verdicts. found: {python: [Choice of a machine]}."""
    groups = []
    for python, choices in found.items():
        kind = [choice and (choice.version, choice.zipped > ZIPPED_MAX, choice.fits) for choice in choices]
        if groups and groups[-1][0] == kind:
            groups[-1][1].append(python)
        else:
            groups.append((kind, [python]))
    for _, pythons in groups:
        by_machine = list(zip(*(found[python] for python in pythons)))
        yield [package, ", ".join(pythons), *cells(by_machine)]


def deploy_and_import(package, python, choice, home):
    """None where it is as the table says, else what is not; "" where the interpreter is not here."""
    directory = Path(home) / "code"
    directory.mkdir(exist_ok=True)
    (directory / "deployed_check.py").write_text(DEPLOYED)
    (directory / "requirements.txt").write_text(package + "\n")
    environment = dict(os.environ, LAMBDAPOOL_HOME=f"{home}/home", LAMBDAPOOL_TARGET="local", PYTHONPATH=str(directory))
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"

    def run(*command):
        return subprocess.run([*map(str, command)], env=environment, cwd=directory, capture_output=True, text=True)

    created = run(PROGRAM, "create", "check", "deployed_check.py", "-r", "requirements.txt", "--memory", 2048,
                  "--timeout", 300, "--runtime", "python" + python)  # fmt: skip
    if not choice.fits:
        refused = created.returncode == 1 and "Lambda takes less than 250.0 MB" in created.stderr
        return None if refused else f"was not refused for its size: {created.stderr}"
    try:
        if created.returncode != 0:
            return created.stderr
        call = "import sys, deployed_check, lambdapool\n"
        call += "with lambdapool.LambdaPool(1, lambda_function='check') as pool:\n"
        call += "    print(pool.apply(deployed_check.imported, sys.argv[1:]))"
        called = run(sys.executable, "-c", call, PACKAGES[package] or package, package)
        if called.returncode != 0:
            return "" if "no interpreter of that version was found" in called.stderr else called.stderr
        version = called.stdout.strip()
        return None if version == choice.version else f"version {version} was deployed, not {choice.version}"
    finally:
        run(PROGRAM, "delete", "check")


def table(lines):
    head = "| package | Python | x86_64: version, MB zipped / unzipped | arm64 | bucket on AWS | fits 250 MB |"
    head += " imported on `local` |"
    return (
        "\n".join([head, "|---|---|---|---|---|---|---|", *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"
    )


def written_rows():
    body = PAGE.read_text().split(MARKS[0])[1].split(MARKS[1])[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()[2:] if line.startswith("|")
    ]


def tried(package, found, home):
    """(Pythons with which it was imported here, whether all was right)."""
    machine = "arm64" if platform.machine() == "aarch64" else "x86_64"
    works, right = [], True
    for python, choices in found.items():
        choice = choices[list(MACHINES).index(machine)]
        if choice is None:
            continue
        problem = deploy_and_import(package, python, choice, home)
        outcome = "works" if problem is None else problem or "no such interpreter here"
        print(f"  Python {python}: {outcome if choice.fits or problem else 'refused, as it does not fit'}", flush=True)
        right = right and not problem
        if problem is None and choice.fits:
            works.append(python)
    return works, right


def check(packages, write):
    old = written_rows()
    new, right = [], True
    with tempfile.TemporaryDirectory(prefix="check-packages-") as home:
        for package in PACKAGES:
            if package not in packages:
                new += [row for row in old if row[0] == package]
                continue
            print(package, flush=True)
            found = {python: [choose(package, python, machine) for machine in MACHINES] for python in PYTHONS}
            works, all_right = tried(package, found, home)
            right = right and all_right
            for row in rows(package, found):
                here = [python for python in row[1].split(", ") if python in works]
                before = next((line[6] for line in old if line[:6] == row), None)
                if before is None:
                    print(f"  not in the table: {' | '.join(row)}", flush=True)
                    right = right and write
                # What was imported elsewhere stays, where there is no such interpreter here.
                pythons = {*here, *([] if before is None else re.findall(r"3\.\d+", before))}
                new.append([*row, ", ".join(p for p in PYTHONS if p in pythons) or "-"])
    if write:
        before, rest = PAGE.read_text().split(MARKS[0])
        PAGE.write_text(before + MARKS[0] + table(new) + MARKS[1] + rest.split(MARKS[1])[1])
    return right


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write what was found into the table")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="of the table (all)")
    arguments = parser.parse_args()
    unknown = set(arguments.packages) - set(PACKAGES)
    if unknown:
        parser.error("not in the table: " + ", ".join(sorted(unknown)))
    if not check(arguments.packages or list(PACKAGES), arguments.write):
        raise SystemExit(
            "check-packages: the table in docs/packages.md is not right any more (--write mends what differs)"
        )
    print("check-packages: the table in docs/packages.md is right")


if __name__ == "__main__":
    main()
