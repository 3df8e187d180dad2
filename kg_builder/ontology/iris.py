"""Convert identifiers: CURIEs in tables to IRIs in RDF and back; readable local names."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from kg_builder.databases import DATABASES, DBPEDIA, KINDS

RESOURCE: Final = "https://w3id.org/musickg/"
"""Namespace of all entities: <RESOURCE><class prefix>/<readable name>."""

ONTOLOGY: Final = "https://w3id.org/musickg/ontology#"

PREFIXES: Final[dict[str, str]] = {
    "mkg": ONTOLOGY,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "schema": "https://schema.org/",
    "mo": "http://purl.org/ontology/mo/",
    "dbo": "http://dbpedia.org/ontology/",
    DBPEDIA.name: DBPEDIA.namespace,  # files list the prefixes in this order
    **{database.name: database.namespace for database in DATABASES.values()},
    **{kind.prefix: kind.namespace for kind in KINDS.values()},
}
"""Namespaces of other vocabularies and databases, besides the class prefixes of the model."""

_IRI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")
_SIMPLE = re.compile(r"([a-z-]+):([A-Za-z0-9_-]+)")
_NOT_NAME = re.compile(r"[^\w\-]+", re.UNICODE)
# Characters that RFC 3987 forbids in an IRI: controls, delimiters, private and unassigned planes,
# and percent signs or brackets that are not part of an escape.
_FORBIDDEN = re.compile(
    r'[\x00-\x20<>"{}|^`\\\[\]\x7f-\x9f\ud800-\uf8ff\ufdd0-\ufdef\ufff0-\uffff'
    r"\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
    r"|%(?![0-9A-Fa-f]{2})|[\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U000dffff]"
)


def curie(iri: str) -> str:
    """Shorten an IRI by the longest known namespace; an unknown one is returned unchanged."""
    for prefix, namespace in _BY_LENGTH:
        if iri.startswith(namespace) and len(iri) > len(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    if iri.startswith(RESOURCE):
        prefix, _, name = iri[len(RESOURCE) :].partition("/")
        if name:
            return f"{prefix}:{name}"
    return iri


def expand(name: str) -> str:
    """Expand a CURIE to an IRI; an unregistered prefix belongs to the project's own resources.

    Characters that an IRI may not hold are percent-encoded, so the result is always valid.
    """
    if simple := _SIMPLE.fullmatch(name):
        return PREFIXES.get(simple[1], f"{RESOURCE}{simple[1]}/") + simple[2]
    if _IRI.match(name):
        return _encode(name)
    prefix, colon, local = name.partition(":")
    if not colon:
        return ONTOLOGY + _encode(name)
    return PREFIXES.get(prefix, f"{RESOURCE}{prefix}/") + _encode(local)


def local_name(name: str) -> str:
    """A name as the readable end of an IRI: words joined by '_', letters of any script kept.

    >>> local_name("Guns N' Roses"), local_name("椎名林檎"), local_name("!!!")
    ('Guns_N_Roses', '椎名林檎', '')
    """
    text = unicodedata.normalize("NFC", name).replace("&", " and ")
    text = re.sub(r"(?<=\w)['’`](?=\w)", "", text)
    return _NOT_NAME.sub("_", text).strip("_-")


def _encode(text: str) -> str:
    """Percent-encode characters forbidden in an IRI, and all number signs but the first."""
    start, sign, fragment = text.partition("#")
    return _FORBIDDEN.sub(_percent, start + sign) + _FORBIDDEN.sub(
        _percent, fragment.replace("#", "%23")
    )


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8", "replace"))


_BY_LENGTH: Final = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))
