"""The unsupervised scorer: weights, missing values, caps, estimation and explanations."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit, logit

from kg_builder.fusion import score
from kg_builder.fusion.compare import Comparison
from kg_builder.fusion.measures import MISSING, Feature
from kg_builder.fusion.score import (
    CAP,
    NAME_CAP,
    OF_THE_ALBUM_CAP,
    FellegiSunter,
    fitting_pairs,
    mutual_best_pairs,
)
from kg_builder.fusion.word_overlap import LEFT_OVER, TITLE

NAME = Feature(
    "name", ("different", "close", "equal", "identical"), (1, 3, 3, 3), (7, 1, 1, 1), 1.0
)
YEAR = Feature("beginDate", ("different", "close", "equal"), (1, 1, 8), (8, 1, 1))
AREA = Feature("country", ("different", "equal"), (2, 8), (5, 5))
PRIOR_ODDS = logit(0.1)


def weight(feature, level):
    """Prior log P(level | match) / P(level | non-match)."""
    match, other = (odds[level] / sum(odds) for odds in (feature.match, feature.other))
    return math.log(match / other)


def compared(*rows, features=(NAME, YEAR, AREA), rarity=None, one_source=None):
    """A comparison of pairs from the levels of their features (None: missing)."""
    n = len(rows)
    levels = [[MISSING if level is None else level for level in row] for row in rows]
    return Comparison(
        pairs=np.arange(2 * n).reshape(n, 2),
        features=features,
        levels=np.array(levels, np.int8).reshape(n, len(features)),
        similarity=np.ones(n),
        rarity=np.zeros(n) if rarity is None else np.asarray(rarity, float),
        one_source=np.zeros(n, bool) if one_source is None else np.asarray(one_source, bool),
        measures=(),
        details=np.zeros((n, 0), np.float32),
    )


def log_odds(scorer, comparison):
    return logit(scorer.probability(comparison)).tolist()


def prior_alone():
    return FellegiSunter().fit(compared())


@pytest.mark.parametrize("make", [FellegiSunter, prior_alone])
@pytest.mark.parametrize("row", [(0, 0, 0), (1, 1, 1), (3, 2, 1), (2, 0, 1)])
def test_without_pairs_to_learn_from_the_prior_weights_add_up(make, row):
    expected = PRIOR_ODDS + sum(map(weight, (NAME, YEAR, AREA), row))
    assert log_odds(make(), compared(row)) == [pytest.approx(expected)]


@pytest.mark.parametrize("n", [1, 10])
def test_silent_pairs_leave_the_share_of_matches_at_its_prior(n):
    scorer = FellegiSunter().fit(compared(*[(None, None, None)] * n))
    assert scorer.prior_odds == pytest.approx(PRIOR_ODDS)


def test_fitting_returns_the_scorer():
    scorer = FellegiSunter()
    assert scorer.fit(compared()) is scorer
    assert scorer.fit(compared((3, 2, 1))) is scorer


def test_without_rounds_pairs_change_nothing():
    pairs = compared((3, 2, 1), (0, 0, 0), (3, 0, 0))
    scorer = FellegiSunter(rounds=0).fit(pairs)
    assert log_odds(scorer, pairs) == pytest.approx(log_odds(prior_alone(), pairs))


@pytest.mark.parametrize("row", [(None, 2, 1), (3, None, None), (None, None, None)])
def test_a_missing_value_counts_neither_way(row):
    expected = PRIOR_ODDS + sum(
        weight(feature, level)
        for feature, level in zip((NAME, YEAR, AREA), row, strict=True)
        if level is not None
    )
    assert log_odds(prior_alone(), compared(row)) == [pytest.approx(expected)]


def test_a_missing_value_teaches_nothing():
    rows = [(3, 2), (3, 2), (0, 0), (0, 0), (0, 0), (0, 0), (1, 1)]
    known = compared(*rows, features=(NAME, YEAR))
    silent = compared(*((*row, None) for row in rows))
    scorer = FellegiSunter().fit(silent)
    assert log_odds(scorer, silent) == pytest.approx(log_odds(FellegiSunter().fit(known), known))
    area = log_odds(scorer, compared((None, None, 1)))[0] - scorer.prior_odds
    assert area == pytest.approx(weight(AREA, 1))


def test_one_value_adds_no_more_than_the_cap_and_the_name_twice_that():
    sure = {"match": (1e-9, 1), "other": (1, 1e-9)}
    name, year = (Feature(each, ("different", "equal"), **sure) for each in ("name", "beginDate"))
    scorer = FellegiSunter().fit(compared(features=(name, year)))
    by_name, by_year = log_odds(scorer, compared((1, None), (None, 1), features=(name, year)))
    assert by_name == pytest.approx(PRIOR_ODDS + NAME_CAP)
    assert by_year == pytest.approx(PRIOR_ODDS + CAP)
    against = log_odds(scorer, compared((None, 0), features=(name, year)))[0]
    assert against < PRIOR_ODDS - CAP  # disagreement has no cap, and its odds are finite
    assert math.isfinite(against)


def test_the_rarity_of_a_name_counts_where_the_names_are_equal():
    rows = [(level, None, None) for level in (0, 1, 2, 3, None)]
    plain = log_odds(prior_alone(), compared(*rows))
    rare = log_odds(prior_alone(), compared(*rows, rarity=[2, 2, 2, -1, 2]))
    assert np.subtract(rare, plain) == pytest.approx([0, 0, 2, -1, 0])


# ---------------------------------------------------------------------------- tracks of an album

ALBUM = Feature("onAlbum", ("different", "equal"), (1, 50), (50, 1))
LANGUAGE = Feature("language", ("different", "equal"), (5, 45), (45, 5))
TRACK = (NAME, TITLE, LEFT_OVER, ALBUM, LANGUAGE, YEAR)


def track(title, left_over, album, language, *, one_source=True):
    """Contribution of an album's shared features to a pair of tracks, in nats."""
    titles = (TITLE.levels.index(title), LEFT_OVER.levels.index(left_over))
    whole = (None, *titles, album, language, 2)
    less = (None, *titles, None, None, 2)
    scorer = FellegiSunter().fit(compared(features=TRACK))
    both = compared(whole, less, features=TRACK, one_source=[one_source] * 2)
    with_album, without = log_odds(scorer, both)
    return with_album - without


