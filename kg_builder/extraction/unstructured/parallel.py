"""Texts read by several processes, with the same result in the same order as by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import Final, Protocol

from kg_builder.extraction.ahead import cores, in_order
from kg_builder.extraction.unstructured.documents import TextDocument
from kg_builder.extraction.unstructured.relations import Reading

_WORTH_IT: Final = 3000
"""Fewer texts are read sooner than a second process has loaded the model."""

_AHEAD: Final = 3
"""Batches per process that are under way, so that memory does not grow with the corpus."""


class Reader(Protocol):
    """What a process runs on each batch."""

    def readings(self, documents: Iterable[TextDocument]) -> Iterator[Reading]:
        """Yield what each text says, in order."""


def processes_for(wanted: int, texts: int) -> int:
    """How many processes read a corpus.

    Args:
        wanted: the setting; 0 leaves the choice to the size of the corpus.
        texts: how many texts there are.
    """
    if wanted:
        return wanted
    return cores() if texts >= _WORTH_IT else 1


def read_all(
    make: Callable[[], Reader],
    documents: Iterable[TextDocument],
    *,
    processes: int,
    batch_size: int,
) -> Iterator[Reading]:
    """Yield what each text says, in order.

    Args:
        make: builds the reader; called once in each process, so it must be picklable.
        documents: the texts.
        processes: how many read at a time.
        batch_size: texts handed over at a time.
    """
    if processes == 1:
        yield from make().readings(documents)
        return
    # A fresh interpreter: to fork one whose numeric libraries have started threads can hang it.
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start, initargs=(make,)
    ) as pool:
        iterator = iter(documents)
        batches = iter(lambda: list(islice(iterator, batch_size)), [])
        for readings in in_order(pool, _read, batches, ahead=_AHEAD * processes):
            yield from readings


_reader: Reader


def _start(make: Callable[[], Reader]) -> None:
    global _reader
    _reader = make()


def _read(batch: list[TextDocument]) -> list[Reading]:
    return list(_reader.readings(batch))
