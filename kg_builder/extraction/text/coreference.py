"""Resolve coreference: group names, short names, pronouns and "the band" into entities.

The antecedent of an anaphor is chosen by one rule per form of anaphor.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Final, Literal, NamedTuple

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.documents import performer_of
from kg_builder.extraction.text.mentions import (
    ANAPHOR,
    GROUP,
    GROUP_NOUN,
    PARENTS,
    PERSON,
    RELATED,
    SONG,
    WORK,
    Entity,
    Mention,
    Sentence,
)
from kg_builder.extraction.values.text import fold
from kg_builder.ontology import Schema

MALE: Final = frozenset({"he", "him", "his", "himself"})
FEMALE: Final = frozenset({"she", "her", "hers", "herself"})
PLURAL: Final = frozenset({"they", "them", "their", "themselves"})

NOMINAL: Final = re.compile(
    rf"\b(?:[Tt]he|[Tt]his|[Tt]hat) (?:(?:same|young|old|late|new|future|former|veteran|"
    rf"[A-Z]?[\w-]*(?:an|ese|ish|ic|born)) )?(?:(?P<group>{GROUP})|(?P<person>{PERSON})|"
    rf"(?P<work>{WORK})|(?P<label>label|company|imprint))(?![\w-])",
)


class Antecedent(NamedTuple):
    """The antecedent of an anaphor, with the class and gender implied by the anaphor's form."""

    entity: Entity | None
    gender: str = ""
    type: str = ""


Form = Literal["he", "she", "they", "it", "person", "group", "song", "album", "label"]
"""Form of an anaphor: a pronoun, or the kind of entity denoted by its noun."""


def form_of(anaphor: str) -> Form:
    """Classify the form of an anaphor.

    >>> form_of("His"), form_of("the band"), form_of("This single")
    ('he', 'group', 'song')
    """
    nominal = NOMINAL.match(anaphor)
    if nominal:
        if nominal["person"]:
            return "person"
        if nominal["group"]:
            return "group"
        if nominal["label"]:
            return "label"
        return "song" if re.fullmatch(SONG, nominal["work"]) else "album"
    if re.fullmatch(GROUP, anaphor):  # without its article: "the Denver quintet"
        return "group"
    if re.fullmatch(PERSON, anaphor):
        return "person"
    word = anaphor.casefold()
    if word in MALE:
        return "he"
    if word in FEMALE:
        return "she"
    return "they" if word in PLURAL else "it"


_GENDERS: Final = {"he": "m", "she": "f"}


class Choice(ABC):
    """Choose the antecedent of an anaphor, with one method per form.

    `near` are the mentions shortly before the anaphor.
    """

    def __init__(self, schema: Schema, topic: Entity) -> None:
        self._schema, self._topic = schema, topic

    def antecedent(self, form: Form, near: Sequence[Mention]) -> Antecedent:
        """The chosen antecedent; without an entity if none agrees with the anaphor."""
        if form in ("he", "she"):
            return self._by_gender(_GENDERS[form], near)
        if form == "person":
            return self._person(near)
        if form in ("they", "group"):
            return self._group(near, is_pronoun=form == "they")
        if form in ("song", "album"):
            return self._work(near, is_song=form == "song")
        return self._label(near) if form == "label" else self._it(near)

    @abstractmethod
    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        """ "He", "her"."""

    @abstractmethod
    def _person(self, near: Sequence[Mention]) -> Antecedent:
        """ "The singer"."""

    @abstractmethod
    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        """ "They", "the band"."""

    @abstractmethod
    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        """ "The album", "this song"."""

    @abstractmethod
    def _label(self, near: Sequence[Mention]) -> Antecedent:
        """ "The label"."""

    @abstractmethod
    def _it(self, near: Sequence[Mention]) -> Antecedent:
        """ "It"."""

    def _is_person(self, entity: Entity) -> bool:
        return self._schema.is_a(entity.type, "Person") or (
            entity.type == "Artist" and not entity.is_topic
        )

    def _persons(self, near: Sequence[Mention]) -> list[Entity]:
        return [item for item in _entities(near) if self._is_person(item)]

    def _bands(self, near: Sequence[Mention]) -> list[Entity]:
        return [item for item in _entities(near) if self._schema.is_a(item.type, "Band")]