FULL = weight(ALBUM, 1) + weight(LANGUAGE, 1)
LOWER_TITLE = TITLE.levels[TITLE.levels.index("mostly") - 1]
MORE_LEFT_OVER = LEFT_OVER.levels[LEFT_OVER.levels.index("few") - 1]


@pytest.mark.parametrize(
    ("title", "left_over", "one_source", "worth"),
    [
        ("mostly", "few", True, FULL),
        (LOWER_TITLE, "few", True, OF_THE_ALBUM_CAP),
        ("mostly", MORE_LEFT_OVER, True, OF_THE_ALBUM_CAP),
        (LOWER_TITLE, MORE_LEFT_OVER, False, FULL),  # the other source may spell it otherwise
    ],
)
def test_an_album_adds_little_to_tracks_of_one_source_whose_titles_differ(
    title, left_over, one_source, worth
):
    found = track(title, left_over, 1, 1, one_source=one_source)
    assert found == pytest.approx(worth)


@pytest.mark.parametrize("album", [0, 1, None])
def test_tracks_of_one_title_gain_all_that_agrees(album):
    row = (3, len(TITLE.levels) - 1, len(LEFT_OVER.levels) - 1, album, 1, 2)
    pair = compared(row, features=TRACK, one_source=[True])
    scorer = FellegiSunter().fit(compared(features=TRACK))
    expected = PRIOR_ODDS + sum(
        weight(feature, level)
        for feature, level in zip(TRACK, row, strict=True)
        if level is not None
    )
    assert log_odds(scorer, pair) == [pytest.approx(expected)]


def test_an_album_that_differs_counts_in_full_and_takes_no_other_feature_along():
    against = weight(ALBUM, 0)
    assert track(LOWER_TITLE, "few", 0, 1) == pytest.approx(against + weight(LANGUAGE, 1))
    assert track(LOWER_TITLE, "few", 0, 0) == pytest.approx(against + weight(LANGUAGE, 0))


# ---------------------------------------------------------------------------------- explanations


