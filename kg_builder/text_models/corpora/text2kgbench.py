"""Text2KGBench: sentences with triples of an ontology, in lines of JSON.

Mihindukulasooriya et al., "Text2KGBench" (2023). Training rows hold one triple each, of test rows
a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftfy import fix_text

from kg_builder.errors import DataError
from kg_builder.text_models.relations.annotation import AnnotatedText, Slot, Triple


@dataclass(frozen=True)
class Ontology:
    """Relations, and the concepts that their two sides take where the ontology says so."""

    name: str
    relations: tuple[str, ...]
    classes: Mapping[Slot, str]


def read_ontology(path: Path) -> Ontology:
    """Read an ontology in the benchmark's JSON.

    Raises:
        DataError: no such file, not JSON, or a relation without a label.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        concepts = {item["qid"]: item["label"].strip() for item in content.get("concepts", [])}
        relations = content["relations"]
        labels = tuple(item["label"].strip() for item in relations)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DataError(
            f"not an ontology of Text2KGBench: {fault!r}",
            where=str(path),
            remedy='{"concepts": [{"qid", "label"}], "relations": [{"label", "domain", "range"}]}',
        ) from None
    classes = {
        Slot(label, side): concepts[item[key]]
        for label, item in zip(labels, relations, strict=True)
        for side, key in (("subject", "domain"), ("object", "range"))
        if item.get(key) in concepts
    }
    return Ontology(str(content.get("id", path.stem)), labels, classes)


def read_text2kgbench(paths: Sequence[Path], ontology: Ontology) -> list[AnnotatedText]:
    """Read sentences; rows with one sentence are one text with all their triples.

    A row says `sub_label`, `rel_label` and `obj_label`, or has a list `triples` of `sub`, `rel`
    and `obj`, which then are all that the sentence states. Of a folder all `.jsonl` files in and
    below it are read, in the order of their names.

    Raises:
        DataError: no such file, a line that is not such a row, a relation not in the ontology.
    """
    known = {_key(label): label for label in ontology.relations}
    ids: dict[str, str] = {}
    triples: dict[str, dict[Triple, None]] = {}
    complete: dict[str, bool] = {}
    for path in _files(paths):
        for number, row in _rows(path):
            where = f"{path}, line {number}"
            try:
                sentence = fix_text(row["sent"])
                listed = row.get("triples")
                stated = [
                    Triple(*(str(item[key]).strip() for key in keys))
                    for item, keys in (
                        [(row, ("sub_label", "rel_label", "obj_label"))]
                        if listed is None
                        else [(item, ("sub", "rel", "obj")) for item in listed]
                    )
                ]
            except (KeyError, TypeError) as fault:
                raise DataError(
                    f"not a row of Text2KGBench: {fault!r}",
                    where=where,
                    remedy="sent with sub_label, rel_label, obj_label, or with triples",
                ) from None
            ids.setdefault(sentence, f"{path.name}:{row.get('id', number)}")
            complete[sentence] = complete.get(sentence, False) or listed is not None
            named = triples.setdefault(sentence, {})
            for triple in stated:
                if _key(triple.relation) not in known:
                    raise DataError(
                        f"relation {triple.relation!r} is not in ontology {ontology.name}",
                        where=where,
                    )
                named[triple._replace(relation=known[_key(triple.relation)])] = None
    return [
        AnnotatedText(
            id=ids[sentence],
            text=sentence,
            triples=tuple(stated),
            group=next((triple.subject for triple in stated), sentence),
            complete=complete[sentence],
        )
        for sentence, stated in triples.items()
    ]


def _key(relation: str) -> str:
    return "".join(relation.replace("_", " ").casefold().split())


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise DataError("no file of Text2KGBench (.jsonl)", where=str(path))
        yield from files


def _rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except UnicodeDecodeError as fault:
        raise DataError(f"not UTF-8: {fault.reason}", where=str(path)) from None
    except OSError as fault:
        raise DataError(f"cannot be read: {fault}", where=str(path)) from None
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError:
                raise DataError("not JSON", where=f"{path}, line {number}") from None
            if not isinstance(row, dict):
                raise DataError("not a JSON object", where=f"{path}, line {number}")
            rows.append((number, row))
    return rows