class ChoiceInArtistText(Choice):
    """Choice in a text about an artist, who is always a candidate.

    Args:
        starts: offsets of the text's sentences.
    """

    def __init__(self, schema: Schema, topic: Entity, starts: Collection[int]) -> None:
        super().__init__(schema, topic)
        self._starts = starts

    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        topic, persons = self._topic, self._persons(near)
        if self._is_person(topic) and topic.gender in {"", gender}:
            last = _last(persons)
            is_of_last = last is not None and last is not topic and last.gender == gender
            return Antecedent(last if is_of_last else topic)
        chosen = _last(item for item in persons if item.gender in {"", gender})
        return Antecedent(chosen, gender=gender)

    def _person(self, near: Sequence[Mention]) -> Antecedent:
        is_topic = self._is_person(self._topic)
        return Antecedent(self._topic if is_topic else _last(self._persons(near)))

    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        topic = self._topic
        unclassified = topic.type == "Artist"
        if self._schema.is_a(topic.type, "Band") or (is_pronoun and unclassified):
            return Antecedent(topic)
        band = _last(self._bands(near))
        if band is None and is_pronoun and self._is_person(topic):
            others = [person for person in self._persons(near) if person is not topic]
            return Antecedent(None if others else topic)  # a singular "they"
        return Antecedent(band or (topic if unclassified else None))

    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        return Antecedent(
            _last(item.entity for item in near if self._schema.is_a(item.type, "Work"))
        )

    def _label(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(_last(item.entity for item in near if item.type == "RecordLabel"))

    def _it(self, near: Sequence[Mention]) -> Antecedent:
        """A band, or a work if one opens this sentence or the previous one."""
        is_a = self._schema.is_a
        if is_a(self._topic.type, "Band"):
            opening = near[-1] if near and near[-1].start in self._starts else None
            work = opening.entity if opening and is_a(opening.type, "Work") else None
            return Antecedent(work or self._topic)
        return Antecedent(
            _last(
                item.entity for item in near if is_a(item.type, "Work") or is_a(item.type, "Band")
            )
        )


class ChoiceInWorkText(Choice):
    """Choice in a text about a work: the work, its performer, or the last mention."""

    def __init__(self, schema: Schema, topic: Entity, performer: Entity | None) -> None:
        super().__init__(schema, topic)
        self._performer = performer

    def _by_gender(self, gender: str, near: Sequence[Mention]) -> Antecedent:
        performer = self._performer
        is_band = performer is not None and self._schema.is_a(performer.type, "Band")
        if performer is not None and not is_band and performer.gender in {"", gender}:
            return Antecedent(performer, gender=gender)
        persons = [item for item in self._persons(near) if item is not performer]
        return Antecedent(
            _last(item for item in persons if not gender or item.gender in {"", gender})
        )

    def _person(self, near: Sequence[Mention]) -> Antecedent:
        return self._by_gender("", near)

    def _group(self, near: Sequence[Mention], *, is_pronoun: bool) -> Antecedent:
        performer = self._performer
        if performer is not None and not self._schema.is_a(performer.type, "Person"):
            return Antecedent(performer, type="Band")
        return Antecedent(_last(self._bands(near)))

    def _work(self, near: Sequence[Mention], *, is_song: bool) -> Antecedent:
        if not is_song or self._schema.is_a(self._topic.type, "Song"):
            return Antecedent(self._topic)
        return Antecedent(_last(item for item in _entities(near) if item.type == "Song"))

    def _label(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(_last(item for item in _entities(near) if item.type == "RecordLabel"))

    def _it(self, near: Sequence[Mention]) -> Antecedent:
        return Antecedent(self._topic)


def _entities(mentions: Sequence[Mention]) -> list[Entity]:
    return [item.entity for item in mentions if item.entity is not None]


def _last(entities: Iterable[Entity | None]) -> Entity | None:
    found = [item for item in entities if item is not None]
    return found[-1] if found else None


# ------------------------------------------------------------------------------ resolution

_PRONOUN: Final = re.compile(
    r"(?<![\w'’])(?:he|him|his|himself|she|her|hers|herself|they|them|their|themselves|it|its|"
    r"itself)(?![\w'’])",
    re.IGNORECASE,
)

_SENTENCES: Final = 2
"""How far back an anaphor looks"""

_EXPLETIVE: Final = re.compile(
    r"^(?:\s+(?:is|was|has been|became|seems?|took|would be))?\s+(?:clear|hard|easy|possible|said|"
    r"true|not until|only|known that|time|years?|in \d{4} that)\b"
)
"""What follows an "it" that refers to nothing: "it is clear", "it took"."""

_BESIDE: Final = re.compile(r" [“\"‘']?")
"""Between a noun and a name in apposition: "the guitarist Adrian Utley"."""

_DESCRIBES: Final = re.compile(r" of (?!the same)|(?<=-up) to ")
"""After a noun that names what follows: "the singer of The Sugarcubes"."""

_NAMED: Final = re.compile(r"(?:,| was| is| were| are| and (?:the )?[\w-]+(?:,| was| is)?) ")
"""Between a noun and the name that identifies it: "the singer was Ian Curtis"."""

_NAMED_AFTER: Final = re.compile(
    r"(?:,|:| is| was| are| were)?(?: (?:the|an?|late|fellow))*(?: R(?:(?:,|,? and(?: an?)?) R)*)?"
    r" [“\"‘']?"
)
"""What stands between a person's relation to another one and the person's name; R is a role."""

_PREDICATE: Final = re.compile(
    r"\b(?:is|was|were|are|became|as|being|remains?|remained)(?: (?:also|now|then|still|one of))* $"
)
"""Before a noun that is said of the subject: "Ringo Starr was the drummer"."""

_ROLES: Final = 6
"""Mentions looked at after "her brother": roles and a name"""

_OF_PLACE: Final = re.compile(
    r"\b[Tt]he (?P<place>[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)?) "
    rf"(?P<noun>{GROUP_NOUN}|{PERSON})(?![\w-])"
)
"""An anaphor with a place, which is a mention of its own: "the Denver quintet"."""

_OWNER: Final = re.compile(r"\b[Tt]he (?:[a-z][\w-]*)?$")
"""Before the noun that owns something: "the singer's brother"."""

_SHORT: Final = 24
"""Characters within which a verb stands before its predicate"""

_BAND_WORDS: Final = re.compile(rf"\b(?:{GROUP_NOUN})s?\b")


class Resolver:
    """Group the mentions of one text into entities, and add nominal mentions and pronouns.

    The rules, in their order: names and parts of names; the topic's class and gender, by the words
    around it; then, from left to right, nominal mentions and pronouns, each resolved to the most
    salient entity that agrees with it, where the topic of the text always is a candidate.
    """

    def __init__(self, schema: Schema, *, anaphora: bool) -> None:
        self._schema, self._anaphora = schema, anaphora

    def resolve(
        self,
        text: str,
        title: str,
        mentions: list[Mention],
        sentences: list[Sentence],
        *,
        topic_type: str = "Artist",
    ) -> tuple[list[Mention], Entity]:
        """Mentions and resolved anaphors in order, each with its entity; and the topic."""
        entities = self._by_name(mentions, title, topic_type)
        topic = next((entity for entity in entities if entity.is_topic), None)
        if topic is None:
            topic = Entity(title, topic_type, is_topic=True)
        topic.type, topic.gender = self._class_and_gender(topic, text)
        performer = None
        if self._schema.is_a(topic.type, "Work"):
            performer = performer_of(topic, text, mentions, self._schema)
        if not self._anaphora:
            return mentions, topic
        anaphors = [*self._anaphors(text, mentions), *self._without_name(text, mentions)]
        described = {position for item in anaphors for position in range(item.start, item.end)}
        kept = [item for item in mentions if described.isdisjoint(range(item.start, item.end))]
        found = sorted([*kept, *anaphors], key=lambda item: item.start)
        starts = [sentence.start for sentence in sentences]
        for index, mention in enumerate(found):
            if mention.entity is None and mention.origin == ANAPHOR:
                self._attach(mention, found[:index], topic, performer, starts)
        return [item for item in found if item.entity is not None], topic

    # --------------------------------------------------------------------------------- names

    def _by_name(self, mentions: list[Mention], title: str, topic_type: str) -> list[Entity]:
        entities: list[Entity] = []
        index: dict[str, Entity] = {}
        about_work = self._schema.is_a(topic_type, "Work")
        for mention in mentions:
            if mention.type in {"Date", "Role"}:
                mention.entity = Entity(mention.name, mention.type, mentions=[mention])
                continue
            entity = self._entity_named(mention, index, entities, "" if about_work else title)
            if entity is None:
                is_topic = fold(mention.name) == fold(title) and (
                    mention.type == "Name" or self._schema.compatible(mention.type, topic_type)
                )
                entity = Entity(mention.name, mention.type, is_topic=is_topic)
                entities.append(entity)
            elif entity.type != mention.type and self._schema.compatible(entity.type, mention.type):
                entity.type = self._schema.most_specific((entity.type, mention.type))
            index.setdefault(fold(mention.name), entity)
            index.setdefault(fold(mention.text), entity)
            entity.mentions.append(mention)
            mention.entity = entity
        return entities

    def _entity_named(
        self, mention: Mention, index: dict[str, Entity], entities: list[Entity], title: str
    ) -> Entity | None:
        for form in (mention.name, mention.text, f"the {mention.text}"):
            found = index.get(fold(form))
            if found is not None and self._fits(mention, found):
                return found
        if mention.origin in {"ner", "gazetteer", "pattern", "last name"} and self._is_agent(
            mention
        ):
            for entity in reversed(entities):
                if self._is_agent(entity.mentions[0]) and _short(mention.text, entity.name):
                    mention.name = entity.name
                    return entity
            if _short(mention.text, title) and self._is_agent(mention):
                mention.name = title
        return None

    def _fits(self, mention: Mention, entity: Entity) -> bool:
        return self._schema.compatible(mention.type, entity.type) or "Name" in {
            mention.type,
            entity.type,
        }

    def _is_agent(self, mention: Mention) -> bool:
        return mention.type == "Name" or (
            self._schema.is_a(mention.type, "Agent") and mention.type != "RecordLabel"
        )

    # ------------------------------------------------------------------------- class and gender

    def _class_and_gender(self, topic: Entity, text: str) -> tuple[str, str]:
        """Determine the topic's class (person or band, if open) and a person's gender."""
        type_ = topic.type
        words = [match[0].casefold() for match in _PRONOUN.finditer(text)]
        male = sum(word in MALE for word in words)
        female = sum(word in FEMALE for word in words)
        plural = sum(word in PLURAL for word in words)
        if type_ == "Artist":
            name = re.escape(topic.name)
            is_band = re.search(
                rf"{name}[^.]{{0,60}}\b(?:are|were|is|was) (?:an?|the|one of)\b[^.]{{0,60}}"
                rf"\b(?:{GROUP_NOUN})\b|{name} (?:are|were|have)\b|{name}[^.]{{0,40}}\bformed\b",
                text,
            )
            born = re.search(rf"{name}[^.]{{0,60}}\bborn\b", text)
            is_person = re.search(
                rf"{name}(?: \([^)]*\))? (?:is|was) (?:an?|the|one of the) "
                rf"(?:[\w,-]+ ){{0,6}}?(?:{PERSON})\b",
                text,
            ) or re.search(
                rf"^{name}(?: \([^)]*\))?(?:,| [–—-]|:) (?:an? )?(?:[\w,-]+ ){{0,4}}?"
                rf"(?:{PERSON})(?=[.,;]| (?:from|of|who|known|based|whose)\b)",
                text,
            )
            groups = len(_BAND_WORDS.findall(text))
            if born or (not is_band and (is_person or male + female > plural + groups)):
                type_ = "SoloArtist"
            elif is_band or plural + groups > male + female:
                type_ = "Band"
        if self._schema.is_a(type_, "Person") and male != female:
            return type_, "m" if male > female else "f"
        return type_, topic.gender

    # ------------------------------------------------------------------------------ anaphora

    def _anaphors(self, text: str, mentions: list[Mention]) -> list[Mention]:
        covered: set[int] = set()
        for mention in mentions:
            if mention.type != "Role" and not (
                mention.type == "Instrument" and lexicon.is_player(mention.text)
            ):
                covered.update(range(mention.start, mention.end))
        starts = {mention.start for mention in mentions if mention.type not in {"Role", "Date"}}
        found = []
        for match in _PRONOUN.finditer(text):
            if match.start() in covered:
                continue
            if match[0].casefold() == "it" and _EXPLETIVE.match(
                text[match.end() : match.end() + 40]
            ):
                continue
            if match[0] == "them" and text.endswith("among ", 0, match.start()):
                continue  # some of the entities just listed
            found.append(Mention(match.start(), match.end(), match[0], "Artist", ANAPHOR))
        for match in NOMINAL.finditer(text):
            if any(position in covered for position in range(match.start(), match.end())):
                continue
            beside = _BESIDE.match(text, match.end())
            if beside and beside.end() in starts:
                continue  # "the guitarist Adrian Utley" names the guitarist
            gap = _NAMED.match(text, match.end())
            if gap and gap.end() in starts:
                continue  # "the singer, Damon Albarn," and "the singer was Ian Curtis" too
            if _DESCRIBES.match(text, match.end()):
                continue  # "the singer of The Sugarcubes", "the follow-up to Debut"
            if match["person"] and _PREDICATE.search(
                text, max(0, match.start() - 12), match.start()
            ):
                continue  # "Ringo Starr was the drummer"
            found.append(Mention(match.start(), match.end(), match[0], "Artist", ANAPHOR))
        places = {
            (item.start, item.end)
            for item in mentions
            if self._schema.is_a(item.type, "Place") and item.origin != "demonym"
        }
        for match in _OF_PLACE.finditer(text):
            start, end = match.span("noun")
            beside = _BESIDE.match(text, end)
            named = beside is not None and beside.end() in starts
            if match.span("place") in places and start not in covered and not named:
                found.append(Mention(start, end, match["noun"], "Artist", ANAPHOR))
        return found

    def _without_name(self, text: str, mentions: list[Mention]) -> Iterator[Mention]:
        """Yield persons who are only known as related to others: "her father", "their manager"."""
        named = [item for item in mentions if item.type not in {"Role", "Instrument", "Genre"}]
        covered = {at for item in named for at in range(item.start, item.end)}
        ends = {item.end: item for item in named}
        starts = [item.start for item in mentions]
        for match in sorted(
            [*RELATED.finditer(text), *PARENTS.finditer(text)],
            key=lambda item: item.start(item.lastgroup or 0),
        ):
            start, end = match.span(match.lastgroup or 0)
            after = mentions[bisect_left(starts, end) :][:_ROLES]
            if not covered.isdisjoint(range(start, end)) or self._is_named_after(text, end, after):
                continue
            if match.re is PARENTS or not self._is_named_before(text, match.start(), ends):
                person = Entity("", "Person")
                mention = Mention(start, end, text[start:end], "Person", ANAPHOR, entity=person)
                person.mentions.append(mention)
                covered.update(range(start, end))
                yield mention

    def _is_named_before(self, text: str, start: int, ends: Mapping[int, Mention]) -> bool:
        """Whether a name came before: "X, her brother", "X is the band's singer"."""
        owner = ends[start].start if start in ends else start
        if (noun := _OWNER.search(text, max(0, owner - _SHORT), owner)) is not None:
            owner = noun.start()
        if _PREDICATE.search(text, max(0, owner - _SHORT), owner):
            return True
        before = ends.get(owner - len(", "))
        return before is not None and self._is_agent(before) and text.endswith(", ", 0, owner)

    def _is_named_after(self, text: str, end: int, after: Sequence[Mention]) -> bool:
        """Whether a name follows: "her brother X", "her husband, the bassist X"."""
        between, position = "", end
        for mention in after:
            between += text[position : mention.start]
            if mention.type in {"Role", "Instrument"}:
                between += "R"
            elif mention.type != "Genre" and mention.origin != "demonym":
                gap = re.sub(" +", " ", between)
                return self._is_agent(mention) and _NAMED_AFTER.fullmatch(gap) is not None
            position = mention.end
        return False

    def _attach(
        self,
        mention: Mention,
        before: list[Mention],
        topic: Entity,
        performer: Entity | None,
        starts: list[int],
    ) -> None:
        """Link an anaphor to its antecedent, if any, and pass on the implied class and gender."""
        if self._schema.is_a(topic.type, "Work"):
            choice: Choice = ChoiceInWorkText(self._schema, topic, performer)
        else:
            choice = ChoiceInArtistText(self._schema, topic, starts)
        near = _near(mention, before, starts)
        antecedent = choice.antecedent(form_of(mention.text), near)
        chosen = antecedent.entity
        if chosen is None:
            return
        chosen.gender = antecedent.gender or chosen.gender
        chosen.type = antecedent.type or chosen.type
        mention.entity = chosen
        mention.type, mention.name = chosen.type, chosen.name
        chosen.mentions.append(mention)


def _near(mention: Mention, before: Sequence[Mention], starts: list[int]) -> list[Mention]:
    """The earlier mentions in this sentence and the two before it."""
    first = starts[max(0, bisect_right(starts, mention.start) - 1 - _SENTENCES)]
    found = takewhile(lambda item: item.start >= first, reversed(before))
    return [item for item in found if item.entity is not None][::-1]


def _short(text: str, name: str) -> bool:
    """Whether a text is the last name, first name, or article-less form of a name.

    >>> _short("Yorke", "Thom Yorke"), _short("Sugarcubes", "The Sugarcubes"), _short("T", "T Rex")
    (True, True, False)
    """
    words = name.split()
    return (
        len(text) > 2
        and len(words) > 1
        and text
        in {
            words[0],
            words[-1],
            " ".join(words[1:]),
            " ".join(words[-2:]),
        }
        and text.casefold() not in {"the", "los", "las", "les", "and"}
    )
