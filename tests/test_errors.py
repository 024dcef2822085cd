"""Each kind of error stands in one list (include/lambdapool/error_kind.hpp): nothing that goes by it lacks one."""

import pathlib
import re

import lambdapool
from lambdapool import errors

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = ROOT / "include/lambdapool"
LIST = (HEADERS / "error_kind.hpp").read_text()
KINDS = {int(number): name for name, number in re.findall(r"^  (\w+) = (\d+),", LIST, re.M)}
CPP_CLASSES = {
    kind: name
    for name, kind in re.findall(
        r"using (\w+) = ErrorOf<LambdaPoolError::Kind::(\w+)>;", (HEADERS / "errors.hpp").read_text()
    )
}
PYTHON_CLASSES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.LambdaPoolError)
]
SECTIONS = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=\n## |\Z)", (ROOT / "docs/errors.md").read_text(), re.M | re.S))


def test_the_numbers_have_no_gap_and_the_names_are_in_their_order():
    assert list(KINDS) == list(range(int(re.search(r"error_kinds = (\d+)", LIST).group(1))))
    names = LIST[LIST.index("names[error_kinds] = {") :]
    assert re.findall(r'"(\w+)"', names) == list(KINDS.values())


def test_each_kind_has_a_class_in_cpp():
    assert sorted(CPP_CLASSES) == sorted(KINDS.values())


def test_each_kind_has_a_class_in_python_by_its_number():
    assert {number: name for number, (name, _) in errors.KINDS.items()} == KINDS
    for name, of in errors.KINDS.values():
        if of not in (ValueError, errors.ServiceError):
            assert of.kind == name


def test_each_class_in_python_is_public_and_has_a_code_of_its_own():
    kinds = [of.__dict__["kind"] for of in PYTHON_CLASSES]
    assert len(set(kinds)) == len(kinds)
    assert {of.__name__ for of in PYTHON_CLASSES} <= set(lambdapool.__all__)


def test_an_error_of_the_engine_has_its_kind_where_classes_share_one():
    raised = errors.from_native((3, "it exists", "ResourceConflictException", "", 409, "", ""), "f")
    assert type(raised) is errors.ServiceError and raised.kind == "conflict" and raised.function == "f"
    assert type(errors.from_native((0, "no", "", "", 0, "", ""), "f")) is ValueError


def test_the_page_of_errors_has_each_code_with_its_classes():
    own = {of.kind for of in PYTHON_CLASSES if of is not errors.LambdaPoolError}
    assert sorted(SECTIONS) == sorted(own | set(KINDS.values()))
    for name, cpp in CPP_CLASSES.items():
        assert "`%s`" % cpp in SECTIONS[name], name
    for name, of in list(errors.KINDS.values()) + [(of.kind, of) for of in PYTHON_CLASSES if of.kind]:
        assert "`%s`" % of.__name__ in SECTIONS[name], name
    for name, section in SECTIONS.items():
        assert "*What to do:*" in section, name
