"""Who does it: the subject of the clause that a word stands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from spacy.tokens import Doc, Token

from kg_builder.extraction.unstructured.mentions import Entity, Mention
from kg_builder.extraction.unstructured.sentences import Sentence

_SUBJECTS: Final = frozenset({"nsubj", "nsubjpass", "csubj"})
_MODIFIERS: Final = frozenset({"acl", "relcl", "appos"})
_SOMEBODY: Final = frozenset({"Person", "SoloArtist", "Band"})
_DEEPEST: Final = 12

Allowed = Callable[[Entity], bool]


def clause_subject(
    doc: Doc | None,
    mentions: Sequence[Mention],
    sentence: Sentence,
    position: int,
    topic: Entity,
    allowed: Allowed,
    *,
    about_work: bool = False,
) -> Entity | None:
    """The thing that the clause around a position speaks of; `doc` only if it has a parse.

    With a parse: the subject of the governing verb, or the noun that a relative clause or
    participle belongs to; a pronoun or name there that is not allowed means that the clause speaks
    of somebody else (`None`). Without a parse, or where it leads to no mention: the nearest
    allowed mention before the position, the first one after it, the topic of the text. In a text
    about a work nobody else is guessed at: what is said without a subject is said of the work.
    """
    if doc is not None:
        found = _by_parse(doc, mentions, position)
        if found is not None and allowed(found):
            return found
        if found is not None and found.type in _SOMEBODY:
            return _work_before(mentions, sentence, position, allowed) if about_work else None
    if about_work:
        return topic if allowed(topic) else None
    within = [
        item
        for item in mentions
        if sentence.start <= item.start < sentence.end and item.entity and allowed(item.entity)
    ]
    before = [item for item in within if item.end <= position]
    if before:
        named = before[0] if before[0].entity is topic else before[-1]
        return named.entity or topic
    after = [item for item in within if item.start >= position]
    if after and not allowed(topic):
        return after[0].entity or topic
    return topic


def _work_before(
    mentions: Sequence[Mention], sentence: Sentence, position: int, allowed: Allowed
) -> Entity | None:
    """What an artist made: the last allowed thing that the sentence named: "X, which Y put out"."""
    named = [
        item.entity
        for item in mentions
        if sentence.start <= item.start
        and item.end <= position
        and item.entity is not None
        and item.entity.type not in {"Name", *_SOMEBODY}
        and allowed(item.entity)
    ]
    return named[-1] if named else None


def _by_parse(doc: Doc, mentions: Sequence[Mention], position: int) -> Entity | None:
    token: Token | None = _token_at(doc, position)
    for _ in range(_DEEPEST):
        if token is None:
            return None
        for child in token.children:
            if child.dep_ in _SUBJECTS and child.i != token.i:
                found = _mention_of(child, mentions)
                if found is not None:
                    return found
        if token.dep_ in _MODIFIERS:
            found = _mention_of(token.head, mentions)
            if found is not None:
                return found
        if token.dep_ == "poss":
            found = _mention_of(token, mentions)
            if found is not None:
                return found
        token = token.head if token.head.i != token.i else None
    return None


def _mention_of(token: Token, mentions: Sequence[Mention]) -> Entity | None:
    """The mention that holds the token, or that the token's own modifiers name."""
    for item in mentions:
        if item.start <= token.idx < item.end:
            return item.entity
    for child in token.children:
        if child.dep_ in {"appos", "poss", "compound", "nmod"}:
            for item in mentions:
                if item.start <= child.idx < item.end:
                    return item.entity
    return None


def _token_at(doc: Doc, position: int) -> Token | None:
    low, high = 0, len(doc) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if doc[middle].idx <= position:
            low = middle
        else:
            high = middle - 1
    return doc[low] if len(doc) else None
