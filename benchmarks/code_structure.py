"""Measure the code's structure: import cycles, package depth, files on a processing path.

    python benchmarks/code_structure.py            the figures
    python benchmarks/code_structure.py --files    and which modules and files they count

- modules, lines and levels of packages, per top-level package;
- import cycles: strongly connected modules of the import graph (including imports for type checking
  and inside functions);
- small modules with a single importer: under 60 lines and imported by only one module, except those
  with a documented reason (`WITH_REASON`);
- files that a CSV row, and two sentences, pass through in extraction: files of the extraction
  packages in which any function runs, and the number of transitions between these files. Modules
  and word lists are loaded beforehand with different content, so that no value of the row or
  sentences is cached.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import grimp
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("safe_io", "kg_builder", "recommender", "pipeline", "flows", "service")
EXTRACTION = (ROOT / "kg_builder" / "extraction", ROOT / "kg_builder" / "text_models")
SMALL = 60
WITH_REASON = {
    # runs before Prefect is imported, so it cannot be in a module that imports Prefect
    "flows.environment",
    # one embedding per file, all in the registry
    "recommender.kge.transe",
    "recommender.kge.transh",
    "recommender.kge.rotate",
    # one stage per file: a stage is rebuilt when the code reached by its file changes
    "pipeline.stages.cleaning",
    "pipeline.stages.inference",
    # one group of routes per file
    "service.api.operations",
    # a data structure with locks, a Uvicorn protocol: independent of their users
    "service.cache",
    "service.protocol",
    # imports everything for building and training, which a serving-only process must not
    "service.demo",
}
"""Small modules with a single importer that are kept separate."""

Graph = dict[str, set[str]]
"""Module → the modules that it imports."""


def import_graph() -> Graph:
    """The project's modules and the project modules that each imports."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return {
        module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules
    }


def lines_of(module: str) -> int:
    """Number of lines of a module's file."""
    with path_of(module).open(encoding="utf-8") as file:
        return sum(1 for _ in file)


