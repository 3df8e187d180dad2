"""HTTP service around a built graph and its recommenders: an API, pages, and a Python client.

    from service import Client
    Client("http://127.0.0.1:8000").recommend(user="2")   # a data frame

Other packages do not import this one. The client needs neither a graph nor a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from service.client import Client, ServiceError

__all__ = ["Client", "ServiceError"]


def __getattr__(name: str) -> Any:
    """Import the client lazily, as the service does not need it."""
    if name in __all__:
        return getattr(import_module("service.client"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
