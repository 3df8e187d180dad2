"""Load a data set's recipe (TOML): its sources, their mappings, and settings of every stage."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from kg_builder.alignment import AlignmentConfig, LinkFile, ThirdParty
from kg_builder.cleaning.clean import CleaningConfig
from kg_builder.errors import DataError
from kg_builder.extraction import SourceConfig
from kg_builder.extraction.interactions import InteractionTable
from kg_builder.extraction.structured.config import ColumnMap, LinkTable, StructuredSource
from kg_builder.extraction.user_facts import UserTable, check_relations
from kg_builder.fusion import FusionConfig, SourceTraits
from kg_builder.inference import InferenceConfig, MiningConfig
from kg_builder.triples import RatingsConfig, TriplesConfig
from pipeline.download_config import Download

RECIPES: Final = Path(__file__).with_name("recipes")

_FILES_BESIDE_THE_RECIPE: Final = (
    ("", "ontology"),
    ("inference", "files"),
    ("fusion", "judgements"),
    ("fusion", "labels"),
    ("alignment", "judgements"),
)
"""(table, key) of paths relative to the recipe's folder; all others are relative to `--raw`."""


class Recipe(BaseModel):
    """Recipe of a data set: everything needed to build it from its publisher's files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[
        str,
        Field(
            pattern=r"^[\w-][\w.-]*$",
            max_length=100,
            description="Name; also that of the output folder.",
        ),
    ]
    title: Annotated[str, Field(description="Title, one line.")]
    licence: Annotated[str, Field(description="Licence or terms of the publishers.")] = ""
    fetch: Annotated[
        tuple[Download, ...], Field(description="Files that can be downloaded from the publishers.")
    ] = ()
    manual: Annotated[
        str, Field(description="Instructions if the files cannot be downloaded automatically.")
    ] = ""
    ontology: Annotated[
        tuple[Path, ...],
        Field(description="Turtle files that extend the music data model, beside the recipe."),
    ] = ()
    sources: Annotated[
        tuple[SourceConfig, ...], Field(min_length=1, description="Sources of facts.")
    ]
    traits: Annotated[
        dict[str, SourceTraits], Field(description="Properties of sources as a whole.")
    ] = {}
    interactions: Annotated[
        tuple[InteractionTable, ...],
        Field(
            description="The interaction file; of several entries the first whose file exists "
            "is used (for example a publisher's file and an excerpt of it)."
        ),
    ] = ()
    users: Annotated[
        tuple[UserTable, ...],
        Field(description="Facts about users: friends, age, occupation."),
    ] = ()
    fusion: FusionConfig = FusionConfig()
    alignment: AlignmentConfig = AlignmentConfig()
    databases: Annotated[
        tuple[ThirdParty, ...], Field(description="Third-party databases to align with.")
    ] = ()
    given_links: Annotated[
        tuple[LinkFile, ...],
        Field(
            description="Link files made elsewhere (KB4Rec, RecBole); they override the alignment."
        ),
    ] = ()
    inference: InferenceConfig = InferenceConfig()
    cleaning: CleaningConfig = CleaningConfig()
    triples: TriplesConfig = TriplesConfig()
    ratings: RatingsConfig = RatingsConfig()

    _folders: tuple[Path, ...] = PrivateAttr(default=())
    _origin: str = PrivateAttr(default="")

    @property
    def origin(self) -> str:
        """What `load_recipe` has loaded: a name, or the absolute path of a file."""
        return self._origin

    @property
    def trust(self) -> dict[str, float]:
        """Trust in each source; that in a database is in the confidences of its facts."""
        unset = dict.fromkeys((one.name for one in self.sources), SourceTraits().trust)
        return unset | {name: traits.trust for name, traits in self.traits.items()}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders of its file and of the recipes that it extends."""
        return self._folders

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [source.name for source in self.sources]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"sources repeat the names {repeated}")
        strange = sorted(set(self.traits) - set(names) - {base.name for base in self.databases})
        if strange:
            raise ValueError(f"traits of {strange}, which are no sources (sources: {names})")
        for source in self.sources:
            mapping = getattr(source, "mapping", None)
            for path, maps in (mapping.paths if mapping else {}).items():
                for item in (maps,) if isinstance(maps, ColumnMap) else maps:
                    if item.ref and item.ref not in names:
                        raise ValueError(
                            f"source {source.name!r}, path {path!r}: ref = {item.ref!r} is no "
                            f"source (sources: {names})"
                        )
        if self.users and not self.interactions:
            raise ValueError("'users' without 'interactions': there are no users")
        check_relations(self.users)
        return self

    @property
    def tables_of_acts(self) -> list[LinkTable]:
        """The tables whose rows are user actions, such as tagging."""
        return [
            table
            for source in self.sources
            if isinstance(source, StructuredSource)
            for table in source.tables.values()
            if isinstance(table, LinkTable) and table.user is not None
        ]

    def with_mining(self) -> Recipe:
        """A copy with fact mining enabled, with its settings or the defaults."""
        if self.inference.mining is not None:
            return self
        inference = self.inference.model_copy(update={"mining": MiningConfig()})
        return self.model_copy(update={"inference": inference})

    def without(self, names: Iterable[str]) -> Recipe:
        """A copy without some of its sources or databases.

        Raises:
            DataError: a name is unknown, or no source would be left.
        """
        left_out = set(names)
        declared = [source.name for source in self.sources] + [base.name for base in self.databases]
        strange = sorted(left_out - set(declared))
        if strange:
            raise DataError(
                f"no source or database named {strange}",
                where=f"recipe {self.name}",
                remedy=f"there are: {', '.join(declared)}",
            )
        sources = tuple(source for source in self.sources if source.name not in left_out)
        if not sources:
            raise DataError("no source is left", where=f"recipe {self.name}")
        return self.model_copy(
            update={
                "sources": sources,
                "databases": tuple(b for b in self.databases if b.name not in left_out),
                "traits": {n: t for n, t in self.traits.items() if n not in left_out},
            }
        )


