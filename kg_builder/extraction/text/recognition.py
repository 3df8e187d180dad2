"""Recognise mentions (NER): reconcile gazetteer, word lists, name rules, statistical models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.documents import TextDocument, is_of_performer, topic_spans
from kg_builder.extraction.text.gazetteer import SIGNED, Gazetteer
from kg_builder.extraction.text.mentions import ALBUM, GROUP_NOUN, SOMEONE, Mention, Sentence
from kg_builder.extraction.text.model_interface import ORIGIN
from kg_builder.extraction.text.names import (
    CAPITAL,
    FUNCTION,
    SMALL,
    formed_mentions,
    is_demonym,
    listed_with_works,
    titles,
)
from kg_builder.extraction.values import country_name
from kg_builder.ontology import Schema

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

_NER: Final = {
    "PERSON": "Person",
    "GPE": "Place",
    "LOC": "Place",
    "WORK_OF_ART": "Album",
    "ORG": "Name",
    "PRODUCT": "Name",
}
_RANK: Final = {
    ("title", ""): 0,
    ("gazetteer", ""): 1,
    ("pattern", "Date"): 1,
    ("pattern", "Award"): 1,
    ("pattern", "RecordLabel"): 1,
    ("pattern", "Band"): 1,
    ("pattern", "Person"): 1,
    ("pattern", "Place"): 1,
    ("pattern", "Event"): 1,
    ("pattern", lexicon.OTHER): 1,
    ("quoted", ""): 1,
    ("capitals", ""): 6,
    ("lexicon", ""): 3,
    ("pattern", ""): 3,
    (ORIGIN, ""): 4,
    ("ner", ""): 5,
    ("last name", ""): 5,
    ("demonym", ""): 7,
}
"""(origin, class) → priority of a mention."""

_NAME: Final = re.compile(
    rf"(?<![\w'’-])(?:[Tt]he )?{CAPITAL}"
    rf"(?:(?: (?:of|for|the|and the|de|del|du|des|y))? {CAPITAL})*"
)
_ALBUM_BEFORE: Final = re.compile(
    rf"\b(?:(?:{ALBUM})s?,? (?:called |titled )?|(?:followed|succeeded|preceded) by |"
    r"(?:follow-up|successor) (?:to|of) )[“\"‘']$"
)
_NAME_GOES_ON: Final = re.compile(rf" {CAPITAL}")
_LOOSE_END: Final = re.compile(
    rf"(?:\s+(?:{SMALL}|by|through|his|her|their|its)|[\s,.;:'’\"“”(–-]+)+$"
)
_CAPITALISED: Final = re.compile(r"(?<![\w'’])[A-Z][a-z]+(?![\w'’]|-language| language|-speaking)")
_THE: Final = re.compile(
    r"\b(?:the|a|this|that|each|every|any|other|whole|home|native|own|foreign|neighbouring|his|her|"
    r"their|its|our) $"
)
_NO_NOUN: Final = re.compile(
    r"[.,;:)]|$| (?:in|to|for|with|where|as|after|that|which|when|by|is|was|"
    r"of|from|at|on|before|during|because|has|had|who)\b"
)
_SIGNED_TO: Final = re.compile(r"\bsign(?:s|ed|ing)?(?: \w+){0,3} to $")
"""Before a label: with a manager, one signs."""

_PLACED: Final = re.compile(
    rf"\b(?:born(?: {CAPITAL}){{0,3}}|died|founded|formed|based|raised|lived|lives|settled|"
    r"grew up) in $"
)
"""Before a place, whatever a model takes its name for."""

_MEMBER_OF: Final = re.compile(
    r"(?:\b(?:singer|vocalist|guitarist|bassist|drummer|keyboardist|pianist|saxophonist|trumpeter|"
    r"frontman|frontwoman|member|founder)s?|"
    rf"(?<![\w'’-])(?!(?:Songs|Best|Music)\b){CAPITAL}) of (?:the )?$"
)
"""Before a band, whatever a model takes its name for."""

_LABEL_WORD: Final = re.compile(
    r" (?:Audio|Discs|Music|Productions|Sounds?|Tapes|Tracks|Trax|Vinyl|Wax)$"
)
"""The last word of names of labels, seldom of persons."""

_SHORT: Final = 24
"""Number of characters before a name that are searched."""

_MADE_BY: Final = re.compile(
    r"\b(?:produced|written|composed|mixed|engineered|remixed|arranged) by $"
)
_GENRE: Final = "|".join(
    re.escape(word) for word in sorted(lexicon.genres(), key=len, reverse=True)
)
_CONJUNCT: Final = re.compile(rf"(?: and |, | & )(?:{_GENRE})\b")
_THE_GROUP: Final = re.compile(rf" (?:{GROUP_NOUN})s?\b(?! [“\"‘']?[A-Z])")
_NAME_BEGINS: Final = re.compile(r"(?<![\w'’-])(?<![.!?] )(?<!^)(?P<word>[A-Z][\w'’-]+) $")
_NO_STYLE: Final = re.compile(
    r"(?: music)? (?:festival|club|bar|caf[ée]|shop|store|magazine|fanzine|school|academy|college|"
    r"conservatory|course|workshop|contest|competition|station|programme|department|degree)"
    r"s?\b"
)
"""What makes a genre before it the topic of something else, not the style of a musician."""

_FIRST_NAME: Final = re.compile(r"(?<![\w'’.-])(?P<name>[A-Z][a-zà-öø-ÿ]+) $")
_NO_FIRST_NAME: Final = re.compile(
    r"Mr|Mrs|Ms|Miss|Dr|Sir|Dame|Lady|Lord|Saint|King|Queen|Then|Later|Though|Although|Since|Once|If|"
    r"Because|Until|Unlike|Like|Both|Not|Now|Today|So|That|This|There|Where|What|Who|Which|Yet|Or|Only|"
    r"Also|Thus|Instead|Meanwhile|However|Eventually|Soon|Under|Over|To|Of|An?|Her|His|Their|Its|Even|"
    r"During|Between|Among|Through|Without|Before|[A-Z][a-z]+ly"
)

_NEXT_WORD: Final = re.compile(r" (\w+)")
_ARTICLE: Final = re.compile(r"\b[Tt]he $")
_WITH_THE: Final = re.compile(r"\bwith [Tt]he $")
_BEFORE: Final = 10
"""Characters in which "with the" fits"""

_PLAYER: Final = re.compile(
    rf"(?<![\w'’-])(?P<name>{CAPITAL}(?: (?:(?:de|la|van|von|der|al|bin|del) )?{CAPITAL}){{0,3}})"
    r"(?:(?P<bracket> ?[(\[])| (?:on|[–—-]) (?:the )?|: |, )(?:[a-z]+ )?$"
)
"""A name before an instrument or role"""

_SAME: Final = re.compile(r"(?:, and |,? and | & |, |/)(?:[a-z]+ )?")
_NEXT: Final = re.compile(r"[^.\n⟦]{0,20}?[)\]]?(?:[,;]? and |[,;] | & )(?:[a-z]+ )?")
_FAR: Final = 90
"""Characters in which a name stands before an instrument."""

_POSSESSIVE: Final = re.compile(r"['’]s?\b")
_OPENING: Final = re.compile(r"(?:^|[.!?]['\"’”)]*\s+)$")
"""Before the first word of a sentence."""

_OF: Final = re.compile(r" of (?:the )?(?=[^\W\d_a-z])")
_PEOPLE: Final = re.compile(r" (?:brothers|sisters|siblings|twins|family|couple)\b|['’]s?\b")
_AND_SIBLING: Final = re.compile(
    r",? (?:and|with) (?:his|her) (?:[a-z]+ ){0,2}(?:brother|sister|twin),? "
)
_DETERMINER: Final = re.compile(r"^(?:the|a|an|The|A|An|his|her|their|its) ")


class Recogniser:
    """Find the mentions of a text and resolve overlaps."""

    def __init__(self, gazetteer: Gazetteer, schema: Schema) -> None:
        self._gazetteer, self._schema = gazetteer, schema
        self._words, self._word = _listed_words()

    def find(
        self,
        doc: Doc,
        text: TextDocument,
        sentences: Sequence[Sentence],
        of_models: Iterable[Mention] = (),
        *,
        topic_type: str = "Artist",
    ) -> list[Mention]:
        """Find the non-overlapping mentions of a text, in order.

        Args:
            doc, text, sentences: the parsed text, the text and its sentences.
            topic_type: class of the text's topic.
            of_models: mentions found by models; they rank above spaCy's entities and capitalised
                words, below known names and those recognised by form.
        """
        found = [
            *self._topic(text, topic_type),
            *self._gazetteer.find(doc, text.text, sentences),
            *self._listed(text.text),
            *formed_mentions(text.text),
            *titles(text.text),
            *of_models,
            *self._statistical(doc),
            *self._capitals(text.text, sentences),
            *_demonyms(text.text),
        ]
        surnames = _surnames(doc)
        chosen = self._without_overlaps(
            [
                item
                for item in found
                if not _is_everyday(item, text.text)
                and not (item.type == "Genre" and (item.start, item.end) in surnames)  # Bob Rock
            ]
        )
        title = "" if self._schema.is_a(topic_type, "Work") else text.title
        last_names = self._last_names(text.text, title, chosen)
        found = self._without_overlaps([*chosen, *last_names, *_players(text.text, chosen)])
        self._name_siblings(text.text, found)
        for mention in listed_with_works(text.text, found, self._schema):
            mention.type = "Album"
        if topic_type == "Album":
            for mention in found:
                if mention.origin == "quoted":  # usually a song, in the context of an album
                    called = _ALBUM_BEFORE.search(
                        text.text, max(0, mention.start - 30), mention.start
                    )
                    mention.type = "Album" if called else "Song"
        return found

    def _topic(self, text: TextDocument, type_: str) -> Iterator[Mention]:
        is_work = self._schema.is_a(type_, "Work")
        for start, end in topic_spans(text.text, text.title):
            if is_work and _NAME_GOES_ON.match(text.text, end):
                continue  # "Frank Sinatra" in a text about Frank
            other = is_work and is_of_performer(text.text, start, end)
            class_ = "Artist" if other else type_
            yield Mention(start, end, text.text[start:end], class_, "title", text.title)

    def _listed(self, text: str) -> Iterator[Mention]:
        for match in self._word.finditer(text):
            type_, name = self._words[match[0].casefold()]
            if type_ == "Genre" and match[0].istitle() and _ends_name(text, match.start()):
                continue  # "Sub Pop", "Kid Rock"
            if match[0][0].isupper() and text[match.end() : match.end() + 2].strip()[:1].isupper():
                opens = _OPENING.search(text, max(0, match.start() - _BEFORE), match.start())
                if not (opens and (type_ == "Role" or lexicon.is_player(match[0]))):
                    continue  # part of a name: "Rock Werchter", "Soul II Soul"
            yield Mention(match.start(), match.end(), match[0], type_, "lexicon", name)

    def _statistical(self, doc: Doc) -> Iterator[Mention]:
        for span in doc.ents:
            type_ = _NER.get(span.label_)
            if type_ is None:
                continue
            text, start = span.text, span.start_char
            if type_ == "Person" and (first := self._first_name(span)):
                text, start = f"{first} {text}", start - len(first) - 1
            if type_ != "Album" and (found := _DETERMINER.match(text)) and text[0] in "tahi":
                text, start = text[found.end() :], start + found.end()
            if type_ == "Person" and (word := text.partition(" ")[0].casefold()) in self._words:
                text, start = text[len(word) + 1 :], start + len(word) + 1
            text = re.sub(r"['’]s$", "", text)
            if len(text) < 2 or not text[0].isupper() or is_demonym(text):
                continue
            type_ = _type_by_company(type_, doc.text, start, text)
            if not type_:
                continue
            if type_ == "Place" and country_name(text):
                type_ = "Country"
            elif type_ != "Album" and _is_plural(doc.text, start, text, of_place=type_ == "Place"):
                type_ = "Band"
            elif type_ == "Person" and _LABEL_WORD.search(text):
                type_ = "Name"  # "Captured Tracks"
            elif type_ == "Person" and (_SIGNED_TO if " " in text else SIGNED).search(
                doc.text, max(0, start - 60), start
            ):
                type_ = "Name"  # most likely a label: "signed with Colpix"
            elif type_ in {"Person", "Name"}:
                type_ = _type_by_verb(doc.text, start, start + len(text)) or type_
            yield Mention(start, start + len(text), text, type_, "ner")

    def _first_name(self, span: Span) -> str:
        """The word that opens a sentence, if the last name goes with it: "Cliff [Burton]"."""
        if not span.start or " " in span.text:
            return ""
        word = span.doc[span.start - 1]
        belongs = word.is_sent_start and word.dep_ == "compound" and word.head in span
        key = word.text.casefold()
        is_noun = key in self._words or SOMEONE.fullmatch(key) or is_demonym(word.text)
        return word.text if belongs and word.whitespace_ and word.is_title and not is_noun else ""

    def _capitals(self, text: str, sentences: Sequence[Sentence]) -> Iterator[Mention]:
        """Yield capitalised words within a sentence: names whose class is left to patterns."""
        begins = {sentence.start for sentence in sentences}
        for match in _NAME.finditer(text):
            name, start = re.sub(r"['’]s$", "", match[0]), match.start()
            if start in begins and (word := FUNCTION.match(name)):
                name, start = name[word.end() :], start + word.end()
            if start in begins or len(name) < 2 or is_demonym(name):
                continue
            # "Ann Lee of Kestrel Row" may be one name, or two if the first is known
            for begin in (0, *(found.end() for found in _OF.finditer(name))):
                part = name[begin:]
                in_place = (
                    not begin
                    and name[0].isupper()
                    and _type_by_verb(text, start, start + len(name)) == "Place"
                )
                yield Mention(
                    start + begin,
                    start + len(name),
                    part,
                    "Place" if in_place else "Name",
                    "capitals",
                    part[:1].upper() + part[1:],
                )

    def _last_names(self, text: str, title: str, found: list[Mention]) -> Iterator[Mention]:
        """Yield last names of persons mentioned before by their full name, such as the topic."""
        full = [
            (item.name, item.type)
            for item in found
            if self._schema.is_a(item.type, "Agent") and item.type not in {"Band", "RecordLabel"}
        ]
        for name, type_ in dict.fromkeys([*full, (title, "Artist")]):
            first, _, last = name.rpartition(" ")
            if not first or len(last) < 3 or not last[0].isupper():
                continue
            for match in re.finditer(rf"(?<![\w'’-]){re.escape(last)}(?![\w-])", text):
                start, named = match.start(), match[0]
                if text.endswith(first + " ", 0, start):
                    continue
                other = _FIRST_NAME.search(text, max(0, start - _SHORT), start)
                is_first = other is not None and other["name"] not in name.split()
                if other and is_first and self._is_first_name(other["name"]):  # of a relative, say
                    start, type_of = other.start("name"), "Person"
                    named = text[start : match.end()]
                else:
                    type_of = type_
                yield Mention(start, match.end(), named, type_of, "last name", named)

    def _is_first_name(self, word: str) -> bool:
        """Whether a capitalised word before a last name may be a first name, not "Dame", "But"."""
        key = word.casefold()
        return not (
            FUNCTION.match(word + " ")
            or is_demonym(word)
            or key in self._words
            or SOMEONE.fullmatch(key)
            or _NO_FIRST_NAME.fullmatch(word)
        )

    def _name_siblings(self, text: str, found: Sequence[Mention]) -> None:
        """Complete the names of those who are only called someone's brother or sister."""
        for one, other in pairwise(found):
            if (
                " " in one.name
                and " " not in other.text
                and self._schema.is_a(one.type, "Person")
                and other.type in {"Person", "Name"}
                and _AND_SIBLING.fullmatch(text, one.end, other.start)
            ):
                other.type = "Person"
                other.name = f"{other.text} {one.name.rpartition(' ')[2]}"

    def _without_overlaps(self, found: list[Mention]) -> list[Mention]:
        """Resolve overlaps: keep the mention of the more reliable origin, then the longer one."""
        order = sorted(
            found,
            key=lambda item: (
                _RANK[item.origin, item.type]
                if (item.origin, item.type) in _RANK
                else _RANK[item.origin, ""],
                item.start - item.end,
                item.origin == "quoted",
                self._preference(item.type),
                item.start,
            ),
        )
        taken: list[Mention] = []
        covered: set[int] = set()
        for mention in order:
            if mention.origin == "pattern" and self._schema.is_a(mention.type, "Work"):
                _trim(mention, covered)
            if mention.text and covered.isdisjoint(range(mention.start, mention.end)):
                covered.update(range(mention.start, mention.end))
                taken.append(mention)
        return sorted(taken, key=lambda item: item.start)

    def _preference(self, type_: str) -> tuple[int, str]:
        """Sort key of the classes of one name: agents first, then the deeper class."""
        schema = self._schema
        rank = 0 if schema.is_a(type_, "Artist") else 1 if schema.is_a(type_, "Agent") else 2
        return rank - len(schema.ancestors(type_)), type_


