"""Choose readable entity names for explanations; exclude private tags, detect synonyms."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from recommender.data import Catalogue
from recommender.data.statements import STATEMENTS_FILE, curie, read_statements
from recommender.explanation.relations import WORKS

__all__ = ["Names", "article"]

IntArray = NDArray[np.int64]

# Not readable: Freebase ids, the catalogue's placeholder, bare IRIs.
_NO_NAME: Final = re.compile(r"(ns:|/)?[mg][./][0-9a-z_]+|(entity|item) \d+|\w+://\S*|[\W_]*")
_QUOTED: Final = WORKS | {"tag", "collaboration"}
_DECADE: Final = re.compile(r"(?:(19|20)?(\d)0)'?s")
_PLURAL_COUNTRIES: Final = re.compile(
    r"(United|Czech Rep|Dominican Rep|Soviet|Netherlands|Philippines|Bahamas|Bronx|Faroe|"
    r"Republic of|Isle of|West Indies)"
)
# Personal tags, which many listeners use but do not describe the music.
_PERSONAL: Final = re.compile(
    r"seen ?live|fav\w*|(all ?time |my )?favou?rit?e?s?\b.*|awesome|amazing|great(est)?|best.*|"
    r"good.*|cool|nice|perfect|brilliant|genius|legends?|gods?|epic|lovely?|beaa?u?ti?ful\w*|hot|.*\blove\b.*|"
    r"sexy?|cute|gorgeous|i (love|like).*|love ?it|my .*|.*\bmy\b.*|albums? i own|own|want.*|"
    r"guilty ?pleasures?|need.*|check.*|to listen.*|0 play yet|.*\bplay yet|random|other|stuff|"
    r"misc\w*|music|artists?|bands?|better than .*|overrated|underrated|crap|shit\w*|wtf|lol|x+|"
    r"[\W\d]+"
)
_AGREEMENT: Final = 2  # votes: people who gave the same tag to the same item
_VOTES: Final = r"[#;]votes=(?P<votes>\d+)"
_LONGEST_TAG: Final = 4  # maximum words of a tag; longer ones are remarks
_ALSO_CALLED: Final = frozenset({"country", "place", "genre", "decade"})
_STYLES: Final = frozenset({"genre", "tag"})
_GENERIC_TYPES: Final = frozenset({"", "entity", "thing"})


class Names:
    """Readable names of a catalogue's entities, cached.

    An entity with an unreadable name (a number, a Freebase id) gets an alias from `aliases.tsv`, or
    the last part of its IRI, if readable; else it has none.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._names: dict[int, str] = {}
        self._concepts: dict[str, int] = {}
        self._concept_of: dict[int, int] = {}
        self._implied: dict[tuple[int, int], bool] = {}

    def name(self, entity: int) -> str:
        """The entity's readable name, or ''."""
        if entity not in self._names:
            given = self._catalogue.entity_name(entity)
            others = (given, *self._aliases.get(entity, ()))
            readable = next((name for name in others if self._readable(name, entity)), "")
            self._names[entity] = readable or self._iri_name(entity)
        return self._names[entity]

    def spoken(self, entity: int) -> str:
        """The name as used in a sentence: works in quotation marks, places with articles."""
        name = self.name(entity)
        kind = self._catalogue.entity_type(entity).lower()
        if name and kind in _QUOTED:
            return f"“{name}”"
        return article(name, kind) + name if name else ""

    def kind(self, entity: int) -> str:
        """The entity's type in lower case, or '' if it is only *entity*."""
        kind = self._catalogue.entity_type(entity).lower()
        return "" if kind in _GENERIC_TYPES else kind

    def is_work(self, entity: int) -> bool:
        """Whether the entity is a work: a song, an album, a film."""
        return self.kind(entity) in WORKS

    def named(self, entities: IntArray) -> NDArray[np.bool_]:
        """Whether each has a readable name, ``[n]``."""
        distinct, inverse = np.unique(entities, return_inverse=True)
        return np.array([bool(self.name(e)) for e in distinct.tolist()], dtype=bool)[inverse]

    def meaning(self, entities: IntArray) -> NDArray[np.float64]:
        """Relevance of each entity, ``[n]``: 1, or 0 for private tags.

        A tag is private if no two people agree on it (`private_objects`), or if it describes a
        listener's relation to the music (*seen live*).
        """
        distinct, inverse = np.unique(entities, return_inverse=True)
        return np.array([self._meaning(e) for e in distinct.tolist()])[inverse]

    def concept(self, entity: int) -> int:
        """An integer per concept, equal for equal names: genre *80s*, tag *80's*, decade 1980s.

        So does a tag that is an alias of a place or genre (*uk*).
        """
        if entity not in self._concept_of:
            name = self.name(entity).casefold()
            if decade := _DECADE.fullmatch(name):
                century = decade[1] or ("20" if decade[2] in "01" else "19")
                name = f"{century}{decade[2]}0s"
            # an entity without a name is its own concept
            key = _folded(name) or f"\0{entity}"
            key = self._own_names.get(key, key)
            self._concept_of[entity] = self._concepts.setdefault(key, len(self._concepts))
        return self._concept_of[entity]

    def implies(self, entity: int, other: int) -> bool:
        """Whether one genre or tag implies the other: *thrash metal*, *metal*."""
        if (entity, other) not in self._implied:
            words, wanted = (_words(self.name(e)) for e in (entity, other))
            styles = {self.kind(entity), self.kind(other)} <= _STYLES
            self._implied[entity, other] = styles and bool(wanted) and wanted <= words
        return self._implied[entity, other]

    def concepts(self, entities: IntArray) -> IntArray:
        """The same for several entities, ``[n]``."""
        distinct, inverse = np.unique(entities, return_inverse=True)
        return np.array([self.concept(e) for e in distinct.tolist()], dtype=np.int64)[inverse]

    @cached_property
    def _aliases(self) -> dict[int, list[str]]:
        aliases: dict[int, list[str]] = {}
        for entity, name in self._catalogue.entity_aliases():
            aliases.setdefault(entity, []).append(name)
        return aliases

    @cached_property
    def _own_names(self) -> dict[str, str]:
        """Aliases of places, genres and decades → their names, both folded."""
        return {
            _folded(alias.casefold()): _folded(self.name(entity).casefold())
            for entity, alias in self._catalogue.entity_aliases()
            if self.kind(entity) in _ALSO_CALLED
        }

    @cached_property
    def _private(self) -> frozenset[str]:
        return private_objects(self._catalogue.folder)

    def _meaning(self, entity: int) -> float:
        if self._catalogue.entity_type(entity).lower() != "tag":
            return 1.0
        name = self.name(entity).casefold()
        if _PERSONAL.fullmatch(name) or name.count(" ") >= _LONGEST_TAG:
            return 0.0
        return float(curie(self._catalogue.entity_iri(entity)) not in self._private)

    def _readable(self, name: str, entity: int) -> bool:
        if name.isdecimal():  # bands and films may have such names, as do numbered nodes
            return name != str(entity) and bool(self.kind(entity))
        return not _NO_NAME.fullmatch(name)

    def _iri_name(self, entity: int) -> str:
        iri = self._catalogue.entity_iri(entity)
        last = re.split(r"[/#]", iri)[-1].replace("_", " ") if "://" in iri else ""
        return last if not last.isdecimal() and self._readable(last, entity) else ""


