"""Rounds of training, tiny and mobile: what their files say, and what a broken file is answered with."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import pytest

from levelfield.errors import RulesError, UsageError
from levelfield.rules import (
    MobileRules,
    TinyRules,
    TrainingRules,
    diff,
    load,
    load_any_file,
    load_file,
    load_mobile,
    load_tiny,
    load_training,
)
from levelfield.terms import Scenario

DATA = resources.files("levelfield.rules").joinpath("data")
TRAINING = DATA.joinpath("training/v1.1.toml").read_text()
TINY = DATA.joinpath("tiny/v0.7.toml").read_text()
MOBILE = DATA.joinpath("mobile/v2.0.toml").read_text()


def broken(tmp_path: Path, text: str, old: str, new: str) -> str:
    assert old in text
    path = tmp_path / "broken.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RulesError) as caught:
        load_any_file(path)
    return str(caught.value)


def test_runs_and_dropped_of_training() -> None:
    rules = load_training("training-v1.1")
    assert {one.name: (one.runs, one.dropped) for one in rules} == {
        "bert": (10, 1),
        "dlrm": (5, 1),
        "maskrcnn": (5, 1),
        "minigo": (10, 1),
        "resnet": (5, 1),
        "ssd": (5, 1),
        "rnnt": (10, 1),
        "unet3d": (40, 4),
    }
    assert rules.init_limit_ns == 30 * 60 * 10**9
    assert rules.measure.unit == "minutes"
    assert not rules.measure.higher_is_better


@pytest.mark.parametrize(
    ("benchmark", "value", "holds"),
    [
        ("resnet", 0.759, True),
        ("resnet", 0.7589999, False),
        ("resnet", 1.0, False),
        ("resnet", math.nan, False),
        ("rnnt", 0.058, True),
        ("rnnt", 0.0580001, False),
        ("rnnt", 0.0, False),
        ("unet3d", 1.0, True),
        ("dlrm", 0.8025, True),
    ],
)
def test_a_target_of_training(benchmark: str, value: float, holds: bool) -> None:
    (target,) = load_training("training-v1.1").benchmark(benchmark).targets
    assert target.holds(value) is holds


def test_both_parts_of_a_target_are_listed_in_order() -> None:
    parts = load_training("training-v1.1").benchmark("mask").targets
    assert [(part.key, part.bound) for part in parts] == [("BBOX", 0.377), ("SEGM", 0.339)]
    assert str(parts[0]) == "box AP ≥ 0.377"


def test_folders_of_training() -> None:
    rules = load_training("training-v1.1")
    assert rules.map_folder("mask") is rules.benchmark("maskrcnn")
    assert rules.map_folder("Mask") is None
    assert rules.map_folder("resnet50") is None


@pytest.mark.parametrize(
    ("status", "availability"),
    [
        ("onprem", "Available on-premise"),
        (" Available ", "Available on-premise"),
        ("cloud", "Available cloud"),
        ("research", "Research, Development, or Internal (RDI)"),
        ("soon", "soon"),
    ],
)
def test_what_a_status_means(status: str, availability: str) -> None:
    assert load_training("training-v1.1").availability(status) == availability


def test_tiny() -> None:
    rules = load_tiny("tiny-v0.7")
    assert [(one.name, one.files, one.classes, one.targets[0].bound) for one in rules] == [
        ("ad", 248, 2, 0.85),
        ("ic", 200, 10, 85),
        ("kws", 1000, 12, 90),
        ("vww", 1000, 2, 80),
    ]
    assert (rules.windows, rules.min_window_ns, rules.min_inferences) == (5, 10_000_000_000, 10)
    assert rules.map_folder("kws01") is rules.benchmark("KWS")
    assert (rules.throughput.unit, rules.energy.unit) == ("inf/s", "uJ/inf")


def test_mobile() -> None:
    rules = load_mobile("mobile-v2.0")
    found = rules.map_id("SM_uint8")
    assert found is not None
    assert (found[0].name, found[1].scenario) == ("mosaic", Scenario.SINGLE_STREAM)
    offline = rules.map_id("IC_tpu_uint8_offline")
    assert offline is not None
    assert (offline[1].min_queries, offline[1].min_duration_ns) == (24576, 0)
    assert rules.map_id("IC") is None
    assert rules.measure(Scenario.OFFLINE).unit == "Samples/s"
    assert [one.name for one in rules if not one.targets[0].verified] == ["deeplabV3+"]


@pytest.mark.parametrize(
    ("loader", "name", "family"),
    [
        (load, "training-v1.1", "inference"),
        (load_training, "tiny-v0.7", "training"),
        (load_tiny, "mobile-v2.0", "tiny"),
    ],
)
def test_a_round_of_another_suite_is_refused(loader, name: str, family: str) -> None:
    with pytest.raises(
        UsageError, match=rf"^{name} is a round of \w+, expected one of {family}\.\n  Known: {family}-v"
    ):
        loader(name)


def test_a_file_of_another_suite_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text(TRAINING)
    assert isinstance(load_any_file(path), TrainingRules)
    with pytest.raises(UsageError, match="expected one of inference"):
        load_file(path)


def test_a_later_round_states_its_delta(tmp_path: Path) -> None:
    path = tmp_path / "later.toml"
    path.write_text(
        'extends = "training-v1.1"\nfamily = "training"\nversion = "v2.0"\nremove = [["benchmarks", "minigo"]]\n'
        "[benchmarks.ssd.targets.map]\nat_least = 0.34\n"
    )
    later = load_any_file(path)
    assert isinstance(later, TrainingRules)
    assert (later.name, later.extends) == ("training-v2.0", "training-v1.1")
    assert len(later.benchmarks) == 7
    assert later.benchmark("ssd").targets[0].bound == 0.34
    changes = list(map(str, diff(load_training("training-v1.1"), later)))
    assert changes[0] == "version: 'v1.1' -> 'v2.0'"
    assert "benchmarks.ssd.targets.map.at_least: 0.23 -> 0.34" in changes
    assert len(changes) == 3


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (
            "runs = 40",
            "runs = 8",
            "benchmarks.unet3d.dropped: found 4, expected so few that some of the 8 runs are left.",
        ),
        ("runs = 40\n", "", "benchmarks.unet3d.runs: missing, expected a whole number, 1 or more."),
        ("at_least = 0.908", "at_most = 1, at_least = 0.9", "benchmarks.unet3d.targets.dice: found both or neither"),
        ("at_least = 0.908", 'at_leest = 0.9, at_most = "x"', "benchmarks.unet3d.targets.dice.at_leest: unknown key"),
        ('runs = "results"\n', "", "cites.runs: missing, expected a text."),
        ('aliases = ["mask"]', 'aliases = ["ssd"]', "benchmarks.ssd: the name 'ssd' belongs to maskrcnn already."),
        (
            'divisions = ["closed", "open"]',
            'divisions = ["clozed"]',
            "round.divisions: found 'clozed', expected one of",
        ),
        (
            "higher_is_better = false",
            "higher_is_better = 0",
            "measure.higher_is_better: found 0, expected true or false.",
        ),
        ("format = 1", "format = 2", "format: found 2, expected 1."),
        ('words = ["preview"]', "words = 1", "statuses[2].words: found 1, expected a list of texts."),
        ("[benchmarks.dlrm]", "[benchmark.dlrm]", "benchmark: unknown key (nearest: 'benchmarks')."),
    ],
)
def test_a_broken_round_of_training(tmp_path: Path, old: str, new: str, answer: str) -> None:
    assert answer in broken(tmp_path, TRAINING, old, new)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (
            r"'tst_\d{6}_[A-Za-z]+_(\d+)\.bin'",
            "'tst_('",
            "benchmarks.kws.label_pattern: found 'tst_(', expected a regular",
        ),
        (r"'tst_\d{6}_[A-Za-z]+_(\d+)\.bin'", "'tst'", "expected a regular expression with one group, the class"),
        ("classes = 10", "classes = 1", "benchmarks.ic.classes: found 1, expected a whole number, 2 or more."),
        ("windows = 5", "windows = 0", "round.windows: found 0"),
        ("[measures.energy]", "[measures.power]", "measures.power: unknown key"),
        ('targets.AUC = { name = "AUC", unit = "1", at_least = 0.85 }', "", "benchmarks.ad.targets: missing"),
    ],
)
def test_a_broken_round_of_tiny(tmp_path: Path, old: str, new: str, answer: str) -> None:
    assert answer in broken(tmp_path, TINY, old, new)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ('"OD_float32"', '"IC_tpu_uint8"', "the id 'IC_tpu_uint8' belongs to mobilenetEdgeTPU, SingleStream already."),
        ("[measures.Offline]", "[measures.Ofline]", "measures.Ofline: unknown scenario 'Ofline' (nearest: 'Offline')."),
        ("[measures.Offline]", "[measures.Server]", "measures.Offline: missing, but mobilenetEdgeTPU is run in it."),
        ("min_queries = 24576", "min_queries = 0", "benchmarks.mobilenetEdgeTPU.tasks.Offline.min_queries: found 0"),
        ("verified = false", 'verified = "no"', "targets.mIoU.verified: found 'no', expected true or false."),
    ],
)
def test_a_broken_round_of_mobile(tmp_path: Path, old: str, new: str, answer: str) -> None:
    assert answer in broken(tmp_path, MOBILE, old, new)


def test_every_family_has_its_kind() -> None:
    assert isinstance(load_tiny("TINY-v0.7"), TinyRules)
    assert isinstance(load_mobile("mobile-v2.0"), MobileRules)


def test_what_a_submission_of_training_holds() -> None:
    found = load_training("training-v1.1").submission
    assert (len(found.system_fields), found.system_fields[0], found.system_fields[-1]) == (33, "submitter", "sw_notes")
    assert found.rcp_set == "1.1.0"
    assert [one.name for one in load_training("training-v1.1") if not one.has_reference] == ["minigo"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("has_reference = false", "has_reference = 0", "benchmarks.minigo.has_reference: found 0, expected true"),
        ('stated_fields = ["submitter"', 'stated_fields = ["owner"', "submission.stated_fields: unknown system field"),
        ('rcp_set = "1.1.0"', "rcp_set = 1.1", "submission.rcp_set: found 1.1, expected a text."),
        ("count_fields =", "counts =", "submission.counts: unknown key"),
    ],
)
def test_a_submission_that_does_not_hold_together(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert problem in broken(tmp_path, TRAINING, old, new)
