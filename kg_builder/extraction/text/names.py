"""Find names in texts by their form: capitals, quotation marks, cue words."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from kg_builder.extraction.text import lexicon
from kg_builder.extraction.text.mentions import (
    ABBREVIATION,
    NUMBERING,
    Mention,
    sentence_ends,
)
from kg_builder.ontology import Schema

if TYPE_CHECKING:
    pass

_MONTHS: Final = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
)
_DATE: Final = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? )?(?:{_MONTHS})"
    r"(?: \d{1,2}(?:st|nd|rd|th)?,)? (?:1[5-9]|20)\d\d\b"
    r"|(?<![\w,.])(?:1[5-9]|20)\d\d(?![\w]|[,.]\d)"
)
CAPITAL: Final = rf"(?:{ABBREVIATION}|(?:[dl]['’])?[^\W\d_a-zß-öø-ÿ](?:[\w'’&/-]|\.(?=\w)){{0,40}})"
SMALL: Final = (
    r"(?:of|the|and|in|a|an|to|for|on|at|from|with|&|de|del|la|le|les|el|los|du|von|van|der|und|"
    r"my|your|or|vs\.?)"
)
_NUMBER: Final = r"\d(?:[\w'’-]|\.(?=\w)){0,20}"
_PART: Final = rf"(?:,? (?:{NUMBERING}|Part|Volume)\.? (?:{_NUMBER}|[IVX]+\b))"
TITLE: Final = rf"{CAPITAL}(?:(?: {SMALL}){{0,2}} (?:{CAPITAL}|{_NUMBER})){{0,12}}{_PART}?"
_NAMED_BAND: Final = re.compile(
    r"\b(?:band|group|duo|trio|quartet|quintet|outfit|act)s?,? (?:called|named|known as) "
    rf"[“\"‘']?((?:[Tt]he )?{TITLE})"
)
_SHORT_NUMBER: Final = re.compile(
    r" ['’]?\d{2,3}(?![\w'’-]|[.,]\d|"
    r" (?:years|months|weeks|days|times|songs|albums|records|shows|concerts|minutes)\b)"
)
_NUMBERED_BAND: Final = re.compile(
    rf"\b(?:bands?|groups?|founded|formed|joined|left|(?:[a-z]+(?:er|ist)|leader|{CAPITAL})s? of) "
    rf"(?:the )?(?P<name>{CAPITAL}(?: {CAPITAL}){{0,3}})$"
)
"""A band whose name ends in a number, before that: "the drummer of Africa '70"."""

_THE_BAND: Final = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Tt]heir)(?: [\w-]+){0,3}? "
    r"(?:band|group|quartet|quintet|sextet|"
    rf"ensemble|collective|outfit) [“\"‘']?(?P<name>(?>(?:[Tt]he )?{CAPITAL}(?: {CAPITAL}){{0,3}}))"
    r"(?<!['’]s)(?!,? (?:and|&) [^\W\d_a-z]|, [^\W\d_a-z]\w+,? )"
)
"""Whatever a model takes its name for: "by the Icelandic band X", "joined the folk quartet Y"."""

_BANDS: Final = re.compile(
    rf"\b(?:bands|groups) ((?:(?:[Tt]he )?{CAPITAL}(?: {CAPITAL})*, ){{0,5}}"
    rf"(?:[Tt]he )?{CAPITAL}(?: {CAPITAL})*,? and (?:[Tt]he )?{CAPITAL}(?: {CAPITAL})*)"
)
_BORN_AT: Final = re.compile(
    rf"(?<!\w)b\. (?:in )?(?P<name>{CAPITAL})"
    rf"(?=(?:, {CAPITAL}(?: {CAPITAL})?)?,? (?:\d{{1,2}} (?:{_MONTHS}) )?"
    r"(?:1[5-9]|20)\d\d\b)"
)
_NICKNAMED: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL})? [“\"‘']{CAPITAL}(?: {CAPITAL})?[”\"’'] {CAPITAL}"
)
_PRIZE: Final = r"(?:Prize|Awards?|Grammys?|Grammies|Medal|Hall of Fame|Oscar|Order of [A-Z]\w+)"
_WORDS: Final = (
    rf"(?:(?: (?:of|the|or|by an?|with(?= Vocal)|(?<=Written )for))* (?!{_PRIZE}){CAPITAL}|"
    rf" and (?!(?:Best|{_PRIZE}|\w+(?: \w+)? of the Year)\b){CAPITAL})"
)
_CATEGORY: Final = (
    rf"(?:(?:Best|Outstanding|Most|Favou?rite|Top)(?:{_WORDS}){{1,10}}|"
    rf"{CAPITAL}(?: {CAPITAL}){{0,3}} of the (?:Year|Decade|Century)|"
    rf"(?:Lifetime|Special) (?:Achievement|Contribution)(?:{_WORDS}){{0,5}})"
)
_FIELD: Final = (
    r"(?:Excellence|Literature|Peace|Merit|Music|Songwriting|Composition|Services?|(?:the )?Arts)"
    rf"(?:{_WORDS}){{0,5}}"
)
_AWARD: Final = re.compile(
    rf"(?:{CAPITAL} (?:(?:of|for|the) ){{0,2}}){{0,8}}{_PRIZE}"
    rf"(?: for (?:the )?{_CATEGORY}| (?:for|in) {_FIELD})?"
)
_WON: Final = re.compile(
    r"\b(?:w[io]ns?|winning|receive[ds]?|receiving|earn(?:s|ed|ing)?|awarded|named|voted|accepted|"
    r"took|picked up|honou?red|nominated)\b"
    r"(?:(?! (?:album|song|single|record|LP|EP|released)s?\b)[^.;])*$"
)
"""Before an award that is only named by its category: "won Best New Artist"."""

_FAR: Final = 200

_AWARDED: Final = re.compile(rf"{_CATEGORY}(?: at (?:the )?{CAPITAL}(?: {CAPITAL}){{0,4}})?")
_NAMED_PRIZE: Final = rf"{CAPITAL}(?: (?:(?:di|de|del|des|du|der|of|the) ){{0,2}}{CAPITAL}){{0,4}}"
_WON_NAME: Final = re.compile(
    r"\b(?:w[io]ns?|winning|received?|awarded|earned)(?: \w+)? "
    r"(?:an?|the|(?:his|her|their|its)(?: \w+)?|"
    rf"two|three|four|five) (?P<name>(?:{_NAMED_PRIZE} for (?:the )?{_CATEGORY}|"
    rf"{CAPITAL}(?: {CAPITAL})?"
    r"(?= (?:in (?:19|20)\d\d|for (?:his|her|their|the|best|[“\"‘]))\b)))"
)
"""An award by who won it: "won the X for Best Score", "won a Y in 2003"."""
_AWARD_BY_WORD: Final = re.compile(
    rf"(?<![\w'’-])(?P<name>(?:{CAPITAL} ){{0,2}}"
    r"[A-ZÄÅÆÉÖØÜ]\w*-?(?:[Pp]reis|[Pp]risen|[Pp]riset|[Pp]rijs|palkinto)(?!\w)|"
    rf"(?:Premio|Prêmio|Prix) {CAPITAL}(?: {CAPITAL}){{0,2}})"
)
"""An award by its word for prize in another language: "Spellemannprisen", "Prix Italia"."""

_LABEL: Final = re.compile(
    rf"{CAPITAL}(?: (?:& )?{CAPITAL}){{0,6}} "
    r"(?:Records|Recordings|Discos|Disques|Discs|Entertainment)\b"
)
_STUDIO: Final = re.compile(
    rf"{CAPITAL}\.?(?: (?:{CAPITAL}\.?|{_NUMBER})){{0,5}} Studios?\b(?! (?:album|version))"
)
_LABEL_BY_PLACE: Final = re.compile(
    r"\b(?:released|issued|published|put out|came out|appeared|signed)\b[^.;]{0,40}?"
    rf"\b(?:on|by|through|via|to|with) (?:the )?((?:{CAPITAL} ){{1,4}}Music)\b"
)
_NO_LABEL: Final = (
    rf"(?!(?:{_MONTHS}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|"
    r"CDs?\b|LP|EP|DVD|VHS|Blu|Vinyl|TV|MTV|BBC|NPR|PBS|ITV|KEXP|Radio\b|Spotify|SoundCloud|iTunes|"
    r"Bandcamp|YouTube|MySpace|Facebook|Netflix|TikTok|Amazon|Apple|Steam|Broadway|Billboard|"
    r"Christmas|Halloween|Easter|New Year|Valentine|Independence|Record Store|"
    r"Earth\b|Unicef|UNICEF|Amnesty|Greenpeace|Disney|Sesame|Peel\b|Side\b|Disc\b|Tour\b))"
)
"""What stands where labels do: days, media, platforms, broadcasters, charities."""
_LABEL_NAME: Final = (
    rf"{_NO_LABEL}(?P<name>(?>{CAPITAL}(?: (?:& )?{CAPITAL}){{0,3}}))(?<!['’]s)(?!['’])"
)
_LABELS_BY_USE: Final = (
    re.compile(rf"\b[Ll]abels?: {_LABEL_NAME}"),
    re.compile(
        r"\b(?:records for|(?<!who )recorded "
        r"(?:(?!(?:music|songs?|soundtracks?|sessions?|themes?|scores?)\b)[\w-]+ ){0,5}for|"
        rf"(?:recordings|albums|LPs|EPs|singles|sides) for|"
        rf"(?:recorded|cut|made) [^.;]{{0,40}}[”\"'’],? for) {_LABEL_NAME}"
        r"(?=[.,;)]|$| (?:in|at|from|between|until|include[sd]?|and|with|as|before|after|during|"
        r"throughout)\b)"
    ),
    re.compile(
        r"\b(?:album|debut|LP|EP|record|mixtape|successor|follow-up)\b[^.;]{0,60}? "
        rf"(?:appeared|came out) (?:in \d{{4}} )?on {_LABEL_NAME}(?=[.,;)]|$| (?:in|and)\b)"
    ),
    re.compile(
        r"\b(?:released|issued)\b[^.;]{0,50}? on "
        rf"{_LABEL_NAME}(?=[.;)]|$| in (?:{_MONTHS}|\d{{4}}))"
    ),
)
"""Names that what is said of them makes labels, whatever a model takes them for."""

_SIGNED_NAME: Final = re.compile(
    rf"\b[Ss]ign(?:ed|s|ing) (?:to|with) (?P<name>(?>{CAPITAL}(?: {CAPITAL}){{1,3}}))(?<!Bros)"
    r"(?=[.,;)]|$| (?:in|for|and)\b)"
)
"""A label of several words, of which a model may see the last alone."""

_WORD: Final = r"[^\W\d_a-zß-öø-ÿ](?:[\w-]|['’](?!s\b)){1,30}"
_PARTICLE: Final = r"(?:da|de|del|der|di|dos|du|la|van|von)"
_FIRST_NAMES: Final = rf"(?<![\w'’-])(?P<first>{_WORD}(?:, {_WORD}){{0,6}}),? (?:and|&)"
_FULL_NAME: Final = (
    rf"(?P<full>{_WORD}(?: {_WORD})?(?P<last>(?: {_PARTICLE}){{0,2}} {_WORD}))(?! {_WORD})"
)
_SIBLINGS: Final = r"(?:brothers|sisters|siblings|twins|triplets)"
_FAMILY: Final = (
    rf"(?:{_SIBLINGS}|sons|daughters|children|parents|cousins|"
    r"(?:couple|husband[- ]and[- ]wife)(?: duo| team)?)"
)
_ANY_FAMILY: Final = re.compile(rf"\b{_FAMILY}\b", re.IGNORECASE)
_OF_ONE_FAMILY: Final = (
    re.compile(
        rf"(?:\b{_FAMILY}|(?<![^.!?] )\b(?:Brothers|Sisters|Siblings|Twins)),? "
        rf"{_FIRST_NAMES} {_FULL_NAME}"
    ),
    re.compile(rf"{_FIRST_NAMES} {_FULL_NAME}(?:,| are| were) (?:twin )?{_SIBLINGS}\b"),
    re.compile(
        rf"\b[Tt]he(?P<last> {_WORD}) {_SIBLINGS},? {_FIRST_NAMES} (?P<full>{_WORD})(?! {_WORD})"
    ),
)
"""Brothers Ann and Bo Lund; Ann and Bo Lund are twins; the Lund sisters, Ann and Eve."""

FUNCTION: Final = re.compile(
    r"^(?:At|On|In|For|With|From|By|After|Before|When|The|And|But|While|As) "
)
"""Words that begin a sentence rather than a name."""

_YEAR_OF_AWARD: Final = re.compile(r" (?:in|of|for) (?:19|20)\d\d\b.*$")
_SEVERAL: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|\d+|several|many) $"
)


_DEMONYM: Final = re.compile(r"^(?:[Tt]he )?[A-Z][a-z]+(?:[ie]an|ese|ish|ic|ch)s?$|^I$")
_KINDS: Final = (
    rf"(?:(?P<RecordLabel>{lexicon.LABEL})|(?P<Place>{lexicon.STUDIO})|"
    rf"(?P<Event>{lexicon.EVENT})|(?P<Band>{lexicon.ORCHESTRA})|(?P<{lexicon.OTHER}>{lexicon.ORGANISATION}))"
)
_CLASSES: Final = ("RecordLabel", "Place", "Event", "Band", lexicon.OTHER)
_CALLED: Final = rf"(?:{CAPITAL}|\d+[A-Z]\w*)(?:(?: (?:of|the|for|&|de))? {CAPITAL}){{0,5}}"
_FOLLOWS: Final = (
    r"(?=[,.;:)—–]|$| (?:for|that|which|of|in|at|on|from|based|dedicated|devoted|where|through|"
    r"with|and|speciali[sz]ing|founded|run|owned|she|he|they|to)\b)"
)
"""After the noun for what something is; not "label boss", "festival organiser"."""

_FOUND: Final = (
    r"founded|formed|established|started|launched|opened|set up|created|runs?|ran|owns?|owned"
)
_BANDS_FOUNDED: Final = (
    r"(?:founded|formed|started|created|joined|left|quit|fronted) "
    r"(?:(?:the|an?|his|her|their)(?: [\w-]+){0,3}?) (?:super)?(?:band|group)"
)
_KIND_BEFORE: Final = re.compile(
    rf"\b(?:{_KINDS}|{_BANDS_FOUNDED}(?! called))(?P<comma>,)?"
    r"(?: (?:called|named|known as|titled|such as|including|like))? [“\"‘']?(?:[Tt]he )?"
    rf"(?P<name>{_CALLED}(?:(?:, {_CALLED}){{0,4}},? and {_CALLED})?)"
)
_KIND_AFTER: Final = re.compile(
    r"\b(?:[Tt]he|[Hh]is|[Hh]er|[Tt]heir|[Ii]ts|(?P<own>own)|annual|['’]s) "
    rf"(?P<name>{_CALLED}) (?:(?:music|jazz|folk|arts|record|recording|own) )?{_KINDS}\b"
    r"(?! (?:album|band|boss|contract|deal|debut|director|founder|group|head|leader|manager|mate|"
    r"musician|orchestra|organi[sz]er|owner|recording|roster|session|single|teacher|version)s?\b)"
    r"(?! [“\"‘]?[A-Z])(?!-)"
)
_A_KIND: Final = (
    r"(?:an?|the|(?:his|her|their|its)(?: own)?) "
    rf"(?:[a-z][\w-]* ){{0,3}}?{_KINDS}{_FOLLOWS}"
)
_QUOTED_NAME: Final = rf"[“\"‘]?(?P<name>{_CALLED}),?[”\"’]?"
_IS_KIND: Final = re.compile(
    rf"(?<!\w )(?<![\w'’-]){_QUOTED_NAME}(?:,(?! the)| (?:is|was)) {_A_KIND}"
)
_NAMED_BY_VERB: Final = re.compile(
    rf"\b(?:{_FOUND}) {_QUOTED_NAME},?(?: which (?:is|was|became|grew into))? {_A_KIND}"
)
_DEFINED: Final = re.compile(
    rf"(?<![\w'’-])(?P<name>{_CALLED}), the (?:[a-z][\w-]* ){{0,3}}?{_KINDS} "
    r"(?=(?:that|which|she|he|they) )"
)
_CLOSED: Final = re.compile(r"[,.;)]|$| (?:in|with|and|for|from|through|which) ")
_ACTS: Final = re.compile(
    r" (?:(?:had|has|have|later|also) )?(?:(?:co-)?founded|started|set up|launched|established|"
    r"owned|owns|runs|ran|signed (?:to|with)|recorded for|formed|created) "
)
"""After a person's name: "the label Ann Lee founded"."""

