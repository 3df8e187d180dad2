"""Command `new-recipe`: guess the meaning of data files, and write a recipe for them."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable
from glob import escape
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kg_builder.errors import DataError
from kg_builder.extraction.semi_structured.reader import adapter_for
from kg_builder.packed_files import open_binary, without_packing
from kg_builder.schema_inference.planning import make_plan
from kg_builder.schema_inference.reading import read_samples
from kg_builder.schema_inference.samples import Sample, with_patterns
from kg_builder.schema_inference.text_samples import is_prose
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
_TEXTS: Final = frozenset({".txt", ".text", ".md", ".markdown", ".rst"})
_HEADING: Final = re.compile(rb"^(?:#{1,6} .*|[=~-]{3,}) *\n", re.MULTILINE)
"""Of Markdown; of reStructuredText the line below."""


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
    pages: dict[str, tuple[str, dict[str, Any], str]] = {}
    root = raw.resolve()
    for file in dict.fromkeys(path.resolve() for path in files):
        if file.is_dir():
            raise DataError("a folder, not a file", where=str(file), remedy="name the files in it")
        if not file.is_file():
            raise DataError("no such file", where=str(file))
        if not file.is_relative_to(root):
            raise DataError(f"not below {raw}", where=str(file), remedy="give --raw FOLDER")
        suffix = Path(without_packing(file.name.lower())).suffix
        if suffix in _RDF or suffix in _PAGES or _is_text(file, suffix) or _has_adapter(file):
            _add_page(pages, file.relative_to(root), suffix, name)
        else:
            samples += read_samples(file, root, lambda *what_and_why: unread.append(what_and_why))
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
    if suffix not in _TEXTS:
        return False
    with open_binary(file) as stream:
        head = stream.read(_HEAD).replace(b"\r\n", b"\n")
    return is_prose(_HEADING.sub(b"", head) if suffix != ".txt" else head)


def _folder_of(files: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath([path.resolve().parent for path in files]))
    except ValueError:
        raise DataError("the files are on several drives", remedy="give --raw FOLDER") from None


def _add_page(
    pages: dict[str, tuple[str, dict[str, Any], str]], path: Path, suffix: str, name: str
) -> None:
    """Add a source per RDF file, and one for all pages with the same folder and suffix."""
    number = len(pages) + 1
    pattern = (Path(escape(str(path.parent))) / f"*{path.suffix}").as_posix()
    if suffix in _RDF:
        keys: dict[str, Any] = {
            "kind": "structured",
            "tables": {"graph": {"reads": "rdf", "path": path.as_posix()}},
        }
        pages[path.as_posix()] = (f"{name}-rdf{number}", keys, f"RDF, by its ending {suffix}")
        return
    if suffix in _TEXTS:
        keys = {"kind": "unstructured", "path": pattern}
        why = "texts, each about what the file is called by"
        pages.setdefault(pattern, (f"{name}-texts-{number}", keys, why))
        return
    source = {"kind": "semi-structured", "path": pattern, "format": _PAGES.get(suffix, "auto")}
    pages.setdefault(pattern, (f"{name}-pages{number}", source, f"by its ending {suffix}"))


def _validate(text: str, target: Path) -> None:
    """Load the recipe as a build would, before it is written to its final path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / target.name
        path.write_text(text, encoding="utf-8")
        load_recipe(path)
