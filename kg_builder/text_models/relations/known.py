"""What training saw of names, in a folder: JSON that every trained extractor shares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError

from kg_builder.errors import DataError
from kg_builder.text_models.relations.alignment import Aligner
from kg_builder.text_models.relations.annotation import Slot
from kg_builder.text_models.relations.knowledge import Knowledge
from kg_builder.text_models.relations.naming import Namer

SETTINGS: Final = "settings.json"
MENTIONS: Final = "mentions.crf"
_KNOWLEDGE: Final = "knowledge.json"


@contextmanager
def reading_from(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while an extractor is read into one clear error.

    Raises:
        DataError: a file is missing or not what `save` writes.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, ValidationError, OSError, RuntimeError) as fault:
        raise DataError(
            f"not a trained relation extractor: {fault}",
            where=str(folder),
            remedy="train it again with python -m pipeline train-extractor",
        ) from None


class Knowing(Protocol):
    """An extractor that knows names from training."""

    aligner: Aligner
    knowledge: Knowledge
    namer: Namer


def save(folder: Path, aligner: Aligner, knowledge: Knowledge, namer: Namer) -> None:
    """Write aliases, surfaces, names and habits."""
    write_json(
        folder / _KNOWLEDGE,
        {
            "aliases": {name: list(forms) for name, forms in aligner.aliases.items()},
            "slots": [
                [surface, *slot, groups]
                for surface, slots in knowledge.slots.items()
                for slot, groups in slots.items()
            ],
            "pairs": [
                [*pair, relation, groups]
                for pair, relations in knowledge.pairs.items()
                for relation, groups in relations.items()
            ],
            "words": {word: sorted(groups) for word, groups in knowledge.words.items()},
            "names": [
                [surface, *slot, name, groups]
                for surface, slots in namer.names.items()
                for slot, names in slots.items()
                for name, groups in names.items()
            ],
            "habits": [[*slot, kind, changes] for (slot, kind), changes in namer.habits.items()],
        },
    )


def load(folder: Path, extractor: Knowing) -> None:
    """Give an extractor what `save` wrote.

    Raises:
        DataError: no such file, or damaged.
        KeyError, TypeError, ValueError: not what `save` writes.
    """
    known = read_json(folder / _KNOWLEDGE)
    extractor.aligner.aliases = {n: tuple(forms) for n, forms in known["aliases"].items()}
    extractor.knowledge, extractor.namer = _knowledge(known), _namer(known)


def _knowledge(known: dict[str, Any]) -> Knowledge:
    knowledge = Knowledge()
    for surface, relation, side, groups in known["slots"]:
        knowledge.slots.setdefault(surface, {})[Slot(relation, side)] = Counter(groups)
    for subject, object_, relation, groups in known["pairs"]:
        knowledge.pairs.setdefault((subject, object_), {})[relation] = Counter(groups)
    knowledge.words = {word: set(groups) for word, groups in known["words"].items()}
    return knowledge


def _namer(known: dict[str, Any]) -> Namer:
    namer = Namer()
    for surface, relation, side, name, groups in known["names"]:
        slots = namer.names.setdefault(surface, {})
        slots.setdefault(Slot(relation, side), {})[name] = Counter(groups)
    for relation, side, kind, changes in known["habits"]:
        namer.habits[Slot(relation, side), kind] = Counter(changes)
    return namer


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON object; the same content gives the same bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        DataError: no such file, or not a JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except ValueError as fault:
        raise DataError(f"damaged: {fault}", where=str(path)) from None
    if not isinstance(content, dict):
        raise DataError("damaged: not a JSON object", where=str(path))
    return content
