"""Recipe settings of a download: URL, checksum, and which members of an archive to unpack."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl

from kg_builder.errors import DataError

GIBIBYTE = 1024**3


def _inside_the_folder(path: str) -> str:
    """Validate that `path` is relative and stays below its folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in path:
        raise ValueError(f"{path!r} is not a relative path below the data folder (with /, no ..)")
    return str(PurePosixPath(path))


RelativePath = Annotated[str, AfterValidator(_inside_the_folder)]


class FetchError(DataError):
    """A file could not be downloaded, or is not the expected one."""


class Download(BaseModel):
    """Settings of a publisher's file, and the members to unpack if it is an archive.

    All paths are relative to the data set's raw folder and stay inside it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Annotated[HttpUrl, Field(description="URL of the file")]
    path: Annotated[RelativePath, Field(description="path of the downloaded file")]
    sha256: Annotated[
        str | None,
        Field(
            pattern="^[0-9a-f]{64}$",
            description="SHA-256 of the file in lower-case hexadecimal digits, if known; "
            "otherwise the hash of the first download is stored and compared",
        ),
    ] = None
    size: Annotated[int | None, Field(ge=0, description="size of the file in bytes, if known")] = (
        None
    )
    unpack: Annotated[
        dict[str, RelativePath],
        Field(description="members of the zip or tar archive to extract, and their paths"),
    ] = {}
    largest_member: Annotated[
        int,
        Field(
            gt=0,
            description="maximum size in bytes of an extracted member, as a guard "
            "against decompression bombs",
        ),
    ] = 4 * GIBIBYTE
