"""Training texts for nothing: texts read by rule, labelled with facts that a graph knows.

Mintz et al., "Distant supervision for relation extraction without labeled data" (2009): a stretch
of text that names both things of a known fact is taken to state it. It need not, and what it
states beside the fact is not known, so the labels are never complete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from kg_builder.extraction.text.mentions import Mention, Sentence
from kg_builder.extraction.text.relations import ReadText
from kg_builder.extraction.values.text import fold
from kg_builder.text_models.relations.annotation import AnnotatedText, Triple

_SENTENCES = 3
_LONGEST = 1200


def label_texts(
    texts: Iterable[ReadText], facts: Iterable[tuple[str, str, str]]
) -> list[AnnotatedText]:
    """Stretches of texts that name both things of a fact, with those facts as their triples.

    Pronouns and short names stand for the things that they were resolved to.

    Args:
        texts: texts with their mentions.
        facts: (name of subject, predicate, name or value of object).
    """
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subject, predicate, object_ in facts:
        known[fold(subject), fold(object_)].add(predicate)
    return [
        labelled
        for text in texts
        for number, stretch in enumerate(stretches(text.sentences))
        for labelled in _labelled(text, stretch, known, number)
    ]


def stretches(sentences: Sequence[Sentence]) -> Iterator[Sentence]:
    """Up to three sentences at a time, as an extractor reads a long text."""
    for first in range(0, len(sentences), _SENTENCES):
        run = sentences[first : first + _SENTENCES]
        if run[-1].end - run[0].start <= _LONGEST:
            yield Sentence(run[0].start, run[-1].end)
        else:
            yield from run


def _labelled(
    text: ReadText, stretch: Sentence, known: dict[tuple[str, str], set[str]], number: int
) -> Iterator[AnnotatedText]:
    inside = [m for m in text.mentions if stretch.start <= m.start and m.end <= stretch.end]
    names = sorted({_name(mention) for mention in inside})
    triples = tuple(
        Triple(subject, predicate, object_)
        for subject in names
        for object_ in names
        if subject != object_
        for predicate in sorted(known.get((fold(subject), fold(object_)), ()))
    )
    if not triples:
        return
    wanted = {name for triple in triples for name in (triple.subject, triple.object)}
    yield AnnotatedText(
        id=f"{text.document.id}#{number:04d}",
        text=text.document.text[stretch.start : stretch.end],
        triples=triples,
        group=text.document.title,
        complete=False,
        places=tuple(
            (_name(mention), mention.start - stretch.start, mention.end - stretch.start)
            for mention in inside
            if _name(mention) in wanted
        ),
    )


def _name(mention: Mention) -> str:
    return mention.entity.name if mention.entity is not None else mention.name
