"""Measure the reading speed of a Freebase dump, against `zcat FILE | wc -l` and a Python loop.

    python benchmarks/dumps.py                   # 5 GB generated from the subset in ../shared/data
    python benchmarks/dumps.py --gigabytes 0.5 --repeat 3
    python benchmarks/dumps.py --dump freebase-rdf-latest.gz
    python benchmarks/dumps.py --names varied    # only the first copy keeps its names

The dump consists of copies of the subset with different ids, gzipped at the default level; it is
written to a folder under --work and deleted at the end. It is searched for the artists and tags of
HetRec Last.FM, as in the `lastfm` recipe. Our reader makes two passes and yields entries and facts;
its lines per second are those of the dump divided by the total time of both passes. The Python loop
makes one pass and keeps lines whose subject or name is known.

Every measurement runs in a separate process: wall-clock seconds, processor seconds (with children),
peak memory.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from kg_builder.alignment import AlignmentConfig, FreebaseRdf
from kg_builder.alignment.dump_contents import Wanted, keys_of, term_key
from kg_builder.alignment.freebase import gather_freebase
from kg_builder.ontology import load_schema

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
SUBSET = Path("freebase/freebase-subset.gz")
MID = re.compile(rb"(?<=/ns/)(m\.[0-9a-z_]+)(?=>)")
DIGITS = "0123456789bcdfghjklmnpqrstvwxyz_"  # of Freebase's ids


def copies(subset: Path, size: float, *, names: str) -> Iterator[bytes]:
    """Yield copies of the subset with different ids, at least `size` bytes in total."""
    pieces = MID.split(gzip.decompress(subset.read_bytes()))
    # a suffix per copy keeps ids distinct within and between copies
    heads = [a + b for a, b in zip(pieces[::2], [*pieces[1::2], b""], strict=True)]
    made = number = 0
    while made < size:
        mark = (DIGITS[number // 32 % 32] + DIGITS[number % 32]).encode()
        copy = mark.join(heads)
        if names == "varied" and number:
            copy = re.sub(rb'"@en\t', b" " + mark + b'"@en\t', copy)
        yield copy
        made += len(copy)
        number += 1


def make(subset: Path, target: Path, size: float, *, names: str) -> float:
    """Write the dump; returns its uncompressed size in bytes."""
    made = 0
    with (
        target.open("wb") as file,
        subprocess.Popen(["gzip", "-c"], stdin=subprocess.PIPE, stdout=file) as packer,
    ):
        assert packer.stdin is not None
        for copy in copies(subset, size, names=names):
            packer.stdin.write(copy)
            made += len(copy)
    return made


def wanted_of(data: Path) -> Wanted:
    """Keys of the artists and tags of HetRec Last.FM."""
    artists = (data / "lastfm" / "artists.dat").read_text(encoding="utf-8", errors="replace")
    tags = (data / "lastfm" / "tags.dat").read_text(encoding="latin-1")
    keys = {
        key
        for row in artists.splitlines()[1:]
        for key in keys_of(row.split("\t")[1])
        if not key.startswith("~")
    }
    keys |= {term_key(row.split("\t")[1], "Tag") for row in tags.splitlines()[1:]}
    return Wanted(keys)


def zcat(dump: Path) -> dict[str, float]:
    """The reference: decompression and line count."""
    counted = subprocess.run(
        f"zcat '{dump}' | wc -l", shell=True, check=True, capture_output=True, text=True
    )
    return {"lines": int(counted.stdout)}


def ours(dump: Path, data: Path) -> dict[str, float]:
    """Both passes of our reader, from names to facts."""
    gathered = gather_freebase(
        FreebaseRdf(name="freebase", path=dump),
        dump,
        wanted_of(data),
        load_schema(),
        second_hop=frozenset(AlignmentConfig().second_hop),
    )
    return {
        "lines": gathered.lines,
        "candidates": len(gathered.candidates),
        "facts": len(gathered.facts),
    }


def loop(dump: Path, data: Path) -> dict[str, float]:
    """One pass of a naive loop: split each line, look up its parts in sets."""
    names = {
        row.split("\t")[1]
        for row in (data / "lastfm" / "artists.dat")
        .read_text(encoding="utf-8", errors="replace")
        .splitlines()[1:]
    }
    known: set[str] = set()
    kept: list[tuple[str, str, str]] = []
    lines = 0
    with gzip.open(dump, "rt", encoding="utf-8") as file:
        for line in file:
            lines += 1
            subject, predicate, target, _ = line.split("\t")
            if predicate.endswith("/type.object.name>") and target[1:].split('"')[0] in names:
                known.add(subject)
            if subject in known or target in known:
                kept.append((subject, predicate, target))
    return {"lines": lines, "candidates": len(known), "facts": len(kept)}


def one(arguments: argparse.Namespace) -> None:
    """Run one measurement in this process, and print it as JSON."""
    work = {
        "zcat": lambda: zcat(arguments.dump),
        "ours": lambda: ours(arguments.dump, arguments.data),
        "loop": lambda: loop(arguments.dump, arguments.data),
    }[arguments.only]
    begun, before = time.perf_counter(), _processor()
    found = work()
    found |= {
        "seconds": time.perf_counter() - begun,
        "processor": _processor() - before,
        "megabytes": _peak(),
    }
    print(json.dumps(found))


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> float:
    """Peak memory of this process, in MB; `getrusage` would include the time before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(name: str, arguments: argparse.Namespace, dump: Path) -> dict[str, float]:
    """The median of some measurements, each in a separate process."""
    command = [sys.executable, __file__, "--only", name, "--dump", str(dump),
               "--data", str(arguments.data)]  # fmt: skip
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(arguments.repeat)
    ]
    return {key: median(run[key] for run in runs) for key in runs[0]}