_WHO_ACTS: Final = re.compile(
    r" (?:(?:had|has|have|later|also|then|once|first) ){0,2}"
    r"(?:(?:co-)?(?:founded|formed|led|fronted|joined|left)|"
    r"start(?:ed|s)|sang|sings|play(?:s|ed) (?:in|with)|belonged|was in|leads|created|managed)\b"
)
"""After a person's name: "the band Ann Lee fronted"."""

_NOT_NAMED: Final = re.compile(
    r"(?:In|At|On|From|By|After|Before|With|For|When|While|As)\b|.*-[a-z]+$"
)
_BY_NAME: Final = re.compile(
    rf"{CAPITAL}(?: {CAPITAL}){{0,5}} (?:(?P<Event>Festival|Fest)|(?P<{lexicon.OTHER}>"
    r"(?:Music )?School|Academy|University|College|Conservatory|Conservatoire|"
    r"Foundation|Magazine|Institute)"
    rf"(?: (?:of|for) {CAPITAL}(?: (?:and )?{CAPITAL}){{0,3}})?)(?![\w'’-]| {CAPITAL})"
)


def formed_mentions(text: str) -> Iterator[Mention]:
    """Yield mentions whose form implies their class; they may overlap."""
    for pattern, type_ in ((_DATE, "Date"), (_NICKNAMED, "Person")):
        for match in pattern.finditer(text):
            yield Mention(match.start(), match.end(), match[0], type_, "pattern")
    for match in _BORN_AT.finditer(text):
        yield Mention(*match.span("name"), match["name"], "Place", "pattern")
    for match in _STUDIO.finditer(text):
        name = FUNCTION.sub("", match[0])
        yield Mention(match.end() - len(name), match.end(), name, "Place", "pattern")
    yield from _awards(text)
    yield from _labels(text)
    yield from _bands(text)
    yield from _of_one_family(text)
    yield from _called(text)


