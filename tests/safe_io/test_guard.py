"""System errors end in one line and status 2; bugs are not hidden."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from safe_io.guard import exit_status, explained

PRINT = """
import sys
from safe_io.guard import exit_status
def work():
    for _ in range(100_000):
        print("line")
sys.exit(exit_status(work))
"""


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "make room"),
        (errno.EROFS, "can be written"),
        (errno.EACCES, "permissions"),
        (errno.EFBIG, "ulimit -f"),
        (errno.ENOTDIR, "a file is in the way"),
        (errno.EISDIR, "a folder is in the way"),
        (errno.ELOOP, "circle"),
    ],
)
def test_a_fault_of_the_disk_says_what_where_and_how_to_fix_it(number, remedy, capsys):
    def work() -> None:
        raise OSError(number, os.strerror(number), "/data/out")

    assert exit_status(work) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith(f"error: /data/out: {os.strerror(number)}; ")
    assert remedy in error


def test_a_name_with_control_characters_steers_no_terminal():
    line = explained(OSError(errno.ENOENT, "No such file", "a\n\x1b[31mb"))
    assert line is not None
    assert line.isprintable()


def test_a_fault_of_the_program_is_not_hidden():
    with pytest.raises(ValueError, match="shapes"):
        exit_status(lambda: (_ for _ in ()).throw(ValueError("shapes")))


@pytest.mark.parametrize("output", ["pipe", "full", "closed"])
def test_an_output_that_takes_nothing_more_ends_in_one_line(output):
    command = [sys.executable, "-c", PRINT]
    if output == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
        run = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
        os.close(writing)
    else:
        shell = 'exec "$@" >&-' if output == "closed" else 'exec "$@" >/dev/full'
        run = subprocess.run(
            ["sh", "-c", shell, "sh", *command], stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
