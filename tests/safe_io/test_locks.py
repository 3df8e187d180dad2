"""One writer at a time; locks end with their process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from safe_io.locks import InUseError, file_lock, folder_lock

HOLD = """
import sys, time
from pathlib import Path
from safe_io.locks import folder_lock
with folder_lock(Path(sys.argv[1]), "build"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_refused_in_one_line_that_names_the_folder(tmp_path):
    with folder_lock(tmp_path / "out", "build"):
        with pytest.raises(InUseError) as fault, folder_lock(tmp_path / "out", "build"):
            pass
        with folder_lock(tmp_path / "other", "build"):
            pass
    assert str(tmp_path / "out") in str(fault.value)
    assert "another build is at work" in str(fault.value)
    assert "\n" not in str(fault.value)
    with folder_lock(tmp_path / "out", "build"):
        pass


def test_a_killed_process_leaves_no_lock(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InUseError), folder_lock(tmp_path, "build"):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    with folder_lock(tmp_path, "build"):
        pass


def test_what_a_killed_run_left_is_removed_by_the_next_holder_alone(tmp_path):
    left = tmp_path / ".checkpoint.pt.77.tmp"
    left.write_text("half")
    with folder_lock(tmp_path, "stage", name=".stage.lock"):
        assert left.exists()  # another process may be writing it
    with folder_lock(tmp_path, "training"):
        assert not left.exists()


def test_two_files_of_one_folder_have_locks_of_their_own(tmp_path):
    with (
        file_lock(tmp_path / "a", "command"),
        file_lock(tmp_path / "b", "command"),
        pytest.raises(InUseError),
        file_lock(tmp_path / "a", "command"),
    ):
        pass
