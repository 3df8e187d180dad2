"""SPARQL 1.1 Protocol, the query operation, read-only: https://www.w3.org/TR/sparql11-protocol/."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.responses import Response

from pipeline.explore import QueryResult
from service import pages
from service.access import CurrentExplorer
from service.explorer import RDF_FORMATS, Explorer
from service.negotiation import preferred
from service.problems import problem
from service.sparql_results import RESULT_FORMATS, written

__all__ = ["router"]

router = APIRouter(tags=["sparql"])

_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
_HTML: Final = "text/html"
_WAITING: Final = CapacityLimiter(16)  # threads that wait for queries only


@router.get("/sparql", response_model=None)
async def sparql(request: Request, explorer: CurrentExplorer) -> Response:
    """Answer `?query=…`; without a query, return the query page."""
    pairs = request.query_params.multi_items()
    if not pairs and _takes_page(request):
        return await run_sync(partial(pages.sparql_page, request, explorer))
    return await _answer(request, explorer, pairs)


@router.post(
    "/sparql",
    response_model=None,
    openapi_extra={
        "requestBody": {
            "content": {
                _QUERY: {"schema": {"type": "string"}},
                _FORM: {
                    "schema": {
                        "type": "object",
                        "properties": {"query": {"type": "string"}},
                        "required": ["query"],
                    }
                },
            }
        }
    },
)
async def sparql_post(request: Request, explorer: CurrentExplorer) -> Response:
    """Answer a query in the body, or in the field `query` of a form."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    pairs = request.query_params.multi_items()
    if media_type not in (_QUERY, _FORM):
        return problem(415, f"send the query as {_QUERY}, or in a form as {_FORM}")
    try:
        text = (await request.body()).decode("utf-8")
        if media_type == _FORM:
            pairs += parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict")
        else:
            pairs.append(("query", text))
    except ValueError:
        return problem(400, "the body is no UTF-8 text of the declared type")
    return await _answer(request, explorer, pairs)


async def _answer(request: Request, explorer: Explorer, pairs: list[tuple[str, str]]) -> Response:
    queries = [value for name, value in pairs if name == "query"]
    if any(name in ("update", "using-graph-uri", "using-named-graph-uri") for name, _ in pairs):
        return problem(400, "the graph is read-only: updates are refused")
    if any(name in ("default-graph-uri", "named-graph-uri") for name, _ in pairs):
        return problem(400, "there is one graph; leave default-graph-uri and named-graph-uri out")
    if len(queries) != 1 or not queries[0].strip():
        return problem(400, "give exactly one query, as ?query=…")
    if _takes_page(request):
        page = partial(pages.sparql_page, request, explorer, queries[0])
        return await run_sync(page, limiter=_WAITING)
    accept = request.headers.get("accept", "")
    if preferred(accept, [*RESULT_FORMATS, *RDF_FORMATS]) is None:
        return _no_such_type()
    result = await run_sync(explorer.query, queries[0], limiter=_WAITING)
    return await run_sync(partial(_written, explorer, result, accept), limiter=_WAITING)


def _written(explorer: Explorer, result: QueryResult, accept: str) -> Response:
    formats = list(RDF_FORMATS if result.kind == "graph" else RESULT_FORMATS)
    media_type = preferred(accept, formats)
    if media_type is None:
        return _no_such_type()
    graph = result.kind == "graph"
    text = explorer.graph_text(result, media_type) if graph else written(result, media_type)
    headers = {"vary": "accept"}
    if result.truncated:
        headers["x-truncated"] = "true"
    return Response(text, media_type=media_type, headers=headers)


def _no_such_type() -> Response:
    tables, graphs = ", ".join(RESULT_FORMATS), ", ".join(RDF_FORMATS)
    return problem(406, f"answers can be had as {tables}; graphs as {graphs}")


def _takes_page(request: Request) -> bool:
    """Whether the client is a browser: it prefers HTML to any result format."""
    offered = [*RESULT_FORMATS, *RDF_FORMATS, _HTML]
    return preferred(request.headers.get("accept", ""), offered) == _HTML