@cache
def _listed_words() -> tuple[dict[str, tuple[str, str]], re.Pattern[str]]:
    """Genres, instruments and roles: (class, name) by word, and a pattern that finds the words."""
    words: dict[str, tuple[str, str]] = {}
    words.update({word: ("Genre", word) for word in lexicon.genres()})
    words.update({word: ("Instrument", name) for word, name in lexicon.instruments().items()})
    words.update({word: ("Role", name) for word, name in lexicon.roles().items()})
    longest_first = sorted(words, key=len, reverse=True)
    any_of = "|".join(re.escape(word) for word in longest_first)
    return words, re.compile(rf"(?<![\w'’-])(?:{any_of})(?![\w-])", re.IGNORECASE)


def _players(text: str, mentions: Sequence[Mention]) -> Iterator[Mention]:
    """Yield names of persons beside what they play: "X (guitar)"; in lists "X on guitar".

    A single "X on guitar" may be a place or band: "she played in London on guitar".
    """
    waiting: Mention | None = None
    end = 0
    for item in mentions:
        if item.type not in {"Instrument", "Role"}:
            continue
        before = _PLAYER.search(text, max(0, item.start - _FAR), item.start)
        name = before["name"] if before else ""
        if before is None or FUNCTION.match(name + " ") or is_demonym(name):
            end = item.end if _SAME.fullmatch(text, end, item.start) else end
            continue
        name = FUNCTION.sub("", name)
        start = before.end("name") - len(name)
        person = Mention(start, start + len(name), name, "Person", "pattern")
        listed = waiting is not None and _NEXT.fullmatch(text, end, start) is not None
        if before["bracket"] or listed:
            yield person
        if waiting is not None and listed:
            yield waiting
        waiting, end = person, item.end


