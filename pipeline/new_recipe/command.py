"""Command `new-recipe`: guess the meaning of data files, and write a recipe for them."""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from glob import escape
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from kg_builder.errors import DataError
from kg_builder.extraction.collector import Collector
from kg_builder.extraction.semi_structured.config import SemiStructuredSource
from kg_builder.extraction.semi_structured.reader import adapter_for, extract_semi_structured
from kg_builder.extraction.tabular.config import layout_by_name
from kg_builder.extraction.tabular.html_tables import is_mostly_a_table
from kg_builder.extraction.web_pages import decode_page, page_text
from kg_builder.ontology import load_schema
from kg_builder.packed_files import open_binary, without_packing
from kg_builder.schema_inference.planning import make_plan
from kg_builder.schema_inference.reading import read_samples
from kg_builder.schema_inference.samples import Sample, with_patterns
from kg_builder.schema_inference.text_samples import is_prose, is_text
from pipeline.console import terminal
from pipeline.new_recipe.recipe_text import NO_GRAPH, recipe_text
from pipeline.recipe import load_recipe
from safe_io.atomic import write_atomically

_RDF: Final = frozenset({".ttl", ".nt", ".nq", ".rdf", ".owl", ".trig"})
_HEAD: Final = 8192
_PAGES: Final = {
    ".html": "html", ".htm": "html", ".wikitext": "wikitext", ".wiki": "wikitext",
    ".jsonld": "json-ld",
}  # fmt: skip
_MARKED_UP: Final = frozenset({".md", ".markdown", ".rst"})
"""Endings of texts only."""

_TABLES: Final = frozenset({".csv", ".tsv", ".tab", ".dat"})
_PAGE: Final = 1 << 20
_PAGES_TO_LOOK_AT: Final = 20
_TEXTS_OF_PAGES: Final = (
    "pages of text without markup or tables of facts, each about its heading or title"
)
_Content = Literal["facts", "text", "a table"]
_Sources = dict[str, tuple[str, dict[str, Any], str]]
"""Sources other than tables by their paths: name, keys, reason."""


def new_recipe_command(
    files: Annotated[list[Path], typer.Argument(help="Files to inspect.", metavar="FILE…")],
    out: Annotated[
        Path | None, typer.Option(help="File of the recipe.  [default: <name>.toml in this folder]")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the recipe.  [default: that of --out or of a file]")
    ] = None,
    raw: Annotated[
        Path | None,
        typer.Option(help="Base folder of the paths.  [default: that of the files]"),
    ] = None,
    force: Annotated[bool, typer.Option(help="Overwrite an existing recipe.")] = False,
) -> None:
    """Inspect files and write a commented recipe with a guess for every column."""
    named = name or (out.stem if out else without_packing(files[0].name).partition(".")[0])
    plain = re.sub(r"[^\w.-]+", "-", named).strip("-.") or "my"
    target = out or Path(f"{plain}.toml")
    if target.suffix != ".toml":
        raise DataError("a recipe's name ends with .toml", where=str(target))
    if target.exists() and not force:
        raise DataError(
            "the file exists", where=str(target), remedy="give --force or another --out"
        )
    folder = raw or _folder_of(files)
    text = new_recipe(files, folder, plain, warn=_warn)
    _validate(text, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, text)
    if NO_GRAPH in text:
        typer.echo(f"warning: {NO_GRAPH}")
    terminal().print(
        f"{target}: read its comments, then\n"
        f"python -m pipeline build --dataset {target} --raw {folder}",
        highlight=False, soft_wrap=True, markup=False,
    )  # fmt: skip


def _warn(text: str) -> None:
    typer.echo(f"warning: {text}", err=True)


