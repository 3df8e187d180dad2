"""Fixtures shared by several packages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from pipeline.build import BuildReport

# Tests run in parallel, so numeric libraries get one thread each; set before they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MUSIC_KG_WORKERS", "1")  # builds by command as well

# No deadline, since the machine may be busy; in CI the examples are deterministic.
settings.register_profile("project", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("project"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "project")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _no_waits_for_the_disk() -> Iterator[None]:
    """Disable fsync: no test depends on durability after a power failure."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the publishers' files; tests that need it are skipped if it is absent."""
    folder = Path(os.environ.get("MUSIC_KG_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "lastfm" / "artists.dat").is_file():
        pytest.skip(f"no real data in {folder}: set MUSIC_KG_DATA to a folder that has lastfm/")
    return folder


@pytest.fixture(scope="session")
def stock_lastfm(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], BuildReport]:
    """Build `lastfm-stock` with a seed, once for all tests and workers; returns its report.

    Seeds affect only the last stage, so the others are copied from the first build.
    """
    from pipeline.build import build

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def built(seed: int) -> BuildReport:
        first, out = folder / "lastfm-stock-555", folder / f"lastfm-stock-{seed}"
        with FileLock(folder / "lastfm-stock.lock"):
            report = build("lastfm-stock", raw=real_data, out=first, seed=555)
            if out != first:
                if not out.exists():
                    shutil.copytree(first, out)
                report = build("lastfm-stock", raw=real_data, out=out, seed=seed)
        return report

    return built


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The raw sample that ships with the repository."""
    return REPOSITORY / "data" / "raw" / "sample"


@pytest.fixture(scope="session")
def built_sample(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's processed folder, built once for all tests and workers; read-only."""
    from pipeline.build import build

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    done = folder / "sample.done"
    with FileLock(folder / "sample.lock"):
        if not done.exists():
            build("sample", raw=sample_data.parent, out=folder / "sample")
            done.touch()
    return folder / "sample"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, to balance the workers."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def s3_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A location in an S3 server on this machine, which child processes reach as well."""
    for package in ("s3fs", "moto"):
        pytest.importorskip(package, reason=f"{package} is not installed (extras 'store', 'dev')")
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("bucket")
    yield "s3://bucket/kg"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()
