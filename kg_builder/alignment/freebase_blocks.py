"""Parse blocks of the Freebase dump with numpy; hashes of columns filter out unneeded lines.

Of the dump's 1.9 billion lines a few thousand are relevant. Work per line is therefore done for a
block of lines at once: locate the columns, and hash each to test whether it may be one of those
looked for. Only lines that pass are decoded as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kg_builder.alignment.dump_lines import CUT_OFF, NO_TRIPLE, Faults
from kg_builder.databases import FREEBASE
from kg_builder.ordered_pool import read_ahead
from kg_builder.packed_files import CutOffError, unpacked

BLOCK: Final = 1 << 20
"""Bytes per block, so that the block and a few 8-byte arrays per line fit the CPU caches."""
LONGEST: Final = 1 << 24
"""A subject with more bytes of lines than this is split over several blocks."""
_HEAD: Final = f"<{FREEBASE.namespace}".encode()
_PRIMES: Final = tuple(
    np.uint64(prime)
    for prime in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
Marks = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Lines of a dump that hold whole subjects.

    Attributes:
        data: the bytes, ending with a line end.
        first: number of the first line, from 1.
        starts, one, two, three: offsets of each triple's line and of its three tabs.
        numbers: line number of each triple.
        goes_on: whether the last subject continues in the next block.
    """

    data: bytes
    first: int
    starts: Places
    one: Places
    two: Places
    three: Places
    numbers: Places
    goes_on: bool = False

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def subjects(self) -> Hashes:
        """Hash of each subject."""
        return _hashes(self.data, self.one - 1)

    @cached_property
    def predicates(self) -> Hashes:
        """Hash of each predicate."""
        return _hashes(self.data, self.two - 1)

    @cached_property
    def objects(self) -> Hashes:
        """Hash of each object; meaningless for literals."""
        return _hashes(self.data, self.three - 1)

    def objects_at(self, lines: Places) -> Hashes:
        """Hashes of the objects at some positions only."""
        return _hashes(self.data, self.three[lines] - 1)

    @cached_property
    def literals(self) -> Marks:
        """Whether each object is a literal."""
        return np.asarray(np.frombuffer(self.data, dtype=np.uint8)[self.two + 1] != ord("<"))

    @cached_property
    def runs(self) -> Places:
        """Start of each subject's triples, followed by the end of the block."""
        changes = np.flatnonzero(self.subjects[1:] != self.subjects[:-1]) + 1
        return np.concatenate(([0], changes, [len(self)]))

    def whole_predicates(self, lines: Places) -> Hashes:
        """Hashes of whole predicates, which also distinguish those with equal endings."""
        mixed = self.predicates[lines]
        words = _words(self.data)
        starts, ends = self.one[lines] + 1 + len(_HEAD), self.two[lines] - 8
        for offset in range(0, 64, 8):
            mixed += words[np.maximum(np.minimum(starts + offset, ends), 0)]
            mixed *= _PRIMES[1]
            mixed ^= mixed >> np.uint64(29)
        return mixed

    def objects_end_with(self, endings: Iterable[bytes]) -> Marks:
        """Whether each object ends with one of the given strings of at most eight bytes."""
        tails = _words(self.data)[self.three - 8]
        found = np.zeros(len(self), dtype=np.bool_)
        for ending in endings:
            unread = np.uint64(64 - 8 * len(ending))
            found |= (tails >> unread) == int.from_bytes(ending, "little")
        return found

    def run(self, index: int) -> tuple[int, int]:
        """Range of the triples with the same subject as the given one."""
        index_of_run = int(np.searchsorted(self.runs, index, side="right"))
        return int(self.runs[index_of_run - 1]), int(self.runs[index_of_run])

    def subject(self, index: int) -> bytes | None:
        """Id of a subject; None if it is not a Freebase id."""
        return self._id(int(self.starts[index]), int(self.one[index]))

    def predicate(self, index: int) -> bytes | None:
        """Id of a predicate; None if it is not a Freebase id."""
        return self._id(int(self.one[index]) + 1, int(self.two[index]))

    def object(self, index: int) -> bytes:
        """The object: `<m.0c_jw>` for a Freebase id, any other term as written."""
        start, end = int(self.two[index]) + 1, int(self.three[index])
        own = self._id(start, end)
        return self.data[start:end] if own is None else b"<" + own + b">"

    def _id(self, start: int, end: int) -> bytes | None:
        if self.data.startswith(_HEAD, start, end):
            return self.data[start + len(_HEAD) : end - 1]
        return None


