"""The subject-first extractor, on incompletely annotated sentences about one work each."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from kg_builder.errors import DataError
from kg_builder.text_models.adapters import TrainedRelations
from kg_builder.text_models.config import LearnedConfig
from kg_builder.text_models.corpora import AnnotatedText, Slot, Triple
from kg_builder.text_models.relations import subject_first_training
from kg_builder.text_models.relations.model_files import load_extractor, save_extractor
from kg_builder.text_models.relations.subject_first_extractor import SubjectFirstExtractor
from kg_builder.text_models.relations.subject_first_training import (
    about_one_thing,
    fit_subject_first_extractor,
)
from kg_builder.text_models.training.fit import choose_method, fit_extractor

_CONFIG = LearnedConfig(model=None)
_FIRST = ["Mira", "Tomas", "Ilse", "Ravi", "Oda", "Karel", "Nuno", "Pia", "Sven", "Yara"]
_LAST = ["Holt", "Brandl", "Okoro", "Lind", "Marek", "Castel", "Novak", "Weiss"]
_WORDS = ["Blue", "Night", "Paper", "Silver", "Harbour", "Winter", "Glass", "River", "Stone"]
_LABELS = ["Kite Records", "Low Tide Records", "Amber Records", "Hill Records"]
_GENRES = ["folk", "jazz", "pop", "blues"]
_DECLARED = {
    Slot("performer", "subject"): "song",
    Slot("part of", "subject"): "song",
    Slot("part of", "object"): "album",
    Slot("genre", "subject"): "song",
    Slot("record label", "subject"): "album",
    Slot("producer", "subject"): "album",
}


def make_sentences(number: int, *, seed: int = 0, keep: int = 1) -> list[AnnotatedText]:
    """Sentences about songs and albums, each annotated with `keep` of its triples."""
    draw = random.Random(seed)
    texts = []
    for count in range(number):
        title, other = (" ".join(draw.sample(_WORDS, 2)) for _ in range(2))
        name = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
        label, genre = draw.choice(_LABELS), draw.choice(_GENRES)
        sings, on = Triple(title, "performer", name), Triple(title, "part of", other)
        kind, made = Triple(title, "genre", genre), Triple(title, "producer", name)
        issued = Triple(title, "record label", label)
        text, triples = draw.choice(
            [
                (f'"{title}" is a song by {name} from the album {other}.', [sings, on]),
                (f'"{title}" is a {genre} song recorded by {name}.', [kind, sings]),
                (f"{title} is an album produced by {name} for {label}.", [made, issued]),
                (f"Released by {label}, {title} was produced by {name}.", [issued, made]),
            ]
        )
        draw.shuffle(triples)
        texts.append(
            AnnotatedText(f"{seed}-{count:03d}", text, tuple(triples[:keep]), title, complete=False)
        )
    return texts


@pytest.fixture(scope="module")
def texts() -> list[AnnotatedText]:
    return make_sentences(140)


@pytest.fixture(scope="module")
def extractor(texts: list[AnnotatedText]) -> SubjectFirstExtractor:
    return fit_subject_first_extractor(texts, _CONFIG, seed=1, declared=_DECLARED)


def _triples(extractor: SubjectFirstExtractor, text: str) -> set[Triple]:
    return {item.triple for item in extractor.extract([text])[0]}


def test_all_relations_of_a_work_never_seen_are_read(
    extractor: SubjectFirstExtractor,
) -> None:
    assert _triples(
        extractor, '"Cold Lantern" is a song by Zoe Farrow from the album Far Moons.'
    ) == {
        Triple("Cold Lantern", "performer", "Zoe Farrow"),
        Triple("Cold Lantern", "part of", "Far Moons"),
    }


def test_the_class_of_the_subject_limits_its_relations(extractor: SubjectFirstExtractor) -> None:
    found = _triples(
        extractor, "Cold Lantern is an album produced by Zoe Farrow for Amber Records."
    )
    assert found == {
        Triple("Cold Lantern", "producer", "Zoe Farrow"),
        Triple("Cold Lantern", "record label", "Amber Records"),
    }


def test_what_is_annotated_in_part_is_more_certain_than_its_share(
    texts: list[AnnotatedText], extractor: SubjectFirstExtractor
) -> None:
    (found,) = extractor.extract(['"Cold Lantern" is a folk song recorded by Zoe Farrow.'])
    assert {item.triple.relation for item in found} == {"genre", "performer"}
    assert min(item.confidence for item in found) > 0.6  # one triple of two was kept
    whole = [replace(text, complete=True) for text in texts]
    silent = fit_subject_first_extractor(whole, _CONFIG, seed=1, declared=_DECLARED)
    text = ['"Cold Lantern" is a folk song recorded by Zoe Farrow.']
    (fewer,) = silent.extract(text, min_confidence=0.05)
    assert sum(item.confidence for item in fewer) < sum(item.confidence for item in found)


def test_what_is_to_be_annotated_is_as_certain_as_its_share(
    texts: list[AnnotatedText], extractor: SubjectFirstExtractor
) -> None:
    config = _CONFIG.model_copy(update={"target": "annotated"})
    annotated = fit_subject_first_extractor(texts, config, seed=1, declared=_DECLARED)
    text = ['"Cold Lantern" is a folk song recorded by Zoe Farrow.']
    (found,) = annotated.extract(text, min_confidence=0.05)
    (stated,) = extractor.extract(text)
    assert {item.triple for item in stated} <= {item.triple for item in found}
    assert 0.5 < sum(item.confidence for item in found) < 1.5  # one triple of each text was kept
    assert sum(item.confidence for item in stated) > 1.5


def test_a_rescored_one_reads_the_same_after_it_was_saved(
    texts: list[AnnotatedText], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_first_training, "MIN_RIGHT", 50)
    config = _CONFIG.model_copy(update={"target": "annotated"})
    rescored = fit_subject_first_extractor(texts, config, seed=1, declared=_DECLARED)
    assert rescored.models.rescorer is not None
    save_extractor(rescored, tmp_path)
    loaded = load_extractor(tmp_path)
    text = ['"Cold Lantern" is a folk song recorded by Zoe Farrow.']
    assert loaded.extract(text, min_confidence=0.0) == rescored.extract(text, min_confidence=0.0)


def test_spans_are_those_of_subject_and_object(extractor: SubjectFirstExtractor) -> None:
    text = 'Critics say that "Cold Lantern" is a song by Zoe Farrow from the album Far Moons.'
    (found,) = extractor.extract([text])
    assert {(item.subject, item.object) for item in found} == {
        ((4, 6), (11, 13)),
        ((4, 6), (16, 18)),
    }
    assert [item.confidence for item in found] == sorted(
        (item.confidence for item in found), reverse=True
    )


def test_the_same_texts_in_any_order_and_seed_give_the_same_bytes(
    extractor: SubjectFirstExtractor, texts: list[AnnotatedText], tmp_path: Path
) -> None:
    again = fit_subject_first_extractor(texts[::-1], _CONFIG, seed=1, declared=_DECLARED)
    save_extractor(extractor, tmp_path / "one")
    save_extractor(again, tmp_path / "two")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_saved_one_reads_the_same_and_also_in_a_build(
    extractor: SubjectFirstExtractor, tmp_path: Path
) -> None:
    save_extractor(extractor, tmp_path)
    loaded = load_extractor(tmp_path)
    assert isinstance(loaded, SubjectFirstExtractor)
    text = '"Cold Lantern" is a song by Zoe Farrow from the album Far Moons.'
    assert loaded.extract([text]) == extractor.extract([text])
    (reading,) = TrainedRelations(loaded).read([text])
    assert {
        (text[slice(*item.subject)], item.predicate, text[slice(*item.object)])
        for item in reading.relations
    } == {("Cold Lantern", "performer", "Zoe Farrow"), ("Cold Lantern", "part of", "Far Moons")}


def test_damaged_folders_are_refused(extractor: SubjectFirstExtractor, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        load_extractor(tmp_path / "nothing")
    save_extractor(extractor, tmp_path)
    (tmp_path / "relations.features.txt").write_text("one\n")
    with pytest.raises(DataError, match="do not belong together"):
        load_extractor(tmp_path)


def test_texts_that_name_nothing_state_nothing(extractor: SubjectFirstExtractor) -> None:
    assert extractor.extract(["", "   ", "!", "nothing here."]) == [[], [], [], []]


def test_it_is_chosen_for_texts_about_one_thing_that_are_annotated_in_part(
    texts: list[AnnotatedText],
) -> None:
    both = make_sentences(40, keep=2)
    assert about_one_thing(both)
    assert not about_one_thing(texts)  # single triples are no evidence
    assert choose_method("auto", both) == "subject-first"
    fitted = fit_extractor(both, _CONFIG, method="auto", seed=1)
    assert isinstance(fitted, SubjectFirstExtractor)
    whole = [replace(text, complete=True) for text in both]
    assert choose_method("auto", whole) == "pairs"
    mixed = [
        replace(text, triples=(*text.triples, Triple("Other", "genre", "folk"))) for text in both
    ]
    assert choose_method("auto", mixed) == "pairs"
    assert choose_method("pairs", both) == "pairs"


def test_a_year_is_less_certain_where_the_collection_has_full_dates() -> None:
    draw = random.Random(3)
    dated = []
    for count in range(60):
        title = " ".join(draw.sample(_WORDS, 2))
        day, year = draw.randint(1, 28), draw.randint(1960, 2020)
        when = f"{day} May {year}" if count % 2 else str(year)
        triple = Triple(title, "publication date", f"{day:02d} May {year}")
        text = f'"{title}" is a song released in {when}.'
        dated.append(AnnotatedText(f"{count:03d}", text, (triple,), title, complete=False))
    fitted = fit_subject_first_extractor(dated, _CONFIG, seed=1)
    (full,), (year_alone,) = fitted.extract(
        [
            '"Cold Lantern" is a song released in 3 May 1991.',
            '"Cold Lantern" is a song released in 1991.',
        ],
        min_confidence=0.0,
    )
    assert full.triple == Triple("Cold Lantern", "publication date", "03 May 1991")
    assert full.confidence > 0.5 > 0.1 > year_alone.confidence


def test_a_relation_whose_subjects_no_text_names_is_never_predicted(
    texts: list[AnnotatedText],
) -> None:
    nameless = AnnotatedText(
        "x",
        "Sung by an alto.",
        (Triple("Ada Lovelace", "voice type", "alto"),),
        "Ada",
        complete=False,
    )
    declared = {**_DECLARED, Slot("voice type", "subject"): "human"}
    fitted = fit_subject_first_extractor([*texts, nameless], _CONFIG, seed=1, declared=declared)
    assert "voice type" not in {
        item.relation for item in _triples(fitted, "Cold Lantern is an alto.")
    }


def test_too_few_subjects_and_texts_without_their_names_are_refused() -> None:
    alone = AnnotatedText("1", "A sings.", (Triple("A", "genre", "B"),), "A")
    with pytest.raises(DataError, match="1 subjects among the training texts"):
        fit_subject_first_extractor([alone], _CONFIG)
    nameless = [
        AnnotatedText(str(n), "Nothing at all.", (Triple(f"S{n}", "r", f"O{n}"),), str(n))
        for n in range(6)
    ]
    with pytest.raises(DataError, match="no text has both names"):
        fit_subject_first_extractor(nameless, _CONFIG)
