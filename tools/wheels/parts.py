"""parts.py SOURCES PYTHON: the list of parts (SBOM, CycloneDX 1.6) of a wheel, on stdout.

What is compiled into it: libraries from Debian's sources (SOURCES/versions, of sources.sh), headers of the Debian
packages of this machine, nanobind and cloudpickle of the environment PYTHON, the C++ library of the toolchain.
"""

import importlib.metadata
import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HEADERS = {"libboost-dev": "Boost", "nlohmann-json3-dev": "nlohmann-json", "libcli11-dev": "CLI11"}
HEADERS |= {"libtoml11-dev": "toml11", "libexpected-dev": "tl-expected"}


def version_of_project():
    return re.search(r"project\(lambdapool VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def part(kind, name, version, purl, sha256=None):
    made = {"type": kind, "name": name, "version": version, "purl": purl, "bom-ref": purl}
    if sha256:  # of Debian's .dsc, which has those of the sources
        made["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    return made


def parts_of(sources, python):
    for line in (Path(sources) / "versions").read_text().splitlines():
        name, version, sha256 = line.split()
        yield part("library", name, version, f"pkg:deb/debian/{name}@{version}?arch=source", sha256)
    for package, name in HEADERS.items():
        asked = ["dpkg-query", "-W", "-f", "${Version}", package]
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        yield part("library", name, version, f"pkg:deb/debian/{package}@{version}")
    tell = "import importlib.metadata as m, sys; print(*(m.version(name) for name in sys.argv[1:]))"
    packages = ["nanobind", "cloudpickle"]
    told = subprocess.run([python, "-c", tell, *packages], capture_output=True, text=True, check=True).stdout
    for name, version in zip(packages, told.split()):
        yield part("library", name, version, f"pkg:pypi/{name}@{version}")
    version = importlib.metadata.version("ziglang")  # libc++, and musl in two small static programs
    yield part("library", "ziglang", version, f"pkg:pypi/ziglang@{version}")


def main():
    version = version_of_project()
    purl = f"pkg:pypi/lambdapool@{version}"
    components = sorted(parts_of(*sys.argv[1:]), key=lambda made: made["purl"])
    refs = [made["bom-ref"] for made in components]
    name = json.dumps(refs)
    listed = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:%s" % uuid.uuid5(uuid.NAMESPACE_URL, purl + name),
        "version": 1,
        "metadata": {"component": part("library", "lambdapool", version, purl)},
        "components": components,
        "dependencies": [{"ref": purl, "dependsOn": refs}],
    }
    print(json.dumps(listed, indent=1))


main()
