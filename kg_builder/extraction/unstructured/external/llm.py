"""Names and relations by a language model behind an OpenAI-compatible address."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

from kg_builder.errors import DataError
from kg_builder.extraction.unstructured.external.answers import request, understand
from kg_builder.extraction.unstructured.external.config import LlmEndpoint
from kg_builder.extraction.unstructured.text_models import ModelReading

_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class LanguageModel:
    """Asks a language model about each text, once: answers are kept in a folder.

    Args:
        client: how it is reached; `httpx.MockTransport` makes a stand-in.
        config: where it is, and what it is asked.
        sleep: waits between tries.

    Attributes:
        refused: what answers said that the text does not, by reason.
    """

    name = "llm"

    def __init__(
        self,
        client: httpx.Client,
        config: LlmEndpoint,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._config, self._sleep = client, config, sleep
        self.refused: Counter[str] = Counter()

    @classmethod
    def open(cls, config: LlmEndpoint) -> LanguageModel:
        """A client for the endpoint; nothing is sent yet.

        Raises:
            DataError: the environment variable with the key is not set.
        """
        headers = {}
        if config.key_variable:
            key = os.environ.get(config.key_variable)
            if not key:
                raise DataError(
                    f"the environment variable {config.key_variable} is not set",
                    where=f"model {config.model!r}",
                )
            headers["Authorization"] = f"Bearer {key}"
        return cls(httpx.Client(headers=headers, timeout=config.timeout), config)

    def read(self, texts: Sequence[str]) -> list[ModelReading]:
        """Names and relations of each text; see `TextModel`.

        An answer that is not of the structure asked for is asked for again, and after the last
        try counted as refused.

        Raises:
            DataError: the endpoint cannot be reached, or refuses.
        """
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> ModelReading:
        body = request(text, self._config)
        kept = self._kept(body)
        if kept.is_file():
            answer = json.loads(kept.read_text("utf-8"))["answer"]
            reading = understand(answer, text, self._config, self.refused)
            return reading or self._give_up()
        answer = ""
        for attempt in range(self._config.retries + 1):
            if attempt:
                self._sleep(self._config.wait * 2 ** (attempt - 1))
            told = self._ask(body, last=attempt == self._config.retries)
            if told is None:
                continue
            answer = told
            counted: Counter[str] = Counter()
            reading = understand(answer, text, self._config, counted)
            if reading is not None:
                self.refused += counted
                self._keep(kept, body, answer)
                return reading
        self._keep(kept, body, answer)
        return self._give_up()

    def _give_up(self) -> ModelReading:
        self.refused["answer that is not of the structure asked for"] += 1
        return ModelReading()

    def _ask(self, body: dict[str, Any], *, last: bool) -> str | None:
        """The answer's text; None where another try may help.

        Raises:
            DataError: no other try may help.
        """
        where = f"{self._config.url}, model {self._config.model!r}"
        address = self._config.url.rstrip("/") + "/chat/completions"
        try:
            response = self._client.post(address, json=body)
        except httpx.HTTPError as fault:
            if not last:
                return None
            raise DataError(
                f"cannot be reached: {str(fault) or type(fault).__name__}", where=where
            ) from None
        if response.status_code in _AGAIN and not last:
            return None
        if response.is_error:
            raise DataError(
                f"answers {response.status_code}: {response.text[:200].strip()}", where=where
            )
        try:
            return str(response.json()["choices"][0]["message"]["content"])
        except (ValueError, KeyError, IndexError, TypeError):
            raise DataError(
                "does not answer as chat completions do",
                where=where,
                remedy="url is the address that /chat/completions is put behind",
            ) from None

    def _kept(self, body: dict[str, Any]) -> Path:
        """Where the answer to a request lies: the name tells the whole request."""
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Path(self._config.cache) / digest[:2] / f"{digest}.json"

    def _keep(self, path: Path, body: dict[str, Any], answer: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"model": body["model"], "text": body["messages"][-1]["content"], "answer": answer},
            ensure_ascii=False,
            indent=1,
        )
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(text + "\n", "utf-8")
        partial.replace(path)