def _awards(text: str) -> Iterator[Mention]:
    """Yield names of awards."""
    for match in _AWARD.finditer(text):
        start, award = match.start(), _YEAR_OF_AWARD.sub("", match[0])
        several = _SEVERAL.search(text, max(0, start - 10), start)
        name = _one_of(award) if several or " for " in award else award
        yield Mention(start, start + len(award), award, "Award", "pattern", name)
    for match in _AWARDED.finditer(text):
        first, _ = _sentence(text, *match.span())
        if _WON.search(text, max(first, match.start() - _FAR), match.start()):
            yield Mention(match.start(), match.end(), match[0], "Award", "pattern")
    for pattern in (_AWARD_BY_WORD, _WON_NAME):
        for match in pattern.finditer(text):
            yield Mention(*match.span("name"), match["name"], "Award", "pattern")


def _labels(text: str) -> Iterator[Mention]:
    """Yield names of labels, by their form or by what is said of them.

    >>> [(item.text, item.type) for item in _labels("Today she records for Brownswood.")]
    [('Brownswood', 'RecordLabel')]
    """
    for match in _LABEL.finditer(text):
        name = FUNCTION.sub("", match[0])
        yield Mention(match.end() - len(name), match.end(), name, "RecordLabel", "pattern")
    for pattern in _LABELS_BY_USE:
        for match in pattern.finditer(text):
            if not FUNCTION.match(match["name"] + " ") and not is_demonym(match["name"]):
                yield Mention(*match.span("name"), match["name"], "RecordLabel", "pattern")
    for match in _SIGNED_NAME.finditer(text):
        yield Mention(*match.span("name"), match["name"], "Name", "pattern")
    for match in _LABEL_BY_PLACE.finditer(text):
        yield Mention(*match.span(1), match[1], "RecordLabel", "pattern")


