"""Page for writing SPARQL queries, with example queries."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from kg_builder.errors import DataError
from service.access import settings_of
from service.explorer import BusyError, Explorer
from service.pages.rendering import fragment_only, render
from service.problems import public_text

__all__ = ["EXAMPLES", "sparql_page"]

#: Question → query; the prefixes of kg.ttl are predeclared.
EXAMPLES: Final = {
    "Which genres have the most artists?": (
        "SELECT ?genre (COUNT(?artist) AS ?artists) WHERE {\n"
        "  ?artist mkg:genre ?g .\n  ?g rdfs:label ?genre .\n"
        "} GROUP BY ?genre ORDER BY DESC(?artists) LIMIT 20"
    ),
    "Who influenced whom, two steps back?": (
        "SELECT ?artist ?influence ?before WHERE {\n"
        "  ?a mkg:influencedBy ?b ; rdfs:label ?artist .\n"
        "  ?b mkg:influencedBy ?c ; rdfs:label ?influence .\n"
        "  ?c rdfs:label ?before .\n} LIMIT 50"
    ),
    "Who has been in more than one band?": (
        "SELECT ?person (COUNT(DISTINCT ?band) AS ?bands)\n"
        '       (GROUP_CONCAT(DISTINCT ?name; separator=", ") AS ?names) WHERE {\n'
        "  ?p mkg:memberOf ?band ; rdfs:label ?person .\n  ?band rdfs:label ?name .\n"
        "} GROUP BY ?p ?person HAVING (COUNT(DISTINCT ?band) > 1)\n"
        "ORDER BY DESC(?bands) LIMIT 30"
    ),
    "Who played what in which band, and when?": (
        "SELECT ?person ?instrument ?band ?from ?to WHERE {\n"
        "  ?m a mkg:Membership ; mkg:member/rdfs:label ?person ; mkg:group/rdfs:label ?band .\n"
        "  OPTIONAL { ?m mkg:instrument/rdfs:label ?instrument }\n"
        "  OPTIONAL { ?m mkg:beginDate ?from }\n  OPTIONAL { ?m mkg:endDate ?to }\n"
        "} ORDER BY ?band ?from ?person LIMIT 50"
    ),
    "What are the facts about Radiohead?": (
        "SELECT ?predicate ?value WHERE {\n"
        '  ?artist rdfs:label "Radiohead" ; ?predicate ?value .\n}'
    ),
    "How many entities have each property?": (
        "SELECT ?predicate (COUNT(*) AS ?facts) WHERE {\n  ?s ?predicate ?o .\n"
        "} GROUP BY ?predicate ORDER BY DESC(?facts)"
    ),
    "Everything about the label 4AD, as a graph": (
        'CONSTRUCT { ?s ?p ?label } WHERE {\n  ?label rdfs:label "4AD" .\n  ?s ?p ?label .\n}'
    ),
}
_SHOWN: Final = 500  # rows on the page; downloads have all


def sparql_page(request: Request, explorer: Explorer, query: str = "") -> Response:
    """Render the page, with the answer if there is a query."""
    result, error = None, ""
    if query:
        try:
            result = explorer.query(query)
        except DataError as fault:
            error = public_text(str(fault), settings_of(request).data)
        except BusyError:
            error = "too many queries at once; try again in a moment"
    rows = [] if result is None else result.values()[:_SHOWN]
    template = "parts/answer.html" if fragment_only(request) else "sparql.html"
    status = 200 if fragment_only(request) or not error else 400
    return render(
        request,
        template,
        status,
        query=query,
        result=result,
        rows=rows,
        error=error,
        examples=EXAMPLES,
        linked={name for name, space in explorer.prefixes.items() if space.endswith(f"/{name}/")},
        words=[] if fragment_only(request) else explorer.vocabulary,
    )
