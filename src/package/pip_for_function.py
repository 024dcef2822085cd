"""pip, for a Python and a platform that are not those that run it.

    pip_for_function.py WHERE install ARGUMENTS...    pip install, into --target, whole and for the function
    pip_for_function.py WHERE wheels REQUIREMENT      which wheels there are of a project, as JSON

WHERE is JSON: {"python": "3.11.10", "machine": "x86_64", "glibc": 26}. What is changed of pip, each where its own way
would lose or mistake something in silence:

  - environment markers, and what a project says of the Python that it requires, are judged for the function, not for
    the Python that runs pip;
  - --target keeps a wheel's data files, and merges what two projects bring into one directory;
  - single projects may be built from their sources (--no-binary NAME) beside --only-binary=:all:.
"""

import json
import os
import shutil
import sys

WHERE = json.loads(sys.argv[1])

from pip._internal.cli import cmdoptions  # noqa: E402
from pip._internal.cli.main import main  # noqa: E402
from pip._internal.commands import index, install  # noqa: E402
from pip._vendor.packaging import markers  # noqa: E402

# The older ones too: pip does not know that a newer C library runs what was made for an older one.
OLD = {"x86_64": {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}}
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", ".f", ".f90", ".go", ".m")


def platforms(machine, glibc):
    oldest = 5 if machine == "x86_64" else 17
    names = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, oldest - 1, -1)]
    old = OLD.get(machine, {17: "manylinux2014"})
    return names + [f"{old[minor]}_{machine}" for minor in sorted(old, reverse=True)]


def tag_options(python, machine, glibc):
    minor = python.split(".")[1]
    options = ["--python-version", python, "--implementation", "cp"]
    for abi in ("cp3" + minor, "abi3", "none"):
        options += ["--abi", abi]
    for platform in platforms(machine, glibc):
        options += ["--platform", platform]
    return options


def marker_environment():
    return {
        "implementation_name": "cpython",
        "implementation_version": WHERE["python"],
        "os_name": "posix",
        "platform_machine": WHERE["machine"],
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "platform_python_implementation": "CPython",
        "python_full_version": WHERE["python"],
        "python_version": ".".join(WHERE["python"].split(".")[:2]),
        "sys_platform": "linux",
    }


def merge(source, target):
    """Moves what is in `source` into `target`; two files of one name must be equal."""
    os.makedirs(target, exist_ok=True)
    for name in sorted(os.listdir(source)):
        old, new = os.path.join(source, name), os.path.join(target, name)
        if os.path.isdir(old) and not os.path.islink(old):
            if os.path.exists(new) and not os.path.isdir(new):
                raise SystemExit(f"ERROR: two of the requirements bring {name}, as a file and as a directory.")
            merge(old, new)
        elif not os.path.lexists(new):
            shutil.move(old, new)
        # Of two equal files one is enough; of others pip keeps the last, uv too.
        else:
            os.replace(old, new) if os.stat(old).st_dev == os.stat(new).st_dev else shutil.copy2(old, new)


def make_resolver(*args, **options):
    version = tuple(int(part) for part in WHERE["python"].split("."))
    return resolver(*args, **{**options, "py_version_info": version})


def handle_target(self, target_dir, target_temp_dir, upgrade):
    scheme = install.get_scheme("", home=target_temp_dir.path)
    for directory in dict.fromkeys([scheme.purelib, scheme.platlib]):
        if os.path.exists(directory):
            merge(directory, target_dir)
            shutil.rmtree(directory)
            parent = os.path.dirname(directory)  # lib, where only its own name may have been in it
            if parent != target_temp_dir.path and not os.listdir(parent):
                os.rmdir(parent)
    merge(target_temp_dir.path, target_dir)


def has_sources_to_compile(session, link):
    import io
    import tarfile
    import zipfile

    if link.is_file:
        with open(link.file_path, "rb") as file:
            content = file.read()
    else:
        answer = session.get(link.url_without_fragment, headers={"Accept-Encoding": "identity"})
        answer.raise_for_status()
        content = answer.content
    if link.filename.endswith(".zip"):
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    else:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            names = archive.getnames()
    parts = [name.split("/") for name in names]
    return any(
        part[-1] == "Cargo.toml" or part[-1].endswith(SOURCES) and not {"test", "tests", "docs", "examples"} & set(part)
        for part in parts
    )


def report(self, options, arguments):
    """What there is of a project: its newest version with a wheel that fits, and of the wanted version whether it has
    wheels at all, whether one fits where Python 3.12 runs, and whether its sources are to be compiled."""
    from pip._internal.models import wheel
    from pip._internal.utils.compatibility_tags import get_supported
    from pip._vendor.packaging.requirements import Requirement
    from pip._vendor.packaging.specifiers import SpecifierSet

    wanted = Requirement(arguments[0].split(";")[0])

    def tags(python, glibc):
        minor = python.split(".")[1]
        return set(
            get_supported(
                version="3" + minor,
                platforms=platforms(WHERE["machine"], glibc),
                impl="cp",
                abis=["cp3" + minor, "abi3", "none"],
            )
        )

    here = tags(WHERE["python"], WHERE["glibc"])
    later = set().union(*(tags(f"3.{minor}", 34) for minor in (12, 13, 14)))
    wheel.Wheel.supported = lambda self, supported: True
    wheel.Wheel.support_index_min = lambda self, supported: 0
    with self._build_session(options) as session:
        finder = self._build_package_finder(options=options, session=session, ignore_requires_python=True)
        candidates = list(finder.find_all_candidates(wanted.name))
        fitting, named, sources, others, on_later = [], 0, [], 0, 0
        for candidate in candidates:
            is_wheel = candidate.link.is_wheel
            file_tags = set(wheel.Wheel(candidate.link.filename).file_tags) if is_wheel else set()
            is_wanted = wanted.specifier.contains(str(candidate.version), prereleases=True)
            if file_tags & here and not candidate.version.is_prerelease:
                requires = candidate.link.requires_python
                try:
                    right = not requires or SpecifierSet(requires).contains(WHERE["python"])
                except Exception:  # as pip itself does with what it cannot read
                    right = True
                if right:
                    fitting.append(candidate.version)
            if is_wheel:
                others += not any(tag.platform == "any" for tag in file_tags)
            if is_wanted and is_wheel:
                named += 1
                on_later += bool(file_tags & later)
            elif is_wanted:
                sources.append(candidate)
        compiled = bool(others)
        if sources and not named and not compiled:
            compiled = has_sources_to_compile(session, max(sources, key=lambda c: c.version).link)
    print(
        json.dumps(
            {
                "known": bool(candidates),
                "newest": str(max(fitting)) if fitting else "",
                "wheels": named,
                "sources": len(sources),
                "compiled": compiled,
                "on_later": bool(on_later),
            }
        )
    )


markers.default_environment = marker_environment
resolver = install.InstallCommand.make_resolver
install.InstallCommand.make_resolver = staticmethod(make_resolver)
cmdoptions.check_dist_restriction = lambda *args, **kwargs: None
install.InstallCommand._handle_target_dir = handle_target
index.IndexCommand.get_available_package_versions = report

if __name__ == "__main__":
    verb, arguments = sys.argv[2], sys.argv[3:]
    if verb == "wheels":
        sys.exit(main(["index", "--quiet", "--quiet", "versions", "--disable-pip-version-check", *arguments]))
    where = tag_options(WHERE["python"], WHERE["machine"], WHERE["glibc"])
    sys.exit(main(["install", *where, *arguments]))
