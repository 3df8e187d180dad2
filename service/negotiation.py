"""Choose a media type by an Accept header (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["preferred"]


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered type that the client prefers; None if it accepts none of them.

    Ties by order of the offer. A more specific range overrides a less specific one, regardless of
    order.
    """
    if not accept.strip():
        return offered[0]
    ranges = [_parsed(part) for part in accept.split(",") if part.strip()]
    best, found = 0.0, None
    for media_type in offered:
        matching = [(rank, q) for name, q in ranges if (rank := _rank(name, media_type))]
        quality = max(matching)[1] if matching else 0.0
        if quality > best:
            best, found = quality, media_type
    return found


def _parsed(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return name, quality if quality == quality else 0.0  # `nan` is not a valid quality


def _rank(name: str, media_type: str) -> int:
    """3 for the type itself, 2 for `text/*`, 1 for `*/*`, 0 for no match."""
    if name == media_type:
        return 3
    if name == f"{media_type.partition('/')[0]}/*":
        return 2
    return int(name == "*/*")
