"""Sentence boundaries by rule: titles, initials and abbreviations of the trade do not end one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

_END: Final = re.compile(r"""[.!?…]+["'”’)\]]*\s+(?=["'“‘(\[]*[^\W_a-z])|\n\s*\n""")
_ABBREVIATION: Final = re.compile(
    r"""(?:\b(?:Dr|Mr|Mrs|Ms|St|Sgt|Jr|Sr|Prof|Rev|feat|ft|vs|No|Nos|Vol|Op|approx|ca|cf|e\.g|i\.e|
    Inc|Ltd|Co|Bros|Mt|pts?)|(?<!\w)\p)\.\s*$""".replace(r"\p", "[A-Z](?:\\.[A-Z])*"),
    re.VERBOSE,
)
_SHORT: Final = 24
"""Signs within which an abbreviation stands"""


def sentence_ends(text: str) -> list[int]:
    """Offsets at which a new sentence begins."""
    found = []
    for match in _END.finditer(text):
        end = match.start() + 1
        if match[0].startswith(".") and _ABBREVIATION.search(text, max(0, end - _SHORT), end):
            continue
        found.append(match.end())
    return found


@dataclass(frozen=True)
class Sentence:
    """A stretch of text between two sentence boundaries; `end` is exclusive."""

    start: int
    end: int


def sentences_of(text: str) -> list[Sentence]:
    """The sentences of a text, without the white space around them."""
    bounds = [0, *sentence_ends(text), len(text)]
    found = []
    for start, end in pairwise(bounds):
        piece = text[start:end]
        if piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            found.append(Sentence(first, start + len(piece.rstrip())))
    return found


@Language.component("music_sentences")
def music_sentences(doc: Doc) -> Doc:
    """Set the boundaries before the parser, which keeps them."""
    ends = sentence_ends(doc.text)
    position = 0
    for token in doc:
        begins = token.i == 0
        while position < len(ends) and token.idx >= ends[position]:
            position += 1
            begins = True
        token.is_sent_start = begins
    return doc