def path_of(module: str) -> Path:
    """The file of a module."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def levels(module: str) -> int:
    """Package depth of a module: 1 for `kg_builder.tables`."""
    return len(path_of(module).relative_to(ROOT).parts) - 1


def cycles(graph: Graph) -> list[list[str]]:
    """Sets of modules that reach each other by imports, sorted."""
    names = sorted(graph)
    number = {name: index for index, name in enumerate(names)}
    edges = [(number[a], number[b]) for a in names for b in graph[a] if b in number]
    rows, columns = zip(*edges, strict=True)
    matrix = coo_array(([1] * len(edges), (rows, columns)), shape=(len(names),) * 2)
    _, labels = connected_components(matrix, directed=True, connection="strong")
    components: dict[int, list[str]] = defaultdict(list)
    for name, label in zip(names, labels, strict=True):
        components[int(label)].append(name)
    return [members for members in components.values() if len(members) > 1]


def small_with_one_importer(graph: Graph) -> list[str]:
    """Modules under 60 lines, except `__init__`, that exactly one other module imports."""
    importers: dict[str, set[str]] = defaultdict(set)
    for module, imported in graph.items():
        for name in imported:
            importers[name].add(module)
    return [
        f"{module} (of {next(iter(importers[module]))})"
        for module in sorted(graph)
        if path_of(module).name not in ("__init__.py", "__main__.py")
        and module not in WITH_REASON
        and len(importers[module]) == 1
        and lines_of(module) < SMALL
    ]


def files_of(warm_up: Callable[[], Any], work: Callable[[], Any]) -> tuple[list[str], int]:
    """Files of the extraction packages that run during `work`, and transitions between them.

    Args:
        warm_up: run first and unobserved, with different content: it imports modules, reads word
            lists and compiles patterns.
        work: the observed function.
    """
    seen: dict[str, None] = {}
    changes = 0
    last = ""

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal changes, last
        if event not in ("call", "return"):
            return
        current = frame if event == "call" else frame.f_back
        name = current.f_code.co_filename if current is not None else ""
        if not name.startswith(tuple(str(folder) for folder in EXTRACTION)):
            return
        seen.setdefault(name)
        changes += name != last
        last = name

    warm_up()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return [str(Path(name).relative_to(ROOT)) for name in seen], changes


ROWS = ("7,Sigur Rós,SE,1994,post-rock;ambient", "1,Björk,IS,1965,art pop;electronic")
"""A table row for the warm-up, and the observed one."""

SENTENCES = (
    (
        "Stereolab",
        "Stereolab were an indie pop group from London, founded in 1990. The band issued their "
        "second album Peng! on Too Pure Records.",
    ),
    (
        "Portishead",
        "Portishead are a trip hop band from Bristol, formed in 1991. The group released their "
        "debut album Dummy on Go! Beat Records.",
    ),
)
"""Title and text for the warm-up, and the observed ones."""


def csv_row(folder: Path, row: str) -> Callable[[], Any]:
    """Extraction of a table with one row."""
    from kg_builder.extraction import StructuredSource, extract
    from kg_builder.ontology import load_schema

    folder.mkdir()
    (folder / "artists.csv").write_text(f"id,name,country,year,genres\n{row}\n", encoding="utf-8")
    columns = {
        "country": {"predicate": "country"},
        "year": {"predicate": "beginDate"},
        "genres": {"predicate": "genre", "split": ";"},
    }
    table = {"path": "artists.csv", "id": "id", "name": "name", "type": "Artist"}
    source = StructuredSource.model_validate(
        {"kind": "structured", "name": "catalogue", "tables": {"a": {**table, "columns": columns}}}
    )
    schema = load_schema()
    return lambda: extract(source, folder, schema=schema)


def two_sentences(folder: Path, content: tuple[str, str]) -> Callable[[], Any]:
    """Extraction of a text of two sentences by the rules, with one name in the gazetteer."""
    from kg_builder.extraction import UnstructuredSource, extract
    from kg_builder.ontology import load_schema

    title, text = content
    folder.mkdir()
    document = json.dumps({"id": "1", "title": title, "text": text}, ensure_ascii=False)
    (folder / "texts.jsonl").write_text(f"{document}\n", encoding="utf-8")
    source = UnstructuredSource(
        kind="unstructured", name="texts", path="texts.jsonl", model=None, processes=1
    )
    gazetteer = pd.DataFrame(
        {
            "record": ["c/1"],
            "source": ["c"],
            "record_id": ["1"],
            "type": ["Band"],
            "name": [title],
            "aliases": [[]],
            "external_ids": [[]],
            "attributes": ["{}"],
            "evidence": [""],
        }
    )
    schema = load_schema()
    return lambda: extract(source, folder, schema=schema, gazetteer=gazetteer)


def way_of_a_row(folder: Path) -> tuple[list[str], int]:
    """Files that a CSV row passes through, and transitions between them."""
    warm_up, observed = (csv_row(folder / f"row{n}", row) for n, row in enumerate(ROWS))
    return files_of(warm_up, observed)


def way_of_two_sentences(folder: Path) -> tuple[list[str], int]:
    """Files that two sentences pass through, and transitions between them."""
    warm_up, observed = (
        two_sentences(folder / f"text{n}", text) for n, text in enumerate(SENTENCES)
    )
    return files_of(warm_up, observed)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", action="store_true", help="list the counted files")
    options = parser.parse_args()
    graph = import_graph()
    for package in PACKAGES:
        modules = [name for name in graph if name.split(".")[0] == package]
        total = sum(lines_of(name) for name in modules)
        deepest = max(levels(name) for name in modules)
        print(f"{package}: {len(modules)} modules, {total:,} lines, {deepest} levels deep")
    lists: dict[str, list[str]] = {
        "import cycles": [" ".join(members) for members in cycles(graph)],
        f"modules under {SMALL} lines with one importer": small_with_one_importer(graph),
    }
    with tempfile.TemporaryDirectory() as folder:
        row, text = way_of_a_row(Path(folder)), way_of_two_sentences(Path(folder))
    for title, (files, changes) in (("a CSV row passes", row), ("two sentences pass", text)):
        lists[f"files that {title} through ({changes} changes of file)"] = files
    for title, found in lists.items():
        print(f"{title}: {len(found)}")
        if options.files:
            print("".join(f"    {item}\n" for item in found), end="")


if __name__ == "__main__":
    main()
