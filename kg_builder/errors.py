"""Define `DataError`, raised for unusable input: what is wrong, where, and how to fix it."""

from __future__ import annotations

from typing import Any, Final

_LONGEST: Final = 400


class DataError(Exception):
    """Error about input that the library cannot process.

    Args:
        what: the fault, as a readable clause ("column 'name' is missing").
        where: file, line or recipe key.
        remedy: what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(what, where, remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        # by default an exception is unpickled by calling its class with positional arguments only
        return _unpickled, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        location = f"{self.where}: " if self.where else ""
        cure = f" ({self.remedy})" if self.remedy else ""
        return f"{location}{_one_line(self.what)}{cure}"


def _unpickled(kind: type[DataError], arguments: tuple[str, ...]) -> DataError:
    return kind.__new__(kind, *arguments)


def _one_line(what: str) -> str:
    """Clean up a message that quotes a file or a library: one printable line of limited length.

    Control characters are removed, so that a file's content cannot control the terminal.
    """
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in what).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
