"""Python client of the service: returns data frames, needs neither the graph nor the models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Client", "ServiceError"]

_TIMEOUT: Final = 60.0
_RESULTS: Final = "application/sparql-results+json"


class ServiceError(Exception):
    """The service refused a request, or does not respond.

    Attributes:
        status: the HTTP status; 0 without a response.
    """

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


class Client:
    """Client of a running service.

    Args:
        url: address of the service.
        token: bearer token, if required.
        transport: HTTP transport; for tests.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        token: str | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=_TIMEOUT, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def recommend(
        self,
        user: str | int | None = None,
        likes: str | Iterable[str] = (),
        **settings: Any,
    ) -> pd.DataFrame:
        """The best items for a user, or for a new user with some likes; one row per item.

        Args:
            user: the publisher's id.
            likes: names of items.
            settings: `top`, `only`, `exclude`, `country`, `diversity`, `popularity`, `run`, …; see
                the API's page.

        Raises:
            ServiceError: an unknown name, or no response.
        """
        asked = {"likes": _texts(likes), **settings}
        for name in ("only", "exclude", "country"):
            if name in asked:
                asked[name] = _texts(asked[name])
        if user is not None:
            asked["user"] = str(user)
        return _frame(self._json("POST", "/api/recommend", json=asked)["items"], "rank")

    def why(
        self, item: str, user: str | int | None = None, likes: str | Iterable[str] = ()
    ) -> dict[str, Any]:
        """Why an item is recommended: the sentence, and the paths with their sources."""
        asked: dict[str, Any] = {"item": item, "like": _texts(likes)}
        if user is not None:
            asked["user"] = str(user)
        return dict(self._json("GET", "/api/why", params=asked))

    def similar(self, item: str, *, by: str = "graph", top: int = 10) -> pd.DataFrame:
        """Neighbours of an item, by the graph or by the model."""
        path = f"/api/items/{quote(item, safe=':')}/similar"
        return _frame(self._json("GET", path, params={"by": by, "top": top})["items"])

    def search(self, text: str, *, type: str | None = None, top: int = 10) -> pd.DataFrame:
        """Search entities by name, tolerant of spelling."""
        asked = {"q": text, "top": top} | ({"type": type} if type else {})
        return _frame(self._json("GET", "/api/search", params=asked))

    def entity(self, name: str, *, most: int = 10, quotes: bool = False) -> dict[str, Any]:
        """The card of an entity: facts with sources, external ids, aliases."""
        asked = {"most": most, "quotes": quotes}
        return dict(self._json("GET", f"/api/entities/{quote(name, safe=':')}", params=asked))

    def facts(self, name: str, *, most: int = 10) -> pd.DataFrame:
        """The facts about an entity, one row per source."""
        card = self.entity(name, most=most, quotes=True)
        return _frame(
            [
                {
                    "predicate": fact["predicate"],
                    "direction": fact["direction"],
                    "value": fact["text"],
                    "id": (fact["thing"] or {}).get("id"),
                    **source,
                }
                for fact in card["facts"]
                for source in fact["sources"]
            ]
        )

    def turtle(self, name: str) -> str:
        """The triples of an entity, as Turtle."""
        return self._ask(
            "GET", f"/api/entities/{quote(name, safe=':')}", params={"format": "ttl"}
        ).text

    def models(self) -> pd.DataFrame:
        """The served runs, the default first."""
        return _frame(self._json("GET", "/api/models"))

    def sparql(self, query: str) -> pd.DataFrame:
        """Answer a SELECT query (or ASK, as one cell); the prefixes of kg.ttl are declared."""
        found = self._ask(
            "POST",
            "/sparql",
            content=query.encode(),
            headers={"content-type": "application/sparql-query", "accept": _RESULTS},
        ).json()
        if "boolean" in found:
            return _frame([{"answer": found["boolean"]}])
        names = found["head"]["vars"]
        rows = [
            {name: _value(row.get(name)) for name in names} for row in found["results"]["bindings"]
        ]
        import pandas as pd  # lazy import, as in `_frame`

        return pd.DataFrame(rows, columns=names)

    def _json(self, method: str, path: str, **asked: Any) -> Any:
        return self._ask(method, path, **asked).json()

    def _ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **asked)
        except httpx.HTTPError as fault:
            raise ServiceError(
                0,
                f"{self._http.base_url}: {fault}; start the service with `python -m service`",
            ) from None
        if answer.is_error:
            raise ServiceError(answer.status_code, _detail(answer))
        return answer


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"


def _texts(texts: str | Iterable[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts)


def _frame(rows: list[dict[str, Any]], index: str | None = None) -> pd.DataFrame:
    import pandas as pd  # lazy import: not needed for cards

    table = pd.DataFrame(rows)
    return table.set_index(index) if index and len(table) else table


def _value(cell: Mapping[str, str] | None) -> Any:
    if cell is None:
        return None
    kind = cell.get("datatype", "").rpartition("#")[2]
    if kind in {"integer", "int", "long", "short", "nonNegativeInteger"}:
        return int(cell["value"])
    if kind in {"decimal", "double", "float"}:
        return float(cell["value"])
    return cell["value"] == "true" if kind == "boolean" else cell["value"]
