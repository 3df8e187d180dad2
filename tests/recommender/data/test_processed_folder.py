"""Loading a processed folder, and errors for malformed ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender import DataError, load
from recommender.data.graph import KnowledgeGraph
from recommender.data.tables import read_integer_columns


def write(folder: Path, ratings: str = "0\t0\t1\n0\t1\t0\n", graph: str = "0\t0\t2\n") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "ratings_final.txt").write_text(ratings)
    (folder / "kg_final.txt").write_text(graph)
    return folder


def test_public_folders_load_with_ids_for_names(tmp_path: Path) -> None:
    data = load(write(tmp_path / "public"))
    assert (data.n_users, data.n_items, data.n_entities, data.n_relations) == (1, 2, 3, 1)
    names = data.catalogue
    assert names.item_name(1) == "item 1"
    assert names.user_raw_id(0) == "0"
    assert names.relation_name(0) == "relation 0"
    assert names.user_of_raw_id("0") is None


def test_names_are_read_as_they_are(tmp_path: Path) -> None:
    """Quotes, 'NA' and non-Latin letters are part of names, not syntax."""
    folder = write(tmp_path / "named")
    (folder / "items.tsv").write_text('id\tiri\tname\traw_id\n0\tx\t"Weird" NA\t51\n1\ty\tNA\t52\n')
    (folder / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n0\tx\tno\tArtist\n2\tz\t椎名林檎\tGenre\n"
    )
    (folder / "users.tsv").write_text("id\traw_id\n0\tu-7\n")
    names = load(folder).catalogue
    assert names.item_name(0) == '"Weird" NA'
    assert names.item_name(1) == "NA"
    assert names.item_raw_id(1) == "52"
    assert (names.entity_name(2), names.entity_type(2)) == ("椎名林檎", "Genre")
    assert names.user_of_raw_id("u-7") == 0
    assert names.entity_name(1) == "entity 1"


def test_items_without_a_rating_count(tmp_path: Path) -> None:
    folder = write(tmp_path / "catalogue")
    (folder / "items.tsv").write_text("id\tiri\tname\traw_id\n" + "".join(
        f"{i}\tx\tn\tr\n" for i in range(5)))  # fmt: skip
    assert load(folder).n_items == 5


def test_pairs_rated_below_the_threshold_are_known(tmp_path: Path) -> None:
    folder = write(tmp_path / "rated", "0\t0\t1\n0\t1\t0\n1\t2\t1\n1\t1\t0\n", "0\t0\t3\n")
    assert [ids.tolist() for ids in load(folder).known] == [[0, 1], [0, 2]]
    (folder / "ratings_unliked.tsv").write_text("user\titem\n0\t2\n1\t0\n")
    assert [ids.tolist() for ids in load(folder).known] == [[0, 1, 0, 1], [0, 2, 2, 0]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("user\titem\n0\t7\n", "2: item 7 is not in the ratings, which have 3"),
        ("user\tsong\n0\t1\n", "1: the heading is not user<TAB>item"),
        ("user\titem\n0\tx\n", "no table of integers"),
    ],
)
def test_a_damaged_file_of_unliked_pairs(tmp_path: Path, text: str, complaint: str) -> None:
    folder = write(tmp_path / "rated", "0\t0\t1\n0\t1\t0\n1\t2\t1\n1\t1\t0\n", "0\t0\t3\n")
    (folder / "ratings_unliked.tsv").write_text(text)
    with pytest.raises(DataError, match=complaint):
        load(folder)


@pytest.mark.parametrize(
    ("ratings", "complaint"),
    [
        ("0\t0\t1\n0\t1\n", r"ratings_final\.txt:2: 2 columns instead of 3"),
        ("0\t0\t1\n0 1 0\n", r"ratings_final\.txt:2: 1 columns"),
        ("0\t0\t1\n0\tx\t0\n", r"ratings_final\.txt:2: item 'x' is not an integer"),
        ("0\t0\t1\n-1\t0\t0\n", r"ratings_final\.txt:2: user '-1'"),
        ("0\t0\t1\n0\t1.5\t0\n", r"ratings_final\.txt:2: item '1\.5'"),
        ("0\t0\t1\n\n0\t1\t0\n", r"ratings_final\.txt:2"),
        ("0\t0\t5\n", r"ratings_final\.txt:1: label 5"),
        ("0\t0\t0\n", "no row has label 1"),
        ("0\t1\t1\n0\t0\t1\n0\t1\t1\n", "txt:3: user 0 and item 1 are already in line 1 "),
        ("0\t0\t1\n0\t0\t0\n0\t0\t1\n", r"txt:2: .* in line 1, with label 1 \(2 rows"),
        ("", "the file is empty"),
        ("0\t0\t1\t9\n", r"ratings_final\.txt:1: 4 columns"),
        ("0\t0\t1\n0\t99999999999999999999\t0\n", r"ratings_final\.txt:2: item"),
    ],
)
def test_complaints_say_where(ratings: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=complaint):
        load(write(tmp_path / "broken", ratings=ratings))


def test_ids_that_are_no_numbering_are_refused(tmp_path: Path) -> None:
    """Raw ids would need a table with a row for each number up to the largest."""
    folder = write(tmp_path / "raw", ratings="9000000000\t0\t1\n0\t0\t0\n")
    with pytest.raises(DataError, match="user ids reach 9000000000 though only 2 differ"):
        load(folder)
    folder = write(tmp_path / "graph", graph="0\t0\t5000000\n")
    with pytest.raises(DataError, match="entity ids reach 5000000"):
        load(folder)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pipeline build --dataset sample"):
        load(tmp_path / "sample")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "ratings_final.txt").write_text("0\t0\t1\n")
    with pytest.raises(DataError, match=r"kg_final\.txt: no such file"):
        load(tmp_path / "half")


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 1)), min_size=1)
)
def test_tables_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("tables") / "table.txt"
    path.write_text("".join(f"{a}\t{b}\t{c}\n" for a, b, c in rows))
    np.testing.assert_array_equal(read_integer_columns(path, ("a", "b", "c")).T, rows)


def test_membership_and_neighbours() -> None:
    graph = KnowledgeGraph(*np.array([[0, 0, 3], [0, 1, 0], [3, 3, 1]]), 5, 2)
    found = graph.contains(np.array([0, 0, 3, 3]), np.array([0, 1, 0, 1]), np.array([3, 1, 1, 1]))
    assert found.tolist() == [True, False, True, False]
    offsets, neighbours = graph.adjacency
    lists = [neighbours[offsets[i] : offsets[i + 1]].tolist() for i in range(5)]
    assert lists == [[3], [3], [], [0, 1], []]


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("users.tsv", "id\traw_id\n", r"users\.tsv: ends at id -1 of 0"),
        ("entities.tsv", "id\tname\n0\tA\n1\tB\n", r"entities\.tsv: ends at id 1 of 2"),
        ("entities.tsv", "id\tname\n0\tA\n0\tB\n2\tC\n", r"entities\.tsv:3: id 0 occurs"),
    ],
)
def test_names_that_were_cut_off_are_refused(
    file: str, text: str, complaint: str, tmp_path: Path
) -> None:
    folder = write(tmp_path / "cut")
    (folder / file).write_text(text)
    names = load(folder).catalogue
    with pytest.raises(DataError, match=complaint):
        names.user_raw_id(0) if file == "users.tsv" else names.entity_name(0)


def test_a_list_of_items_that_is_no_text_is_refused_when_it_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "garbage")
    (folder / "items.tsv").write_bytes(b"\xf7\xad\x00\xff")
    names = load(folder).catalogue
    with pytest.raises(DataError, match=r"items\.tsv: .*; build the data set again"):
        names.item_name(0)


def test_a_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    folder = write(tmp_path / "hostile")
    names = ["\x1b[31mred", "\u202eturned", "[/red] 🎸"]
    rows = "".join(f"{n}\t{name}\n" for n, name in enumerate(names))
    (folder / "entities.tsv").write_text(f"id\tname\n{rows}", encoding="utf-8")
    catalogue = load(folder).catalogue
    shown = [catalogue.entity_name(n) for n in range(3)]
    assert shown == [" [31mred", " turned", "[/red] 🎸"]