def test_an_explanation_adds_up_to_the_log_odds():
    row = (NAME, TITLE, LEFT_OVER, ALBUM, LANGUAGE, YEAR)
    levels = (3, 0, 0, 1, 1, None)
    pairs = compared((0,) * 6, levels, features=row, rarity=[0, 1.5], one_source=[True, True])
    scorer = FellegiSunter().fit(compared(features=row))
    found = scorer.explain(pairs, 1)
    assert [(one.feature, one.level) for one in found] == [
        ("prior", ""),
        ("name", "identical"),
        (TITLE.name, TITLE.levels[0]),
        (LEFT_OVER.name, LEFT_OVER.levels[0]),
        ("onAlbum", "equal"),
        ("language", "equal"),
        ("shared by an album's tracks", ""),
        ("rarity of the name", ""),
    ]
    assert found[0].weight == pytest.approx(PRIOR_ODDS)
    assert found[1].weight == pytest.approx(weight(NAME, 3))
    assert found[6].weight == pytest.approx(OF_THE_ALBUM_CAP - FULL)
    assert found[7].weight == 1.5
    assert sum(one.weight for one in found) == pytest.approx(log_odds(scorer, pairs)[1])
    assert [one.feature for one in scorer.explain(compared((0, 0, None)), 0)] == [
        "prior", "name", "beginDate",
    ]  # fmt: skip


# -------------------------------------------------------------------------------------- learning


def drawn(seed, n, share, match, other):
    """Pairs drawn from a known mixture, with their labels."""
    rng = np.random.default_rng(seed)
    same = rng.random(n) < share
    columns = [
        np.where(
            same,
            rng.choice(len(m), n, p=np.array(m) / sum(m)),
            rng.choice(len(u), n, p=np.array(u) / sum(u)),
        )
        for m, u in zip(match, other, strict=True)
    ]
    return compared(*zip(*columns, strict=True)), same


MATCH, OTHER = ((1, 2, 2, 15), (1, 1, 8), (1, 9)), ((12, 4, 2, 2), (8, 1, 1), (7, 3))


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_the_frequencies_of_a_mixture_are_found_without_labels(share):
    pairs, same = drawn(7, 20_000, share, MATCH, OTHER)
    scorer = FellegiSunter().fit(pairs)
    assert expit(scorer.prior_odds) == pytest.approx(same.mean(), abs=0.03)
    truth = logit(share) + sum(
        np.log(np.array(m)[column] / sum(m)) - np.log(np.array(u)[column] / sum(u))
        for column, m, u in zip(pairs.levels.T, MATCH, OTHER, strict=True)
    )
    assert np.abs(scorer.probability(pairs) - expit(truth)).mean() < 0.03


def learnt(copies, area=AREA, strength=40.0):
    """Weight of an equal country, estimated from given numbers of matches and non-matches."""
    pairs = compared(*([(3, 1)] * copies + [(0, 0)] * 4 * copies), features=(NAME, area))
    scorer = FellegiSunter(strength=strength).fit(pairs)
    (odds,) = log_odds(scorer, compared((None, 1), features=(NAME, area)))
    return odds - scorer.prior_odds


def test_a_handful_of_pairs_moves_the_weights_little_and_many_move_them_far():
    prior = weight(AREA, 1)
    assert prior < learnt(1) < prior + 0.2
    assert learnt(1) + 0.3 < learnt(20) < learnt(400) - 1
    assert prior < learnt(400, strength=4000.0) < learnt(400) - 1


def test_firm_knowledge_moves_less():
    firm = Feature(AREA.name, AREA.levels, AREA.match, AREA.other, strength=50.0)
    assert learnt(100, firm) == pytest.approx(learnt(2), abs=0.1)  # 50 times as many pairs
    assert learnt(100, firm) < learnt(100) - 1


@pytest.mark.parametrize(("row", "bound"), [((3, 2, 1), 0.9), ((0, 0, 0), 1e-4)])
def test_the_share_of_matches_stays_within_bounds(row, bound):
    scorer = FellegiSunter(rounds=200).fit(compared(*[row] * 20_000))
    assert expit(scorer.prior_odds) == pytest.approx(bound)


@pytest.mark.parametrize("seed", range(10))
def test_more_agreement_never_counts_less_whatever_was_learnt(seed):
    rng = np.random.default_rng(seed)
    features = (NAME, YEAR, AREA)
    rows = [
        [rng.choice([None, *range(len(feature.levels))]) for feature in features]
        for _ in range(rng.integers(1, 30))
    ]
    scorer = FellegiSunter(strength=1.0).fit(compared(*rows))
    for column, feature in enumerate(features):
        steps = [
            tuple(level if at == column else None for at in range(3))
            for level in range(len(feature.levels))
        ]
        odds = log_odds(scorer, compared(*steps))
        assert all(low <= high + 1e-9 for low, high in pairwise(odds))


