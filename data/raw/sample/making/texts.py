"""Write `biographies.jsonl`, `album_notes.jsonl` and their gold annotations.

The marked-up files beside this script, `biographies.txt` and `album_notes.txt`, are the place to
edit. One entry looks like this, one sentence per line:

    # Björk
    [[Björk]] was born in [[Reykjavík]] in 1965.
    [[She|Björk]] sang in [[The Sugarcubes]].
    > Björk | birthPlace | Reykjavík | 0

`[[text|entity]]` is a mention (`[[text]]` where both are the same), and `>` a gold triple:
subject, predicate, object, number of the sentence that states it (from 0). Offsets are computed,
so that they are exact: they count Python characters (Unicode code points) of `text`.

    python data/raw/sample/making/texts.py
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent
MENTION = re.compile(r"\[\[([^\]|]+)(?:\|([^\]]+))?\]\]")
FIRST_LETTERS = {"biographies": "B", "album_notes": "N"}  # of the identifiers, by file
PRONOUNS = frozenset(
    {"he", "him", "his", "himself", "she", "her", "hers", "herself"}
    | {"they", "them", "their", "themselves", "it", "its", "itself"}
)


@dataclass
class Entry:
    """One entry: the plain text with its sentences, mentions and triples."""

    identifier: str
    title: str
    text: str = ""
    sentences: list[tuple[int, int]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)
    triples: list[dict[str, Any]] = field(default_factory=list)

    def add_sentence(self, marked: str) -> None:
        """Append one marked-up sentence and note where its mentions lie."""
        if self.text:
            self.text += " "
        begin, position = len(self.text), 0
        for match in MENTION.finditer(marked):
            self.text += marked[position : match.start()]
            surface, entity = match.group(1), match.group(2) or match.group(1)
            self.mentions.append(
                {
                    "entity": entity,
                    "start": len(self.text),
                    "end": len(self.text) + len(surface),
                    "text": surface,
                    "kind": kind_of(surface, named=match.group(2) is None),
                }
            )
            self.text += surface
            position = match.end()
        self.text += marked[position:]
        self.sentences.append((begin, len(self.text)))

    def add_triple(self, line: str) -> None:
        """Append one `subject | predicate | object | sentence` line."""
        subject, predicate, obj, sentence = (part.strip() for part in line.split("|"))
        self.triples.append(
            {"subject": subject, "predicate": predicate, "object": obj, "sentence": int(sentence)}
        )

    def annotation(self) -> dict[str, Any]:
        """Return the gold record: sentences, coreference chains and triples."""
        chains: dict[str, list[dict[str, Any]]] = {}
        for mention in self.mentions:
            rest = {key: value for key, value in mention.items() if key != "entity"}
            chains.setdefault(mention["entity"], []).append(rest)
        return {
            "id": self.identifier,
            "sentences": [{"start": start, "end": end} for start, end in self.sentences],
            "chains": [{"entity": name, "mentions": spans} for name, spans in chains.items()],
            "triples": self.triples,
        }


def kind_of(surface: str, *, named: bool) -> str:
    """Tell a pronoun from a description ("the band") and from a name."""
    if surface.lower() in PRONOUNS:
        return "pronoun"
    if not named and surface.lower().startswith(("the ", "that ")):
        return "description"
    return "name"


def read_marked(text: str, first_letter: str) -> list[Entry]:
    """Read all entries of a marked-up file, in its order."""
    entries: list[Entry] = []
    for line in text.splitlines():
        if line.startswith("# "):
            entries.append(Entry(f"{first_letter}{len(entries) + 1:03d}", line[2:].strip()))
        elif line.startswith("> "):
            entries[-1].add_triple(line[2:])
        elif line.strip():
            entries[-1].add_sentence(line.strip())
    return entries


def as_json_lines(records: list[dict[str, Any]]) -> str:
    """Write one JSON object per line, non-ASCII letters as they are."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def render(name: str) -> tuple[str, str]:
    """Return the text of `{name}.jsonl` and of `truth/{name}_annotations.jsonl`."""
    marked = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    entries = read_marked(marked, FIRST_LETTERS[name])
    plain = [{"id": e.identifier, "title": e.title, "text": e.text} for e in entries]
    gold = [e.annotation() for e in entries if e.triples]
    return as_json_lines(plain), as_json_lines(gold)


def main() -> None:
    """Write the texts and the annotations of both files."""
    for name in FIRST_LETTERS:
        plain, gold = render(name)
        (SAMPLE / f"{name}.jsonl").write_text(plain, encoding="utf-8", newline="\n")
        target = SAMPLE / "truth" / f"{name}_annotations.jsonl"
        target.write_text(gold, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
