"""Identifiers obey their check rules; causes come before effects; the grammar refuses bad stock."""

from __future__ import annotations

import numpy as np
import pytest

from sample_oem import catalogue, identifiers
from sample_oem.events import happen
from sample_oem.voices.compose import Composer, stock
from sample_oem.voices.grammar import Grammar, GrammarError, Speaker
from sample_oem.world import MODELS, build_world

END = np.datetime64("2026-03-30")


@pytest.fixture(scope="module")
def world():
    return build_world(np.random.default_rng(3), 2500, END)


@pytest.fixture(scope="module")
def happenings(world):
    return happen(np.random.default_rng(1), world, np.full(60, 150.0), np.datetime64("2026-01-30"))


def test_vins_have_valid_check_digits_and_are_unique(world) -> None:
    assert all(identifiers.vin_is_valid(v) for v in world.vehicles.vin)
    assert len(set(world.vehicles.vin)) == len(world.vehicles.vin)
    assert identifiers.vin_is_valid("11111111111111111")
    assert not identifiers.vin_is_valid("11111111211111111")


def test_id_cards_and_bank_cards_check(world) -> None:
    assert identifiers.id_card_check("11010519491231002") == "X"
    assert all(card[17] == identifiers.id_card_check(card[:17]) for card in world.customers.id_card)
    card = identifiers.bank_card(np.random.default_rng(1))
    digits = [int(c) for c in reversed(card)]
    assert sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


def test_new_energy_cars_wear_longer_plates(world) -> None:
    for plate, model in zip(world.vehicles.plate, world.vehicles.model, strict=True):
        assert len(plate) == (8 if MODELS[int(model)].is_plug_in else 7)


def test_problems_follow_the_sale_and_the_planted_weak_spots(world, happenings) -> None:
    problems = happenings.problems
    model = world.vehicles.model[problems.vehicle]
    weak = next(i for i, m in enumerate(MODELS) if m.code == "QL-M6-20T")
    oil = problems.aspect == catalogue.INDEX["PWR-OIL"]
    fuel = np.isin(model, [i for i, m in enumerate(MODELS) if m.powertrain == "燃油"])
    assert oil[model == weak].mean() > 2.5 * oil[fuel & (model != weak)].mean()
    cluster = problems.in_cluster
    assert 3 <= cluster.sum() <= 18
    assert set(problems.aspect[cluster]) == {catalogue.INDEX["SAF-BRK"]}
    assert len(set(world.vehicles.built[problems.vehicle[cluster]].astype("datetime64[M]"))) == 1


def test_people_with_recent_problems_are_less_satisfied(happenings) -> None:
    sent = happenings.invitations
    assert sent.latent[sent.has_problem].mean() < sent.latent[~sent.has_problem].mean() - 0.3


def test_every_aspect_has_words_for_trouble_praise_and_the_workshop() -> None:
    aspects = stock().aspects
    assert {a.code for a in catalogue.ASPECTS} == {code for code in aspects if not code.startswith("story_")}
    thin = [
        (c, r)
        for c, s in aspects.items()
        for r, least in (("neg", 4), ("pos", 2), ("obj", 4))
        if s[r].size < least
    ]
    assert thin == []


def test_negative_complaints_do_not_repeat_a_clause(world) -> None:
    composer = Composer(world, "complaint_site", 1)
    for n in range(40):
        text = composer.complaint(n, n % len(catalogue.ASPECTS))
        assert text
        assert "{" not in text


def test_grammar_names_what_is_wrong() -> None:
    with pytest.raises(GrammarError, match=r"'greet' refers to \{nobody\}"):
        Grammar.parse(["= greet", "hello {nobody}"])
    with pytest.raises(GrammarError, match="before any rule"):
        Grammar.parse(["lost phrase"])


def test_grammar_expands_numbers_facts_and_aspects() -> None:
    grammar = Grammar.parse(
        ["= any_neg", "bad", "= say", "{$car} {~neg} {3-3} {1.5-1.5}", "@ X", "= neg", "worse"]
    )
    speaker = Speaker({"car": "A3"}, grammar.aspects["X"])
    assert grammar.say("say", lambda: 0.0, speaker) == "A3 worse 3 1.5"
