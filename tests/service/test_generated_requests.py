"""Requests generated from the OpenAPI document do not make the service fail.

`GENERATED_REQUESTS=10000 python -m pytest tests/service/test_generated_requests.py` asks as often.
"""

from __future__ import annotations

import os
from contextlib import suppress

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from starlette import testclient

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
UNSENT = (
    UnicodeError,
    *(getattr(testclient.httpx, n) for n in ("InvalidURL", "LocalProtocolError")),
)
SENT = ("method", "url", "params", "headers", "cookies", "json", "data", "content")
WANTED = int(os.environ.get("GENERATED_REQUESTS", "250"))


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_request_whether_it_fits_the_schema_or_not_makes_it_fail(
    client: TestClient, mode: str
) -> None:
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    operations = [result.ok() for result in schema.get_all_operations()]
    each = max(WANTED // (2 * len(operations)), 1)
    asked: list[int] = []
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]))
        @settings(
            max_examples=each, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        def attempt(case) -> None:
            sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
            try:
                answer = client.request(**{k: v for k, v in sent.items() if k in SENT})
            except UNSENT:  # what the client itself does not send
                return
            asked.append(answer.status_code)
            assert answer.status_code < 500 or answer.status_code == 503, answer.text

        with suppress(Unsatisfiable):  # nothing is wrong for what takes no parameters
            attempt()
    print(len(asked), "requests:", {status: asked.count(status) for status in sorted(set(asked))})
    assert len(asked) > 50