def _bands(text: str) -> Iterator[Mention]:
    """Yield names that the text calls a band or the like."""
    for match in _NAMED_BAND.finditer(text):
        yield Mention(*match.span(1), match[1], "Band", "pattern")
    for match in _THE_BAND.finditer(text):
        named = not FUNCTION.match(match["name"] + " ") and not is_demonym(match["name"])
        if named and not _WHO_ACTS.match(text, match.end()):
            yield Mention(*match.span("name"), match["name"], "Band", "pattern")
    for number in _SHORT_NUMBER.finditer(text):
        before = _NUMBERED_BAND.search(text, max(0, number.start() - _NEAR), number.start())
        if before:
            start, end = before.start("name"), number.end()
            yield Mention(start, end, text[start:end], "Band", "pattern")
    for match in _BANDS.finditer(text):
        for first, last in coordinated(text, *match.span(1)):
            yield Mention(first, last, text[first:last], "Band", "pattern")


def _of_one_family(text: str) -> Iterator[Mention]:
    """Yield the full names of relatives whose last name is said once.

    >>> [item.name for item in _of_one_family("the brothers Bo and Al Lund")]
    ['Bo Lund', 'Al Lund']
    """
    for pattern in _OF_ONE_FAMILY if _ANY_FAMILY.search(text) else ():
        for match in pattern.finditer(text):
            if is_demonym(match["last"].strip()):
                continue
            if match.start("last") < match.start("first"):  # the family is no member
                start, end = match.start("last") + 1, match.end("last")
                yield Mention(start, end, text[start:end], lexicon.OTHER, "pattern")
            spans = [*coordinated(text, *match.span("first")), match.span("full")]
            for start, end in spans:
                name = text[start:end].removesuffix(match["last"]) + match["last"]
                yield Mention(start, end, text[start:end], "Person", "pattern", name)


