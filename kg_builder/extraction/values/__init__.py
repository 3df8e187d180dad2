"""Parse single values: text, dates, durations, countries, languages."""

from kg_builder.extraction.values.dates import (
    DateValue,
    dated_award,
    is_open_end,
    parse_date,
    parse_duration,
    parse_period,
)
from kg_builder.extraction.values.numbers import parse_number
from kg_builder.extraction.values.text import (
    article_in_front,
    clean_text,
    country_name,
    decoded,
    fold,
    is_no_name,
    is_placeholder,
    language_name,
    without_accents,
    without_disambiguator,
    without_honorific,
)

__all__ = [
    "DateValue",
    "article_in_front",
    "clean_text",
    "country_name",
    "dated_award",
    "decoded",
    "fold",
    "is_no_name",
    "is_open_end",
    "is_placeholder",
    "language_name",
    "parse_date",
    "parse_duration",
    "parse_number",
    "parse_period",
    "without_accents",
    "without_disambiguator",
    "without_honorific",
]
