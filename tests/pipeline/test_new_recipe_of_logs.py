"""Logs of listening whose columns have unknown names: items, users and times by their values."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.pipeline.test_new_recipe import built, positives
from tests.pipeline.test_new_recipe_of_public_files import guessed, predicates, tables

SONGS = "id,title,artist,genre\ns1,Roads,Ann,trip hop\ns2,Angel,Bo,trip hop\ns3,Hurt,Cleo,country\n"
PLAYS = "".join(
    f"2023-03-0{n % 9 + 1} 07:0{n % 9}:00;u{n % 4};s{n * 7 % 3 + 1}\n" for n in range(24)
)


def acts(tmp_path, heading: str, rows: str = PLAYS) -> dict[str, Any]:
    """The interactions of the recipe for songs and a log."""
    plays = f"{heading}\n{rows}" if heading else rows
    recipe = guessed(tmp_path, {"songs.csv": SONGS, "plays.csv": plays})
    (found,) = recipe["interactions"]
    return dict(found)


@pytest.mark.parametrize(
    "item",
    [
        *("title_id", "title", "content_id", "asset", "TitelNr", "Titel-ID", "titre", "x", "video"),
        *("track_id", "song", "release", "artist"),
    ],
)
def test_ids_of_a_catalogue_are_the_items_whatever_their_column_is_called(tmp_path, item):
    found = acts(tmp_path, f"timestamp;user_id;{item}")
    assert (found["user"], found["item"], found["time"]) == ("user_id", item, "timestamp")
    assert found["records"] == "mine"


@pytest.mark.parametrize(
    "user",
    [
        *("user_id", "customer", "subscriber", "account", "Kunde", "Hörer", "Teilnehmer"),
        *("utilisateur", "abonné", "cliente", "usuario", "x", "KdNr", "hash", "member_id"),
    ],
)
@pytest.mark.parametrize("item", ["track_id", "TitelNr"])
def test_opaque_values_beside_items_and_times_are_users(tmp_path, user, item):
    found = acts(tmp_path, f"timestamp;{user};{item}")
    assert (found["user"], found["item"]) == (user, item)


@pytest.mark.parametrize(
    "heading", ["date;utilisateur;titre", "Zeitpunkt;Kunde;TitelNr", "wann;wer;was", "a;b;c"]
)
def test_unknown_headings_are_headings(tmp_path, heading):
    found = acts(tmp_path, heading)
    time, user, item = heading.split(";")
    assert "header" not in found
    assert (found["time"], found["user"], found["item"]) == (time, user, item)


def test_a_log_without_heading_has_none(tmp_path):
    found = acts(tmp_path, "")
    assert found["header"] is False


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("platform", ["web1", "ios2"]), ("volume", ["80", "95"]), ("ip", ["10.0.0.1", "10.0.0.2"]),
        ("shuffle", ["true", "false"]), ("mood", ["good", "bad"]),
    ],
)  # fmt: skip
def test_other_columns_that_recur_are_no_users(tmp_path, column, values):
    rows = "".join(f"2023-03-01 07:0{n}:00;s{n % 3 + 1};{values[n % 2]}\n" for n in range(8))
    found = acts(tmp_path, f"timestamp;track_id;{column}", rows)
    assert found["user"] == {"value": "me"}


def test_sessions_are_users_only_if_nothing_else_is(tmp_path):
    rows = "".join(f"2023-03-01 07:0{n}:00;s{n % 3 + 1};x{n % 2};u{n % 2}\n" for n in range(8))
    found = acts(tmp_path, "timestamp;track_id;session;wer", rows)
    assert found["user"] == "wer"


def test_the_dates_of_a_catalogue_make_it_no_log(tmp_path):
    songs = (
        "id,title,artist,shelf,changed\ns1,Roads,Ann,x1,2023-01-02 10:00:00\n"
        "s2,Angel,Bo,x1,2023-01-03 10:00:00\n"
    )
    recipe = guessed(tmp_path, {"songs.csv": songs})
    assert "interactions" not in recipe


def test_numbers_are_ids_of_a_catalogue_only_if_the_name_says_ids(tmp_path):
    songs = "id,title,artist\n" + "".join(f"{n},Song {n},Ann\n" for n in range(1, 40))
    rows = "".join(f"2023-03-01 07:0{n}:00;u{n % 2};{n % 5 + 1};{n % 3 + 20}\n" for n in range(9))
    files = {"songs.csv": songs, "plays.csv": "timestamp;user;stars_;TitelNr\n" + rows}
    (found,) = guessed(tmp_path, files)["interactions"]
    assert found["item"] == "TitelNr"


def test_a_log_with_unknown_names_builds(tmp_path):
    from tests.pipeline.test_new_recipe import built

    _, items, _ = built(tmp_path, {"songs.csv": SONGS, "plays.csv": "wann;wer;was\n" + PLAYS})
    assert sorted(items["name"]) == ["Angel", "Hurt", "Roads"]
    assert positives(tmp_path) == 12


def test_columns_that_may_tell_the_listeners_are_named(tmp_path):
    rows = "".join(f"2023-03-01 07:0{n}:00;s{n % 3 + 1};{'ab'[n % 2]}nn\n" for n in range(8))
    files = {"songs.csv": SONGS, "plays.csv": "timestamp;track_id;wer\n" + rows}
    guessed(tmp_path, files)
    from pipeline.new_recipe.command import new_recipe

    text = new_recipe([tmp_path / name for name in files], tmp_path, "mine")
    assert "no column names one, unless it is 'wer': all rows are of one listener" in text


def test_ids_of_friends_and_of_rows_of_the_log_are_no_items(tmp_path):
    artists = "id,name\n" + "".join(f"{n},Artist {n}\n" for n in range(1, 40))
    rows = "".join(f"{n};2023-03-01 07:0{n}:00;u{n % 2};{n % 4 + 3}\n" for n in range(1, 9))
    files = {
        "artists.csv": artists,
        "plays.csv": "id;timestamp;user;TitelNr\n" + rows,
        "friends.csv": "userID,friendID\n1,2\n1,3\n2,3\n",
    }
    recipe = guessed(tmp_path, files)
    (found,) = recipe["interactions"]
    assert (found["path"], found["item"]) == ("plays.csv", "TitelNr")
    assert recipe["users"][0]["columns"]["friendID"]["relation"] == "friend"


def test_a_log_with_days_and_names_of_listeners_is_no_catalogue(tmp_path):
    rows = "".join(f"2023-01-0{n},{'ann' if n % 2 else 'bob'},s{n % 3 + 1}\n" for n in range(1, 9))
    files = {"songs.csv": SONGS, "plays.csv": "date,client,titre\n" + rows}
    recipe = guessed(tmp_path, files)
    assert set(tables(recipe)) == {"songs"}
    (found,) = recipe["interactions"]
    assert (found["item"], found["time"]) == ("titre", "date")


# ------------------------------------------------------------------------------ a few bad values


def log_with(bad: int, *, of: str, text: str) -> dict[str, str]:
    """A catalogue and 100 plays of it, of which so many have a value that cannot be read."""
    songs = "".join(f"s{n},Song {n},Artist {n % 5}\n" for n in range(20))
    rows = []
    for n in range(100):
        row = {"user": f"u{n % 7}", "song": f"s{n % 20}", "plays": f"{n % 9 + 1}",
               "played_at": f"2024-01-0{n % 9 + 1} 10:00:{n % 60:02d}"}  # fmt: skip
        row |= {of: text} if n % 100 >= 100 - bad else {}
        rows.append(",".join(row.values()))
    plays = "\n".join(["user,song,plays,played_at", *rows])
    return {"songs.csv": f"id,title,artist\n{songs}", "plays.csv": plays}


@pytest.mark.parametrize(
    ("of", "key", "what"), [("played_at", "time", "time"), ("plays", "weight", "number")]
)
@pytest.mark.parametrize("text", ["yesterday", "n/a!", "31.31.2024"])
@pytest.mark.parametrize("bad", [1, 5])
def test_a_few_bad_values_do_not_lose_a_column_of_a_log(tmp_path, of, key, what, text, bad):
    _, _, recipe = built(tmp_path, log_with(bad, of=of, text=text))
    end = f"is no {what}: a reject" if bad == 1 else f"are no {what}s: rejects"
    assert f'{key} = "{of}"' in recipe
    assert f"{bad} of 100 values looked at, such as {text!r}, {end}" in recipe
    rejects = pd.read_parquet(tmp_path / "out/stages/extraction/rejects.parquet")
    assert len(rejects) == bad


def test_times_of_which_many_cannot_be_read_are_left_out_with_their_number(tmp_path):
    _, _, recipe = built(tmp_path, log_with(6, of="played_at", text="yesterday"))
    assert 'time = "played_at"' not in recipe
    assert "times, of which 6 of 100, such as 'yesterday', cannot be read" in recipe


def test_rows_without_a_time_are_counted(tmp_path):
    _, _, recipe = built(tmp_path, log_with(3, of="played_at", text=""))
    assert "; 3 of 100 rows have none: rejects" in recipe
    rejects = pd.read_parquet(tmp_path / "out/stages/extraction/rejects.parquet")
    assert len(rejects) == 3


@pytest.mark.parametrize(
    ("column", "good", "what"),
    [("year", "1994", "date"), ("duration", "3:12", "duration"), ("track_no", "4", "whole number")],
)
def test_a_few_bad_values_of_a_table_are_counted(tmp_path, column, good, what):
    rows = "".join(f"s{n},Song {n},Artist {n % 5},{good if n else 'odd'}\n" for n in range(30))
    _, _, recipe = built(tmp_path, {"songs.csv": f"id,title,artist,{column}\n{rows}"})
    assert f"1 of 30 values looked at, such as 'odd', is no {what}: a reject" in recipe
    rejects = pd.read_parquet(tmp_path / "out/stages/extraction/rejects.parquet")
    assert len(rejects) == 1


def opinions(tmp_path, heading: str, values: list[str], *, timed: bool = False) -> dict[str, Any]:
    """The interactions of a log of 24 rows, each with another user or song, and a value."""
    rows = "".join(
        f"u{n % 8};s{n // 8 + 1};{values[n * 5 % 7 % len(values)]}"
        + (f";2023-03-0{n % 9 + 1}\n" if timed else "\n")
        for n in range(24)
    )
    return acts(tmp_path, f"user;song;{heading}" + (";time" if timed else ""), rows)


@pytest.mark.parametrize("heading", ["liked", "isLiked", "thumbs_up", "Favourite", "vote"])
@pytest.mark.parametrize("values", [["True", "False"], ["yes", "no"], ["t", "f"]])
def test_of_likes_and_dislikes_the_likes_are_read(tmp_path, heading, values):
    found = opinions(tmp_path, heading, values)
    assert found["where"] == [{"column": heading, "equals": values[:1]}]
    assert not {"weight", "threshold"} & {*found}


@pytest.mark.parametrize("heading", ["disliked", "thumbs_down"])
@pytest.mark.parametrize("values", [["1", "0"], ["true", "false"]])
def test_of_dislikes_the_others_are_read(tmp_path, heading, values):
    found = opinions(tmp_path, heading, values)
    assert found["where"] == [{"column": heading, "equals": values[1:]}]


@pytest.mark.parametrize("heading", ["feedback", "x", "type", "event_type"])
@pytest.mark.parametrize(
    ("values", "liked"),
    [
        (["like", "dislike", "skip"], ["like"]),
        (["Thumbs-Up", "Thumbs-Down", "love"], ["Thumbs-Up", "love"]),
        (["listen", "like", "dislike", "unlike"], ["like", "listen"]),
        (["👍", "👎"], ["👍"]),
    ],
)
def test_words_of_feedback_tell_what_is_liked(tmp_path, heading, values, liked):
    found = opinions(tmp_path, heading, values)
    assert found["where"] == [{"column": heading, "equals": liked}]


@pytest.mark.parametrize(
    ("heading", "values", "threshold"),
    [
        ("liked", ["1", "0"], 1), ("liked", ["1", "0", "-1"], 1), ("x", ["1", "-1"], 1),
        ("x", ["0", "1"], 1), ("rating", ["0", "1"], 1), ("rating", ["0.2", "0.9"], 0.7),
        ("rating", ["1", "2", "3"], 3), ("rating", ["-2", "0", "2"], 1),
        ("rating", ["-1", "2", "5"], 4),
        ("rating", ["3"], 4), ("Book-Rating", "12345", 4), ("overall", "12345", 4),
        ("note", "12345", 4), ("ranking", "12345", 4), ("x", "13579", None),
        ("stars", ["30", "100"], 70), ("x", ["0.5", "2.5", "3", "4.5", "5"], 4),
        ("artist_rating", ["1", "10"], 7),
    ],
)  # fmt: skip
def test_few_numbers_beside_users_and_items_are_ratings(tmp_path, heading, values, threshold):
    found = opinions(tmp_path, heading, [*values])
    assert found.get("threshold") == threshold
    assert found.get("weight") == (heading if threshold else None)


def test_ratings_of_an_unknown_name_may_have_times(tmp_path):
    found = opinions(tmp_path, "overall", [*"12345"], timed=True)
    assert (found["weight"], found["threshold"], found["time"]) == ("overall", 4, "time")


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("age_group", lambda n: n % 8 % 5 + 1), ("bucket", lambda n: n // 8 % 3 * 2 + 1),
        ("rank", lambda n: n // 8 + 3), ("hour", lambda n: n % 23), ("shuffle", lambda n: n % 2),
        ("loved", lambda n: n % 2),
    ],
)  # fmt: skip
def test_other_few_numbers_are_no_ratings(tmp_path, heading, value):
    rows = "".join(
        f"2023-03-0{n % 9 + 1} 07:00:00;u{n % 8};s{n // 8 % 3 + 1};{value(n)}\n" for n in range(48)
    )
    found = acts(tmp_path, f"time;user;song;{heading}", rows)
    assert found["weight"] == "@count" and "where" not in found


def test_a_file_with_dislikes_of_an_unknown_form_says_that_all_count_as_likes(tmp_path, capfd):
    rows = "".join(f"u{n % 8};s{n // 8 + 1};{'AB'[n * 5 % 7 % 2]}\n" for n in range(24))
    _, _, text = built(tmp_path, {"songs.csv": SONGS, "acts.csv": f"user;song;grade\n{rows}"})
    told = "acts.csv: every row counts as liked, unless 'grade' tells otherwise (it has 'A', 'B')"
    assert f"#   {told}" in text and f"warning: {told}" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("heading", "values"),
    [("liked", ["True", "False"]), ("liked", ["1", "-1"]), ("feedback", ["like", "skip"])],
)
def test_a_build_has_as_many_positives_as_there_are_likes(tmp_path, heading, values):
    told = [(n % 8, n // 8 + 1, values[n * 5 % 7 % 2]) for n in range(24)]
    rows = "".join(f"u{user};s{song};{value}\n" for user, song, value in told)
    built(tmp_path, {"songs.csv": SONGS, "acts.csv": f"user;song;{heading}\n{rows}"})
    assert positives(tmp_path) == sum(value == values[0] for *_, value in told) < 24


_CATALOGUE = (
    ("N-101", "Ruby", "Ann Oak", "Blue", "3:05", "1951-01-01", "Fir"),
    ("N-102", "Steps", "Ann Oak", "Blue", "4:43", "1951-01-01", "Fir"),
    ("N-103", "Naima", "Bo Elm", "Giant", "2:10", "1960-01-01", "Yew"),
    ("N-104", "Cousin", "Cy Ash", "Early", "9:59", "1970-06-01", "Yew"),
)


@pytest.mark.parametrize("key", ["SKU", "sku", "track_sku", "product", "id", "track_id"])
@pytest.mark.parametrize("user", ["member", "user", "customer_no"])
@pytest.mark.parametrize("length", ["Playing Time", "Time", "Running time", "Duration"])
def test_a_catalogue_of_a_shop_and_its_ratings(tmp_path, key, user, length):
    heading = f"SKU,Track,Main Artist,Album,{length},Street Date,Imprint\n"
    songs = heading + "".join(",".join(row) + "\n" for row in _CATALOGUE)
    ratings = f"{user},{key},stars,rated on\n" + "".join(
        f"m{n % 5:03d},{_CATALOGUE[n % 4][0]},{n % 5 + 1},2021-0{n % 9 + 1}-07\n" for n in range(20)
    )
    recipe = guessed(tmp_path, {"shop.csv": songs, "stars.csv": ratings})
    ((_, table),) = tables(recipe).items()
    assert (table["type"], table["id"], table["name"]) == ("Song", "SKU", "Track")
    assert predicates(table) == {
        "Main Artist": "performer",
        "Album": "onAlbum",
        length: "duration",
        "Street Date": "releaseDate",
        "Imprint": "recordLabel",
    }
    (acts,) = recipe["interactions"]
    told = {name: acts[name] for name in ("user", "item", "weight", "time")}
    assert told == {"user": user, "item": key, "weight": "stars", "time": "rated on"}
