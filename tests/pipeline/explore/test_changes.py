from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from pipeline import cli
from pipeline.explore import diff
from tests.pipeline.conftest import FILES
from tests.pipeline.explore.conftest import PAGE, make


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    bands = FILES["bands.csv"].replace("1991", "2001").replace(";electronic", "")
    return make(
        tmp_path_factory.mktemp("newer"),
        **{"bands.csv": bands, "portishead.html": PAGE.replace("Geoff Barrow", "Adrian Utley")},
    )


def test_equal_builds_do_not_differ(built):
    changes = diff(built, built)
    assert (len(changes.gained), len(changes.lost)) == (0, 0)
    assert changes.kept > 10
    assert changes.summary().empty


def test_changes_are_listed_by_source_and_reason(built, newer):
    changes = diff(built, newer)
    gained = {
        (row["subject"], row["predicate"], row["object"]): (row["source"], row["reason"])
        for row in changes.gained.to_dict("records")
    }
    lost = {
        (row["subject"], row["predicate"], row["object"]): (row["source"], row["reason"])
        for row in changes.lost.to_dict("records")
    }
    band = "artist:Portishead"
    assert gained[band, "beginDate", "2001"] == ("shop", "newly stated")
    assert gained[band, "decade", "decade:2000s"] == ("inference", "newly inferred")
    assert gained["person:Adrian_Utley", "memberOf", band][1] == "a new thing, or another id"
    assert lost[band, "beginDate", "1991"] == ("shop", "no longer stated")
    assert lost[band, "decade", "decade:1990s"] == ("inference", "no longer inferred")
    assert (
        lost["person:Geoff_Barrow", "memberOf", band][1] == "the thing is gone, or has another id"
    )
    assert changes.summary()["facts"].sum() == len(gained) + len(lost)


def test_the_command_prints_the_table(built, newer, monkeypatch, capsys, tmp_path):
    table = tmp_path / "facts.csv"
    monkeypatch.setattr("sys.argv", ["pipeline", "diff", str(built), str(newer), "--facts",
                                     str(table)])  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "newly stated" in printed
    assert "+ artist:Portishead beginDate 2001" in printed
    assert "artist:Portishead,beginDate,1991" in table.read_text()


def test_a_folder_without_a_build_is_named(built, tmp_path):
    with pytest.raises(DataError, match="no built graph here"):
        diff(tmp_path, built)
