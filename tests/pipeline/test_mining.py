"""Mining in a build and by `evaluate mining`, on small synthetic stage tables."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from kg_builder.errors import DataError
from kg_builder.inference import MiningConfig
from kg_builder.ontology import load_schema
from kg_builder.tables import ENTITIES, STATEMENTS
from pipeline.artefacts import write_table
from pipeline.cli import app
from pipeline.code_version import reached_files
from pipeline.mining import mine_facts
from pipeline.stages.artefact_names import INFERRED, TYPED_ENTITIES

N = 900


def fact(subject, predicate, target, source="db"):
    return {
        "subject": subject,
        "predicate": predicate,
        "object": target,
        "object_kind": "entity",
        "source": source,
        "method": "mapping",
        "confidence": 0.9,
        "evidence": "x",
        "inferred": False,
    }


@pytest.fixture(scope="module")
def tables():
    """Bands of three countries, each with a country's tags; every fourth lacks the country.

    Source `notes` states the country of the first ten of the others.
    """
    rng = np.random.default_rng(0)
    rows, kinds = [], {}
    for n in range(N):
        band, country = f"artist:B{n}", n % 3
        kinds[band] = "Band"
        for tag in rng.choice(6, size=3, replace=False):
            rows.append(fact(band, "tag", f"tag:{country}-{tag}", "tags"))
            kinds[f"tag:{country}-{tag}"] = "Tag"
        kinds[f"place:C{country}"] = "Country"
        if n % 4:
            source = "notes" if n < 14 else "db"
            rows.append(fact(band, "country", f"place:C{country}", source))
    things = [
        {
            "entity": curie,
            "type": type_,
            "name": curie.partition(":")[2],
            "aliases": [],
            "external_ids": [],
            "attributes": "{}",
            "records": 1,
        }
        for curie, type_ in sorted(kinds.items())
    ]
    return STATEMENTS.frame(rows), ENTITIES.frame(things)


CONFIG = MiningConfig(
    predicates=("country",), models=("inductive",), precision=0.8, min_facts=0, epochs=12,
    share=0.4,
)  # fmt: skip


def test_mined_facts_of_a_build_are_true_and_apart(tables):
    found, counts = mine_facts(*tables, CONFIG, load_schema())
    assert counts == {"mined country": len(found)}
    assert len(found) > 50
    number = found["subject"].str.removeprefix("artist:B").astype(int)
    assert (number % 4 == 0).all()
    right = found["object"] == "place:C" + (number % 3).astype(str)
    assert right.mean() > 0.9
    assert set(found["source"]) == {"mining"}
    assert found["inferred"].all()


def test_a_small_graph_is_not_mined_and_the_summary_says_so(tables):
    statements, entities = tables
    config = MiningConfig()
    with pytest.warns(UserWarning, match="too few to mine from"):
        found, counts = mine_facts(statements, entities, config, load_schema())
    assert found.empty
    assert counts == {"stated facts, too few to mine from (fewer than 20,000)": len(statements)}


def test_wrong_names_are_reported(tables):
    for wrong in (MiningConfig(models=("oracle",)), MiningConfig(predicates=("birthDate",))):
        with pytest.raises(DataError, match=r"oracle|birthDate"):
            mine_facts(*tables, wrong, load_schema())


def test_the_command_measures_and_compares_with_gold(tables, tmp_path):
    write = {INFERRED: (STATEMENTS, tables[0]), TYPED_ENTITIES: (ENTITIES, tables[1])}
    for name, (table, frame) in write.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write_table(frame, table, tmp_path / name)
    gold = tmp_path / "gold.jsonl"
    triples = [
        {"subject": f"B{n}", "predicate": "country", "object": f"C{n % 3}"} for n in range(1, 4)
    ]
    gold.write_text(json.dumps({"triples": triples}) + "\n")
    curves = tmp_path / "curves.tsv"
    command = ["evaluate", "mining", "--data", str(tmp_path), "--model", "inductive"]
    command += ["--predicate", "country", "--precision", "0.7", "--epochs", "12"]
    command += ["--without", "notes", "--gold", str(gold), "--out", str(curves)]
    result = CliRunner().invoke(app, command, env={"COLUMNS": "180"}, catch_exceptions=False)
    assert result.exit_code == 0
    assert "3 facts; 3 of them fill a gap with a known value; mined 3 of these" in result.output
    header, first, *_ = curves.read_text().splitlines()
    assert header.split("\t") == ["predicate", "confidence", "precision", "recall"]
    assert first.startswith("country\t")


def test_the_code_of_models_counts_only_where_they_mine():
    assert "recommender/mining/inductive.py" in reached_files("pipeline.mining")
    stage = reached_files("pipeline.stages.inference")
    assert not [path for path in stage if path.startswith("recommender/")]
