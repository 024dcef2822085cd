"""The product document's four outputs, on the local target."""

import re

import pytest

pytestmark = pytest.mark.on_both_targets


def test_the_four_commands_say_what_the_product_document_shows(run, algorithms):
    created = run("create", "algorithms", "algorithms/", "--timeout=300", "--memory=128")
    assert (created.returncode, created.stderr) == (0, "")
    lines = created.stdout.splitlines()
    assert lines[:3] == [
        "=== Creating lambdapool function ===",
        "=== Copying all specified files and directories ===",
        "Copying algorithms.py...",
    ]
    assert lines[-1] == "=== Succesfully created lambdapool function algorithms ==="

    listed = run("list")
    assert (listed.returncode, listed.stderr) == (0, "")
    heading, rule, row = listed.stdout.splitlines()
    assert heading.split("  ")[0] == "FUNCTION NAME"
    assert re.fullmatch(r"FUNCTION NAME    SIZE +WHEN +RUNTIME MEMORY \(MB\)    TIMEOUT \(SEC\)", heading)
    assert re.fullmatch(r"-{15}  -+  -+  -{21}  -{15}", rule)
    assert re.fullmatch(
        r"algorithms       [\d.]+ (B|KB|MB)  +(just now|\d+ seconds? ago)  + 128 {14}300", row
    ), row
    assert len(heading) == len(rule) == len(row)

    with open(algorithms / "algorithms" / "algorithms.py", "a") as source:
        source.write("\ndef factorial(n):\n    return 1 if n == 0 else n * factorial(n - 1)\n")
    updated = run("update", "algorithms", "algorithms", "--memory", "128", "--timeout", "300")
    assert (updated.returncode, updated.stderr) == (0, "")
    assert updated.stdout.splitlines() == [
        "=== Updating lambdapool function ===",
        "== Copying all specified files and directories ===",
        "Copying algorithms...",
        "=== Copied all specified files and directories ===",
        "=== Uploading function and dependencies ===",
        "=== Function algorithms uploaded along with all dependencies ===",
        "=== Updated lambdapool function algorithms ===",
    ]

    deleted = run("delete", "algorithms")
    assert (deleted.returncode, deleted.stderr) == (0, "")
    assert deleted.stdout.splitlines() == [
        "=== Deleting lambdapool function ===",
        "=== Deleted lambdapool function algorithms===",
    ]
    assert len(run("list").stdout.splitlines()) == 2


def test_create_names_every_file_and_directory_that_it_copies(run, algorithms):
    (algorithms / "algorithms" / "data").mkdir()
    (algorithms / "algorithms" / "data" / "table.csv").write_text("1\n")
    (algorithms / "algorithms" / "__pycache__").mkdir()
    (algorithms / "extra.py").write_text("")
    created = run("create", "algorithms", "algorithms", "extra.py")
    assert [line for line in created.stdout.splitlines() if line.startswith("Copying")] == [
        "Copying algorithms.py...",
        "Copying data...",
        "Copying __init__.py...",
        "Copying extra.py...",
    ]
