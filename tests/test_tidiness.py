"""Habits that no compiler holds: what stands here is used, small, and speaks of what is there."""

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINES_MAX = 420  # of a file
LINES_MAX_OF = {  # the few that are long because they list
    "python/lambdapool/pool.py": 490,
    "python/src/extension.cpp": 450,
    "tests/python/test_identity_oracle.py": 460,
    "tests/python/scripts/kinds.py": 650,
}
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 120


def tracked():
    """Git's files, or all but what is built where there is no git (a source tarball)."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:
        return sorted(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())
    tops = ("src", "include", "python", "tests", "bench", "fuzz", "examples", "cmake", "docs", "tools")
    files = [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts)


FILES = tracked()
CPP = [name for name in FILES if name.endswith((".cpp", ".hpp"))]
PYTHON = [name for name in FILES if name.endswith((".py", ".pyi"))]
TEXT = {
    name: (ROOT / name).read_text()
    for name in FILES
    if name.endswith((".cpp", ".hpp", ".py", ".pyi", ".cmake", ".in", ".md", ".sh", ".txt", ".toml"))
    or Path(name).name in ("Makefile", "run", "exec_wrapper")
}


def test_files_are_small_and_named_after_nouns():
    wrong = []
    for name in CPP + PYTHON:
        lines = TEXT[name].count("\n")
        if lines > LINES_MAX_OF.get(name, LINES_MAX):
            wrong.append(f"{name} has {lines} lines")
        if re.search(r"util|helper|common|misc|manager", Path(name).stem):
            wrong.append(f"{name}: say what it holds")
    assert wrong == []


def test_lines_fit_the_screen_unless_one_string_does_not():
    wrong = [
        f"{name}:{number} has {len(line)} columns"
        for name in CPP + PYTHON
        for number, line in enumerate(TEXT[name].splitlines(), 1)
        if len(line) > COLUMNS_MAX and not re.search(r"""["'(].{60,}["')]""", line)
    ]
    assert wrong == []


# C++: what stands between braces, by its head. Formatted as clang-format does, so that a line says enough.
IGNORED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S
)
SCOPE = re.compile(r"\b(namespace|class|struct|enum|union|extern)\b[^()]*$")


def functions_of_cpp(text):
    """(head, lines) of each function that stands in no other."""
    text = IGNORED.sub(lambda found: "\n" * found.group().count("\n"), text)
    stack, last = [], 0  # of (whether it is a scope, its head, where that begins)
    for found in re.finditer(r"[{};]", text):
        head = text[last : found.start()]
        begins, last = last + len(head) - len(head.lstrip()), found.end()
        if found.group() == "{":
            outside = all(is_scope for is_scope, *_ in stack)
            is_scope = outside and (SCOPE.search(head) is not None or "(" not in head)
            stack.append((is_scope, head.strip(), begins))
        elif found.group() == "}" and stack:
            is_scope, head, begins = stack.pop()
            if not is_scope and all(outer for outer, *_ in stack):
                yield head.splitlines()[0], text.count("\n", begins, found.end()) + 1


def functions_of_python(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1


def test_functions_fit_the_screen():
    found = [(name, each) for name in CPP for each in functions_of_cpp(re.sub(r"(?m)^#.*$", "", TEXT[name]))]
    found += [(name, each) for name in PYTHON for each in functions_of_python(TEXT[name])]
    assert len(found) > 3_000  # they are seen at all
    wrong = [f"{name}: {head} has {lines} lines" for name, (head, lines) in found if lines > FUNCTION_LINES_MAX]
    assert wrong == []


def test_each_file_is_used_by_another():
    """A module is spoken of by its stem, what is run, included or read by its file name."""
    users = {}
    for name, text in TEXT.items():
        for word in set(re.findall(r"[\w.-]*\w", text)) | set(re.findall(r"\w+", text)):
            users.setdefault(word, set()).add(name)
    of_their_own = re.compile(
        r"(^|/)(README|CMakeLists|__main__|__init__|conftest)\.|^[^/]*$|/misuse/|/test_\w+\.py$|^tools/(debian|python)-"
    )
    unused = []
    for name in TEXT:
        path = Path(name)
        word = path.stem if path.suffix in (".py", ".pyi", ".cmake") or name.startswith("fuzz/") else path.name
        if not of_their_own.search(name) and not users.get(word.removesuffix("_fuzzer"), set()) - {name}:
            unused.append(name)
    assert unused == []


def test_each_source_is_in_a_list_of_cmake():
    lists = {Path(name).parent: text for name, text in TEXT.items() if Path(name).name == "CMakeLists.txt"}
    wrong = []
    for name in CPP:
        if not name.endswith(".cpp") or re.search(r"(^|/)(fuzz|misuse)/", name):
            continue
        for home in [folder for folder in Path(name).parents if folder in lists]:
            listed = re.escape(str(Path(name).relative_to(home).with_suffix("")))
            if re.search(rf"(?<![\w./-]){listed}(\.cpp)?(?![\w.-])", lists[home]):
                break
        else:
            wrong.append(name)
    assert wrong == []


def test_what_the_fuzzers_are_built_from_is_there():
    text = TEXT["fuzz/CMakeLists.txt"]
    named = [
        f"src/{folder}/{source}"
        for folder, sources in re.findall(r"^fuzz_subjects\((\w+) ([^)]*)\)", text, re.M)
        for source in sources.split()
    ]
    programs = re.search(r"foreach\(fuzzer IN ITEMS ([^)]*)\)", text).group(1).split()
    named += [f"fuzz/{program}_fuzzer.cpp" for program in programs]
    assert [name for name in named if name not in CPP] == []
    assert sorted(f"fuzz/{program}_fuzzer.cpp" for program in programs) == [
        name for name in CPP if name.startswith("fuzz/") and name.endswith("_fuzzer.cpp")
    ]


def test_what_comments_and_pages_name_is_there():
    there = {*FILES, *(str(parent) for name in FILES for parent in Path(name).parents)}
    there |= {str(Path(name).with_suffix("")) for name in FILES}
    wrong = []
    for name, text in TEXT.items():
        if "/deployed/" in name or name in ("CHANGELOG.md", "tests/test_tidiness.py"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            for spoken in re.findall(r"(?<![\w./~'\"-])(?:docs|src|tests|tools|cmake|fuzz)/[\w./-]*\w(?![\w*$-])", line):
                beside = str(Path(name).parent / spoken)
                if not {spoken, beside} & there and not re.search(r"/[A-Z]+\b", spoken):  # src/cli/VERB.cpp
                    wrong.append(f"{name}:{number} names {spoken}")
            if re.search(r"(?i)\b(the|in) contract's\b|\(contract, |\.\./shared", line):
                wrong.append(f"{name}:{number} names a page that is not here")
    assert wrong == []
