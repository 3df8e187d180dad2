"""Look-up of items by names as users type them."""

from __future__ import annotations

import pytest

from recommender.data import Catalogue
from recommender.data.items import ItemNames
from recommender.data.names import NameIndex, fold_name, loosen_name
from recommender.errors import ConfigError

NAMES = [
    "Radiohead",
    "Sigur Rós",
    "Guns N' Roses",
    "AC/DC",
    "The Cure",
    "Earth, Wind & Fire",
    "Air",
    "AIR",
    "!!!",
    "Matrix, The (1999)",
    "Simon & Garfunkel",
    "Sade\t",
    "TNT (Brasil)",
    "Prince",
]
WEIGHT = [50, 40, 30, 20, 10, 9, 3, 8, 1, 2, 7, 6, 5, 4]


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return NameIndex(
        enumerate(NAMES), [(13, "The Artist Formerly Known"), (4, "Radiohead")], WEIGHT
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Radiohead", "Radiohead"),
        ("  RADIOHEAD ", "Radiohead"),
        ("sigur ros", "Sigur Rós"),
        ("guns n roses", "Guns N' Roses"),
        ("Guns N’ Roses", "Guns N' Roses"),
        ("acdc", "AC/DC"),
        ("cure", "The Cure"),
        ("the matrix", "Matrix, The (1999)"),
        ("Matrix", "Matrix, The (1999)"),
        ("simon and garfunkel", "Simon & Garfunkel"),
        ("tnt", "TNT (Brasil)"),
        ("!!!", "!!!"),
        ("artist formerly known", "Prince"),
    ],
)
def test_spelling_does_not_matter(index, typed, meant):
    found = index.find(typed)
    assert found is not None
    assert found.name == meant


def test_the_closest_spelling_wins_and_then_the_best_known(index):
    assert index.find("Air").ids == (6,)
    assert index.find("AIR").ids == (7,)
    assert index.find("air").ids == (7, 6)


def test_a_name_comes_before_anothers_other_name(index):
    assert index.find("radiohead").ids == (0,)


def test_what_nothing_is_called_is_not_found(index):
    assert index.find("Radioheed") is None
    assert index.find("?") is None
    assert index.find("") is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Radioheed", "Radiohead"), ("sigur rose", "Sigur Rós"), ("Garfunkel", "Simon & Garfunkel")],
)
def test_a_typing_error_is_asked_about(index, typed, meant):
    assert index.suggest(typed)[0] == meant


def test_nothing_is_suggested_where_nothing_is_near(index):
    assert index.suggest("Zzyzx Quux") == []


def test_folding_keeps_what_tells_names_apart():
    assert fold_name("Sunn O)))") == "sunno"
    assert fold_name("椎名林檎") == fold_name("椎名林檎")
    assert fold_name("???") == "???"
    assert loosen_name("The The") == "the"
    assert loosen_name("A") == "a"
    assert loosen_name("(hed) p.e.") == "hedpe"


@pytest.fixture
def items(tmp_path) -> ItemNames:
    rows = "".join(f"{n}\thttps://x/{n}\t{name.strip()}\ta{n}\n" for n, name in enumerate(NAMES))
    (tmp_path / "items.tsv").write_text("id\tiri\tname\traw_id\n" + rows, encoding="utf-8")
    (tmp_path / "aliases.tsv").write_text("id\talias\n13\tTAFKAP\n99\tNobody\n", encoding="utf-8")
    return ItemNames(Catalogue(tmp_path), len(NAMES), WEIGHT)


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["Radiohead, sigur ros"], [0, 1]),
        (["Radiohead", "AC/DC"], [0, 3]),
        (["Radiohead, radiohead,"], [0]),
        (["Radiohead, Earth, Wind & Fire, AC/DC"], [0, 5, 3]),
        (['"Earth, Wind & Fire", Radiohead'], [5, 0]),
        (["Simon & Garfunkel, TAFKAP"], [10, 13]),
        (["id:a7, id:a6"], [7, 6]),
        (["Air (id:a6), AIR (id:a7), Earth, Wind & Fire (id:a5)"], [6, 7, 5]),
        ([" , "], []),
        (["Radiohead\nAC/DC\r\n\n"], [0, 3]),
        ([""], []),
    ],
)
def test_lists_of_names(items, texts, meant):
    assert [found.match.id for found in items.resolve_all(texts)] == meant


