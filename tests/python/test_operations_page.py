"""docs/operations.md names every operation of Lambda's API; a C++ test holds it to the router."""

import re
from pathlib import Path

import pytest

session = pytest.importorskip("botocore.session")

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
WITH_ANOTHER = {"GetLayerVersionByArn", "ListProvisionedConcurrencyConfigs"}  # in the same row as another


def test_every_operation_is_on_the_page():
    text = PAGE.read_text()
    named = set(re.findall(r"^\| (\w+) \| (?:works|kept without effect|refused) \|", text, re.M))
    model = session.get_session().get_service_model("lambda")
    missing = set(model.operation_names) - named - WITH_ANOTHER
    assert not missing and all(name in text for name in WITH_ANOTHER)
