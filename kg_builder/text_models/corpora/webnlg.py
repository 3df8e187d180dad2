"""WebNLG: entries of triples with the texts that people wrote for them, in XML.

Gardent et al., "Creating Training Corpora for NLG Micro-Planners" (2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from kg_builder.errors import DataError
from kg_builder.text_models.relations.annotation import AnnotatedText, Triple

_LANGUAGES = frozenset({"", "en"})


def read_webnlg(path: Path, *, category: str | None = None) -> list[AnnotatedText]:
    """Read the English texts of a file, or of all `.xml` files in and below a folder.

    Each text of an entry is one; its triples are the entry's modified ones, its group is what the
    entry is about. Texts without triples or words are left out.

    Args:
        path: file or folder.
        category: read the entries of this category alone, in any case of its letters.

    Raises:
        DataError: no file, no entry, or XML that cannot be read.
    """
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise DataError("no WebNLG file (.xml)", where=str(path))
    found: list[AnnotatedText] = []
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        found.extend(_texts(file, name, category))
    if not found:
        what = f"no text of category {category!r}" if category else "no text with triples"
        raise DataError(what, where=str(path))
    return found


def _texts(file: Path, name: str, category: str | None) -> Iterator[AnnotatedText]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.parse(file, parser).getroot()
    except etree.XMLSyntaxError as fault:
        raise DataError(f"not well-formed XML: {fault.msg}", where=str(file)) from None
    except OSError as fault:
        raise DataError(f"cannot be read: {fault}", where=str(file)) from None
    for number, entry in enumerate(root.iter("entry"), 1):
        kind = entry.get("category", "")
        if category is not None and kind.casefold() != category.casefold():
            continue
        triples = tuple(
            dict.fromkeys(
                _triple(element.text or "", f"{file}, line {element.sourceline}")
                for element in entry.iterfind("modifiedtripleset/mtriple")
            )
        )
        if not triples:
            continue
        for place, lex in enumerate(entry.iterfind("lex"), 1):
            text = " ".join("".join(str(piece) for piece in lex.itertext("lex", "text")).split())
            if text and lex.get("lang", "") in _LANGUAGES:
                yield AnnotatedText(
                    id=f"{name}#{number:05d}.{place:02d}",
                    text=text,
                    triples=triples,
                    group=_topic(triples),
                    category=kind,
                )


def _topic(triples: Sequence[Triple]) -> str:
    """The root of the tree that the triples make; of several the one with most triples.

    Not the first triple's subject: entries about a singer may begin with a triple about the genre
    or the country, and would carry the singer's facts into another fold.
    """
    objects = {triple.object for triple in triples}
    subjects = [triple.subject for triple in triples]
    roots = [subject for subject in subjects if subject not in objects] or subjects
    return max(dict.fromkeys(roots), key=roots.count)


def _triple(text: str, where: str) -> Triple:
    parts = [part.strip() for part in text.split(" | ")]
    if len(parts) != 3 or not all(parts):
        raise DataError(
            f"not a triple: {text!r}", where=where, remedy="subject | relation | object"
        )
    return Triple(*parts)