def test_namesakes_are_reported_with_what_tells_them_apart(items):
    (found,) = items.resolve_all(["air"])
    assert found.is_ambiguous
    assert [items.describe(i) for i in found.match.ids] == ["AIR (id:a7)", "Air (id:a6)"]
    (sure,) = items.resolve_all(["Prince"])
    assert not sure.is_ambiguous


def test_an_unknown_name_gets_a_suggestion(items):
    with pytest.raises(ConfigError, match=r"'Radioheed' is not in .*did you mean Radiohead"):
        items.resolve("Radioheed")
    with pytest.raises(ConfigError, match="did you mean id:a7"):
        items.resolve("a7")
    with pytest.raises(ConfigError, match="no item has the id 'a99'"):
        items.resolve("id:a99")


def test_a_text_far_too_long_for_a_name_is_a_short_line(items):
    with pytest.raises(ConfigError, match=r"no list of names|is not in") as raised:
        items.resolve_all(["x" * 200_000])
    assert len(str(raised.value)) < 200


def test_a_name_of_the_graph_that_is_no_item_is_told(tmp_path):
    (tmp_path / "items.tsv").write_text("id\tiri\tname\traw_id\n0\tx\tCan\ta\n")
    (tmp_path / "entities.tsv").write_text(
        "id\tiri\tname\ttype\n0\tx\tCan\tArtist\n1\ty\tTeardrop\tSong\n"
    )
    names = ItemNames(Catalogue(tmp_path), 1, [1])
    with pytest.raises(ConfigError, match="it is in the graph, but no user has liked it"):
        names.resolve("teardrop")


def test_in_a_list_namesakes_are_shown_with_their_ids(tmp_path):
    rows = "0\tx\tNirvana\ta\n1\tx\tNirvana\tb|c\n2\tx\tNIRVANA!\td\n"
    (tmp_path / "items.tsv").write_text("id\tiri\tname\traw_id\n" + rows, encoding="utf-8")
    names = ItemNames(Catalogue(tmp_path), 3, [1, 1, 1])
    shown = [names.distinct(item) for item in range(3)]
    assert shown == ["Nirvana (id:a)", "Nirvana (id:b)", "NIRVANA!"]


def test_works_are_found_and_shown_with_their_performers(tmp_path):
    rows = (
        "0\tx\tAngel\ta\tMassive Attack\n1\tx\tAngel\tb\tSarah McLachlan\n"
        "2\tx\tUnder Pressure\tc\tDavid Bowie & Queen\n3\tx\tIntro\td\tCan\n"
        "4\tx\tIntro\te\tCan\n5\tx\tStand by Me\tf\tBen E. King\n"
    )
    (tmp_path / "items.tsv").write_text("id\tiri\tname\traw_id\tby\n" + rows, encoding="utf-8")
    names = ItemNames(Catalogue(tmp_path), 6, [1, 2, 1, 1, 1, 1])
    for text, item in {
        "Angel by Massive Attack": 0,
        "massive attack – angel": 0,
        "Angel (Sarah McLachlan)": 1,
        "Under Pressure by Queen": 2,
        "Stand By Me by Ben E King": 5,
        "Stand by me": 5,
    }.items():
        found = names.resolve(text)
        assert (found.match.id, found.is_ambiguous) == (item, False)
    assert names.resolve("Angel").match.ids == (1, 0)
    with pytest.raises(ConfigError, match="is not in"):
        names.resolve("Angel by Can")
    with pytest.raises(ConfigError, match="did you mean 'Intro by Can', one of its 2 among the it"):
        names.resolve("can")
    assert names.distinct(0) == "Angel by Massive Attack"
    assert names.distinct(4) == "Intro by Can (id:e)"


def test_items_of_a_folder_without_names_go_by_number(tmp_path):
    names = ItemNames(Catalogue(tmp_path), 7, [1] * 7)
    assert names.resolve("id:5").match.id == names.resolve("item 5").match.id == 5
    for text in ("id:7", "Air"):
        with pytest.raises(ConfigError, match=r"no items.tsv with .*: id:0 to id:6 are its items"):
            names.resolve(text)