class Sieve:
    """Hash filter for up to eight sets of ids: no false negatives, few false positives.

    Each set has its own bit in a table of four megabytes, whatever the number of ids; with 100,000
    ids, 1 in 40 others passes.

    Args:
        bits: the table has 2^bits entries of one byte.
    """

    def __init__(self, bits: int = 22) -> None:
        self._table = np.zeros(1 << bits, dtype=np.uint8)
        self._shift = np.uint64(64 - bits)

    def add(self, ids: Iterable[str], bit: int = 1) -> None:
        """Put ids into a set."""
        self.add_hashes(hash_ids(ids), bit)

    def add_hashes(self, hashes: Hashes, bit: int = 1) -> None:
        """Add ids by their hashes."""
        self._table[hashes >> self._shift] |= np.uint8(bit)

    def bits(self, hashes: Hashes) -> NDArray[np.uint8]:
        """For each hash, the bits of all sets that may hold its id."""
        found: NDArray[np.uint8] = self._table[hashes >> self._shift]
        return found


def hash_ids(ids: Iterable[str]) -> Hashes:
    """Hash ids the way a block does."""
    names = [_HEAD + name.encode() for name in ids]
    ends = np.cumsum([len(name) + 1 for name in names], dtype=np.int64) - 1
    return _hashes(b">".join([*names, b""]), ends)


def _hashes(data: bytes, ends: Places) -> Hashes:
    """Hash columns by their last 24 bytes and the bytes before these.

    A Freebase id is shorter and preceded by its namespace, so collisions are left to chance. Long
    predicates with the same ending collide; the caller then compares the text.
    """
    if not len(ends):
        return np.empty(0, dtype=np.uint64)
    ends = np.maximum(ends, 24)  # the first line may be shorter
    words = _words(data)
    mixed = words[ends - 8] * _PRIMES[0]
    mixed ^= mixed >> np.uint64(31)
    mixed += words[ends - 16]
    mixed *= _PRIMES[1]
    mixed ^= mixed >> np.uint64(29)
    mixed += words[ends - 24]
    mixed *= _PRIMES[2]
    mixed ^= mixed >> np.uint64(32)
    mixed *= _PRIMES[3]
    return mixed


def _words(data: bytes) -> Hashes:
    """Read the eight bytes at each offset as one integer."""
    return np.ndarray((len(data) - 7,), "<u8", data, 0, (1,))


def blocks(path: Path, faults: Faults, *, size: int = BLOCK) -> Iterator[Block]:
    """Yield the blocks of a dump in Freebase's layout.

    One thread unpacks and another splits and hashes while the caller works on earlier blocks.
    Malformed lines and a truncated file are counted as faults.

    Raises:
        DataError: there is no such file.
    """
    return read_ahead(_blocks(path, faults, size))


def _blocks(path: Path, faults: Faults, size: int) -> Iterator[Block]:
    cutter = _Cutter(path, faults)
    try:
        for piece in read_ahead(_pieces(path, size)):
            yield from cutter.take(piece)
    except CutOffError as fault:
        yield from cutter.finish(str(fault))
    else:
        yield from cutter.finish("")


def _pieces(path: Path, size: int) -> Iterator[bytes]:
    """Yield unpacked bytes in pieces of similar size; after a cut, the readable remainder."""
    waiting: list[bytes] = []
    held = 0
    try:
        for chunk in unpacked(path):
            waiting.append(chunk)
            held += len(chunk)
            if held >= size:
                yield b"".join(waiting)
                waiting, held = [], 0
    except CutOffError:
        yield b"".join(waiting)
        raise
    yield b"".join(waiting)


