"""What a text may say of its subject: the runs of words that may be objects, and their features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kg_builder.text_models.relations.alignment import Words
from kg_builder.text_models.relations.dates import precision, whole_date
from kg_builder.text_models.relations.knowledge import Knowledge, WordLists
from kg_builder.text_models.relations.pairs import PairFeatures
from kg_builder.text_models.relations.proposals import parts, propose
from kg_builder.text_models.relations.reading import Reading
from kg_builder.text_models.relations.subject_first.kinds import SUBJECT
from kg_builder.text_models.relations.subject_first.spans import QUOTES
from kg_builder.text_models.relations.tagger import Candidate, MentionTagger

_LISTED: Final = frozenset({"genre", "instrument", "demonym"})
_OPENING: Final = 5


def object_candidates(
    tagger: MentionTagger,
    reading: Reading,
    subject: Sequence[Words],
    knowledge: Knowledge,
    lists: WordLists,
    group: str = "",
) -> list[Candidate]:
    """Runs beside the subject that may name something, each with the class that it seems to have.

    They may overlap ("Walden for Carey" and "Walden"): which is meant is told with the relation.
    """

    def free(place: Words) -> bool:
        return place.start < place.end and not any(place.overlaps(other) for other in subject)

    tagged = [item for item in tagger.find(reading, group) if free(item.place)]
    taken = [*subject, *(item.place for item in tagged)]
    places = {
        *propose(reading, knowledge, lists, group, taken),
        *parts(reading),
        *(place for place, kind in lists.find(reading) if kind in _LISTED),
    }
    places -= {item.place for item in tagged}
    tagged += tagger.classify(reading, sorted(filter(free, places)), group)
    return sorted(tagged, key=lambda item: item.place)


def object_features(
    reading: Reading,
    subject: Sequence[Words],
    objects: Sequence[Candidate],
    knowledge: Knowledge,
    lists: WordLists,
    group: str = "",
) -> list[list[str]]:
    """Features of each object: as one of a pair with the subject's nearest mention, and alone."""
    mentions = sorted(
        [*(Candidate(place, SUBJECT, 1.0) for place in subject), *objects],
        key=lambda item: item.place,
    )
    pairs = PairFeatures(reading, mentions, knowledge, lists, group)
    subjects = [number for number, item in enumerate(mentions) if item.class_ == SUBJECT]
    first = mentions[subjects[0]].place
    opening = pairs.masked[first.end : first.end + _OPENING]
    told = [f"subject is {' '.join(opening[:n])}" for n in range(1, _OPENING + 1)]
    bag = sorted({word for word in pairs.masked if word.isalpha()})
    dates = sum(whole_date(reading.span_text(*item.place)) is not None for item in objects)
    found = []
    for number, item in enumerate(mentions):
        if item.class_ == SUBJECT:
            continue
        nearest = min(subjects, key=lambda other: (abs(other - number), other))
        row = [f for f in pairs.of(nearest, number) if not f.startswith("s:fills")]
        row += told
        row += [f"in {word}" for word in bag]
        row += [f"{item.class_} in {word}" for word in bag]
        for feature in _shape(reading, item, mentions):
            row += [feature, f"{item.class_} {feature}"]
        row += _of_date(reading, item.place, dates)
        found.append(row)
    return found


def _shape(reading: Reading, item: Candidate, mentions: Sequence[Candidate]) -> Iterator[str]:
    """Whether the run is cut well: rivals, entities and capitals at its edges, quotation marks."""
    start, end = item.place
    rivals = [
        other.place for other in mentions if other is not item and other.place.overlaps(item.place)
    ]
    longer = any(other.end - other.start > end - start for other in rivals)
    shorter = any(other.end - other.start < end - start for other in rivals)
    yield f"rivals {min(2, len(rivals))} longer {longer} shorter {shorter}"
    entities = reading.entities
    cut_before = start > 0 and entities[start - 1] == entities[start] != ""
    cut_behind = end < len(entities) and entities[end] == entities[end - 1] != ""
    yield f"entities {'|'.join(sorted(set(entities[start:end])))} {cut_before} {cut_behind}"
    words = reading.words
    capital_before = start > 0 and words[start - 1][0].isupper()
    yield f"capitals around {capital_before} {end < len(words) and words[end][0].isupper()}"
    opened = start > 0 and words[start - 1] in QUOTES
    yield f"quoted {opened} {end < len(words) and words[end] in QUOTES | {','}}"


def _of_date(reading: Reading, place: Words, dates: int) -> Iterator[str]:
    """How exact a date is: a year alone seldom is the whole date that a database has."""
    date = whole_date(reading.span_text(*place))
    if date is not None:
        known = precision(date)
        yield f"date {known}"
        yield f"date {known} of {min(dates, 3)}"
        yield f"date {known} behind {reading.lowered[place.start - 1] if place.start else '<'}"
