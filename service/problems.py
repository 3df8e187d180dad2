"""Errors as `application/problem+json` (RFC 9457), or as a page for a browser."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse

__all__ = ["problem", "problem_fields"]


def problem_fields(status: int, detail: str) -> dict[str, str | int]:
    """The members of a problem document."""
    return {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def problem(status: int, detail: str) -> JSONResponse:
    """An error as JSON."""
    return JSONResponse(
        problem_fields(status, detail),
        status_code=status,
        media_type="application/problem+json",
    )
