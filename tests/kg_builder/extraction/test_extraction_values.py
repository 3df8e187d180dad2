from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.extraction.values import (
    clean_text,
    country_name,
    external_id,
    language_name,
    parse_date,
    parse_duration,
    parse_period,
    without_disambiguator,
)


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("1965", "1965", "gYear"),
        ("1965-11", "1965-11", "gYearMonth"),
        ("1965-11-21", "1965-11-21", "date"),
        ("1965-00-00", "1965", "gYear"),
        ("1965-11-00", "1965-11", "gYearMonth"),
        ("21 November 1965", "1965-11-21", "date"),
        ("November 21, 1965", "1965-11-21", "date"),
        ("Nov. 1965", "1965-11", "gYearMonth"),
        ("21/11/1965", "1965-11-21", "date"),
        ("11/21/1965", "1965-11-21", "date"),
        ("1965-11-21T00:00:00Z", "1965-11-21", "date"),
        ("19651121", "1965-11-21", "date"),
        ("(1965)", "1965", "gYear"),
    ],
)
def test_dates_keep_the_precision_that_is_known(text: str, expected: str, kind: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert (found.text, found.kind, found.approximate) == (expected, kind, False)


@pytest.mark.parametrize("text", ["c. 1940", "circa 1940", "~1940", "1940?", "about 1940"])
def test_approximate_dates_say_so(text: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert (found.text, found.approximate) == ("1940", True)


def test_day_and_month_are_not_guessed() -> None:
    found = parse_date("03/04/1999")
    assert found is not None
    assert (found.text, found.kind) == ("1999", "gYear")


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "the sixties", "1960s", "0000", "1999-13-01", "1999-02-30", "31/31/1999"],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@given(st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)))
def test_every_calendar_date_survives_three_notations(date: datetime.date) -> None:
    iso = date.isoformat()
    for text in (iso, f"{date.day} {date:%B} {date.year}", f"{date:%B} {date.day}, {date.year}"):
        found = parse_date(text)
        assert found is not None
        assert found.text == iso


@given(st.text(max_size=40))
def test_no_text_breaks_the_date_reader(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.kind in {"gYear", "gYearMonth", "date"}


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("1986–1992", "1986", "1992"),
        ("1986-1992", "1986", "1992"),
        ("1977–present", "1977", None),
        ("1991 to 1995", "1991", "1995"),
        ("1999", "1999", None),
    ],
)
def test_periods(text: str, begin: str, end: str | None) -> None:
    first, last = parse_period(text)
    assert first is not None and first.text == begin
    assert (last.text if last else None) == end


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("4:33", None, "PT4M33S"),
        ("1:02:03", None, "PT1H2M3S"),
        ("PT4M33S", None, "PT4M33S"),
        ("4 min 33 s", None, "PT4M33S"),
        ("273000", "milliseconds", "PT4M33S"),
        ("4.55", "minutes", "PT4M33S"),
        ("60", "seconds", "PT1M"),
        ("273", None, None),
        ("0:00", None, None),
        ("", None, None),
        ("-5.0", "minutes", None),
    ],
)
def test_durations(text: str, unit: str | None, expected: str | None) -> None:
    assert parse_duration(text, unit) == expected


@given(st.integers(1, 10**6))
def test_a_duration_written_as_a_clock_is_its_seconds(seconds: int) -> None:
    hours, rest = divmod(seconds, 3600)
    clock = f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    assert parse_duration(clock) == parse_duration(str(seconds), "seconds")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GB", "United Kingdom"),
        ("UK", "United Kingdom"),
        ("GBR", "United Kingdom"),
        ("England", "United Kingdom"),
        ("Deutschland", "Germany"),
        ("U.S.", "United States"),
        ("Côte d'Ivoire", "Côte d'Ivoire"),
        ("Soviet Union", "Soviet Union"),
        ("日本", "Japan"),
        ("Europe", None),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries_have_one_name(text: str, expected: str | None) -> None:
    assert country_name(text) == expected


def test_languages_have_one_name() -> None:
    assert {language_name(text) for text in ("en", "eng", "en-GB", "English language")} == {
        "English"
    }
    assert language_name("Klingonese") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://en.wikipedia.org/wiki/Sigur_R%C3%B3s", "dbpedia:Sigur_Rós"),
        ("http://dbpedia.org/resource/AC/DC", "dbpedia:AC/DC"),
        ("https://www.wikidata.org/wiki/Q42455", "wikidata:Q42455"),
        (
            "https://musicbrainz.org/artist/87c5dedd-371d-4a53-9f7f-80522fb7f3cb",
            "musicbrainz:87c5dedd-371d-4a53-9f7f-80522fb7f3cb",
        ),
        ("https://www.discogs.com/artist/6520-Bj%C3%B6rk", "discogs:6520"),
        ("http://rdf.freebase.com/ns/m.0jg77", "freebase:m.0jg77"),
        ("https://bjork.com", None),
        ("https://de.wikipedia.org/wiki/Bj%C3%B6rk", None),
    ],
)
def test_addresses_of_databases_become_curies(text: str, expected: str | None) -> None:
    assert external_id(text) == expected


def test_text_is_repaired() -> None:
    assert clean_text("BjÃ¶rk") == "Björk"
    assert clean_text("Simon &amp;amp; Garfunkel") == "Simon & Garfunkel"
    assert clean_text("  Sigur\u00a0 \tRós\n") == "Sigur Rós"
    assert clean_text("a\x00b\x07") == "ab"
    assert clean_text("AT&T") == "AT&T"


@given(st.text(max_size=60))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_text(text, repair=False)
    assert clean_text(once, repair=False) == once


def test_disambiguators_are_cut_and_titles_kept() -> None:
    assert without_disambiguator("Nirvana (British band)") == "Nirvana"
    assert without_disambiguator("1999 (Prince album)") == "1999"
    assert without_disambiguator("Live (Tour Edition)") == "Live (Tour Edition)"
