"""HTTP service around a built graph and its recommenders: an API, pages, and a Python client.

    from service import Client
    Client("http://127.0.0.1:8000").recommend(user="2")   # a data frame

Other packages do not import this one. The client alone needs no graph and no model.
"""

from service.client import Client, ServiceError

__all__ = ["Client", "ServiceError"]
