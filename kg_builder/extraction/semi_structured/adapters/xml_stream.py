"""XML read safely: no entities, no network, one record at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Final, cast

from lxml import etree

from kg_builder.errors import DataError
from kg_builder.extraction.files import Stream, open_binary
from kg_builder.extraction.semi_structured.adapters.base import Document

_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HEAD: Final = 65536


class _Guarded:
    """A stream whose head is checked for document types before the parser sees any of it."""

    def __init__(self, stream: Stream, where: str) -> None:
        self._stream = stream
        self._head = stream.read(_HEAD)
        if _DOCTYPE.search(self._head):
            raise DataError(
                "the XML declares a document type or entities, which are not expanded",
                where=where,
                remedy="remove the declaration if the file is to be trusted",
            )

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._stream.read(size)


def xml_records(document: Document, tags: tuple[str, ...]) -> Iterator[etree._Element]:
    """Yield the root's children with one of the tags, complete, and forget each afterwards.

    Where the XML breaks, what stood before it has been yielded; the break is a reject.

    Raises:
        DataError: the file declares entities, or its compression is damaged.
    """
    with open_binary(document.path) as stream:
        content = cast(IO[bytes], _Guarded(stream, str(document.path)))
        parsing = etree.iterparse(
            content,
            events=("end",),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            for _, element in parsing:
                above = element.getparent()
                if above is None or above.getparent() is not None:
                    continue
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del above[0]
        except etree.XMLSyntaxError as fault:
            document.out.reject(
                "broken XML", f"{document.name}#line={fault.lineno}", str(fault.msg)
            )


def xml_root(document: Document) -> etree._Element | None:
    """The root of a small file; a broken one is a reject.

    Raises:
        DataError: the file declares entities.
    """
    content = document.bytes()
    if content is None:
        return None
    if _DOCTYPE.search(content):
        raise DataError(
            "the XML declares a document type or entities, which are not expanded",
            where=str(document.path),
            remedy="remove the declaration if the file is to be trusted",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser=parser)
    except etree.XMLSyntaxError as fault:
        document.out.reject("broken XML", f"{document.name}#line={fault.lineno}", str(fault.msg))
        return None
