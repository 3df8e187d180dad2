"""Server-rendered HTML pages over the same data as the API."""

from service.pages.rendering import error_page, wants_page
from service.pages.routes import add_to
from service.pages.sparql_page import sparql_page

__all__ = ["add_to", "error_page", "sparql_page", "wants_page"]
