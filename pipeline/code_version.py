"""Hash a stage's code: the source files that its module imports, directly or indirectly."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PACKAGES: Final = {
    name: Path(spec.submodule_search_locations[0])
    for name in ("kg_builder", "pipeline", "recommender", "safe_io")
    if (spec := find_spec(name)) is not None and spec.submodule_search_locations
}
_LIBRARIES: Final = ("pandas", "pyarrow", "pyoxigraph", "rapidfuzz", "rdflib", "scikit-learn",
                     "spacy", "numpy", "lxml", "ftfy")  # fmt: skip
_IMPORT: Final = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+)?"
    r"import[ \t]+(?P<names>\([^)]*\)|[^\n(#]+)",
    re.MULTILINE,
)
_NAME: Final = re.compile(r"(?<!as )\b[\w.]+")
_FOR_TYPES: Final = re.compile(
    r"^(?P<indent>[ \t]*)if TYPE_CHECKING:.*\n(?:(?P=indent)[ \t]+.*\n|\n)*", re.MULTILINE
)
_DATA: Final = frozenset({".ttl", ".toml", ".html", ".json", ".tsv"})


@lru_cache(maxsize=64)
def code_version(module: str) -> str:
    """Hash a module, everything it reaches by import, and the versions of libraries.

    Reached are modules of the project, imported at the top or within a function; their packages;
    and the data files beside them. Imports for type checking do not count.

    Args:
        module: for example `pipeline.stages.cleaning`.
    """
    total = hashlib.sha256()
    for name in reached_files(module):
        root, _, path = name.partition("/")
        total.update(name.encode() + b"\0" + (_PACKAGES[root] / path).read_bytes())
    for library in _LIBRARIES:
        total.update(f"{library}=={_version(library)}\n".encode())
    return total.hexdigest()


def reached_files(module: str) -> list[str]:
    """Files that a module depends on, such as `kg_builder/tables.py`, sorted.

    Args:
        module: a module of the project.
    """
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        parent = name.rpartition(".")[0]
        if name not in reached and _file(name) is not None:
            reached.add(name)
            waiting += [*_imports(name), *([parent] if parent else [])]
    files = {path for name in reached if (path := _file(name)) is not None}
    for folder in {path.parent for path in files}:
        files.update(_data_files(folder))
    return sorted(
        f"{name}/{path.relative_to(root).as_posix()}"
        for name, root in _PACKAGES.items()
        for path in files
        if path.is_relative_to(root)
    )


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Modules of the project that a module imports; imported names may be modules, too.

    Statements are found by their first word, in a twentieth of the time of a parser: a line of a
    docstring that looks like one is at worst a module too many.
    """
    path = _file(module)
    assert path is not None
    found: list[str] = []
    for statement in _IMPORT.finditer(_FOR_TYPES.sub("", path.read_text(encoding="utf-8"))):
        source, names = statement["source"], _NAME.findall(statement["names"])
        found += [source, *(f"{source}.{name}" for name in names)] if source else names
    return tuple(dict.fromkeys(name for name in found if name.split(".")[0] in _PACKAGES))


@cache
def _file(module: str) -> Path | None:
    root, *parts = module.split(".")
    path = _PACKAGES[root].joinpath(*parts)
    return next(
        (found for found in (path.with_suffix(".py"), path / "__init__.py") if found.is_file()),
        None,
    )


def _data_files(folder: Path) -> Iterator[Path]:
    """Data files beside a package's modules, and in its folders without modules.

    Recipes are excluded: a stage depends on the settings passed to it.
    """
    for path in folder.iterdir():
        if path.suffix in _DATA:
            yield path
        elif path.is_dir() and path.name != "recipes" and not (path / "__init__.py").exists():
            yield from _data_files(path)


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"
