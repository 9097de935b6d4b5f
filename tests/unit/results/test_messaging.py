"""Marks, footnotes, differences and dates, against the words of the guidelines."""

from __future__ import annotations

from datetime import date

import pytest
from results import accelerators, result

from levelfield.results.derived import per_accelerator
from levelfield.results.messaging import (
    LEGEND,
    MIXED,
    UNVERIFIED,
    VERIFIED,
    Retrieval,
    chips,
    difference_line,
    differences,
    disclosure_warning,
    footnotes,
    full_name,
    mark,
    not_closed,
)
from levelfield.results.model import Processors, Verification
from levelfield.results.wording import lint

OWN = {"verification": Verification.UNVERIFIED}


def test_prescribed_sentences_are_literal() -> None:
    assert UNVERIFIED == "Result not verified by MLCommons Association."
    assert VERIFIED == "Result verified by MLCommons Association."
    assert LEGEND == (
        "The MLPerf name and logo are registered and unregistered trademarks of MLCommons Association in the United "
        "States and other countries. All rights reserved. Unauthorized use strictly prohibited. "
        "See www.mlcommons.org for more information."
    )
    assert MIXED == (
        "Unverified results have not been through an MLPerf® review and may use measurement methodologies and/or "
        "workload implementations that are inconsistent with the MLPerf specification for verified results."
    )


@pytest.mark.parametrize("verification", [Verification.UNVERIFIED, Verification.UNKNOWN])
def test_what_is_not_known_to_be_verified_is_marked(verification: Verification) -> None:
    assert mark(result(verification=verification)) == "unverified"
    assert mark(result()) == ""


def codes(*results, **options) -> list[str]:
    return [note.code for note in footnotes(results, **options)]


def test_footnotes_follow_from_what_is_shown() -> None:
    assert codes(result()) == ["source", "verified", "legend"]
    assert codes(result(**OWN)) == ["source", "unverified", "legend"]
    assert codes(result(), result(**OWN)) == ["source", "source", "verified", "unverified", "mixed", "legend"]
    assert codes(result(inferred=True, power_value=1.0, void=True)) == [
        "source", "verified", "inferred", "power", "void", "legend",
    ]  # fmt: skip
    assert codes(result(edition="mini", official=False, **OWN)) == ["source", "unverified", "mini", "quick", "legend"]
    assert codes(result(round="mobile-v2.0")) == ["source", "verified", "app", "legend"]
    assert codes() == ["legend"]


def test_the_legend_stands_once() -> None:
    many = [result(round=f"inference-v{number}.0") for number in range(5)]
    assert sum(note.text.count("All rights reserved") for note in footnotes(many)) == 1


def test_source_footnote_names_suite_version_division_retrieval_and_id() -> None:
    retrieved = {"inference-v2.0": Retrieval(url="https://example.org/r", on=date(2022, 4, 6))}
    assert footnotes([result()], retrieved=retrieved)[0].text == (
        "MLPerf® Inference v2.0 Closed. Retrieved from https://example.org/r 6 April 2022, ID not assigned."
    )
    assert footnotes([result(**OWN)])[0].text == (
        "Unverified MLPerf® Inference v2.0 Closed. Date and source of retrieval not stated, ID not assigned."
    )


def test_derived_numbers_are_called_derived_once_with_their_formula() -> None:
    numbers = [per_accelerator(result(value=value)) for value in (1.0, 2.0)]
    texts = [note.text for note in footnotes([result()], derived=numbers) if note.code == "derived"]
    standing = "Not the primary metric; neither official nor verified."
    assert texts == [f"Per accelerator (derived): result / accelerators in all nodes. {standing}"]
    assert "composite" in codes(result(), composite=True)


def test_differences_are_named() -> None:
    one = result()
    other = result(
        round="inference-v1.1", division="open", availability="rdi", scenario="Server", system=accelerators(4), **OWN
    )
    assert differences([one, one]) == ()
    assert difference_line([one]) == "Same version, division, category, verification, scenario and chip count."
    assert difference_line([one, other]) == (
        "They differ in version (v2.0, v1.1); division (closed, open); category (available, rdi); "
        "verification (verified, unverified); scenario (Offline, Server); chip count (8, 4)."
    )


def test_chips_are_processors_where_there_is_no_accelerator() -> None:
    none = Processors(model="N/A", per_node=0, total=0)
    assert chips(result(system={"accelerator": none})) == 4
    assert chips(result(system={"accelerator": Processors(model="", per_node=None, total=None)})) == 4
    assert chips(result(system={"accelerator": Processors(model="x", per_node=None, total=None)})) is None
    assert chips(result()) == 8


def test_full_name() -> None:
    assert full_name(result()) == "MLPerf® Inference v2.0 Closed ResNet-50 v1.5 Offline"
    assert full_name(result(benchmark="bert-99.9")) == "MLPerf® Inference v2.0 Closed BERT 99.9 Offline"
    assert full_name(result(division="open", benchmark="ofa")) == "MLPerf® Inference v2.0 Open ofa Offline"
    assert full_name(result(edition="mini")).endswith("Offline (mini edition)")


def test_open_result_says_what_is_not_closed() -> None:
    assert not_closed(result(division="open")) == "not stated"
    assert not_closed(result(division="open", model_used="ofa", notes="pruned")) == "model ofa; pruned"


def test_disclosure_waits_two_weeks_for_those_who_did_not_submit() -> None:
    published = date(2022, 4, 6)
    assert disclosure_warning(published, date(2022, 4, 6), submitter=True) is None
    assert disclosure_warning(published, date(2022, 4, 20), submitter=False) is None
    assert disclosure_warning(published, date(2022, 4, 19), submitter=False) == (
        "The round is published on 2022-04-06; those who did not submit may show results from 2022-04-20."
    )
    assert disclosure_warning(published, date(2022, 4, 5), submitter=True) is not None
    assert disclosure_warning(None, published, submitter=True) is not None


def test_our_own_footnotes_pass_the_lint() -> None:
    shown = [result(), result(inferred=True, edition="mini", official=False, void=True, power_value=1.0, **OWN)]
    for note in footnotes(shown, derived=[per_accelerator(shown[0])], composite=True):
        assert lint(note.text) == (), note.text
    assert lint(full_name(shown[0])) == ()