def compare(arguments: argparse.Namespace, dump: Path) -> None:
    """Measure all and print the table."""
    names = ("zcat", "ours") if arguments.no_loop else ("zcat", "ours", "loop")
    results = {name: measured(name, arguments, dump) for name in names}
    base = results["zcat"]
    titles = {
        "zcat": "zcat | wc -l",
        "ours": "kg_builder, two passes to the facts",
        "loop": "for line in gzip.open, one pass",
    }
    table = Table(box=None, padding=(0, 2, 0, 0))
    headings = ("what", "seconds", "processor s", "lines/s of the dump", "of zcat's",
                "per processor s", "peak MB", "candidates", "facts")  # fmt: skip
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name, found in results.items():
        table.add_row(
            titles[name],
            f"{found['seconds']:.1f}",
            f"{found['processor']:.1f}",
            f"{found['lines'] / found['seconds']:,.0f}",
            f"{base['seconds'] / found['seconds']:.2f}",
            f"{base['processor'] / found['processor']:.2f}",
            f"{found['megabytes']:.0f}" if name != "zcat" else "",
            f"{found['candidates']:,.0f}" if "candidates" in found else "",
            f"{found['facts']:,.0f}" if "facts" in found else "",
        )
    console = Console(width=140)
    console.print(table)
    console.print(
        f"{base['lines']:,.0f} lines; a single pass of ours goes over the dump at about "
        f"{2 * base['seconds'] / results['ours']['seconds']:.2f} of zcat's lines/s.",
        highlight=False,
    )


def main() -> None:
    """Make the dump, measure, delete it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dump", type=Path, help="an existing dump instead of a generated one")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the publishers' data")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--gigabytes", type=float, default=5.0, help="uncompressed size")
    parser.add_argument("--names", choices=("same", "varied"), default="same")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--no-loop", action="store_true", help="skip the plain Python loop")
    parser.add_argument("--only", choices=("zcat", "ours", "loop"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        one(arguments)
        return
    if arguments.dump:
        compare(arguments, arguments.dump)
        return
    folder = Path(tempfile.mkdtemp(prefix="dump-benchmark-", dir=arguments.work))
    try:
        dump = folder / "freebase.gz"
        size = make(arguments.data / SUBSET, dump, arguments.gigabytes * 1e9, names=arguments.names)
        print(f"{size / 1e9:.2f} GB, packed {dump.stat().st_size / 1e9:.2f} GB", flush=True)
        compare(arguments, dump)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
