"""Read corpora of texts annotated with triples: WebNLG and Text2KGBench."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from ftfy import fix_text
from lxml import etree

from kg_builder.errors import DataError

_LANGUAGES: Final = frozenset({"", "en"})
_LOOSE_BEFORE: Final = re.compile(
    r" (?=[,.;:!?)\]](?!\w)|n?['’](?:s|t|re|ve|ll|d|m)\b|['’](?: |$))|(?<=[(\[]) "
)
_CUT_WORD: Final = re.compile(r"\b(ca|wo|gon|wan|got) (n['’]t|na|ta)\b", re.IGNORECASE)


class Triple(NamedTuple):
    """`subject –relation→ object`, all three by name."""

    subject: str
    relation: str
    object: str


@dataclass(frozen=True)
class AnnotatedText:
    """A text and its triples according to an annotator or a database."""

    id: str
    text: str
    triples: tuple[Triple, ...]

    group: str = ""
    """Topic of the text. Texts of one group are never on both sides of a split."""

    category: str = ""
    """The collection's class of the text, if any."""

    complete: bool = True
    """Whether the annotation is complete; if not, other triples may hold as well."""

    mentions: tuple[tuple[str, int, int], ...] | None = None
    """Name, start and end (exclusive) offsets, if mentions are annotated"""


class Slot(NamedTuple):
    """One side of a relation: `birthPlace`'s object, for instance."""

    relation: str
    side: str
    """"subject" or "object" """


def joined(text: str) -> str:
    """Detokenise a text.

    >>> joined("Have You Ever ?"), joined("A Woman 's Worth"), joined("Do n't Run ( Girls )")
    ('Have You Ever?', "A Woman's Worth", "Don't Run (Girls)")
    >>> joined("Ca n't Help ( Flip )"), joined("Rock 'n' Roll"), joined("Version 2 .0 , .hack")
    ("Can't Help (Flip)", "Rock 'n' Roll", 'Version 2 .0, .hack')
    """
    return _LOOSE_BEFORE.sub("", _CUT_WORD.sub(r"\1\2", text))


def apart(name: str, sentence: str) -> str:
    """Convert a name found in a detokenised sentence back to the sentence's tokenised spelling.

    A name that does not occur there is unchanged.

    >>> apart("Don't Go (Flip)", "It is Do n't Go ( Flip ) by Ada Holt.")
    "Do n't Go ( Flip )"
    >>> apart("Aman", "A man sings."), apart("Ada", "Ada 's song")
    ('Aman', 'Ada')
    """
    sentence = fix_text(sentence)
    if not name or name in sentence:
        return name
    pattern = r"(?<!\w)" + " ?".join(map(re.escape, name)) + r"(?!\w)"
    found = (match[0] for match in re.finditer(pattern, sentence))
    return next((words for words in found if joined(words) == name), name)


def readable(text: AnnotatedText) -> AnnotatedText:
    """Prepare a text for training or extraction: detokenised, mojibake repaired.

    Its names are detokenised too, so that they can be found in it. Scoring uses the original text
    and triples.
    """
    triples = (
        Triple(joined(fix_text(subject)).strip(), relation, joined(fix_text(object_)).strip())
        for subject, relation, object_ in text.triples
    )
    return replace(text, text=joined(fix_text(text.text)), triples=tuple(dict.fromkeys(triples)))


def slots_of(triple: Triple) -> tuple[tuple[Slot, str], tuple[Slot, str]]:
    """The two slots of a triple with the names that fill them."""
    return (
        (Slot(triple.relation, "subject"), triple.subject),
        (Slot(triple.relation, "object"), triple.object),
    )


def read_webnlg(path: Path, *, category: str | None = None) -> list[AnnotatedText]:
    """Read the English texts of a file, or of all `.xml` files in and below a folder.

    Gardent et al., "Creating Training Corpora for NLG Micro-Planners" (2017): entries of triples
    with texts written for them. Each text of an entry becomes an annotated text with the entry's
    modified triples; its group is the entry's topic. Texts without triples or words are left out.

    Args:
        path: file or folder.
        category: read only the entries of this category, ignoring case.

    Raises:
        DataError: no file, no entry, or XML that cannot be read.
    """
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise DataError("no WebNLG file (.xml)", where=str(path))
    found: list[AnnotatedText] = []
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        found.extend(_webnlg_texts(file, name, category))
    if not found:
        what = f"no text of category {category!r}" if category else "no text with triples"
        raise DataError(what, where=str(path))
    return found