def test_the_order_of_the_pairs_does_not_matter():
    pairs, _ = drawn(3, 500, 0.2, MATCH, OTHER)
    backwards = pairs.take(np.arange(500)[::-1])
    found = FellegiSunter().fit(pairs).probability(pairs)
    again = FellegiSunter().fit(backwards).probability(backwards)
    assert again[::-1] == pytest.approx(found)


# ------------------------------------------------------------- works that share their performer

SURE_NAME = Feature("name", NAME.levels, (1, 3, 3, 993), (993, 3, 3, 1))
PERFORMER = Feature("performer", ("different", "close", "equal"), (1, 2, 2), (2, 2, 1))
CREDITED = replace(PERFORMER, name="creditedTo")
GENRE = Feature("genre", ("different", "equal"), (10, 40), (40, 10))


@pytest.mark.parametrize("performer", [(1, None), (None, 1), (2, 0), (0, 2)])
def test_what_the_performer_implies_counts_little_where_he_is_shared(performer):
    """Different works mostly agree in genre if their performers agree, and rarely otherwise.

    That he agrees may be known from either of two features, and "close" is enough.
    """
    features = (SURE_NAME, PERFORMER, CREDITED, GENRE)
    of_one = [(0, *performer, 1)] * 210 + [(0, *performer, 0)] * 110
    of_two = [(0, 0, 0, 0)] * 600 + [(0, 0, 0, 1)] * 20
    same = [(3, *performer, 1)] * 100
    scorer = FellegiSunter().fit(compared(*of_one, *of_two, *same, features=features))
    rows = [(3, *performer, 1), (3, *performer, None), (3, 0, 0, 1), (3, 0, 0, None)]
    shared, without, other, other_without = log_odds(scorer, compared(*rows, features=features))
    marginal = (230 + 40 * 0.2) / (940 + 40)  # the prior counts as 40 pairs, a fifth of one genre
    of_the_performer = (210 + 40 * marginal) / (320 + 40)
    of_others = (20 + 40 * marginal) / (620 + 40)
    match = (100 + 40 * 0.8) / (100 + 40)
    assert shared - without == pytest.approx(math.log(match / of_the_performer), abs=0.05)
    assert other - other_without == pytest.approx(math.log(match / of_others), abs=0.05)


def test_a_performer_is_weighed_alike_whether_he_agrees_or_not():
    features = (NAME, PERFORMER)
    pairs = compared(*[(0, 0)] * 50, *[(0, 2)] * 50, features=features)
    scorer = FellegiSunter().fit(pairs)
    different, equal = (scorer.weights["performer"][group] for group in (0, 1))
    assert different == pytest.approx(equal)


# --------------------------------------------------------------------- anchored and pooled levels


@pytest.mark.parametrize("close", [0, 200])
def test_disagreement_in_what_names_a_thing_stays_rare_among_matches(close):
    """At most three times its prior, regardless of the data."""
    levels = ("different", "close", "equal")
    anchored = Feature("isrc", levels, (1, 2, 17), (18, 1, 1), anchored=True)
    rows = [(3, 0)] * (400 - close) + [(3, 1)] * close + [(0, 0)] * 400
    pairs = compared(*rows, features=(SURE_NAME, anchored))
    free = FellegiSunter(rounds=1).fit(
        replace(pairs, features=(SURE_NAME, replace(anchored, anchored=False)))
    )
    assert free.weights["isrc"][0][0] > -1.0  # it has learnt that matches often disagree
    belief = FellegiSunter(rounds=0).fit(pairs).probability(pairs)
    found_close = (belief[400 - close : 400].sum() + 4) / (belief.sum() + 40)
    match = np.array([0.15, min(found_close, 0.30)])
    held = FellegiSunter(rounds=1).fit(pairs).weights["isrc"][0]
    # The quotient is the frequencies among non-matches.
    others = [*match, 1 - match.sum()] / np.exp(held)
    assert others[0] == pytest.approx(0.99, abs=0.01)
    assert others.sum() == pytest.approx(1)


