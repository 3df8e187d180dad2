"""Hash a stage's code: the source files that its module imports, directly or indirectly."""

from __future__ import annotations

import ast
import hashlib
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
    """Modules of the project that a module imports; imported names may be modules, too."""
    path = _file(module)
    assert path is not None
    found: list[str] = []
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif node.module is not None:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(dict.fromkeys(name for name in found if name.split(".")[0] in _PACKAGES))


def _statements(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif isinstance(node, ast.stmt | ast.excepthandler | ast.match_case):  # no runtime imports
            yield from _statements(node)


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
