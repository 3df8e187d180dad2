"""Verbalise relations: a table of English phrases, and a fallback for unlisted names.

Names are compared by their last part in lower-case words, so that `dbo:recordLabel`, `record_label`
and `music.artist.record_label` share one entry.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORKS", "Wording", "fill", "phrase_ids", "plain_name", "wording_of"]


@dataclass(frozen=True)
class Wording:
    """Wording of ``head relation tail``.

    Attributes:
        noun: noun for the tail: "genre" (x *has the* genre y).
        inverse: noun for the head seen from the tail: "band" of a member.
        link: "(head) ⟨link⟩ (tail)"; the tail is inserted at {}, or at the end.
        inverse_link: the same, read from the tail: "(tail) ⟨inverse_link⟩ (head)".
        same: "(head) ⟨same⟩ as (another head)", if the tail has no name; "has the same ⟨noun⟩" by
            default.
        inverse_same: the same, read from the tail.
        telling: relevance to a listener of sharing it, besides its rarity: a rare nomination is
            less relevant than a common genre. Set by hand; relations with 0 are never mentioned.
    """

    noun: str
    inverse: str
    link: str
    inverse_link: str
    same: str = ""
    telling: float = 1.0
    inverse_same: str = ""

    def phrase(self, forward: bool) -> str:
        """The phrase for the head (forward) or for the tail."""
        return self.link if forward else self.inverse_link

    def same_as(self, forward: bool) -> str:
        """The phrase for the head (forward) or the tail if the other end has no name."""
        return (self.same if forward else self.inverse_same) or (
            f"has the same {self.name_of_other(forward)}"
        )

    def name_of_other(self, forward: bool) -> str:
        """Noun for the other end, seen from the head (forward) or from the tail."""
        return self.noun if forward else self.inverse


def _symmetric(noun: str, link: str, telling: float = 1.0) -> Wording:
    return Wording(noun, noun, link, link, telling=telling)


def _inverse(wording: Wording) -> Wording:
    return Wording(
        wording.inverse,
        wording.noun,
        wording.inverse_link,
        wording.link,
        wording.inverse_same,
        wording.telling,
        wording.same,
    )


_GENRE = Wording(
    "genre", "artist of the genre", "plays", "is played by", "plays the same genre", 1.3
)
_GENRE_OF_WORK = Wording(
    "genre", "work", "belongs to the genre", "is the genre of", "is of the same genre", 1.3
)
_LABEL = Wording("label", "artist", "is on", "released", "is on the same label")
_HAS_MEMBER = Wording("member", "band", "has {} among its members", "is a member of", telling=1.2)
_INFLUENCED_BY = Wording("influence", "follower", "was influenced by", "influenced", telling=1.2)
_ORIGIN = Wording(
    "place of origin", "artist", "comes from", "is home to", "comes from the same place"
)
_COUNTRY = replace(_ORIGIN, noun="country", same="comes from the same country", telling=0.6)
_DECADE = Wording(
    "decade", "artist", "belongs to", "is the decade of", "belongs to the same decade", 0.6
)
_PRODUCER = Wording("producer", "production", "was produced by", "produced")
_WRITER = Wording("writer", "work", "was written by", "wrote")
_COMPOSER = Wording("composer", "composition", "was composed by", "composed")
_BIRTHPLACE = Wording(
    "birthplace", "person", "was born in", "is the birthplace of", "was born in the same place", 0.8
)
_DEATHPLACE = Wording(
    "place of death", "person", "died in", "is where {} died", "died in the same place", 0.3
)
_INSTRUMENT = Wording("instrument", "artist", "features", "is heard with", telling=0.6)
_FILM = Wording(
    "film",
    "cast member",
    "appears in",
    "features",
    "appears in the same film",
    0.7,
    "stars the same actor",
)
_ACTOR = _inverse(_FILM)
_SIMILAR = _symmetric("similar artist", "is similar to", 0.5)
_ASSOCIATED = _symmetric("associated act", "is associated with", 0.7)
_AUTHOR = Wording("author", "book", "was written by", "wrote", "is by the same author", 1.3)
_DIRECTOR = Wording("director", "film", "was directed by", "directed", "has the same director", 1.2)
_PUBLISHER = Wording("publisher", "publication", "was published by", "published")
_AWARD = Wording("award", "winner", "won", "went to", telling=0.5)
_NOMINATION = Wording("nomination", "nominee", "was nominated for", "had {} nominated", telling=0.4)
_ROLE = Wording("role", "person", "works as", "is what {} does", telling=0.3)
_ALBUM = Wording("album", "artist", "released", "is by")
_TRACK = Wording("song", "artist", "recorded", "was recorded by")
_IS_BY = Wording("artist", "work", "is by", "made")
_LANGUAGE = Wording("language", "speaker", "speaks", "is spoken by", telling=0.3)
_LANGUAGE_OF_WORK = Wording("language", "work", "is in", "is the language of", telling=0.4)
_SERIES = Wording("series", "book", "belongs to the series", "includes", "is in the same series")
_PLAYED_AT = Wording(
    "event", "performer", "played at", "had {} on stage", "played at the same event"
)
_GAME = Wording("game", "publisher", "published", "was published by", telling=0.5)
_IDENTIFIER = Wording("key", "thing", "has the key", "is the key of", telling=0.0)

_WORDINGS: dict[str, Wording] = {
    "genre": _GENRE,
    "genres": _GENRE,
    "style": _GENRE,
    "record label": _LABEL,
    "label": _LABEL,
    "member of": _inverse(_HAS_MEMBER),
    "has member": _HAS_MEMBER,
    "member": _HAS_MEMBER,
    "band member": _HAS_MEMBER,
    "former band member": _HAS_MEMBER,
    "influenced by": _INFLUENCED_BY,
    "influenced": _inverse(_INFLUENCED_BY),
    "origin": _ORIGIN,
    "hometown": _ORIGIN,
    "from": _ORIGIN,
    "country": _COUNTRY,
    "country of origin": _COUNTRY,
    "nationality": _COUNTRY,
    "place of birth": _BIRTHPLACE,
    "birth place": _BIRTHPLACE,
    "place of death": _DEATHPLACE,
    "death place": _DEATHPLACE,
    "decade": _DECADE,
    "active decade": _DECADE,
    "similar to": _SIMILAR,
    "similar artist": _SIMILAR,
    "associated band": _ASSOCIATED,
    "associated musical artist": _ASSOCIATED,
    "associated act": _ASSOCIATED,
    "associated with": _ASSOCIATED,
    "collaborated with": _symmetric("collaborator", "worked with"),
    "musical artist": _IS_BY,
    "musical band": _IS_BY,
    "artist": _IS_BY,
    "performer": Wording("performer", "work", "was performed by", "performed"),
    "performed": Wording("song", "performer", "performed", "was performed by", telling=0.8),
    "performance": _PLAYED_AT,
    "instrument": _INSTRUMENT,
    "instruments played": _INSTRUMENT,
    "album": _ALBUM,
    "track": _TRACK,
    "tracks produced": _inverse(_PRODUCER),
    "producer": _PRODUCER,
    "executive producer": _PRODUCER,
    "production company": Wording("production company", "film", "was made by", "made", telling=0.7),
    "writer": _WRITER,
    "story by": _WRITER,
    "music": replace(_COMPOSER, noun="composer of the music"),
    "composer": _COMPOSER,
    "profession": _ROLE,
    "occupation": _ROLE,
    "role": _ROLE,
    "film": _FILM,
    "regular cast": _ACTOR,
    "starring roles": _FILM,
    "star": _ACTOR,
    "actor": _ACTOR,
    "starring": _ACTOR,
    "director": _DIRECTOR,
    "distributor": Wording("distributor", "film", "was distributed by", "distributed", telling=0.5),
    "cinematographer": Wording("cinematographer", "film", "was shot by", "shot"),
    "editor": Wording("editor", "film", "was edited by", "edited", telling=0.6),
    "language": _LANGUAGE,
    "languages": _LANGUAGE,
    "author": _AUTHOR,
    "publisher": _PUBLISHER,
    "literary series": _SERIES,
    "works in this series": _inverse(_SERIES),
    "previous in series": Wording("predecessor", "sequel", "follows", "is followed by"),
    "translation": _symmetric("translation", "is a translation of"),
    "date of first publication": Wording(
        "year", "work", "was published in", "is the year of", "was published in the same year", 0.4
    ),
    "games published": _GAME,
    "awards won": _AWARD,
    "award": _AWARD,
    "award nominations": _NOMINATION,
    "nominated for": _NOMINATION,
    "rating": Wording("rating", "work", "is rated", "is the rating of", telling=0.2),
    "credited to": Wording("artist", "joint credit", "features", "recorded as"),
    "part of": Wording("whole", "part", "is part of", "includes"),
    "subgenre of": Wording("broader genre", "subgenre", "is a kind of", "includes"),
    "on album": Wording("album", "song", "is on", "contains", "is on the same album", 1.2),
    "on release": Wording("release", "track", "is on", "contains", "is on the same release"),
    "release of": Wording("album", "release", "is a release of", "was released as"),
    "recording of": Wording("song", "recording", "is a recording of", "was recorded as"),
    "recorded in": Wording(
        "place of recording",
        "work",
        "was recorded in",
        "is where {} was recorded",
        "was recorded in the same place",
        0.5,
    ),
    "previous work": Wording("predecessor", "successor", "follows", "is followed by"),
    "parent label": Wording("parent label", "label", "belongs to", "owns", telling=0.5),
    "venue": Wording(
        "venue", "event", "takes place at", "hosts", "takes place at the same venue", 0.6
    ),
    "group": Wording("band", "membership", "is in", "has the membership", telling=0.0),
    "recipient": Wording("recipient", "honour", "went to", "received", telling=0.5),
    "located in": Wording("location", "place", "is in", "includes", telling=0.6),
    "contained by": Wording("location", "place", "is in", "includes", telling=0.6),
    "tag": Wording("tag", "artist", "is tagged", "is a tag of", "has the same tag", 0.9),
    "subjects": Wording("subject", "work", "is about", "is the subject of", "has the same subject"),
    "subject": Wording("subject", "work", "is about", "is the subject of", "has the same subject"),
    "type": Wording("kind", "thing", "is of the kind", "is the kind of", telling=0.0),
    "key": _IDENTIFIER,
    "subject key": _IDENTIFIER,
    "time zone": replace(_IDENTIFIER, noun="time zone"),
}

# In Freebase's names the domain is the kind of head; films and books need different wording.
WORKS = frozenset(
    {"song", "album", "track", "recording", "release", "movie", "film", "work", "book"}
)
"""Types of entities, in lower case, that are works."""

_OF_WORKS = re.compile(r"(film\.film|tv\.\w+|book\.\w+|media_common\.\w+|cvg\.\w+|games\.\w+)\.\w+")
_WORDINGS_OF_WORKS: dict[str, Wording] = {
    "genre": _GENRE_OF_WORK,
    "genres": _GENRE_OF_WORK,
    "language": _LANGUAGE_OF_WORK,
    "country": _COUNTRY,
    "film": _FILM,
}
# `film.director.film` has the meaning of `film.film.director` seen from the other end.
_MAKERS = re.compile(r"(?:film|tv|theater)\.(\w+)\.(?:film|play|programs?\w*|episodes?\w*)")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\-\s]+")


def fill(phrase: str, name: str) -> str:
    """Insert a name into the phrase at {}, or at its end."""
    return phrase.replace("{}", name) if "{}" in phrase else f"{phrase} {name}"


def plain_name(relation: str) -> str:
    """The last part of a relation's name as lower-case words: `music.artist.origin` is `origin`."""
    last = re.split(r"[./#:]+", relation.strip().strip("./#:<>"))[-1]
    return " ".join(word.lower() for word in _WORDS.findall(last)) or relation


