"""Errors as `application/problem+json` (RFC 9457), or as a page for a browser."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import Final

from starlette.responses import JSONResponse

__all__ = ["problem", "problem_fields", "public_text"]

_LOCAL: Final = (  # remedies that only whoever has the data folder or the command line can follow
    (re.compile(r"; (?:names|ids) are in items\.tsv"), ""),
    (re.compile(r" \(names are in entities\.tsv and aliases\.tsv\)"), ""),
    (re.compile(r"users are in users\.tsv, for example"), "users include"),
    (re.compile(r", or allow more time \(--timeout\)"), ""),
    (re.compile(r"(?<![\w-])--(?=[a-z])"), ""),
)


def problem_fields(status: int, detail: str) -> dict[str, str | int]:
    """The members of a problem document."""
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def public_text(text: str, data: Path) -> str:
    """A message of the libraries for people elsewhere: without paths, files and options of here.

    Args:
        text: the message.
        data: the served folder, whose name is shown in place of its path.
    """
    for path in dict.fromkeys((str(data.resolve()), str(data))):
        text = text.replace(path, data.resolve().name)
    for pattern, instead in _LOCAL:
        text = pattern.sub(instead, text)
    return " ".join(text.split())


def problem(status: int, detail: str) -> JSONResponse:
    """An error as JSON."""
    return JSONResponse(
        problem_fields(status, detail),
        status_code=status,
        media_type="application/problem+json",
    )
