"""Files that are neither CSV nor JSON, told by their first bytes."""

import codecs
import re

LONGEST_HEAD = 4096

_UTF16 = "is UTF-16. Save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8 FILE`."
_BEGINNINGS = (
    (codecs.BOM_UTF32_LE, "is UTF-32. Save it as UTF-8."),
    (codecs.BOM_UTF32_BE, "is UTF-32. Save it as UTF-8."),
    (codecs.BOM_UTF16_LE, _UTF16),
    (codecs.BOM_UTF16_BE, _UTF16),
    (b"PK\x05\x06", "is an empty ZIP archive."),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook (.xls). Save the sheet as CSV UTF-8."),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard. Unpack it with `zstd -d --long=31 FILE`."),
    (b"BZh", "is compressed with bzip2. Unpack it with `bunzip2 FILE`."),
    (b"\xfd7zXZ", "is compressed with xz. Unpack it with `unxz FILE`."),
    (b"7z\xbc\xaf", "is a 7z archive. Unpack it first."),
    (b"Rar!", "is a RAR archive. Unpack it first."),
    (b"\x1f\x8b", "is compressed with gzip twice. Unpack it with `gunzip FILE`."),
    (b"PAR1", "is a Parquet file. Convert it to CSV or JSON Lines."),
    (b"SQLite format 3", "is a SQLite database. Export a table as CSV."),
    (b"%PDF", "is a PDF document. Import CSV or JSON Lines."),
)
_ZIP = b"PK\x03\x04"
_WORKBOOK = "is an Excel workbook (.xlsx). Save the sheet as CSV UTF-8."
_SHEETS = "is an OpenDocument spreadsheet. Save the sheet as CSV UTF-8."
_ARCHIVE = "is a ZIP archive. Unpack it, and import the CSV or JSON file in it."
_HTML = re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)
_XML = re.compile(rb"\s*<(?:\?xml|rss|feed|rdf)", re.IGNORECASE)
_LEAST_NULS = 3


def foreign_kind(head: bytes, name: str) -> str | None:
    """Return the end of a sentence about the file; None if the first bytes can be CSV or JSON."""
    for beginning, message in _BEGINNINGS:
        if head.startswith(beginning):
            return message
    if head.startswith(_ZIP):
        return _archive(head, name)
    text = head.removeprefix(codecs.BOM_UTF8)
    if _HTML.match(text):
        return "is an HTML page. Import CSV or JSON Lines."
    if _XML.match(text):
        return "is XML, such as an RSS feed. Convert it to JSON."
    return _UTF16 if _looks_like_utf16(head[:64]) else None


def _archive(head: bytes, name: str) -> str:
    if b"[Content_Types].xml" in head or b"xl/" in head or name.lower().endswith((".xlsx", ".xlsm")):
        return _WORKBOOK
    return _SHEETS if b"opendocument.spreadsheet" in head else _ARCHIVE


def _looks_like_utf16(head: bytes) -> bool:
    """Return whether every second byte tends to be NUL, as in Latin text without a byte order mark."""
    nuls = sorted((head[::2].count(0), head[1::2].count(0)))
    return nuls[0] == 0 and nuls[1] > _LEAST_NULS
