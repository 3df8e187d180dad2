"""Split joint artist credits in a name: "A feat. B", "A & B", and "Surname, First name"."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

_FEATURING: Final = r"\b(?:featuring|feat|ft|prod\. by)\b"
FEATURING: Final = re.compile(
    rf"\s*[(\[]?\s*(?:{_FEATURING}\.?)\s+(?P<guests>[^()\[\]]+)[)\]]?\s*$", re.I
)
JOINT: Final = re.compile(
    r"\s+(?:&|\+|and|with|vs\.?|versus|x|×|meets|und|et|y|e)\s+|\s*[,;/]\s+|\s+/\s*", re.I
)
MAY_BE_JOINT: Final = re.compile(rf"{JOINT.pattern}|,|{_FEATURING}", re.I)
"""Occurs in every name that `credited` may take apart, and in many that are one artist's."""


def split_credits(name: str) -> list[str]:
    """The parts of a joint credit, in order; a single name gives itself.

    Whether they are artists of their own is for the caller to find out: 'Earth, Wind & Fire'.

    >>> split_credits("Queen & David Bowie"), split_credits("Radiohead")
    (['Queen', 'David Bowie'], ['Radiohead'])
    """
    lead, guests = name, []
    if found := FEATURING.search(name):
        main_credit = name[: found.start()].strip(" ([")
        if main_credit:
            lead, guests = main_credit, split_credits(found["guests"].strip())
    parts = [part.strip() for part in JOINT.split(lead)]
    return [part for part in parts if part] + guests


def is_featuring(name: str) -> bool:
    """Whether a name says 'feat.': then it is a joint credit beyond doubt."""
    found = FEATURING.search(name)
    return found is not None and found.start() > 0


def swapped(name: str) -> str:
    """'Bowie, David' as 'David Bowie'; '' when the name is not a person's in catalogue order."""
    last, comma, first = name.partition(",")
    first, last = first.strip(), last.strip()
    if not comma or not first or not last or "," in first or "&" in first:
        return ""
    return f"{first} {last}" if len(first.split()) <= 2 and len(last.split()) <= 2 else ""


def credited(name: str, known: Container[str]) -> list[str]:
    """Whom a credit names: the lead and the guests of "A feat. B", each taken apart in turn.

    "A & B" and "A, B" are two where both are known by themselves, and else one ('Simon &
    Garfunkel'). "B, A" is A B where that is known.

    Args:
        name: the credit.
        known: names, in lower case, that stand by themselves elsewhere in the source.

    >>> credited("Ann feat. Bob & Cy", {"bob", "cy"}), credited("Simon & Garfunkel", {"simon"})
    (['Ann', 'Bob', 'Cy'], ['Simon & Garfunkel'])
    """
    found = FEATURING.search(name)
    if found and (lead := name[: found.start()].strip(" ([")):
        guests = credited(found["guests"].strip(), known)
        return list(dict.fromkeys([*credited(lead, known), *guests]))
    if name.casefold() in known:
        return [name]
    if (natural := swapped(name)) and natural.casefold() in known:
        return [natural]
    parts = [part for part in map(str.strip, JOINT.split(name)) if part]
    if len(parts) > 1 and all(part.casefold() in known for part in parts):
        return list(dict.fromkeys(parts))
    return [name]