def _ends_name(text: str, start: int) -> bool:
    """Whether a capitalised word before a genre makes it part of a name; not a nationality."""
    before = _NAME_BEGINS.search(text, max(0, start - _SHORT), start)
    return before is not None and not is_demonym(before["word"])


def _is_everyday(mention: Mention, text: str) -> bool:
    """Whether the name of a genre is a common word here: "the son of", "their home country"."""
    if mention.type != "Genre" or not mention.text.islower():
        return False
    word, after = mention.text, text[mention.end :]
    if _NO_STYLE.match(after):
        return True  # "met at a jazz festival"
    if word == "country":
        return bool(
            _THE.search(text, max(0, mention.start - 20), mention.start) and _NO_NOUN.match(after)
        )
    if word == "house" and after.startswith(" band"):
        return True
    if word == "electronic":
        thing = _NEXT_WORD.match(after)
        return bool(thing and thing[1] in lexicon.instruments() and not lexicon.is_player(thing[1]))
    return after.startswith(" of ") and (word in lexicon.plain_words() or word == "son")


def _is_plural(text: str, start: int, name: str, *, of_place: bool) -> bool:
    """Whether a name is a plural with the article, as bands have: "the Wailers".

    So have places: then only a name after "with" is a band's.
    """
    if not name.endswith("s") or name.endswith(("ss", "us", "is")):
        return False
    before = text[max(0, start - _BEFORE) : start] + name[: 4 * name.startswith("The ")]
    article = _WITH_THE if of_place else _ARTICLE
    return bool(article.search(before)) and not _PEOPLE.match(text, start + len(name))


