"""Split joint credits in names of artists ("A feat. B", "A & B"), and find guests in titles."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Final

_FEATURING: Final = r"\b(?:featuring|feat|ft|prod\. by)\b"
FEATURING: Final = re.compile(
    rf"\s*[(\[]?\s*(?:{_FEATURING}\.?)\s+(?P<guests>[^()\[\]]+)[)\]]?\s*$", re.I
)
JOINT: Final = re.compile(
    r"\s+(?:&|\+|and|with|w/|vs\.?|versus|x|×|meets|presents|pres\.|und|u\.|mit|et|avec|y|con|e|com|"
    r"met|og|och|ja|と|и)\s+|\s*[,;/]\s+|\s+/\s*",
    re.I,
)
_BETWEEN_KNOWN: Final = re.compile(
    r",\s*(?:and|&|und|et|y|e|og|och|with|feat\.?)\s+"
    r"|\s*[(\[](?:(?:in )?duet with|with|w/|con|avec|mit|com|and|&)\s+(?=[^()\[\]]+[)\]]\s*$)"
    r"|\s+(?:&|＆|\+|and|(?:in )?duet with|with|w/|f/|vs\.?|versus|x|×|meets|presents|pres\.|"
    r"introducing|starring|backed by|part\.(?: esp\.)?|und|u\.|mit|et|avec|y|con|e|com|met|en|og|"
    r"och|ja|ve|i|a|та|і|и|と|和)\s+"
    r"|\s*[;、，]\s*|\s*,\s+|\s*/\s*|\s+[·•∙|]\s+",
    re.I,
)
"""What may join artists who are all known by themselves."""

LISTED: Final = re.compile(
    r"\s*[,;/|、，]\s*(?:(?:and|&|und|et|y|e|og|och|и)\s+)?"
    r"|\s+(?:&|\+|and|und|et|y|e|og|och|en|i|и)\s+",
    re.I,
)
"""What may stand between things in a list, such as instruments."""

_NO_FIRST_NAMES: Final = frozenset({
    "the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "lo", "de",
    "jr", "sr", "junior", "senior", "ii", "iii", "iv", "esq", "phd", "md", "cbe", "obe", "mbe",
})  # fmt: skip
"""Words after a comma that belong to a name as it stands."""

MAY_BE_JOINT: Final = re.compile(rf"{_BETWEEN_KNOWN.pattern}|,|{_FEATURING}", re.I)
"""Prefilter: matches every name that `credited` may split, and many single artists."""

FROM_TITLE: Final = "title"
"""Method of statements that a guest named in a work's title performs it."""

MAY_NAME_GUESTS: Final = r"(?i)\b(?:feat|ft|featuring|with|con|avec|mit)\b|\bw/"
"""Prefilter (RE2): matches every title in which `guests_in_title` finds a guest."""

_SURE: Final = r"featuring:?\s|(?:feat|ft)(?:\.\s?|:\s|\s)"
_BRACKETED: Final = re.compile(
    rf"[(\[{{（［]\s*(?P<word>{_SURE}|(?:(?:duet )?with|w/|con|avec|mit)\s)\s*"
    r"(?P<guests>[^()\[\]{}（）［］]+)[(\[{（［)\]}）］]",
    re.I,
)
_OPEN: Final = re.compile(
    r"(?<=\S)\s+(?:[-–—]\s*)?(?P<word>featuring\s|(?:feat|ft)(?:\.\s?|\s))\s*"
    r"(?P<guests>[^()\[\]]+?)(?=\s+[-–—]\s|\s*[(\[]|\s*$)",
    re.I,
)
_NOBODY: Final = frozenset(["and", "the", "others", "more", "friends", "guests", "&", "+"])
_OF_A_BAND: Final = frozenset(["the", "his", "her", "their", "los", "las", "les", "die", "os"])
"""Words that begin the second half of a band's name: "Nick Cave & the Bad Seeds"."""
_LONGEST: Final = 1000
"""Maximum length of a text that may be or contain names, in characters."""
_PLACE_FOLLOWS: Final = re.compile(r"\b(?:at|from|in|near|of|to|the)$", re.I)


def split_credits(name: str) -> list[str]:
    """Split a joint credit into its parts, in order; a single name yields itself.

    The caller must check that the parts are artists: 'Earth, Wind & Fire'.

    >>> split_credits("Queen & David Bowie"), split_credits("Radiohead")
    (['Queen', 'David Bowie'], ['Radiohead'])
    """
    if len(name) > _LONGEST:
        return [name]
    lead, guests = name, []
    if found := FEATURING.search(name):
        main_credit = name[: found.start()].strip(" ([")
        if main_credit:
            lead, guests = main_credit, split_credits(found["guests"].strip())
    return _parts(lead) + guests


def _parts(credit: str) -> list[str]:
    return [part for part in map(str.strip, JOINT.split(credit)) if part]


