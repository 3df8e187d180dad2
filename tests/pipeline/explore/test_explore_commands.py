from __future__ import annotations

import json

import pytest

from pipeline import cli


@pytest.fixture
def run(built, monkeypatch, capsys):
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["pipeline", *arguments, "--data", str(built)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run


BANDS = "select ?band { ?band a mkg:Band } order by ?band"


def test_an_answer_is_printed_as_a_table(run):
    status, out, err = run("query", BANDS, "--limit", "2")
    assert status == 0
    assert [line.strip() for line in out.splitlines()] == [
        "band", "artist:Massive_Attack", "artist:Portishead",
    ]  # fmt: skip
    assert "more than 2 rows" in err


def test_an_answer_is_printed_as_json_and_csv(run):
    _, out, _ = run("query", BANDS, "--format", "json")
    assert len(json.loads(out)["results"]["bindings"]) == 3
    _, out, _ = run("query", BANDS, "--format", "csv")
    assert out.splitlines()[0] == "band"


def test_a_misspelt_term_of_a_query_without_an_answer_is_named(run):
    status, _, err = run("query", "select * { ?a mkg:contry ?c ; a mkg:Band }")
    assert status == 0
    assert "mkg:contry is not in the data model: did you mean mkg:country?" in err
    assert "mkg:Band" not in err


def test_a_query_comes_from_a_file(run, tmp_path):
    (tmp_path / "q.rq").write_text(BANDS)
    assert run("query", f"@{tmp_path / 'q.rq'}")[0] == 0
    status, _, err = run("query", f"@{tmp_path / 'none.rq'}")
    assert (status, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("query", "select nothing"), "query: syntax error in line 1"),
        (("query", BANDS, "--format", "turtle"), "--format turtle: the answer is a table"),
        (("query", "select * { ?a foo:b ?c }"), "query: the prefix foo: is not declared"),
        (("show", "Portshead"), "did you mean Portishead"),
    ],
)
def test_a_mistake_ends_in_one_line(run, arguments, words):
    status, _, err = run(*arguments)
    assert (status, err.count("\n")) == (2, 1)
    assert words in err


def test_a_card_is_printed_with_rows_and_reasons(run):
    status, out, _ = run("show", "portishead", "--why")
    assert status == 0
    assert "Band < Artist < Agent < Entity" in out
    assert "id: 1, name: Portishead, genres: trip hop;electronic" in out
    assert "genre: experimental rock" in out
    assert "why artist:Portishead decade decade:1990s" in out


def test_a_card_is_printed_as_json(run):
    _, out, _ = run("show", "portishead", "--json")
    assert json.loads(out)["label"] == "Portishead"