def _webnlg_texts(file: Path, name: str, category: str | None) -> Iterator[AnnotatedText]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.parse(file, parser).getroot()
    except etree.XMLSyntaxError as fault:
        raise DataError(f"not well-formed XML: {fault.msg}", where=str(file)) from None
    except OSError as fault:
        raise DataError(f"cannot be read: {fault}", where=str(file)) from None
    for number, entry in enumerate(root.iter("entry"), 1):
        kind = entry.get("category", "")
        if category is not None and kind.casefold() != category.casefold():
            continue
        triples = tuple(
            dict.fromkeys(
                _webnlg_triple(element.text or "", f"{file}, line {element.sourceline}")
                for element in entry.iterfind("modifiedtripleset/mtriple")
            )
        )
        if not triples:
            continue
        for position, lex in enumerate(entry.iterfind("lex"), 1):
            text = " ".join("".join(str(piece) for piece in lex.itertext("lex", "text")).split())
            if text and lex.get("lang", "") in _LANGUAGES:
                yield AnnotatedText(
                    id=f"{name}#{number:05d}.{position:02d}",
                    text=text,
                    triples=triples,
                    group=_topic(triples),
                    category=kind,
                )


def _topic(triples: Sequence[Triple]) -> str:
    """The topic: root of the tree formed by the triples; of several, the one with most triples.

    Not the first triple's subject: entries about a singer may begin with a triple about the genre
    or the country, and would carry the singer's facts into another fold.
    """
    objects = {triple.object for triple in triples}
    subjects = [triple.subject for triple in triples]
    roots = [subject for subject in subjects if subject not in objects] or subjects
    return max(dict.fromkeys(roots), key=roots.count)


def _webnlg_triple(text: str, where: str) -> Triple:
    parts = [part.strip() for part in text.split(" | ")]
    if len(parts) != 3 or not all(parts):
        raise DataError(
            f"not a triple: {text!r}", where=where, remedy="subject | relation | object"
        )
    return Triple(*parts)


@dataclass(frozen=True)
class Ontology:
    """Relations, and the concepts of their domain and range if the ontology declares them."""

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
    """Read sentences of Text2KGBench; rows with one sentence are one text with all their triples.

    Mihindukulasooriya et al., "Text2KGBench" (2023). A row has `sub_label`, `rel_label` and
    `obj_label`, or a list `triples` of `sub`, `rel` and `obj`, which then is a complete annotation.
    Sentences and names are kept as in the file, even if tokenised ("Ca n't", "( Flip )"): the
    training rows have tokenised subjects, the published test also tokenised gold names. `readable`
    detokenises them. For a folder, all `.jsonl` files in and below it are read, by name. Triples of
    relations that the ontology lacks are kept: see `lacking_relations`.

    Raises:
        DataError: no such file, an invalid line.
    """
    labels = {_relation_key(label): label for label in ontology.relations}
    ids: dict[str, str] = {}
    triples: dict[str, dict[Triple, None]] = {}
    complete: dict[str, bool] = {}
    for path in _jsonl_files(paths):
        for number, row in _jsonl_rows(path):
            where = f"{path}, line {number}"
            try:
                sentence = str(row["sent"])
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
                relation = labels.get(_relation_key(triple.relation), triple.relation)
                named[triple._replace(relation=relation)] = None
    return [
        AnnotatedText(
            id=ids[sentence],
            text=sentence,
            triples=tuple(stated),
            group=joined(next((triple.subject for triple in stated), sentence)),
            complete=complete[sentence],
        )
        for sentence, stated in triples.items()
    ]


def lacking_relations(texts: Iterable[AnnotatedText], ontology: Ontology) -> Counter[str]:
    """Count the triples by relation, for relations that the ontology lacks."""
    relations = frozenset(ontology.relations)
    return Counter(
        triple.relation
        for text in texts
        for triple in text.triples
        if triple.relation not in relations
    )


def of_ontology(texts: Iterable[AnnotatedText], ontology: Ontology) -> list[AnnotatedText]:
    """Drop triples of relations that the ontology lacks, and texts with none left."""
    relations = frozenset(ontology.relations)
    kept = []
    for text in texts:
        triples = tuple(triple for triple in text.triples if triple.relation in relations)
        if triples or not text.triples:
            complete = text.complete and len(triples) == len(text.triples)
            kept.append(replace(text, triples=triples, complete=complete))
    return kept


def _relation_key(relation: str) -> str:
    return "".join(relation.replace("_", " ").casefold().split())


def _jsonl_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        files = sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise DataError("no file of Text2KGBench (.jsonl)", where=str(path))
        yield from files


def _jsonl_rows(path: Path) -> list[tuple[int, dict[str, Any]]]:
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
