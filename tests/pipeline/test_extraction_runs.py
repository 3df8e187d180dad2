"""The look-up baseline, samples of training texts, and error files."""

from __future__ import annotations

from kg_builder.text_models.corpora import AnnotatedText, Triple
from kg_builder.text_models.relations.parsed_text import FoundTriple, WordSpan
from pipeline.evaluate.extraction_report import COLUMNS, error_rows
from pipeline.evaluate.extraction_runs import LookUp, Outcome, as_written, sample


def test_the_look_up_states_what_train_knows_and_nothing_else() -> None:
    lookup = LookUp([AnnotatedText("1", "", (Triple("Al", "genre", "Ska_punk"),))])
    assert lookup.extract("Al likes ska punk.") == [Triple("Al", "genre", "Ska_punk")]
    assert lookup.extract("Alan likes ska punk.") == []


def test_smaller_samples_lie_in_larger_ones() -> None:
    texts = [
        AnnotatedText(str(n), "", (Triple(str(n // 3), "r", "x"),), group="one") for n in range(60)
    ]
    small, large = sample(texts, 0.25, seed=4), sample(texts, 0.5, seed=4)
    assert 15 <= len(small) < len(large) < 60
    assert all(len([t for t in small if t.triples == text.triples]) == 3 for text in small)
    assert {text.id for text in small} <= {text.id for text in large}
    assert sample(texts, 1.0, seed=4) == texts


def _found(name: str, confidence: float) -> FoundTriple:
    return FoundTriple(Triple(name, "r", "x"), confidence, WordSpan(0, 1), WordSpan(1, 2))


def test_names_read_in_joined_words_are_scored_as_the_text_writes_them() -> None:
    texts = [
        AnnotatedText(
            "1",
            "Ca n't Go ( Flip ) is by Ada Holt.",
            (Triple("Ca n't Go ( Flip )", "composer", "Ada Holt"),),
        ),
        # the sentence is tokenised, the gold name is not
        AnnotatedText(
            "2", "Do n't Ya is by Ada Holt.", (Triple("Don't Ya", "composer", "Ada Holt"),)
        ),
        AnnotatedText("3", "Low Sea is by Ada Holt.", (Triple("Low Sea", "composer", "Ada Holt"),)),
    ]
    names = ["Can't Go (Flip)", "Don't Ya", "Low Sea"]
    read = Outcome(
        "light",
        texts,
        [
            [FoundTriple(Triple(n, "composer", "Ada Holt"), 0.9, WordSpan(0, 1), WordSpan(1, 2))]
            for n in names
        ],
        0.5,
    )
    scored = as_written(read, texts)
    assert [triple.subject for (triple,) in scored.stated] == [
        "Ca n't Go ( Flip )", "Do n't Ya", "Low Sea",
    ]  # fmt: skip
    assert scored.score().micro.right == 2
    assert scored.score(fold="spelling").micro.right == 3


def test_errors_stand_beside_the_gold() -> None:
    texts = [
        AnnotatedText("1", "one", (Triple("a", "r", "x"), Triple("b", "r", "x"))),
        AnnotatedText("2", "two", (Triple("c", "r", "x"),)),
    ]
    considered = [[_found("a", 0.9), _found("d", 0.8), _found("b", 0.2)], [_found("c", 0.7)]]
    (row,) = error_rows(Outcome("light", texts, considered, 0.5))
    assert dict(zip(COLUMNS, row, strict=True)) == {
        "text_id": "1",
        "text": "one",
        "right": "a | r | x (0.90)",
        "missed": "b | r | x",
        "wrong": "d | r | x (0.80)",
        "below_threshold": "b | r | x (0.20)",
    }