def recipe_names() -> list[str]:
    """Names of the recipes that ship with the project."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str | Path) -> Recipe:
    """Load a recipe by name or from a TOML file.

    A recipe may begin with `extends = "lastfm"` (a recipe's name, or the path of a TOML file beside
    it): its top-level keys then override those of the other recipe.

    Raises:
        DataError: there is no such recipe, it is not TOML, it extends itself, or settings are
            invalid, all of which are listed.
    """
    path = _path_of(name)
    folders: list[Path] = []
    try:
        document = _document(path, folders)
        recipe = Recipe.model_validate(document)
    except ValidationError as fault:
        raise DataError(_explain(fault, document), where=path.name) from None
    recipe._folders = tuple(dict.fromkeys(folders))
    recipe._origin = path.stem if path.parent == RECIPES else str(path.resolve())
    return recipe


def _path_of(name: str | Path) -> Path:
    path = Path(name)
    if path.suffix != ".toml":
        path = RECIPES / f"{name}.toml"
        if not path.is_file():
            near = get_close_matches(str(name), recipe_names(), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise DataError(
                f"there is no recipe {str(name)!r}",
                remedy=f"{hint}recipes: {', '.join(recipe_names())}; or the path of a .toml file",
            )
    return path


def _document(
    path: Path, folders: list[Path], extended_by: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Keys of a recipe file merged over those of the recipe it extends; records their folders."""
    folders.append(path.parent)
    if path.resolve() in extended_by:
        raise DataError("a recipe cannot extend itself", where=str(path))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError("no such recipe file", where=str(path)) from None
    except UnicodeDecodeError:
        raise DataError("not UTF-8", where=str(path), remedy="save the recipe as UTF-8") from None
    except RecursionError:
        raise DataError("not TOML: nested too deeply", where=str(path)) from None
    except ValueError as fault:  # TOMLDecodeError, and integers of thousands of digits
        raise DataError(f"not TOML: {fault}", where=str(path)) from None
    for section, key in _FILES_BESIDE_THE_RECIPE:
        table = document.get(section) if section else document
        if isinstance(table, dict) and key in table:
            table[key] = _beside(path.parent, table[key])
    if "extends" not in document:
        return document
    base = document.pop("extends")
    if not isinstance(base, str):
        raise DataError(
            f"extends = {base!r}", where=str(path), remedy="give a recipe's name or path"
        )
    base_path = _path_of(path.parent / base if base.endswith(".toml") else base)
    return _document(base_path, folders, (*extended_by, path.resolve())) | document


def _beside(folder: Path, names: Any) -> Any:
    """Resolve paths relative to the recipe's folder; invalid values are left to validation."""
    if isinstance(names, list):
        return [_beside(folder, name) for name in names]
    return str(folder / names) if isinstance(names, str) else names


def _explain(fault: ValidationError, document: dict[str, Any]) -> str:
    """Format each invalid setting as 'key.path: message', on one line."""
    found: dict[tuple[str, ...], str] = {}
    for error in fault.errors(include_url=False, include_context=False):
        message = error["msg"]
        if error["type"] == "extra_forbidden":
            key = str(error["loc"][-1])
            near = get_close_matches(key, _keys(), n=1, cutoff=0.75)
            hint = "a key of another table" if key in _keys() else ""
            hint = hint or (f"did you mean {near[0]!r}?" if near else "")
            message = "no such key" + (f" ({hint})" if hint else "")
        found.setdefault(_setting(error["loc"], document), message)
    # of several forms of a setting, the one meant is the one with a fault inside; and a list counts
    # as too short if its only entry is invalid
    outer = {path[:length] for path in found for length in range(len(path))}
    lines = [
        f"{'.'.join(path)}: {message}" if path else message
        for path, message in found.items()
        if path not in outer or not path
    ]
    return "; ".join(lines)


def _setting(place: tuple[int | str, ...], document: Any) -> tuple[str, ...]:
    """The keys of a setting in the recipe: a fault's place without the names of classes."""
    path: list[str] = []
    for number, part in enumerate(place, 1):
        if isinstance(document, dict):
            known = part in document
            document = document.get(part, document)
        else:
            known = isinstance(document, list) and part in range(len(document))
            document = document[int(part)] if known else document
        missing = number == len(place) and isinstance(document, dict) and "[" not in str(part)
        if known or missing:
            path.append(str(part))
    return tuple(path)


def _keys() -> list[str]:
    """All keys of recipes."""
    todo: list[type[BaseModel]] = [BaseModel]
    names: dict[str, None] = {}
    while todo:
        model = todo.pop()
        names.update(dict.fromkeys(model.model_fields))
        todo += model.__subclasses__()
    return list(names)
