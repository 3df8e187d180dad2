from __future__ import annotations

import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg_builder.extraction.objects import Literal, Notation, read_literal
from kg_builder.extraction.values import (
    article_in_front,
    clean_text,
    country_name,
    language_name,
    parse_date,
    parse_duration,
    parse_period,
    without_disambiguator,
    without_honorific,
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
    [
        *("", "unknown", "the sixties", "1960s", "0000", "1999-13-01", "1999-02-30", "31/31/1999"),
        *("0001-01-01", "0001-01-01T00:00:00", "0097", "00970512", "12 May 0097", "12-05-0097"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "expected", "kind", "approximate"),
    [
        ("1985~", "1985", "gYear", True),
        ("1985?", "1985", "gYear", True),
        ("1985%", "1985", "gYear", True),
        ("~1985", "1985", "gYear", True),
        ("1985-04~", "1985-04", "gYearMonth", True),
        ("1985-04-12?", "1985-04-12", "date", True),
        ("1985-XX", "1985", "gYear", False),
        ("1985-XX-XX", "1985", "gYear", False),
        ("1985-04-XX", "1985-04", "gYearMonth", False),
        ("1985-uu", "1985", "gYear", False),
        ("1985-21", "1985", "gYear", False),  # spring
        ("1985-04-12T23:20:30Z", "1985-04-12", "date", False),
    ],
)
def test_extended_dates(text: str, expected: str, kind: str, approximate: bool) -> None:
    found = parse_date(text)
    assert found is not None
    assert (found.text, found.kind, found.approximate) == (expected, kind, approximate)


@pytest.mark.parametrize(
    "text", ["198X", "19XX", "201u", "1985/1990", "[1667,1668]", "Y170000002", "-0044", "1985-42"]
)
def test_extended_dates_that_name_no_single_year(text: str) -> None:
    assert parse_date(text) is None


@given(
    st.integers(1000, 2999),
    st.integers(1, 12),
    st.sampled_from(["", "~", "?", "%"]),
    st.sampled_from(["{y}", "{y}-XX", "{y}-{m:02d}", "{y}-{m:02d}-XX"]),
)
def test_marks_of_extended_dates_never_change_the_date(
    year: int, month: int, mark: str, form: str
) -> None:
    found = parse_date(form.format(y=year, m=month) + mark)
    assert found is not None
    assert found.text == (f"{year}-{month:02d}" if "{m" in form else f"{year}")
    assert found.approximate == bool(mark)


_DATES = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31))


@given(_DATES, _DATES, st.sampled_from(["/", "–", " to ", " - "]))
def test_a_period_is_its_two_dates(one: datetime.date, other: datetime.date, sign: str) -> None:
    found = parse_period(f"{one}{sign}{other}")
    assert [value and value.text for value in found] == [str(one), str(other)]


@given(_DATES, st.sampled_from(["/..", "/", "/open", "–present"]))
def test_a_period_may_be_open(date: datetime.date, sign: str) -> None:
    begin, end = parse_period(f"{date}{sign}")
    assert begin is not None and begin.text == str(date) and end is None


def test_a_period_may_begin_in_the_dark() -> None:
    begin, end = parse_period("../1990")
    assert begin is None and end is not None and end.text == "1990"


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Sir Elton John", "Elton John"),
        ("Sir Paul McCartney CH MBE", "Paul McCartney"),
        ("Dame Shirley Bassey", "Shirley Bassey"),
        ("Ustad Vilayat Khan", "Vilayat Khan"),
        ("Sir Mix-a-Lot", "Sir Mix-a-Lot"),
        ("Dr. Dre", "Dr. Dre"),
        ("Lady Gaga", "Lady Gaga"),
        ("Don Henley", "Don Henley"),
        ("MBE", "MBE"),
    ],
)
def test_honours_are_no_part_of_a_name(name: str, plain: str) -> None:
    assert without_honorific(name) == plain


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Beatles, The", "The Beatles"),
        ("Toten Hosen, Die", "Die Toten Hosen"),
        ("Crosby, Stills & Nash", "Crosby, Stills & Nash"),
        ("Earth, Wind, The", "Earth, Wind, The"),
        ("The The", "The The"),
    ],
)
def test_articles_stand_in_front(name: str, plain: str) -> None:
    assert article_in_front(name) == plain


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


_PIECES = st.sampled_from(
    [
        "9" * 5000,
        "9" * 20,
        "1985",
        "-1",
        "0",
        "\u00b2",
        "\u0663",
        "1e400",
        "PT",
        "M",
        "S",
        ":",
        "/..",
        "~",
    ]
)


@given(st.lists(_PIECES, max_size=4).map("".join))
@example("9" * 5000)
@example("PT" + "9" * 5000 + "M")
def test_no_number_breaks_a_reader_of_literals(text: str) -> None:
    for datatype in ("date", "duration", "integer", "decimal", "boolean", "anyURI"):
        for unit in (None, "seconds", "minutes"):
            found = read_literal(text, datatype, Notation(unit=unit))
            assert found is None or found.text.isascii() or datatype == "anyURI"


def test_whole_numbers_keep_all_their_digits() -> None:
    assert read_literal("123456789012345678", "integer") == Literal("123456789012345678", "integer")
    assert read_literal("12.00", "integer") == Literal("12", "integer")
    assert read_literal("1" * 19, "integer") is None
