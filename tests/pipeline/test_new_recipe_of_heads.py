"""What the artists of songs and albums have: `new-recipe` keeps it in the training graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.test_new_recipe import built
from tests.pipeline.test_new_recipe_of_public_files import guessed

ARTISTS = "artist_id,name,genre,country\nK1,Ann,folk,DE\nK2,Bo,jazz,FR\nK3,Cy,folk,FR\n"
SONGS = "track_id,title,artist_id\nt1,Rain,K1\nt2,Sun,K2\nt3,Snow,K3\n"
PLAYS = "user,track_id,played_at\n" + "".join(
    f"u{n % 3},t{n % 3 + 1},2023-01-0{n % 9 + 1}T10:00:00Z\n" for n in range(12)
)
ARTIST_PLAYS = PLAYS.replace("track_id", "artist_id").replace(",t", ",K")
FILES = {"artists.csv": ARTISTS, "songs.csv": SONGS, "plays.csv": PLAYS}


def facts(tmp_path: Path) -> list[str]:
    """The rows of kg_final.txt."""
    return (tmp_path / "out/kg_final.txt").read_text(encoding="utf-8").splitlines()


def test_genres_and_countries_of_the_songs_artists_are_in_the_training_graph(tmp_path):
    _, _, text = built(tmp_path, FILES)
    assert "# genre and country of artists: these statements have no item" in text
    assert len(facts(tmp_path)) == 3 + 6  # performers, and genres and countries of artists


@pytest.mark.parametrize("plays", [True, False])
def test_all_heads_are_kept_if_the_songs_have_only_performers(tmp_path, plays):
    files = {name: text for name, text in FILES.items() if plays or name != "plays.csv"}
    assert guessed(tmp_path, files)["triples"] == {"heads": "all"}


def test_albums_are_items_like_songs(tmp_path):
    albums = SONGS.replace("track_id,", "album_id,")
    plays = PLAYS.replace("track_id", "album_id")
    files = {"artists.csv": ARTISTS, "albums.csv": albums, "plays.csv": plays}
    assert guessed(tmp_path, files)["triples"] == {"heads": "all"}


def test_facts_of_artists_are_kept_beside_those_of_the_songs(tmp_path):
    songs = "track_id,title,artist_id,genre\nt1,Rain,K1,folk\nt2,Sun,K2,jazz\nt3,Snow,K3,folk\n"
    built(tmp_path, {**FILES, "songs.csv": songs})
    assert len(facts(tmp_path)) == 3 + 3 + 6


@pytest.mark.parametrize(
    "files",
    [
        {"artists.csv": ARTISTS},
        {"artists.csv": ARTISTS, "plays.csv": ARTIST_PLAYS},
        {"artists.csv": "artist_id,name\nK1,Ann\nK2,Bo\nK3,Cy\n", "songs.csv": SONGS},
        {"songs.csv": "track_id,title,artist,genre\nt1,Rain,Ann,folk\nt2,Sun,Bo,jazz\n"},
    ],
)
def test_nothing_is_said_where_no_statement_is_without_an_item(tmp_path, files):
    built(tmp_path, files)
    assert "heads" not in (tmp_path / "mine.toml").read_text(encoding="utf-8")
