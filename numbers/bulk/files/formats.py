"""Recognition of files that are not tables, so that an error names their format."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from numbers.bulk.files.unreadable import UnreadableFile

IMAGE_MESSAGE = gettext_noop("This is an image: save the numbers as CSV or .xlsx.")
COMPRESSED_MESSAGE = gettext_noop("This is a compressed file: unpack it and upload the file in it.")
BINARY_SIGNATURES = (
    (b"%PDF", gettext_noop("This is a PDF document: save its table as CSV or .xlsx.")),
    (b"{\\rtf", gettext_noop("This is an RTF document: save its table as CSV or .xlsx.")),
    (b"SQLite format 3", gettext_noop("This is a database (SQLite): save a table as CSV.")),
    (b"PAR1", gettext_noop("This is a Parquet file: save it as CSV or .xlsx.")),
    *(
        (each, COMPRESSED_MESSAGE)
        for each in (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
    ),
    *(
        (each, IMAGE_MESSAGE)
        for each in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    ),
)
SPREADSHEET_XML = "urn:schemas-microsoft-com:office:spreadsheet"
OLD_XML_MESSAGE = gettext_noop("This is an XML spreadsheet (Excel 2003): save it as CSV or .xlsx.")
HTML = re.compile(
    r"(?:(?><!--.*?-->)|<\?xml[^>]*>|\s)*+"
    r"<(?:!doctype html|html|head|body|table|meta|style|script|div)\b",
    re.IGNORECASE | re.DOTALL,
)
XML = re.compile(r"\s*<(?:\?xml|!DOCTYPE|[A-Za-z][\w:.-]*[\s>/])")
JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
TEXT_SIGNATURES = (
    (HTML, gettext_noop("This is a web page (HTML): save its table as CSV or .xlsx.")),
    (XML, gettext_noop("This is XML: save it as CSV or .xlsx.")),
    (JSON, gettext_noop("This is JSON: send it to the API, or save it as CSV or .xlsx.")),
    (
        re.compile(r"BEGIN:V(?:CARD|CALENDAR)"),
        gettext_noop("This is a contact file (vCard): save it as CSV or .xlsx."),
    ),
    (
        re.compile(r"MIME-Version:|Received: "),
        gettext_noop("This is an e-mail or web archive (MIME): save its table as CSV or .xlsx."),
    ),
    (
        re.compile(r"ID;P(?:WXL|CALC|SCALC)"),
        gettext_noop("This is a SYLK file: save it as CSV or .xlsx."),
    ),
)
INSPECTED_LENGTH = 4_000  # characters
CONTROL_CHARACTERS = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f\ufffe\uffff]")
MAX_CONTROL_SHARE, MAX_NUL_SHARE = 0.02, 0.1  # of the inspected text


def ensure_not_binary(data: bytes) -> None:
    """Raises UnreadableFile if the first bytes are those of a known binary format."""
    for beginning, words in BINARY_SIGNATURES:
        if data.startswith(beginning) and (beginning != b"BM" or b"\0" in data[:32]):
            raise UnreadableFile(_(words))


def ensure_not_markup(text: str) -> None:
    """Raises UnreadableFile if the first characters are those of another text format, or not
    text."""
    top = text[:INSPECTED_LENGTH].lstrip("\ufeff")
    if top.lstrip().startswith("<?xml") and SPREADSHEET_XML in top:
        raise UnreadableFile(_(OLD_XML_MESSAGE))
    for shape, words in TEXT_SIGNATURES:
        if shape.match(top):
            raise UnreadableFile(_(words))
    if len(CONTROL_CHARACTERS.findall(top)) > MAX_CONTROL_SHARE * len(top) or is_mostly_nul(top):
        raise UnreadableFile(_("This is neither CSV nor a workbook (.xlsx, .ods)."))


def is_mostly_nul(top: str) -> bool:
    return top.count("\0") > max(3, MAX_NUL_SHARE * len(top))
