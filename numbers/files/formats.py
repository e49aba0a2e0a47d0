"""Files that are no table: what they are, to say it instead of reading nonsense."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from numbers.files.unreadable import Unreadable

IMAGE = gettext_noop("an image")
BINARY = (
    (b"%PDF", gettext_noop("a PDF document")),
    (b"{\\rtf", gettext_noop("an RTF document")),
    (b"\x1f\x8b", gettext_noop("a compressed file (gzip)")),
    (b"BZh", gettext_noop("a compressed file (bzip2)")),
    (b"\xfd7zXZ", gettext_noop("a compressed file (xz)")),
    (b"7z\xbc\xaf\x27\x1c", gettext_noop("a compressed file (7-Zip)")),
    (b"Rar!", gettext_noop("a compressed file (RAR)")),
    (b"SQLite format 3", gettext_noop("a database (SQLite)")),
    (b"PAR1", gettext_noop("a Parquet file")),
    (b"\x89PNG", IMAGE),
    (b"\xff\xd8\xff", IMAGE),
    (b"GIF8", IMAGE),
    (b"BM", IMAGE),
    (b"II*\0", IMAGE),
    (b"MM\0*", IMAGE),
)
SPREADSHEET_XML = "urn:schemas-microsoft-com:office:spreadsheet"
HTML = re.compile(
    r"(?:(?><!--.*?-->)|<\?xml[^>]*>|\s)*+"
    r"<(?:!doctype html|html|head|body|table|meta|style|script|div)\b",
    re.IGNORECASE | re.DOTALL,
)
TEXT = (
    (HTML, gettext_noop("a web page (HTML)")),
    (re.compile(r"\s*<(?:\?xml|!DOCTYPE|[A-Za-z][\w:.-]*[\s>/])"), gettext_noop("XML")),
    (re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])"), gettext_noop("JSON")),
    (re.compile(r"BEGIN:V(?:CARD|CALENDAR)"), gettext_noop("a contact file (vCard)")),
    (re.compile(r"MIME-Version:|Received: "), gettext_noop("an e-mail or web archive (MIME)")),
    (re.compile(r"ID;P(?:WXL|CALC|SCALC)"), gettext_noop("a SYLK file")),
)
LOOKED_AT = 4_000  # characters
CONTROLS = re.compile(r"[\x01-\x08\x0e-\x19\x1b-\x1f\x7f\ufffe\uffff]")
MOST_CONTROLS, MOST_NULS = 0.02, 0.1  # shares of the text


def refuse_binary(data: bytes) -> None:
    """By its first bytes. Raises Unreadable."""
    for beginning, name in BINARY:
        if data.startswith(beginning) and (beginning != b"BM" or b"\0" in data[:32]):
            refuse(name)


def refuse_markup(text: str) -> None:
    """By its first characters. Raises Unreadable."""
    top = text[:LOOKED_AT].lstrip("\ufeff")
    if top.lstrip().startswith("<?xml") and SPREADSHEET_XML in top:
        refuse(gettext_noop("an XML spreadsheet (Excel 2003)"))
    for shape, name in TEXT:
        if shape.match(top):
            refuse(name)
    if len(CONTROLS.findall(top)) > MOST_CONTROLS * len(top) or is_mostly_nul(top):
        raise Unreadable(_("This is neither CSV nor a workbook (.xlsx, .ods)."))


def is_mostly_nul(top: str) -> bool:
    return top.count("\0") > max(3, MOST_NULS * len(top))


def refuse(name: str) -> None:
    words = _("This is %(kind)s: save it as CSV or .xlsx.")
    raise Unreadable(words % {"kind": _(name)})
