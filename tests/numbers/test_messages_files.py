"""What the worker says of a file is kept in English; the pages know all of its sentences."""

import ast
from collections.abc import Iterator

import pytest

from config import BASE_DIR
from numbers.views.bulk.messages import FILE_SENTENCES, PLURALS, SENTENCES, translate_stored_text

SAYS = {"_", "gettext", "ngettext", "gettext_noop"}


def sentences() -> Iterator[str]:
    """Those with words to fill in: others are found as they stand."""
    for path in (BASE_DIR / "numbers" / "bulk" / "files").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYS:
                for text in node.args[:2]:
                    if isinstance(text, ast.Constant) and "%(" in str(text.value):
                        yield text.value


def test_no_sentence_on_a_file_is_unknown():
    known = {*SENTENCES, *FILE_SENTENCES, *(text for pair in PLURALS for text in pair)}
    assert set(sentences()) - known == set()


def test_no_sentence_is_stale():
    assert {*FILE_SENTENCES, *(text for pair in PLURALS for text in pair)} - set(
        sentences()
    ) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Line breaks within 1 cell became blanks.",
        "Line breaks within 12 cells became blanks.",
        "Line 4 repeats the heading and was passed over.",
        "3 lines repeat the heading and were passed over, the first is line 4.",
        "This is a PDF document: save it as CSV or .xlsx.",
    ],
)
def test_numbers_and_names_are_kept(text):
    assert translate_stored_text(text) == text