def _words(name: str) -> frozenset[str]:
    """The words of a name, with a normalised *R&B*."""
    one_spelling = re.sub(r"\br ?(?:&|'?n'?|and) ?b\b", "rnb", name.casefold())
    return frozenset(re.findall(r"\w+", one_spelling))


def _folded(name: str) -> str:
    """Letters and digits only, or the name if it has none."""
    return re.sub(r"[\W_]+", "", name) or name


def article(name: str, kind: str) -> str:
    """*the* with a space, if English requires it before such a name."""
    if name.casefold().startswith("the "):
        return ""
    if kind in ("place", "country") and _PLURAL_COUNTRIES.match(name):
        return "the "
    return "the " if kind in ("award", "decade") else ""


def private_objects(folder: Path) -> frozenset[str]:
    """Find objects of statements that no two people linked to the same subject.

    Tags used by one person describe how they organise their music, not the music itself: Golder and
    Huberman, "Usage patterns of collaborative tagging systems", Journal of Information Science
    2006, distinguish such tags from those that a community agrees on.

    Args:
        folder: data folder whose `statements.parquet` has votes in its evidence (`…;votes=3`).
            Objects of statements without votes are not included.

    Raises:
        DataError: a damaged file.
    """
    if not (folder / STATEMENTS_FILE).is_file():
        return frozenset()
    table = read_statements(folder, ("object", "evidence"))
    found = pc.struct_field(pc.extract_regex(table["evidence"], _VOTES), "votes")
    voted = pc.is_valid(found)
    objects, votes = table["object"].filter(voted), pc.cast(found.filter(voted), "int64")
    agreed = objects.filter(pc.greater_equal(votes, _AGREEMENT))
    return frozenset(objects.to_pylist()) - frozenset(agreed.to_pylist())