def wording_of(relation: str, *, of_work: bool = False) -> Wording:
    """Wording of a relation; an unlisted name is used as its noun.

    Artists play a genre; a work belongs to it (`of_work`).

    "composer of" and "inverse of credited to" are the inverses of the table's "composer" and
    "credited to". So are Freebase's relations of creators: `film.director.film` is that of
    `director`.
    """
    name = plain_name(relation)
    local = relation.rsplit("/", 1)[-1]
    if (found := _MAKERS.fullmatch(local)) and (maker := found[1].replace("_", " ")) in _WORDINGS:
        return _inverse(_WORDINGS[maker])
    if (of_work or _OF_WORKS.fullmatch(local)) and name in _WORDINGS_OF_WORKS:
        return _WORDINGS_OF_WORKS[name]
    wording = _WORDINGS.get(name)
    if wording is not None:
        return wording
    base = _WORDINGS.get(name.removesuffix(" of").removeprefix("inverse of "))
    if base is not None:
        return _inverse(base)
    return Wording(name, f"{name} (inverse)", f"is linked by “{name}” to", f"is “{name}” of")


def phrase_ids(wordings: Sequence[Wording]) -> NDArray[np.int64]:
    """Encode each relation's meaning seen from its tail and its head, ``[n_relations, 2]``.

    Codes are equal if the wording is: `hasMember` seen from the member equals `memberOf` seen from
    its head, and a symmetric relation is the same from both.
    """
    ids: dict[str, int] = {}
    return np.array(
        [
            [ids.setdefault(words.phrase(forward), len(ids)) for forward in (False, True)]
            for words in wordings
        ],
        dtype=np.int64,
    ).reshape(-1, 2)
