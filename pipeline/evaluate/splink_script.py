"""Stand-alone script: cluster a CSV of song records with Splink 5, write the clusters as JSON.

    python splink_script.py RECORDS.csv CLUSTERS.json

It imports nothing from this project, which need not be installed.

Splink is configured as its documentation advises: several blocking rules, Jaro-Winkler and Jaccard
levels with term frequencies, u by sampling, m by expectation-maximisation, and a clustering
threshold fixed without reference to gold data (a match probability of 0.5).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLD = 0.5


def comparisons(columns: set[str]) -> list[Any]:
    """Comparisons of the columns that are not empty."""
    found = [
        cl.CustomComparison(
            output_column_name="title",
            comparison_levels=[
                {"sql_condition": "title_l IS NULL OR title_r IS NULL", "label_for_charts": "null",
                 "is_null_level": True},
                {"sql_condition": "title_l = title_r", "label_for_charts": "equal",
                 "tf_adjustment_column": "title", "tf_adjustment_weight": 1.0},
                {"sql_condition": "jaro_winkler_similarity(title_l, title_r) >= 0.95",
                 "label_for_charts": "jw 0.95"},
                {"sql_condition": "contains(title_l, title_r) OR contains(title_r, title_l)",
                 "label_for_charts": "contained"},
                {"sql_condition": "jaro_winkler_similarity(title_l, title_r) >= 0.85",
                 "label_for_charts": "jw 0.85"},
                {"sql_condition": "jaccard(title_l, title_r) >= 0.7",
                 "label_for_charts": "jaccard 0.7"},
                {"sql_condition": "ELSE", "label_for_charts": "else"},
            ],
        )
    ]  # fmt: skip
    found += [
        cl.JaroWinklerAtThresholds(name, [0.95, 0.85]).configure(term_frequency_adjustments=True)
        for name in ("artist", "album")
        if name in columns
    ]
    if "length" in columns:
        found.append(
            cl.CustomComparison(
                output_column_name="length",
                comparison_levels=[
                    {"sql_condition": "length_l IS NULL OR length_r IS NULL",
                     "label_for_charts": "null", "is_null_level": True},
                    {"sql_condition": "abs(length_l - length_r) <= 1", "label_for_charts": "1 s"},
                    {"sql_condition": "abs(length_l - length_r) <= 4", "label_for_charts": "4 s"},
                    {"sql_condition": "ELSE", "label_for_charts": "else"},
                ],
            )
        )  # fmt: skip
    found += [
        cl.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name in ("year", "number", "language")
        if name in columns
    ]
    return found


def rules(columns: set[str]) -> list[Any]:
    """Blocking rules, none of which pairs more than a few records in a thousand."""
    found = [block_on("title"), block_on("substr(title, 1, 8)"), block_on("last_words")]
    if "album" in columns:
        found.append(block_on("substr(album, 1, 8)", "substr(title, 1, 3)"))
    if "length" in columns:
        found.append(block_on("length", "number" if "number" in columns else "substr(title, 1, 2)"))
        if "year" in columns:
            found.append(block_on("length", "year"))
    if "artist" in columns:
        found.append(block_on("artist", "substr(title, 1, 4)"))
    return found


def main() -> None:
    """Train, predict, cluster; write the clusters and the time taken."""
    table = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
    table = table.replace("", None)
    if "length" in table:
        table["length"] = pd.to_numeric(table["length"])
    table["last_words"] = table["title"].map(
        lambda text: (
            " ".join(text.split()[-2:]) if isinstance(text, str) and len(text) > 6 else None
        )
    )
    columns = {str(name) for name in table if table[name].notna().any()}
    began, processor = time.perf_counter(), time.process_time()
    blocking = rules(columns)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons(columns),
        blocking_rules_to_generate_predictions=blocking,
        retain_intermediate_calculation_columns=False,
    )
    linker = Linker(DuckDBAPI().register(table), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("title", "artist") if "artist" in columns else block_on("title")], recall=0.5
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    blocks = [["title"], ["length", "year"], ["artist", "substr(title, 1, 4)"]]
    for block in blocks:
        if all(name.split("(")[-1].split(",")[0] in columns for name in block):
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*block), record_sample_proportion=1.0
            )
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=THRESHOLD
    ).as_pandas_dataframe()
    measured = {
        "clusters": dict(
            zip(clusters["unique_id"], clusters["cluster_id"].astype(str), strict=True)
        ),
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - processor,
    }
    Path(sys.argv[2]).write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
