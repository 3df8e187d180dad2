"""A small collection whose triples follow from the sentences' words, not from their names."""

from __future__ import annotations

import random

import pytest

from kg_builder.text_models.corpora import AnnotatedText, Triple

_FIRST = ["Mira", "Tomas", "Ilse", "Ravi", "Oda", "Karel", "Nuno", "Pia", "Sven", "Yara"]
_LAST = ["Holt", "Brandl", "Okoro", "Lind", "Marek", "Castel", "Novak", "Weiss"]
_PLACES = ["Lund", "Porto", "Graz", "Tampere", "Brno", "Leeds", "Ghent", "Turin"]
_GENRES = {"folk": "Folk_music", "jazz": "Jazz", "pop": "Pop_music", "blues": "Blues"}
_LABELS = ["Kite Records", "Low Tide Records", "Amber Records", "Hill Records"]


def make_texts(number: int, *, seed: int = 0, group: str = "") -> list[AnnotatedText]:
    """Texts about singers: birthplace, genre and label."""
    draw = random.Random(seed)
    texts = []
    for count in range(number):
        name = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
        place, label = draw.choice(_PLACES), draw.choice(_LABELS)
        genre = draw.choice(sorted(_GENRES))
        subject = name.replace(" ", "_")
        born = Triple(subject, "birthPlace", place)
        sings = Triple(subject, "genre", _GENRES[genre])
        signed = Triple(subject, "recordLabel", label.replace(" ", "_"))
        text, triples = draw.choice(
            [
                (f"{name} was born in {place} and sings {genre}.", (born, sings)),
                (f"{name}, signed to {label}, was born in {place}.", (signed, born)),
                (f"The {genre} singer {name} is signed to {label}.", (sings, signed)),
                (f"{name} sings {genre} and once visited {place}.", (sings,)),
            ]
        )
        texts.append(AnnotatedText(f"{seed}-{count:03d}", text, triples, group or subject))
    return texts


@pytest.fixture(scope="session")
def singers() -> list[AnnotatedText]:
    """Training texts."""
    return make_texts(90)