def _called(text: str) -> Iterator[Mention]:
    """Yield names that the text calls a label, festival, studio, orchestra, school and the like.

    >>> [(item.text, item.type) for item in _called("She founded the label Kestrel Row.")]
    [('Kestrel Row', 'RecordLabel')]
    """
    for pattern in (_KIND_BEFORE, _KIND_AFTER, _IS_KIND, _NAMED_BY_VERB, _DEFINED):
        for match in pattern.finditer(text):
            start, end = match.span("name")
            type_ = next((kind for kind in _CLASSES if match[kind]), "Band")
            if _NOT_NAMED.match(match["name"]) or is_demonym(match["name"]):
                continue
            spans = list(coordinated(text, start, end))
            if not (match[type_] or "").endswith("s"):
                spans = spans[:1]
            if pattern is _KIND_BEFORE:
                end = spans[-1][1]
                if _ACTS.match(text, end) or (match["comma"] and not _CLOSED.match(text, end)):
                    continue
            # one word before its kind may be a place: "the Chicago label"
            sure = pattern is not _KIND_AFTER or " " in match["name"] or match["own"]
            for first, last in spans:
                name = re.sub(r"['’]s?$", "", text[first:last])
                yield Mention(
                    first, first + len(name), name, type_, "pattern" if sure else "capitals"
                )
    for match in _BY_NAME.finditer(text):
        name = FUNCTION.sub("", match[0])
        type_ = "Event" if match["Event"] else lexicon.OTHER
        yield Mention(match.end() - len(name), match.end(), name, type_, "pattern")


