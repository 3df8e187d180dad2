"""English for relations: data, and a fallback for every name that is not among them.

Names are compared by their last part in lower-case words, so that `dbo:recordLabel`,
`record_label` and `music.artist.record_label` meet in one entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Wording", "plain_name", "wording_of"]


@dataclass(frozen=True)
class Wording:
    """How to speak of ``head relation tail``.

    Attributes:
        noun: what the tail is to the head: "genre" (x *has the* genre y).
        inverse: what the head is to the tail: "band" of a member.
        link: "(head) ⟨link⟩ (tail)"; the tail goes where {} stands, or to the end.
        inverse_link: the same, told of the tail: "(tail) ⟨inverse_link⟩ (head)".
        having: "(head) ⟨having⟩ the same (noun)", where the tail has no name.
        telling: how much it means to a listener that two artists share it, beside its rarity: a
            rare nomination says less about how they sound than a common genre. Set by hand.
    """

    noun: str
    inverse: str
    link: str
    inverse_link: str
    having: str = "has"
    telling: float = 1.0


def _symmetric(noun: str, link: str) -> Wording:
    return Wording(noun, noun, link, link)


_LABEL = Wording("label", "signed artist", "is on the label", "is the label of")
_MEMBER_OF = Wording("band", "member", "is a member of", "has {} as a member", telling=1.2)
_HAS_MEMBER = Wording("member", "band", "has {} as a member", "is a member of", telling=1.2)
_INFLUENCED_BY = Wording("influence", "follower", "was influenced by", "influenced")
_ORIGIN = Wording("origin", "artist from there", "comes from", "is the origin of")
_COUNTRY = Wording("country", "artist from there", "comes from", "is the country of", telling=0.6)
_DECADE = Wording("decade", "artist of the decade", "was active in the", "saw", telling=0.7)
_PRODUCER = Wording("producer", "production", "was produced by", "produced")
_WRITER = Wording("writer", "work", "was written by", "wrote")
_BIRTHPLACE = Wording("birthplace", "native", "was born in", "is the birthplace of")
_DEATHPLACE = Wording("place of death", "person", "died in", "was the last place of", telling=0.4)
_GENRE = Wording("genre", "artist of the genre", "plays", "is the genre of", telling=1.3)
_INSTRUMENT = Wording("instrument", "player", "plays", "is played by", telling=0.6)
_FILM = Wording("film", "cast member", "appears in", "features", having="appears in")
_SIMILAR = _symmetric("similar artist", "is similar to")
_ASSOCIATED = replace(_symmetric("associated act", "is associated with"), telling=0.8)
_AUTHOR = Wording("author", "book", "was written by", "wrote")
_DIRECTOR = Wording("director", "film", "was directed by", "directed")
_ACTOR = Wording("actor", "film", "stars", "appears in")
_PUBLISHER = Wording("publisher", "publication", "was published by", "published")
_AWARD = Wording("award", "winner", "won", "was won by", telling=0.5)
_NOMINATION = Wording("nomination", "nominee", "was nominated for", "went to", telling=0.4)
_ROLE = Wording("role", "person", "works as", "is the role of", telling=0.4)
_ALBUM = Wording("album", "artist", "released", "was released by")
_TRACK = Wording("song", "artist", "recorded", "was recorded by")

_WORDINGS: dict[str, Wording] = {
    "genre": _GENRE,
    "genres": _GENRE,
    "style": Wording("style", "artist of the style", "plays", "is the style of"),
    "record label": _LABEL,
    "label": _LABEL,
    "member of": _MEMBER_OF,
    "has member": _HAS_MEMBER,
    "member": _HAS_MEMBER,
    "band member": _HAS_MEMBER,
    "former band member": _HAS_MEMBER,
    "influenced by": _INFLUENCED_BY,
    "influenced": Wording("follower", "influence", "influenced", "was influenced by"),
    "origin": _ORIGIN,
    "hometown": _ORIGIN,
    "from": _ORIGIN,
    "country": Wording(
        "country", "artist from there", "comes from", "is the country of", telling=0.6
    ),
    "place of birth": _BIRTHPLACE,
    "birth place": _BIRTHPLACE,
    "place of death": _DEATHPLACE,
    "nationality": replace(_COUNTRY, noun="nationality"),
    "decade": Wording(
        "decade", "artist of the decade", "belongs to", "is the decade of", telling=0.7
    ),
    "active decade": _DECADE,
    "similar to": _SIMILAR,
    "similar artist": _SIMILAR,
    "associated band": _ASSOCIATED,
    "associated musical artist": _ASSOCIATED,
    "associated act": _ASSOCIATED,
    "associated with": _ASSOCIATED,
    "collaborated with": _symmetric("collaborator", "worked with"),
    "musical artist": Wording("artist", "work", "is by", "made"),
    "musical band": Wording("band", "work", "is by", "made"),
    "artist": Wording("artist", "work", "is by", "made"),
    "performer": Wording("performer", "work", "was performed by", "performed"),
    "instrument": _INSTRUMENT,
    "instruments played": _INSTRUMENT,
    "album": _ALBUM,
    "track": _TRACK,
    "tracks produced": Wording("production", "producer", "produced", "was produced by"),
    "producer": _PRODUCER,
    "writer": _WRITER,
    "profession": replace(_ROLE, noun="profession"),
    "occupation": replace(_ROLE, noun="occupation"),
    "film": _FILM,
    "star": _ACTOR,
    "actor": _ACTOR,
    "starring": _ACTOR,
    "director": _DIRECTOR,
    "language": Wording("language", "work", "is in", "is the language of", telling=0.5),
    "author": _AUTHOR,
    "publisher": _PUBLISHER,
    "awards won": _AWARD,
    "award": _AWARD,
    "award nominations": _NOMINATION,
    "nominated for": _NOMINATION,
    "death place": _DEATHPLACE,
    "role": _ROLE,
    "rating": Wording("rating", "work", "is rated", "is the rating of", telling=0.4),
    "composer": Wording("composer", "composition", "was composed by", "composed"),
    "credited to": Wording("artist", "work", "is credited to", "is credited with"),
    "performed": Wording("song", "performer", "performed", "was performed by"),
    "part of": Wording("whole", "part", "is part of", "has {} as a part"),
    "tag": Wording("tag", "artist with the tag", "is tagged", "is the tag of"),
}

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\-\s]+")


def plain_name(relation: str) -> str:
    """Last part of a relation's name in lower-case words: `music.artist.origin` is `origin`."""
    last = re.split(r"[./#:]+", relation.strip().strip("./#:<>"))[-1]
    return " ".join(word.lower() for word in _WORDS.findall(last)) or relation


def wording_of(relation: str) -> Wording:
    """Words for a relation; a name unknown to the table is used as its own noun.

    "composer of" is the table's "composer" seen from its other end.
    """
    name = plain_name(relation)
    known = _WORDINGS.get(name)
    if known is not None:
        return known
    base = _WORDINGS.get(name.removesuffix(" of"))
    if base is not None:
        return replace(
            base,
            noun=base.inverse,
            inverse=base.noun,
            link=base.inverse_link,
            inverse_link=base.link,
            having="has",
        )
    return Wording(name, f"{name} (inverse)", f"is linked by “{name}” to", f"is “{name}” of")
