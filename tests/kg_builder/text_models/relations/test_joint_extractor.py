"""The joint extractor: extraction, determinism and refused input."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg_builder.errors import DataError
from kg_builder.text_models.adapters import TrainedRelations
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.relations.joint_extractor import JointExtractor
from kg_builder.text_models.relations.joint_training import fit_joint_extractor
from kg_builder.text_models.relations.model_files import load_extractor, save_extractor

_CONFIG = LearnedConfig(model=None)
_NEW = [
    "Quint Adewale was born in Malmo and sings jazz.",
    "Zoe Farrow, signed to Spiral Records, was born in Basel.",
    "Dana Brook sings folk and once visited Vienna.",
]


@pytest.fixture(scope="module")
def extractor(singers: list[AnnotatedText]) -> JointExtractor:
    return fit_joint_extractor(singers, _CONFIG, seed=3)


def test_names_never_seen_are_read_from_their_contexts(extractor: JointExtractor) -> None:
    found = [{item.triple for item in triples} for triples in extractor.extract(_NEW)]
    assert found[0] == {
        Triple("Quint Adewale", "birthPlace", "Malmo"),
        Triple("Quint Adewale", "genre", "Jazz"),
    }
    assert Triple("Zoe Farrow", "recordLabel", "Spiral Records") in found[1]
    assert Triple("Dana Brook", "genre", "Folk music") in found[2]
    assert not any(triple.relation == "birthPlace" for triple in found[2])


def test_triples_come_with_their_spans_and_a_probability(extractor: JointExtractor) -> None:
    found = extractor.extract(_NEW[:1], min_confidence=0.0)[0]
    assert all(0 <= item.confidence <= 1 for item in found)
    assert found == sorted(found, key=lambda item: -item.confidence)
    born = next(item for item in found if item.triple.relation == "birthPlace")
    assert (born.subject, born.object) == ((0, 2), (5, 6))


def test_given_things_are_the_only_ones(extractor: JointExtractor) -> None:
    found = extractor.extract(_NEW[:1], given=[["Quint_Adewale", "Jazz"]], min_confidence=0.0)[0]
    assert {item.triple.subject for item in found} == {"Quint Adewale"}
    assert {item.triple.object for item in found} == {"Jazz"}


def test_the_same_texts_in_any_order_and_seed_give_the_same_model(
    extractor: JointExtractor, singers: list[AnnotatedText], tmp_path: Path
) -> None:
    again = fit_joint_extractor(singers[::-1], _CONFIG, seed=3)
    save_extractor(extractor, tmp_path / "one")
    save_extractor(again, tmp_path / "two")
    for path in sorted((tmp_path / "one").iterdir()):
        if path.suffix != ".pt":  # an archive carries the name of its file
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    assert again.extract(_NEW, min_confidence=0.0) == extractor.extract(_NEW, min_confidence=0.0)


def test_a_saved_extractor_reads_the_same(extractor: JointExtractor, tmp_path: Path) -> None:
    save_extractor(extractor, tmp_path)
    assert load_extractor(tmp_path).extract(_NEW) == extractor.extract(_NEW)


def test_a_damaged_folder_is_refused(extractor: JointExtractor, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_extractor(tmp_path / "nothing")
    save_extractor(extractor, tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(DataError, match="not a trained relation extractor"):
        load_extractor(tmp_path)


def test_texts_about_one_thing_alone_are_refused() -> None:
    texts = [AnnotatedText("1", "A sings.", (Triple("A", "genre", "B"),), "A")]
    with pytest.raises(DataError, match="1 subjects among the training texts"):
        fit_joint_extractor(texts, _CONFIG)


def test_triples_that_no_text_names_are_refused() -> None:
    texts = [
        AnnotatedText(str(n), "Nothing at all.", (Triple(f"S{n}", "r", f"O{n}"),), str(n))
        for n in range(6)
    ]
    with pytest.raises(DataError, match="no text has both names"):
        fit_joint_extractor(texts, _CONFIG)


def test_a_text_without_words_states_nothing(extractor: JointExtractor) -> None:
    assert extractor.extract(["", "   ", "!"]) == [[], [], []]


def test_a_build_reads_texts_in_windows(extractor: JointExtractor) -> None:
    text = "Nothing to tell here. " * 4 + _NEW[0]
    (reading,) = TrainedRelations(extractor).read([text])
    found = {
        (text[slice(*item.subject)], item.predicate, text[slice(*item.object)])
        for item in reading.relations
    }
    assert ("Quint Adewale", "birthPlace", "Malmo") in found