def _type_by_company(type_: str, text: str, start: int, name: str) -> str:
    """The class that a name may have beside other words, if a model took it for another one.

    Empty for the style that a genre goes with: "Juju and afrobeat".
    """
    end, before = start + len(name), text[max(0, start - _SHORT) : start]
    if type_ == "Album" and _MADE_BY.search(before):
        return "Name"  # a work makes nothing: "produced by Floating Points"
    if type_ not in {"Person", "Name"} or " " in name:
        return type_
    if _CONJUNCT.match(text, end) and _OPENING.search(before):
        return ""
    # "the Glasgow trio", "the Coltrane quartet"
    return "Name" if _THE_GROUP.match(text, end) and _ARTICLE.search(before) else type_


def _type_by_verb(text: str, start: int, end: int) -> str:
    """What the words before a name tell of its class: "born in X", "the drummer of X"."""
    before = text[max(0, start - 60) : start]
    if not before.endswith((" in ", " of ", " of the ")) or _POSSESSIVE.match(text, end):
        return ""
    if _PLACED.search(before):
        return "Place"
    return "Name" if _MEMBER_OF.search(before) else ""


def _surnames(doc: Doc) -> set[tuple[int, int]]:
    """Positions of the last words of persons' names."""
    return {
        (span[-1].idx, span.end_char)
        for span in doc.ents
        if span.label_ == "PERSON" and len(span) > 1 and span[-1].is_title
    }


def _demonyms(text: str) -> Iterator[Mention]:
    """Yield adjectives of nationality as mentions of their countries."""
    for match in _CAPITALISED.finditer(text):
        country = lexicon.demonyms().get(match[0].casefold())
        if country:
            name = country_name(country) or country
            yield Mention(match.start(), match.end(), match[0], "Country", "demonym", name)


def _trim(mention: Mention, covered: set[int]) -> None:
    """Trim a title that includes the next name: "Nevermind for [DGC Records]"."""
    end = next((at for at in range(mention.start, mention.end) if at in covered), mention.end)
    if end < mention.end:
        text = _LOOSE_END.sub("", mention.text[: end - mention.start])
        text = "" if FUNCTION.fullmatch(f"{text} ") else text
        mention.text = mention.name = text
        mention.end = mention.start + len(text)
