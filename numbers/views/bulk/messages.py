"""Translation of the texts that jobs store. The database stores English, for the APIs and the audit
log; pages show the text in the reader's language."""

import re
from functools import cache

from django.utils.translation import gettext, gettext_noop, ngettext

from numbers.models import Batch

TITLES = (
    gettext_noop("Undo: %(title)s"),
    gettext_noop("Again: %(title)s"),
    gettext_noop("Activate numbers"),
    gettext_noop("Deactivate numbers"),
    gettext_noop("Label numbers “%(label)s”"),
    gettext_noop("Remove labels"),
    gettext_noop("Assign numbers to agent %(agent_id)s"),
    gettext_noop("Unassign numbers from their agents"),
    gettext_noop("Try numbers again"),
    gettext_noop("Delete numbers"),
    gettext_noop("Pasted list"),
    gettext_noop("Range %(first)s to %(last)s"),
    gettext_noop("Found on %(name)s"),
)
SENTENCES = (
    gettext_noop("%(who)s stopped it."),
    gettext_noop("%(who)s may not do this any more."),
    gettext_noop("It has more than %(most)s rows."),
    gettext_noop("No number is selected."),
    gettext_noop(
        "More than %(most)s numbers are selected; do it in parts, for example by carrier."
    ),
    gettext_noop("There is no agent %(id)s."),
    gettext_noop("The number of line %(line)d."),
    gettext_noop("It is here already, and %(status)s."),
    gettext_noop("%(number)s is being removed from its platform; add it again when that is done."),
    gettext_noop("%(number)s is already in this installation."),
    gettext_noop("%(number)s is already here, written %(spelled)s: delete that one first."),
    gettext_noop("%(number)s is assigned to the organization for this carrier only: %(carriers)s."),
    gettext_noop("No operator assigned %(number)s to the organization for this carrier."),
    gettext_noop(
        "%(number)s is in none of the organization's number pools: %(pools)s. An operator can "
        "assign more."
    ),
    gettext_noop(
        "%(number)s is not assigned to the organization, which has no number pools. An operator "
        "can assign some."
    ),
    gettext_noop("There is no carrier “%(name)s”."),
    gettext_noop("No agent here has the id “%(id)s”: the number keeps it all the same."),
    gettext_noop("Several carriers are called “%(name)s”: name its sid."),
    gettext_noop("At most %(max)d characters are allowed."),
    gettext_noop("“%(cell)s” stands beyond the last column: put text with separators in quotes."),
    gettext_noop("There is no sheet “%(name)s”."),
    gettext_noop(
        "No column is certain to be the phone number. The columns are: %(names)s. Send `mapping`, "
        'for example {"%(first)s": "number"}.'
    ),
    gettext_noop("The columns were matched as %(who)s confirmed them before."),
    gettext_noop("Carrier %(carrier)s could not be set up: %(reason)s Repair it or name another."),
    gettext_noop("%(integration)s cannot be used for %(role)s."),
    gettext_noop("Only an active or inactive number can be switched; this one is %(status)s."),
    gettext_noop("There is nothing to try again: the number is %(status)s."),
    gettext_noop("One of these is expected: %(known)s."),
    gettext_noop("It was changed since the preview, and is “%(now)s” now."),
)
# Sentences of numbers/bulk/files, whose modules mark them for translation.
FILE_SENTENCES = (
    "The file has no column “%(name)s”. It has: %(columns)s.",
    "Only one column can mean “%(name)s”: choose one, and ignore the others.",
    "A column cannot mean “%(name)s”. Use one of these: %(known)s.",
    "No column holds the numbers. Map one of these columns to “number”: %(columns)s.",
    "Ignored columns: %(names)s.",
    "The workbook has no sheet “%(name)s”. It has: %(names)s.",
    "The sheet “%(name)s” was read. Not read: %(others)s.",
    "The heading is in line %(line)d: what stands above it was passed over.",
    "Line %(line)d was read as the heading.",
    "Cell %(cell)s holds a date or time (%(text)s), not a phone number: format the column as text "
    "and enter the number again.",
    "Cell %(cell)s holds a date or time (%(text)s), not a text: format the column as text and "
    "enter the value again.",
    "Cell %(cell)s holds a formula without a stored value: open the file in Excel and save it, or "
    "enter the value.",
    "Cell %(cell)s holds the error %(text)s: correct the formula or enter the value.",
    "A quotation mark opens in line %(line)d and does not close: close it, or remove it.",
    "The row belongs to a second table, which begins in line %(text)s with other columns: import "
    "that table as its own file.",
)
# Sentences of numbers/numbering and of the checks of import rows, marked in the same way.
NUMBER_SENTENCES = (
    "%(text)s is not how this number is written in E.164: write %(canonical)s.",
    "A phone number has at most 15 digits; this one has more than 15 digits (%(count)d).",
    "Leave out the trunk prefix %(prefix)s behind +%(code)s.",
    "“%(char)s” is a footnote mark or a raised digit, not a digit of the number: remove it.",
    "Use digits with an optional leading +: “%(char)s” does not belong there.",
    "No area code begins with 1 behind +1: one digit is too many. Is it %(number)s?",
    "00 is not the international prefix of %(country)s (%(prefix)s is): write the number with a "
    "plus.",
    "This is a range, and its first number %(first)s cannot be read: %(reason)s",
    "This is a range, but %(last)s does not come after %(first)s: write both in full.",
    "Read as %(number)s.",
    "Read as international: %(number)s.",
    "Read as %(way)s, as the other rows are: %(number)s.",
    "Possible, but not valid in the numbering plan of %(country)s.",
    "Is it %(number)s?",
    "Is this %(number)s?",
    "Is this %(first)s or %(second)s?",
    "The range %(first)s to %(last)s?",
    "One number, %(number)s, or the range %(first)s to %(last)s?",
    "From the range in line %(line)d.",
    "There is no country “%(name)s”: give its two letters or its name.",
    "The id of this row is that of %(number)s: correct the number, or remove the id.",
    "“%(name)s” is the agent %(id)s.",
    "This range leaves its area code: it goes from %(first)s to %(last)s.",
    "This range leaves its block of 10,000 numbers: it goes from %(first)s… to %(last)s…, which "
    "may belong to somebody else.",
)
PLURALS = (
    (
        "Line %(line)d repeats the heading and was passed over.",
        "%(count)d lines repeat the heading and were passed over, the first is line %(line)d.",
    ),
    (
        "Line breaks within %(count)d cell became blanks.",
        "Line breaks within %(count)d cells became blanks.",
    ),
)
COLUMNS = (  # error messages begin with one of these
    *("Number", "Label", "Carrier", "Agent", "Outbound agent", "Application", "Webhook", "Trunk"),
    "Status",
)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def translate_title(batch: Batch) -> str:
    """Returns the translated title. A title that matches none of Patchbay's is returned as it is:
    the name of a file, or one that an API client chose."""
    found = match_sentence(TITLES, batch.title)
    if found is None:
        return batch.title
    sentence, values = found
    if "title" in values:
        values["title"] = translate_title(Batch(title=values["title"]))
    return fill_placeholders(sentence, values)