def is_demonym(name: str) -> bool:
    """Whether a capitalised word denotes people of a place: "Danish", "the Welsh", not "Milan"."""
    word = re.sub(r"^[Tt]he ", "", name)
    return word.casefold() in lexicon.demonyms() or bool(_DEMONYM.match(name))


def _one_of(awards: str) -> str:
    """The singular of an award mentioned in the plural."""
    if awards in {"Grammys", "Grammies"}:
        return "Grammy Award"
    return re.sub(r"\b(Award|Prize|Grammy|Oscar|Medal)s(?= for |$)", r"\1", awards)


_WORK: Final = r"albums?|LP|EP|singles?|songs?|mixtapes?|soundtracks?|records?|debut"
_CUE: Final = re.compile(
    rf"\b(?P<cue>{_WORK}),? (?:was |is |were |(?:titled|called|named|entitled) )?"
    rf"[“\"‘']?(?P<title>{TITLE}[!?]?)"
)
_VERB: Final = re.compile(
    rf"\b(?:released|issued|recorded|put out|published|releases|brought out|(?:came|come) up with|"
    rf"titled|called|entitled) [“\"‘']?(?P<title>{TITLE}[!?]?)"
)
_BEFORE: Final = re.compile(
    rf"(?P<title>{TITLE}[!?]?)[”\"’']?,? (?:a|an|the|her|his|their|its) (?:\d{{4}} )?"
    r"(?:[\w-]+ ){0,2}(?P<cue>album|record|LP|EP|single|song|soundtrack|debut|successor|"
    r"predecessor|follow-up)\b"
)
_APPOSED: Final = re.compile(
    r"\b(?P<cue>album|LP|EP|single|song)(?: (?:for|on|of|with) (?:[\w'’-]+ ?){1,4})?, "
    rf"(?P<title>[^\W\d_a-zß-öø-ÿ](?:(?!['’]s [a-z])(?:{ABBREVIATION}|[^,.;:()“”\"])){{1,60}}),"
    r" (?:was|is|came|appeared|followed|reached|sold|topped|won|became|which)\b"
)
"""A title between commas may have lower-case words, as in most languages."""