def new_recipe(
    files: Iterable[Path], raw: Path, name: str, *, warn: Callable[[str], None] = lambda _: None
) -> str:
    """Generate the text of a recipe for files below a folder.

    Args:
        files: the files.
        raw: the folder.
        name: of the recipe.
        warn: called for every file that the recipe does not read, or only in part, and for what
            is doubtful about the others.

    Raises:
        DataError: a file is missing or outside the folder, or nothing in the files is recognised.
    """
    samples: list[Sample] = []
    unread: list[tuple[str, str]] = []
    pages: _Sources = {}
    html: dict[str, list[Path]] = {}
    root = raw.resolve()
    for file in dict.fromkeys(path.resolve() for path in files):
        if file.is_dir():
            raise DataError("a folder, not a file", where=str(file), remedy="name the files in it")
        if not file.is_file():
            raise DataError("no such file", where=str(file))
        if not file.is_relative_to(root):
            raise DataError(f"not below {raw}", where=str(file), remedy="give --raw FOLDER")
        suffix = Path(without_packing(file.name.lower())).suffix
        path = file.relative_to(root)
        if suffix in _RDF:
            _add_rdf(pages, path, suffix, name)
        elif suffix not in _PAGES and _is_text(file, suffix):
            _add_texts(pages, path, name, is_table=suffix in _TABLES)
        elif suffix in _PAGES or _has_adapter(file):
            _add_pages(pages, path, suffix, name)
            if _PAGES.get(suffix) == "html":
                html.setdefault(_pattern(path), []).append(file)
        else:
            samples += read_samples(file, root, lambda *note: unread.append(note))
    for pattern, found in html.items():
        content = _content_of_pages(found, root)
        if content == "text":
            number = list(pages).index(pattern) + 1
            keys = {"kind": "unstructured", "path": pattern}
            pages[pattern] = (f"{name}-texts-{number}", keys, _TEXTS_OF_PAGES)
        elif content == "a table":
            del pages[pattern]
            for file in found:
                samples += read_samples(file, root, lambda *note: unread.append(note))
    plan = make_plan(with_patterns(samples, root))
    if not plan.tables and not plan.texts and not pages:
        seen = ", ".join(column for sample in samples for column in list(sample.columns)[:8])
        raise DataError(
            "no column was recognised as the name or id of an artist, song, album, label or work",
            where=", ".join(path.name for path in files),
            remedy=f"the columns are: {seen}; see docs/recipes.md on how to name them"
            if seen
            else "; ".join(f"{what}: {why}" for what, why in unread),
        )
    plan.unread[:0] = unread
    for what, why in plan.unread + plan.warnings:
        warn(f"{what}: {why}")
    return recipe_text(plan, name, list(pages.values()))


def _has_adapter(file: Path) -> bool:
    """Whether a file is a dump or page whose format is evident from its content."""
    with open_binary(file) as stream:
        adapter = adapter_for(file, stream.read(_HEAD))
    return adapter is not None and adapter.name != "json"


def _is_text(file: Path, suffix: str) -> bool:
    """Whether a file is a text about what it is called by."""
    if layout_by_name(file.name) not in {"csv", "tsv", "dat"}:
        return False
    with open_binary(file) as stream:
        head = stream.read(_HEAD)
    whole = len(head) < _HEAD
    return is_prose(head, whole=whole) or (suffix in _MARKED_UP and is_text(head))


def _content_of_pages(files: Sequence[Path], root: Path) -> _Content:
    """What most HTML pages hold: facts that the reader of pages finds, sentences, or a table."""
    found = Counter[_Content]()
    for file in islice(files, _PAGES_TO_LOOK_AT):
        with open_binary(file) as stream:
            content = stream.read(_PAGE)
        paragraphs = page_text(decode_page(content)).text.split("\n\n")
        if _has_facts(file, root):
            found["facts"] += 1
        elif is_mostly_a_table(content):
            found["a table"] += 1
        elif any(is_prose(part.encode(), whole=True) for part in paragraphs):
            found["text"] += 1
    kind, count = max(found.items(), key=itemgetter(1), default=("facts", 0))
    return kind if 2 * count > min(len(files), _PAGES_TO_LOOK_AT) else "facts"


def _has_facts(page: Path, root: Path) -> bool:
    """Whether the reader of pages finds something in an HTML page."""
    out = Collector("page", load_schema())
    path = escape(page.relative_to(root).as_posix())
    source = SemiStructuredSource(kind="semi-structured", name="page", path=path, format="html")
    extract_semi_structured(source, root, out)
    return out.counts["pages used"] > 0


def _folder_of(files: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath([path.resolve().parent for path in files]))
    except ValueError:
        raise DataError("the files are on several drives", remedy="give --raw FOLDER") from None


def _pattern(path: Path) -> str:
    """All files with the same folder and suffix."""
    return (Path(escape(str(path.parent))) / f"*{path.suffix}").as_posix()


def _add_rdf(pages: _Sources, path: Path, suffix: str, name: str) -> None:
    """Add a source per RDF file."""
    keys = {"kind": "structured", "tables": {"graph": {"reads": "rdf", "path": path.as_posix()}}}
    why = f"RDF, by its ending {suffix}"
    pages[path.as_posix()] = (f"{name}-rdf{len(pages) + 1}", keys, why)


def _add_texts(pages: _Sources, path: Path, name: str, *, is_table: bool) -> None:
    """Add a source for all texts of a folder, or for one whose ending is that of tables."""
    pattern = escape(path.as_posix()) if is_table or not path.suffix else _pattern(path)
    keys = {"kind": "unstructured", "path": pattern}
    why = "texts, each about what the file is called by"
    pages.setdefault(pattern, (f"{name}-texts-{len(pages) + 1}", keys, why))


def _add_pages(pages: _Sources, path: Path, suffix: str, name: str) -> None:
    """Add a source for all pages of a folder."""
    keys = {
        "kind": "semi-structured",
        "path": _pattern(path),
        "format": _PAGES.get(suffix, "auto"),
    }
    why = f"by its ending {suffix}"
    pages.setdefault(_pattern(path), (f"{name}-pages{len(pages) + 1}", keys, why))


def _validate(text: str, target: Path) -> None:
    """Load the recipe as a build would, before it is written to its final path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        path.write_text(text, encoding="utf-8")
        load_recipe(path)