class _Cutter:
    """Cut pieces of bytes into blocks, and number their lines."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path, self._faults = path, faults
        self._remainder = b""
        self._first = 1

    def take(self, piece: bytes) -> Iterator[Block]:
        """Yield the subjects that the next piece completes."""
        data = self._remainder + piece
        end = _last_subject(data)
        long = not end and len(data) >= LONGEST
        if long:
            end = data.rfind(b"\n") + 1
        self._remainder = data[end:]
        if end:
            yield from self._block(data[:end], goes_on=long)

    def finish(self, cut: str) -> Iterator[Block]:
        """Yield the remainder; `cut` is the reason for an early end, '' for a complete dump."""
        data, self._remainder = self._remainder, b""
        if data and not data.endswith(b"\n"):
            if not cut and data.rstrip().endswith(b"."):  # the last line may lack a line end
                data += b"\n"
            else:
                end = data.rfind(b"\n") + 1
                cut = cut or data[end : end + 80].decode("utf-8", "replace")
                data = data[:end]
        if data:
            yield from self._block(data, goes_on=False)
        if cut:
            self._faults.add(CUT_OFF, f"{self._path.name}#line={self._first}", cut)

    def _block(self, data: bytes, *, goes_on: bool) -> Iterator[Block]:
        octets = np.frombuffer(data, dtype=np.uint8)
        marks = np.flatnonzero(octets < 11)
        kinds = octets[marks]
        if kinds.tobytes() == b"\t\t\t\n" * (len(kinds) // 4):
            one, two, three, ends = np.ascontiguousarray(marks.reshape(-1, 4).T)
            starts = np.concatenate(([0], ends[:-1] + 1))
            good: Marks = np.ones(len(ends), dtype=np.bool_)
        else:
            starts, one, two, three, ends, good = _uneven(marks, kinds)
        good &= (octets[starts] == ord("<")) & (octets[one + 1] == ord("<"))
        first, lines = self._first, len(ends)
        self._first += lines
        if not good.all():
            for index in np.flatnonzero(~good).tolist():
                line = data[starts[index] : ends[index]]
                if line.strip():
                    evidence = f"{self._path.name}#line={first + index}"
                    self._faults.add(NO_TRIPLE, evidence, line[:200].decode("utf-8", "replace"))
            starts, one, two, three = starts[good], one[good], two[good], three[good]
        if len(starts):
            numbers = first + np.flatnonzero(good)
            block = Block(data, first, starts, one, two, three, numbers, goes_on)
            _ = block.subjects, block.predicates  # computed here, in this thread
            yield block


def _uneven(
    marks: Places, kinds: NDArray[np.uint8]
) -> tuple[Places, Places, Places, Places, Places, Marks]:
    """Locate columns if some lines lack three tabs; the last array (`good`) marks valid lines."""
    ends = marks[kinds == 10]
    tabs = marks[kinds == 9]
    starts = np.concatenate(([0], ends[:-1] + 1))
    line_of = np.searchsorted(ends, tabs)
    good = np.bincount(line_of, minlength=len(ends)) == 3
    columns = np.full((len(ends), 3), -1, dtype=np.int64)
    columns[good] = tabs[good[line_of]].reshape(-1, 3)
    one, two, three = columns.T
    return starts, one, two, three, ends, good


def _last_subject(data: bytes) -> int:
    """Offset at which the last subject begins, 0 if it is the only one."""
    start = data.rfind(b"\n", 0, data.rfind(b"\n")) + 1 if b"\n" in data else 0
    subject = data[start : data.find(b"\t", start) + 1]
    while start:
        before = data.rfind(b"\n", 0, start - 1) + 1
        if not data.startswith(subject, before):
            return start
        start = before
    return 0
