"""Decode a web page's bytes: byte order mark, declared encoding, UTF-8, Windows-1252."""

from __future__ import annotations

import codecs
import re
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED: Final = re.compile(
    rb"""<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE
)


def decode_page(content: bytes) -> str:
    """Decode by byte order mark, declared encoding, UTF-8, Windows-1252, in this order.

    Null bytes are dropped, as parsers stop at them.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").replace("\0", "")
    declared = _DECLARED.search(content[:4096])
    names = ["utf-8", "cp1252", "latin-1"]
    if declared:
        name = declared[1].decode("ascii", "replace")
        try:
            codecs.lookup(name)
        except LookupError:
            pass
        else:
            names.insert(0, name)
    for name in names:
        try:
            return content.decode(name).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").replace("\0", "")