_YEAR: Final = re.compile(rf"(?P<title>{TITLE}[!?]?)[”\"’']? \((?:19|20)\d\d\)")
_OF_YEAR: Final = re.compile(
    rf"(?<![\w-])(?:19|20)\d\d['’]s [“\"‘']?"
    r"(?!World Cup\b|Eurovision\b|Olympic)"
    rf"(?P<title>(?>{TITLE}[!?]?))(?<!Tour)(?<!Festival)(?<!Awards)(?<!Olympics)"
    r"(?! (?:tour|festival|awards?|ceremony|song|contest|edition|season|elections?)\b)"
)
"""A work by its year: "the follow-up to 2004's X"."""

_ABOUT_WORKS: Final = re.compile(
    rf"\b(?:{_WORK}|albums|EPs|LPs|release[sd]?|classic|discography|tracks?)\b"
)
_ABOUT_RELEASES: Final = re.compile(
    rf"{_ABOUT_WORKS.pattern}|"
    r"\b(?:follow-?ups?|follow(?:s|ed|ing)|precede[sd]?|successor|beginning with)\b"
)
_LIST: Final = re.compile(
    r"\b(?P<cue>albums|LPs|EPs|singles|songs|hits|records)(?:(?: \w+)? "
    r"(?:include[ds]?|including|such as|like|are|were)|:) "
    rf"(?P<titles>{TITLE}(?:, {TITLE}){{0,20}}(?:,? and {TITLE})?)"
)
_COMMA: Final = re.compile(r", and |, | and ")
_IS_SONG: Final = re.compile(r"songs?|singles?|hits")

_QUOTED: Final = re.compile(
    r"[“\"]([^”“\"]{2,60})[”“\"]|"
    r"(?<![\w.,)])['‘](?=[A-Z\d])((?:[^'’‘“”\"\n]|['’](?=\w)){2,60})['’](?!\w)"
    r"(?! (?:tour|show|festival|series|project|method|scene|style|sound|era)\b)"
)
_BETWEEN_QUOTES: Final = re.compile(r"[,.]?[”“\"'’]?[,;]?(?: and| or| &)? [“\"'‘]?")
_IN_LIST: Final = re.compile(r"[”\"]?(?:, |,? and )[“\"]?")
_PERSONS_FOLLOW: Final = re.compile(r"\b(?:by|with|featuring|from) $")
_UNSURE: Final = frozenset({("ner", "Person"), ("ner", "Name"), ("capitals", "Name")})
"""Origins and classes that a list may correct"""

_KIND: Final = re.compile(
    r"\b(?:(?P<album>albums?|LPs?|EPs?|records?|mixtapes?|soundtracks?|debut|released|issued)|"
    r"songs?|singles?|tracks?|hits?|tunes?|duets?|ballads?|anthems?|writes|wrote|written|sings|sang)\b"
)
_SINGLE_QUOTED: Final = re.compile(
    rf"{_KIND.pattern}|\b(?:record(?:ed|ing|s)|covers?|covered|cut|remix(?:ed)?|sampled|performed)\b"
)
_NAME_BEFORE: Final = re.compile(rf"(?<![\w'’-]){CAPITAL} $")
_THEN_NAME: Final = re.compile(rf" {CAPITAL}")
_NEAR: Final = 60
_ALBUM_AFTER: Final = re.compile(
    r",?[”“\"],? (?:was |is )?(?:an?|the|her|his|their|its) (?:[\w-]+ ){0,3}"
    r"(?:album|LP|EP|record)\b"
)


def titles(text: str) -> Iterator[Mention]:
    """Yield titles of works; they may overlap.

    The origin is "quoted" for a title in quotation marks and "pattern" for all others.
    """
    for pattern in (_CUE, _VERB, _BEFORE, _APPOSED):
        for match in pattern.finditer(text):
            cue = match.groupdict().get("cue") or ""
            if cue.endswith("s"):
                for first, last in coordinated(text, *match.span("title")):
                    yield from _title(text, first, last, cue)
            else:
                yield from _title(text, *match.span("title"), cue)
    for match in _YEAR.finditer(text):
        if _ABOUT_WORKS.search(text, *_sentence(text, match.start(), match.end())):
            end = match.end("title")
            yield from _title(text, end - len(FUNCTION.sub("", match["title"])), end)
    for match in _OF_YEAR.finditer(text):
        if _ABOUT_RELEASES.search(text, *_sentence(text, match.start(), match.end())):
            yield from _title(text, *match.span("title"))
    for match in _LIST.finditer(text):
        for first, last in coordinated(text, *match.span("titles")):
            yield from _title(text, first, last, match["cue"])
    yield from _quoted(text)


