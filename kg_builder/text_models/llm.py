"""Extract names and relations with an LLM behind an OpenAI-compatible API; cache answers."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from kg_builder.errors import DataError
from kg_builder.extraction.text.config import LlmEndpoint
from kg_builder.extraction.text.model_interface import (
    CharSpan,
    ModelMention,
    ModelReading,
    ModelRelation,
)
from safe_io.atomic import write_atomically
from safe_io.deadline import closed_after

_TASK: Final = """\
You read a text about music and list what it names and what it states. Answer with JSON only.
"mentions": each stretch of the text that names a thing, with "text" (the stretch, copied letter \
by letter), "start" and "end" (its offsets in characters, from 0, end exclusive) and "class", one \
of: {classes}.
"relations": each statement between two mentions, with "subject" and "object" (numbers of the \
mentions, from 0) and "predicate", one of: {predicates}.
State only what this text says. Leave out what you know from elsewhere."""


def request(text: str, config: LlmEndpoint) -> dict[str, Any]:
    """Build the request body for a text."""
    task = _TASK.format(
        classes=", ".join(config.classes), predicates=", ".join(config.predicates) or "(none)"
    )
    return {
        "model": config.model,
        "temperature": 0,
        "seed": 0,
        "messages": [{"role": "system", "content": task}, {"role": "user", "content": text}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reading", "strict": True, "schema": _schema(config)},
        },
    }


def parse_answer(
    answer: str, text: str, config: LlmEndpoint, refused: Counter[str]
) -> ModelReading | None:
    """Parse an answer to a reading; None if it does not have the requested structure.

    A mention counts only if its words occur in the text: at its offsets, or, since models count
    badly, at the only position of these words. Refused output is counted by reason.
    """
    try:
        content = json.loads(answer)
        mentions, relations = content["mentions"], content.get("relations", [])
        spans = [_span(item, text, config, refused) for item in mentions]
        found = [_relation(item, spans, config, refused) for item in relations]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return ModelReading(
        tuple(
            ModelMention(span, item["class"], config.confidence)
            for item, span in zip(mentions, spans, strict=True)
            if span is not None
        ),
        tuple(relation for relation in found if relation is not None),
    )


def _span(
    item: dict[str, Any], text: str, config: LlmEndpoint, refused: Counter[str]
) -> CharSpan | None:
    quoted, start, end = str(item["text"]), item.get("start"), item.get("end")
    if item["class"] not in config.classes:
        refused["mention of a class that was not asked for"] += 1
    elif not quoted.strip() or quoted not in text:
        refused["mention that is not in the text"] += 1
    elif isinstance(start, int) and isinstance(end, int) and start >= 0:
        if text[start:end] == quoted:
            return CharSpan(start, end)
        if text.count(quoted) == 1:
            return _first(text, quoted)
        refused["mention whose place is not told"] += 1
    elif text.count(quoted) == 1:
        return _first(text, quoted)
    else:
        refused["mention whose place is not told"] += 1
    return None


def _first(text: str, quoted: str) -> CharSpan:
    start = text.index(quoted)
    return CharSpan(start, start + len(quoted))


def _relation(
    item: dict[str, Any],
    spans: Sequence[CharSpan | None],
    config: LlmEndpoint,
    refused: Counter[str],
) -> ModelRelation | None:
    sides = []
    for side in (item["subject"], item["object"]):
        valid = isinstance(side, int) and 0 <= side < len(spans)
        sides.append(spans[side] if valid else None)
    subject, object_ = sides
    if item["predicate"] not in config.predicates:
        refused["relation that was not asked for"] += 1
    elif subject is None or object_ is None:
        refused["relation between what is not in the text"] += 1
    else:
        return ModelRelation(subject, item["predicate"], object_, config.confidence)
    return None


def _schema(config: LlmEndpoint) -> dict[str, Any]:
    def record(**fields: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": fields,
            "required": list(fields),
            "additionalProperties": False,
        }

    number, words = {"type": "integer"}, {"type": "string"}
    mention = record(
        text=words, start=number, end=number, **{"class": {**words, "enum": list(config.classes)}}
    )
    relation = record(
        subject=number, predicate={**words, "enum": list(config.predicates)}, object=number
    )
    wanted = {"mentions": {"type": "array", "items": mention}}
    if config.predicates:
        wanted["relations"] = {"type": "array", "items": relation}
    return record(**wanted)


_LARGEST: Final = 1 << 20
"""Maximum size of an answer, more than the reading of the longest text."""
_RETRIED_STATUS: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class LanguageModel:
    """Extract names and relations with a language model; answers are cached in a folder.

    Args:
        client: HTTP client; use `httpx.MockTransport` for a test double.
        config: endpoint, classes and predicates.
        sleep: called to wait between retries.

    Attributes:
        refused: number of mentions and relations that do not match the text, by reason.
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
        """Create a client for the endpoint; sends nothing.

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
        """Extract the names and relations of each text; see `TextModel`.

        An answer without the requested structure is retried, and counted as refused after the last
        try.

        Raises:
            DataError: the endpoint cannot be reached, or refuses.
        """
        return [self._read(text) for text in texts]

    def _read(self, text: str) -> ModelReading:
        body = request(text, self._config)
        cached = self._cache_path(body)
        earlier = _answer_in(cached)
        if earlier is not None:
            return parse_answer(earlier, text, self._config, self.refused) or self._give_up()
        answer = ""
        for attempt in range(self._config.retries + 1):
            if attempt:
                self._sleep(self._config.wait * 2 ** (attempt - 1))
            content = self._ask(body, last=attempt == self._config.retries)
            if content is None:
                continue
            answer = content
            counted: Counter[str] = Counter()
            reading = parse_answer(answer, text, self._config, counted)
            if reading is not None:
                self.refused += counted
                self._store(cached, body, answer)
                return reading
        self._store(cached, body, answer)
        return self._give_up()

    def _give_up(self) -> ModelReading:
        self.refused["answer that is not of the structure asked for"] += 1
        return ModelReading()

    def _ask(self, body: dict[str, Any], *, last: bool) -> str | None:
        """The answer's text; None if a retry may help.

        Raises:
            DataError: a retry would not help.
        """
        where = f"{self._config.url}, model {self._config.model!r}"
        try:
            status, answer = self._post(body)
        except httpx.TimeoutException:
            raise DataError(
                f"has not answered in {self._config.timeout:g} s",
                where=where,
                remedy="look whether it works; for a slow one, raise 'timeout' in the recipe",
            ) from None
        except httpx.HTTPError as fault:
            if not last:
                return None
            raise DataError(
                f"cannot be reached: {str(fault) or type(fault).__name__}", where=where
            ) from None
        if status in _RETRIED_STATUS and not last:
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            shown = " ".join(answer.decode("utf-8", "replace").split())
            raise DataError(f"answers {status}: {shown[:200]}", where=where)
        try:
            content = str(json.loads(answer)["choices"][0]["message"]["content"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise DataError(
                "does not answer as chat completions do",
                where=where,
                remedy="url is the address that /chat/completions is put behind",
            ) from None
        return content.encode("utf-8", "replace").decode()  # lone surrogates

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and text of the answer, truncated if too long.

        Raises:
            httpx.HTTPError: no answer; `httpx.TimeoutException` if it was not complete in time.
        """
        address, answer = self._config.url.rstrip("/") + "/chat/completions", bytearray()
        with closed_after(self._client, self._config.timeout) as expired:
            try:
                with self._client.stream("POST", address, json=body) as response:
                    for part in response.iter_bytes():
                        answer += part
                        if len(answer) > _LARGEST:
                            break
                return response.status_code, bytes(answer)
            except (httpx.HTTPError, RuntimeError) as fault:
                if expired.is_set():
                    raise httpx.ReadTimeout("not whole in time") from fault
                raise

    def _cache_path(self, body: dict[str, Any]) -> Path:
        """Cache file of a request, named by the hash of the whole request."""
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Path(self._config.cache) / digest[:2] / f"{digest}.json"

    def _store(self, path: Path, body: dict[str, Any], answer: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"model": body["model"], "text": body["messages"][-1]["content"], "answer": answer},
            ensure_ascii=False,
            indent=1,
        )
        write_atomically(path, text + "\n")


def _answer_in(path: Path) -> str | None:
    """The answer in a cache file; None where there is none, or a damaged one."""
    try:
        return str(json.loads(path.read_bytes())["answer"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