def translate_stored_text(text: str) -> str:
    """Translates a reason or a row's message, in which each line is one sentence."""
    return "\n".join(map(translate_line, text.split("\n")))


def translate_line(text: str) -> str:
    translated = gettext(text) if text else ""
    if translated != text:
        return translated
    column, colon, rest = text.partition(": ")
    if colon and column in COLUMNS:
        return f"{gettext(column)}: {translate_line(rest)}"
    sentence, values = match_sentence(SENTENCES + FILE_SENTENCES + NUMBER_SENTENCES, text) or (
        text,
        {},
    )
    for name in {"status", "way"} & values.keys():  # words to translate, not data
        values[name] = gettext(values[name])
    return fill_placeholders(sentence, values) if values else translate_plural(text)


def translate_plural(text: str) -> str:
    for one, many in PLURALS:
        if found := match_sentence((one, many), text):
            count = int(found[1].get("count", 1))
            return PLACEHOLDER.sub(lambda name: found[1][name[1]], ngettext(one, many, count))
    return text


def match_sentence(sentences: tuple[str, ...], text: str) -> tuple[str, dict[str, str]] | None:
    for sentence in sentences:
        if found := sentence_pattern(sentence).fullmatch(text):
            return sentence, found.groupdict()
    return None


@cache
def sentence_pattern(sentence: str) -> re.Pattern[str]:
    """Returns the pattern that matches a filled-in sentence. `re.escape` does not change the names
    of the placeholders."""
    escaped = re.sub(r"%\\\((\w+)\\\)[sd]", r"(?P<\1>.*)", re.escape(sentence))
    return re.compile(escaped)


def fill_placeholders(sentence: str, values: dict[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], gettext(sentence))