def coordinated(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of coordinated names: "X, Y and Z"."""
    commas = [comma.span() for comma in _COMMA.finditer(text, start, end)]
    for (_, first), (last, _) in pairwise([(start, start), *commas, (end, end)]):
        yield first, last


def listed_with_works(text: str, mentions: Sequence[Mention], schema: Schema) -> Iterator[Mention]:
    """Yield mentions found by statistics or capitals in a list whose other members are works.

    A list ends with "and"; a list after "by" or "with" names persons.
    """
    chain: list[Mention] = []
    ended = False
    for mention in [*mentions, None]:
        gap = text[chain[-1].end : mention.start] if chain and mention else ""
        if mention and not ended and _IN_LIST.fullmatch(gap):
            chain.append(mention)
            ended = "and" in gap
            continue
        if ended and not _PERSONS_FOLLOW.search(text, max(0, chain[0].start - 12), chain[0].start):
            works = [item for item in chain if schema.is_a(item.type, "Work")]
            if works:
                yield from (item for item in chain if (item.origin, item.type) in _UNSURE)
        chain, ended = [mention] if mention else [], False


_WINNING: Final = re.compile(
    r"[^\W\d_][\w’']*-(?:[a-z]+(?:ing|ed))(?:,? and [\w-]+)? (?=[^\W_a-z])"
)
"""Before a title, what it won or who made it: "the Juno-winning X", "the Rubin-produced X"."""
_OPENING_QUOTES: Final = frozenset("'‘“\"")
_CLOSED_QUOTE: Final = re.compile(r"['’”\"](?!\w)")


def _title(text: str, start: int, end: int, cue: str = "") -> Iterator[Mention]:
    if winning := _WINNING.match(text, start, end):
        start = winning.end()
    if text[start - 1 : start] in _OPENING_QUOTES and (
        closed := _CLOSED_QUOTE.search(text, start, end)
    ):
        end = closed.start()
    title = text[start:end].rstrip(".,'’-")
    if len(title) > 1 and not FUNCTION.fullmatch(f"{title} ") and title[-2:] not in {"'s", "’s"}:
        type_ = "Song" if _IS_SONG.fullmatch(cue) else "Album"
        yield Mention(start, start + len(title), title, type_, "pattern")


def _quoted(text: str) -> Iterator[Mention]:
    """Yield titles in quotation marks; a list of titles has the class of its first."""
    end, type_ = -1, ""
    for match in _QUOTED.finditer(text):
        quoted = match[1] or match[2]
        title = quoted.rstrip(",;").removesuffix(".") if quoted[-3:-2] != "." else quoted
        if not title or title[0].islower() or _is_nickname(text, match):
            continue
        if match[2] and not _SINGLE_QUOTED.search(
            text, *_sentence(text, match.start(), match.end())
        ):
            continue  # single quotation marks are more often around other words than titles
        if end < 0 or not _BETWEEN_QUOTES.fullmatch(text[end : match.start() + 1]):
            type_ = _kind(text, match.start(), match.end())
        start = match.start() + 1
        end = start + len(title)
        yield Mention(start, end, title, type_, "quoted")


def _kind(text: str, start: int, end: int) -> str:
    """The class of a quoted title: an album or, by default, a song."""
    if _ALBUM_AFTER.match(text, end - 2) or _ALBUM_AFTER.match(text, end - 1):
        return "Album"
    first, _ = _sentence(text, start, end)
    kinds = list(_KIND.finditer(text, max(first, start - _NEAR), start))
    return "Album" if kinds and kinds[-1]["album"] else "Song"


def _is_nickname(text: str, quoted: re.Match[str]) -> bool:
    """Whether a quotation is part of a person's name: Lee "Scratch" Perry."""
    if " " in (quoted[1] or quoted[2]).strip() or not _THEN_NAME.match(text, quoted.end()):
        return False
    return bool(_NAME_BEFORE.search(text, max(0, quoted.start() - 50), quoted.start()))


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of the sentences around a span."""
    bounds = _bounds(text)
    return bounds[bisect_right(bounds, start) - 1], bounds[bisect_left(bounds, end)]


@lru_cache(maxsize=1)
def _bounds(text: str) -> tuple[int, ...]:
    return 0, *sentence_ends(text), len(text)
