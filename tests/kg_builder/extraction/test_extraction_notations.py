"""Notations of dates, durations and numbers in other languages and in exports of programs."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from kg_builder.extraction.objects import Notation, read_literal
from kg_builder.extraction.values import parse_date, parse_duration, parse_number, parse_period
from kg_builder.extraction.values.amounts import parse_amount
from kg_builder.extraction.values.locale_words import LANGUAGES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03 Mar 2019 00:00:00 GMT", "2019-03-03"),
        ("29 Sep 2022, 14:19", "2022-09-29"),
        ("14:19, 29 September 2022 (UTC)", "2022-09-29"),
        ("Mon May 05 14:00:00 +0000 1997", "1997-05-05"),
        ("2011-11-07 00:00:00 UTC", "2011-11-07"),
        ("Sep 5, 2024 3:07 PM", "2024-09-05"),
        ("Mon May 12 1997 02:00:00 GMT+0200 (CEST)", "1997-05-12"),
        ("1997. 5. 12.", "1997-05-12"),
        ("12. 5. 97.", "1997-05-12"),
        ("12.V.1997", "1997-05-12"),
        ("3 XII 1997", "1997-12-03"),
        ("12 May 1997 (UK)", "1997-05-12"),
        ("UK: 12 May 1997", "1997-05-12"),
        ("1997 (reissue 2005)", "1997"),
        ("12 May 1997 (2005 remaster)", "1997-05-12"),
        ("Released: May 1997 (US)", "1997-05"),
        ("Spring 1997", "1997"),
        ("été 1997", "1997"),
        ("+1985-00-00T00:00:00Z", "1985"),
        ("+1985-03-00T00:00:00Z", "1985-03"),
        ("Mon, 05 May 1997", "1997-05-05"),
        ("lunes, 5 de mayo de 1997", "1997-05-05"),
        ("12-Mar-82", "1982-03-12"),
        ("12-Mar-07", "2007-03-12"),
        ("1997年5月12日", "1997-05-12"),
        ("1997年5月", "1997-05"),
        ("1997년 5월 12일", "1997-05-12"),
        ("5 mai 1997", "1997-05-05"),
        ("1er mai 1997", "1997-05-01"),
        ("5. Mai 1997", "1997-05-05"),
        ("12 мая 1997 г.", "1997-05-12"),
        ("12 Μαΐου 1997", "1997-05-12"),
        ("1 de enero de 1997", "1997-01-01"),
        ("℗ 1997", "1997"),
        ("℗ & © 1997", "1997"),
        ("(P) 1997", "1997"),
        ("(c) 1997", "1997"),
        ("'97", "1997"),
        ("May '97", "1997-05"),
        ("12 mai ’97", "1997-05-12"),
        ("May 12, '97", "1997-05-12"),
        ("summer of '69", "1969"),
        ("verano del '69", "1969"),
        ("estate dell’97", "1997"),
        ("summer of 1969", "1969"),
        ("Sept. '03", "2003-09"),
        ("May 97", "1997-05"),
        ("19970512T101112Z", "1997-05-12"),
        ("Q2 1997", "1997"),
        ("1985/86", "1985"),
        ("1999/00", "1999"),
        ("2001/02", "2001"),
        ("2001/03", "2001-03"),
        ("97-12-25", "1997-12-25"),
    ],
)
def test_dates_in_the_notations_of_exports(text: str, expected: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.text == expected


@pytest.mark.parametrize(
    "text",
    [
        "1985/87",
        "5 foo 1997",
        "32 mai 1997",
        "mai mai 1997",
        "97",
        "5 mai",
        "1:02",
        "℗",
        "'60s",
        "early '70s",
        "May 12",
        "5'97",
        "'971",
        "Rock 'n' roll '97",
    ],
)
def test_what_is_still_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_guessed_centuries_and_seasons_are_approximate() -> None:
    assert all(parse_date(text).approximate for text in ("12-Mar-82", "'97", "May '97", "1985/86"))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("day_first", "expected"), [(None, "1997"), (True, "1997-05-12"), (False, "1997-12-05")]
)
@pytest.mark.parametrize("text", ["12/05/1997", "12-05-1997", "12/05/97"])
def test_a_recipe_tells_the_order_of_day_and_month(
    text: str, day_first: bool | None, expected: str
) -> None:
    found = read_literal(text, "date", Notation(day_first=day_first))
    assert found is not None
    assert found.text == expected


@pytest.mark.parametrize("day_first", [None, True, False])
@pytest.mark.parametrize("text", ["12.05.1997", "12.5.97", "12. 5. 1997", "12.05.1997 13:37"])
def test_between_points_the_day_is_first(text: str, day_first: bool | None) -> None:
    found = read_literal(text, "date", Notation(day_first=day_first))
    assert found is not None
    assert found.text == "1997-05-12"


@given(
    st.dates(datetime.date(1000, 1, 1), datetime.date(2900, 12, 31)),
    st.sampled_from(LANGUAGES),
    st.sampled_from(["long", "medium", "full"]),
)
def test_dates_of_the_locale_data_are_read_back(
    date: datetime.date, language: str, width: Any
) -> None:
    text = format_date(date, width, locale=language)
    found = parse_date(text, day_first=True)
    if found is None:
        assert "." in text or any(
            sign in text for sign in "/-"
        )  # digits alone, some without a year
    else:
        assert found.text == date.isoformat()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_of_every_language_is_known(language: str) -> None:
    for month in range(1, 13):
        text = format_date(datetime.date(1997, month, 5), "long", locale=language)
        assert parse_date(text).text == f"1997-{month:02d}-05", text  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [("1985/86", "1985", "1986"), ("1965–70", "1965", "1970"), ("'97-'99", "1997", "1999")],
)
def test_periods_with_a_short_end(text: str, begin: str, end: str) -> None:
    one, other = parse_period(text)
    assert one is not None
    assert other is not None
    assert (one.text, other.text) == (begin, end)


@pytest.mark.parametrize(
    ("unit", "text"), [("seconds", "1167609600"), ("milliseconds", "1167609600000")]
)
def test_a_number_of_seconds_is_a_date_where_the_recipe_says_so(unit: str, text: str) -> None:
    found = read_literal(text, "date", Notation(unit=unit))
    assert found is not None
    assert found.text == "2007-01-01"
    assert read_literal(text, "date") is None


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("P00H03M35S", None, "PT3M35S"),
        ("P0DT0H3M35.0S", None, "PT3M35S"),
        ("3 Minuten 35 Sekunden", None, "PT3M35S"),
        ("3 minutos y 35 segundos", None, "PT3M35S"),
        ("3 minutes et 35 secondes", None, "PT3M35S"),
        ("3 мин 35 с", None, "PT3M35S"),
        ("3分35秒", None, "PT3M35S"),
        ("1 Std. 2 Min.", None, "PT1H2M"),
        ("3,5 min", None, "PT3M30S"),
        ("3’35”", None, "PT3M35S"),
        ("3m35", None, "PT3M35S"),
        ("1h02", None, "PT1H2M"),
        ("~3:35", None, "PT3M35S"),
        ("5,5", "minutes", "PT5M30S"),
        ("215.000", "milliseconds", None),
        ("35 s 3 min", None, None),
        ("3 Äpfel", None, None),
        ("P3M", None, None),
    ],
)
def test_durations_in_other_notations(text: str, unit: str | None, expected: str | None) -> None:
    assert parse_duration(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("4,5", None, "4.5"),
        ("1.234,5", None, "1234.5"),
        ("1,234.5", None, "1234.5"),
        ("1 234,5", None, "1234.5"),
        ("1'234.5", None, "1234.5"),
        ("1,234,567", None, "1234567"),
        ("12,34,567", None, "1234567"),
        ("1,234", None, None),
        ("1,234", ",", "1.234"),
        ("1,234", ".", "1234"),
        ("1.234", ",", "1234"),
        ("4.5", ",", None),
        ("\u22124,5", None, "-4.5"),
        ("1,2,3", None, None),
        ("12 34", None, None),
        ("", None, None),
        ("1e3", None, "1000"),
        ("1,5E+06", None, "1500000"),
        ("1e999", None, None),
    ],
)
def test_numbers(text: str, decimal: Any, expected: str | None) -> None:
    assert parse_number(text, decimal) == expected


@pytest.mark.parametrize(
    ("text", "number", "scale"),
    [
        ("12k", "12000", None),
        ("1.2M", "1200000", None),
        ("1,2 Mio.", "1200000", None),
        ("12 тыс.", "12000", None),
        ("4.5/5", "4.5", 5),
        ("4,5 / 5", "4.5", 5),
        ("4 out of 5", "4", 5),
        ("80 %", "80", 100),
        ("★★★★☆", "4", 5),
        ("★★★½", "3.5", None),
        ("4 stars", "4", None),
    ],
)
def test_amounts_as_people_write_them(text: str, number: str, scale: int | None) -> None:
    assert parse_amount(text) == (number, scale)


@pytest.mark.parametrize(
    "text",
    ["1.2B", "1.2 billion", "1.2m", "1,234k", "6/5", "12/1999", "1/2/3", "12 min", "k", "★☆★"],
)
def test_ambiguous_amounts_are_none(text: str) -> None:
    assert parse_amount(text) is None
    assert read_literal(text, "decimal") is None


@given(
    st.integers(2, 999),  # 1,000 is "mille", without a number
    st.sampled_from((1_000, 1_000_000)),
    st.sampled_from(("en", "de", "fr", "it", "nl", "pl", "ru", "el")),
)
def test_abbreviated_numbers_of_the_locale_data_are_read_back(
    number: int, size: int, locale: str
) -> None:
    text = format_compact_decimal(number * size, format_type="long", locale=locale)
    found = parse_amount(text)
    assert found is not None
    assert int(found.number) == number * size


@given(
    st.decimals(0, 10**9, places=2).filter(lambda number: number % 1 != 0),
    st.sampled_from(("en", "de", "fr", "es", "pt", "ru", "pl", "tr", "de_CH", "hi")),
)
def test_numbers_of_the_locale_data_are_read_back(number: Any, locale: str) -> None:
    text = format_decimal(number, locale=locale, format=None)
    point = format_decimal(0.5, locale=locale)[1]
    assert float(parse_number(text, point) or "nan") == pytest.approx(float(number))


def test_literals_take_the_decimal_sign() -> None:
    comma = Notation(decimal=",")
    assert read_literal("1.000", "integer", comma).text == "1000"  # type: ignore[union-attr]
    assert read_literal("1,000", "integer", comma).text == "1"  # type: ignore[union-attr]
    assert read_literal("1,5", "integer") is None


@pytest.mark.parametrize("text", ["215000 ms", "(3:35)", "3:35 min", "03:35 mins", "0:03:35 h"])
def test_durations_with_their_unit_beside(text):
    assert parse_duration(text) == "PT3M35S"
