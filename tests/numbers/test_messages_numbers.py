"""What rows of an import say of their numbers, in the reader's language."""

import ast
import re

import pytest
from django.utils.translation import override

from config import BASE_DIR
from numbers.views.bulk.messages import NUMBER_SENTENCES, translate_stored_text

SOURCES = (
    *(
        "numbers/numbering/e164.py",
        "numbers/bulk/imports/rows.py",
        "numbers/bulk/imports/readings.py",
    ),
    *("numbers/bulk/imports/check.py", "numbers/numbering/ranges.py"),
    *(f"numbers/numbering/{name}.py" for name in ("characters", "lookalikes", "parsing", "plans")),
)


def sentences() -> set[str]:
    """All that these modules mark for the translators, with something to fill in."""
    found = set()
    for name in SOURCES:
        for node in ast.walk(ast.parse((BASE_DIR / name).read_text())):
            is_marked = isinstance(node, ast.Call) and ast.unparse(node.func) in ("_", "gettext")
            if is_marked and isinstance(node.args[0], ast.Constant) and "%(" in node.args[0].value:
                found.add(node.args[0].value)
    return found


@pytest.mark.parametrize("sentence", NUMBER_SENTENCES)
def test_each_is_known(sentence):
    assert sentence in sentences(), "it has been reworded"


@pytest.mark.parametrize("sentence", NUMBER_SENTENCES)
def test_each_is_translated(sentence):
    values = {name: "x1" for name in re.findall(r"%\((\w+)\)", sentence)}
    values = {**values, "count": 16, "line": 3} if "%(" in sentence else values
    with override("de"):
        assert translate_stored_text(sentence % values) != sentence % values
