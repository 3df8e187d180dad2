from __future__ import annotations

import pytest

from kg_builder.errors import DataError
from pipeline import cli
from pipeline.build import build
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
    assert gained[band, "beginDate", "2001"] == ("shop", "another value")
    assert gained[band, "decade", "decade:2000s"] == ("inference", "newly inferred")
    assert gained["person:Adrian_Utley", "memberOf", band][1] == "a new thing"
    assert lost[band, "beginDate", "1991"] == ("shop", "another value")
    assert lost[band, "decade", "decade:1990s"] == ("inference", "no longer inferred")
    assert lost["person:Geoff_Barrow", "memberOf", band][1] == "the thing is gone"
    assert changes.summary()["facts"].sum() == len(gained) + len(lost)


RECIPE = """
name = "renamed"
title = "Two bands"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
columns = { genre = { predicate = "genre" } }
[sources.tables.members]
path = "members.csv"
type = "Membership"
name = "{who}, member of {band} ({since}–)"
[sources.tables.members.columns]
who = { predicate = "member", type = "Person" }
band = { predicate = "group", type = "Band" }
since = { predicate = "beginDate" }
"""


def test_another_id_is_no_other_thing(tmp_path):
    """Names change, with and without the ids that are made of them; so does a membership's date."""
    folders = []
    for first, second, since in (("Portishead", "Can", 1991), ("Portisheads", "Can!", 1992)):
        folder = tmp_path / first
        folder.mkdir()
        bands = f"id,name,genre\n1,{first},trip hop\n2,{second},rock\n"
        (folder / "bands.csv").write_text(bands, encoding="utf-8")
        members = f"who,band,since\nBeth Gibbons,Slayer,{since}\n"
        (folder / "members.csv").write_text(members, encoding="utf-8")
        (folder / "renamed.toml").write_text(RECIPE, encoding="utf-8")
        folders.append(folder / "out")
        build(str(folder / "renamed.toml"), raw=folder, out=folders[-1])
    changes = diff(*folders)
    renamed = ("artist:Portishead", "artist:Portisheads")
    dated = [f"membership:Beth_Gibbons_member_of_Slayer_{year}" for year in (1991, 1992)]
    things = changes.things[["entity", "change", "old", "new"]].itertuples(index=False, name=None)
    assert {row for row in things if row[1] in {"id", "name"}} == {
        (renamed[1], "id", *renamed),
        (renamed[1], "name", "Portishead", "Portisheads"),
        ("artist:Can", "name", "Can", "Can!"),
        (dated[1], "id", *dated),
        (dated[1], "name", *(f"Beth Gibbons, member of Slayer ({y}–)" for y in (1991, 1992))),
    }
    for frame, year in ((changes.gained, "1992"), (changes.lost, "1991")):
        assert frame[["subject", "object", "reason"]].to_numpy().tolist() == [
            [dated[1], year, "another value"]
        ]


NAMESAKES = """
name = "namesakes"
title = "Two bands of one name"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
aliases = ["aka"]
columns = { country = { predicate = "country" }, year = { predicate = "beginDate" } }
[traits.shop]
clean = true
"""


def test_an_id_that_a_namesake_takes_over_is_another_thing(tmp_path):
    rows = ["1,Nirvana,United States,1987,", "2,Nirvana,United Kingdom,1965,Nirvana UK"]
    rows += ["3,Can,Germany,1968,"]
    folders = []
    for number, kept in enumerate((rows, rows[1:])):
        folder = tmp_path / str(number)
        folder.mkdir()
        lines = "\n".join(["id,name,country,year,aka", *kept])
        (folder / "bands.csv").write_text(f"{lines}\n", encoding="utf-8")
        (folder / "namesakes.toml").write_text(NAMESAKES, encoding="utf-8")
        folders.append(folder / "out")
        build(str(folder / "namesakes.toml"), raw=folder, out=folders[-1])
    changes = diff(*folders)
    assert set(changes.lost["subject"]) == {"artist:Nirvana (old)"}
    assert "1987" in set(changes.lost["object"])
    assert changes.gained.empty
    moved = changes.things[changes.things["change"] == "id"]
    assert moved[["old", "new"]].to_numpy().tolist() == [
        ["artist:Nirvana_(United_Kingdom)", "artist:Nirvana"]
    ]
    back = diff(*folders[::-1]).things  # the namesake arrives and takes the id over
    assert back[["change", "old", "new"]].to_numpy().tolist() == [
        ["id", "artist:Nirvana", "artist:Nirvana_(United_Kingdom)"]
    ]


def test_the_command_prints_the_table(built, newer, monkeypatch, capsys, tmp_path):
    table = tmp_path / "facts.csv"
    monkeypatch.setattr("sys.argv", ["pipeline", "diff", str(built), str(newer), "--facts",
                                     str(table)])  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    printed = capsys.readouterr().out
    assert "another value" in printed
    assert "~ artist:Portishead beginDate 1991 → 2001" in printed
    assert "+ artist:Portishead decade decade:2000s" in printed
    assert "artist:Portishead,beginDate,1991" in table.read_text()


def test_a_folder_without_a_build_is_named(built, tmp_path):
    with pytest.raises(DataError, match="no built graph here"):
        diff(tmp_path, built)


BANDS = """
name = "bands"
title = "Bands"
[[sources]]
kind = "structured"
name = "shop"
[sources.tables.bands]
path = "bands.csv"
type = "Band"
id = "id"
name = "name"
[sources.tables.bands.columns]
city = { predicate = "origin", type = "Place" }
genres = { predicate = "genre", split = ";" }
"""


def test_a_value_in_the_place_of_another_one_is_a_change(tmp_path, monkeypatch, capsys):
    """Of one predicate, whether it has one value or several; not if one of several is added."""
    rows = [
        "1,Radiohead,Abingdon,rock;pop\n2,Ride,Oxford,rock;shoegaze\n",
        "1,Radiohead,Oxford,rock;jazz\n2,Ride,Oxford,rock;indie;dream pop\n",
    ]
    further = [f"{n},Band {n},Leeds,punk\n" for n in range(3, 10)]
    folders = [tmp_path / "old", tmp_path / "new"]
    for folder, own, more in zip(folders, rows, ([], further), strict=True):
        folder.mkdir()
        (folder / "bands.csv").write_text("id,name,city,genres\n" + own + "".join(more))
        (folder / "bands.toml").write_text(BANDS)
        build(str(folder / "bands.toml"), raw=folder, out=folder / "out")
    changes = diff(*(folder / "out" for folder in folders))
    reasons = {
        (row["subject"], row["object"]): row["reason"]
        for frame in (changes.gained, changes.lost)
        for row in frame.to_dict("records")
    }
    places = ("place:Abingdon", "place:Oxford")
    assert {reasons["artist:Radiohead", name] for name in places} == {"another value"}
    genres = ("genre:pop", "genre:jazz")
    assert {reasons["artist:Radiohead", name] for name in genres} == {"another value"}
    assert reasons["artist:Ride", "genre:shoegaze"] == "no longer stated"
    assert reasons["artist:Ride", "genre:indie"] == "newly stated"
    monkeypatch.setattr("sys.argv", ["x", "diff", *(str(one / "out") for one in folders)])
    with pytest.raises(SystemExit):
        cli.main()
    shown = capsys.readouterr().out
    assert "~ artist:Radiohead origin place:Abingdon → place:Oxford" in shown
    number = sum(reason != "another value" for reason in changes.gained["reason"])
    assert f"+ (5 of {number}: --examples shows more, --facts FILE writes all)" in shown
    assert "- (" not in shown
