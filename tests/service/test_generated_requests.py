"""Requests made up from the OpenAPI document: none of them makes the service fail."""

from __future__ import annotations

import httpx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, reject, settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
SENT = ("method", "url", "params", "headers", "cookies", "json", "data", "content")


def test_no_request_that_fits_the_schema_makes_it_fail(client: TestClient) -> None:
    schema = schemathesis.openapi.from_dict(client.app.openapi())
    seen = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        def attempt(case) -> None:
            nonlocal seen
            seen += 1
            asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
            try:
                answer = client.request(**{k: v for k, v in asked.items() if k in SENT})
            except (UnicodeError, httpx.InvalidURL, httpx.LocalProtocolError):
                reject()  # what the client itself does not send
            assert answer.status_code < 500 or answer.status_code == 503, answer.text

        attempt()
    assert seen > 50