def is_featuring(name: str) -> bool:
    """Whether a name contains 'feat.', and so certainly is a joint credit."""
    found = FEATURING.search(name)
    return found is not None and found.start() > 0


def swapped(name: str) -> str:
    """Reorder 'Bowie, David' to 'David Bowie'; '' if it is not a name in catalogue order.

    >>> swapped("Bowie, David"), swapped("Tyler, the Creator"), swapped("Sammy Davis, Jr.")
    ('David Bowie', '', '')
    """
    last, comma, first = name.partition(",")
    first, last = first.strip(), last.strip()
    if not comma or not first or not last or "," in first or "&" in first:
        return ""
    if first.split()[0].casefold().rstrip(".") in _NO_FIRST_NAMES:
        return ""
    return f"{first} {last}" if len(first.split()) <= 2 and len(last.split()) <= 2 else ""


def credited(name: str, known: Container[str]) -> list[str]:
    """Names in a credit: the lead and the guests of "A feat. B", each split further.

    "A & B" and "A, B" are split if both parts are known names ('Simon & Garfunkel' is not). "B, A"
    becomes "A B" if that is a known name.

    Args:
        name: the credit.
        known: lower-case names that occur alone elsewhere in the source.

    >>> credited("Ann feat. Bob & Cy", {"bob", "cy"}), credited("Simon & Garfunkel", {"simon"})
    (['Ann', 'Bob', 'Cy'], ['Simon & Garfunkel'])
    """
    if len(name) > _LONGEST:
        return [name]
    found = FEATURING.search(name)
    if found and (lead := name[: found.start()].strip(" ([")):
        guests = credited(found["guests"].strip(), known)
        return list(dict.fromkeys([*credited(lead, known), *guests]))
    if name.casefold() in known:
        return [name]
    if (natural := swapped(name)) and natural.casefold() in known:
        return [natural]
    for joint in (JOINT, _BETWEEN_KNOWN):
        parts = [part for part in map(str.strip, joint.split(name)) if part]
        if joint is _BETWEEN_KNOWN and name.rstrip().endswith((")", "]")) and parts:
            parts[-1] = parts[-1].rstrip(" )]")
        if len(parts) > 1 and all(part.casefold() in known for part in parts):
            return list(dict.fromkeys(parts))
    return [name]


def listed(text: str, is_known: Callable[[str], bool]) -> list[str]:
    """The parts of "A, B and C" or "A / B" if all are known, else the text.

    >>> listed("guitar & lead vocals", {"guitar", "lead vocals"}.__contains__)
    ['guitar', 'lead vocals']
    """
    parts = [text] if len(text) > _LONGEST else [part for part in LISTED.split(text) if part]
    return list(dict.fromkeys(parts)) if all(map(is_known, parts)) else [text]


def guests_in_title(title: str, known: Container[str]) -> list[str]:
    """Names of the guests credited in a title, in order.

    "with" in brackets, and "feat" without brackets or a full stop, may be words of the title: they
    count only if all the names after them are known.

    Args:
        title: of a song or an album.
        known: lower-case names of artists elsewhere in the source: "Ann & Bob" are two guests if
            one of them is known, if each has two words ("Ann Lee & Bob Roy"), or in a list of four
            or more.

    >>> guests_in_title("Umbrella (feat. Ann & Bob) - Live", {"ann", "bob"})
    ['Ann', 'Bob']
    >>> guests_in_title("Dancing (with Tears in My Eyes)", {"ann"})
    []
    """
    if len(title) > _LONGEST:
        return []
    found = _BRACKETED.search(title)
    is_open = found is None
    found = found or _OPEN.search(title)
    if found is None or not (lead := title[: found.start()].strip()):
        return []
    word, guests = found["word"].strip(" :").lower(), found["guests"].strip(' \t"“”,;&')
    if is_open and word in {"ft.", "ft"} and _PLACE_FOLLOWS.search(lead):
        return []  # Ft. Worth
    names = _guests(guests, known)
    certain = word in {"featuring", "feat.", "ft."} or (not is_open and word in {"feat", "ft"})
    if certain and not (is_open and guests[:1].islower()):
        return names
    return names if all(name.casefold() in known for name in names) else []


def _guests(text: str, known: Container[str]) -> list[str]:
    parts = [part for part in _parts(text) if part.casefold() not in _NOBODY]
    alone = any(part.casefold() in known for part in parts) or all(map(_is_full_name, parts))
    if text.casefold() not in known and len(parts) > 1 and (alone or len(parts) > 3):
        return list(dict.fromkeys(parts))
    return credited(" ".join(text.split()), known) if parts else []


def _is_full_name(name: str) -> bool:
    """Whether a name can stand alone: "Nile Rodgers", unlike "Angus" and "The Bad Seeds"."""
    words = name.split()
    return len(words) > 1 and words[0].casefold() not in _OF_A_BAND