def test_levels_whose_ratio_falls_share_the_ratio_of_their_sums():
    feature = Feature("name", ("a", "b", "c", "d"), (1, 6, 1, 12), (10, 2, 4, 4))
    found = prior_weights(feature)
    pooled = math.log((7 / 20) / (6 / 20))
    assert found == pytest.approx([math.log(0.1), pooled, pooled, math.log(3)])


def prior_weights(feature):
    scorer = FellegiSunter().fit(compared(features=(feature,)))
    return scorer.weights[feature.name][0]


# ------------------------------------------------------------------------- pairs to learn from


def candidates(*pairs_and_levels):
    """Candidate pairs of records, each with the level of its name."""
    pairs, levels = zip(*pairs_and_levels, strict=True)
    made = compared(*((level, None, None) for level in levels))
    return replace(made, pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2))


def test_pairs_are_learnt_from_that_are_among_the_three_best_of_both_records():
    # Record 0 has five candidates, the last two of them worse; each of these has no other.
    of_one = [
        ((0, other), level) for other, level in zip(range(1, 6), (3, 3, 3, 1, 0), strict=True)
    ]
    # Record 10 is the fourth best of 11, which is the best of 10.
    of_two = [((10, 11), 0), ((12, 11), 3), ((13, 11), 3), ((14, 11), 2)]
    found = mutual_best_pairs(candidates(*of_one, *of_two))
    assert found.tolist() == [0, 1, 2, 6, 7, 8]
    assert mutual_best_pairs(candidates(((4, 2), 3))).tolist() == [0]


def test_of_equally_good_candidates_those_of_the_smaller_records_are_taken():
    pairs = [((left, 9), 3) for left in (5, 2, 7, 1)]
    assert mutual_best_pairs(candidates(*pairs)).tolist() == [0, 1, 3]
    turned = [((9, left), 3) for left in (5, 2, 7, 1)]
    assert mutual_best_pairs(candidates(*turned)).tolist() == [0, 1, 3]


def test_the_best_are_those_by_the_prior_weights():
    """From these pairs it would learn that a common country is uninformative."""
    levels = [(1, None, 0), (1, None, 0), (1, None, 0), (1, None, 1)]
    made = compared(*levels, *[(0, 0, 1)] * 200, *[(3, 2, 0)] * 200)
    pairs = np.array([(0, 1), (0, 2), (0, 3), (0, 4), *((n, n + 1) for n in range(10, 810, 2))])
    found = mutual_best_pairs(replace(made, pairs=pairs))
    assert found[:3].tolist() == [0, 1, 3]


def test_without_candidates_there_is_nothing_to_learn_from():
    assert mutual_best_pairs(compared()).tolist() == []
    assert fitting_pairs(compared()).tolist() == []


@pytest.mark.parametrize(("best", "added"), [((3, 2, 1), 100), ((0, 0, 0), 0)])
def test_as_many_other_pairs_are_learnt_from_as_matches(best, added):
    """Each record has a best pair, a match or not; four further records are candidates of all."""
    pairs = [(10 * n, 10 * n + 1) for n in range(100)]
    pairs += [(10 * n, 10 * hub + 5) for n in range(100) for hub in range(4)]
    made = compared(*[best] * 100, *[(0, 0, 0)] * 400)
    made = replace(made, pairs=np.array(pairs, dtype=np.int64))
    mutual = mutual_best_pairs(made).tolist()
    first, again = (fitting_pairs(made, seed=1).tolist() for _ in range(2))
    assert first == again == sorted(set(first))
    assert set(mutual) <= set(first)
    assert len(first) - len(mutual) == pytest.approx(added, abs=10)


def test_of_more_pairs_than_enough_a_sample_in_order_is_drawn_by_the_seed(monkeypatch):
    pairs = candidates(*(((2 * n, 2 * n + 1), 3) for n in range(40)))
    assert mutual_best_pairs(pairs).tolist() == list(range(40))
    monkeypatch.setattr(score, "ENOUGH", 40)
    assert mutual_best_pairs(pairs).tolist() == list(range(40))
    monkeypatch.setattr(score, "ENOUGH", 30)
    first, again, other = (mutual_best_pairs(pairs, seed=seed).tolist() for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first)) == 30 and first == sorted(first)
    assert mutual_best_pairs(pairs).tolist() == first
