"""What training v1.1 asks of logs: counts from the official rule files, vectors of the specification, broken files."""

from __future__ import annotations

import math
from importlib import resources
from pathlib import Path

import pytest

from levelfield.errors import RulesError
from levelfield.rules import TrainingRules, load_any_file, load_training
from levelfield.rules.expression import FORMULAS, read_expression
from levelfield.rules.log_keys import Occurs, ValueRule, expand
from levelfield.rules.training_log import ProgressUnit, Weight

RULES = load_training("training-v1.1")
TEXT = resources.files("levelfield.rules").joinpath("data/training/v1.1.toml").read_text()

WEIGHTS = {"bert": 399, "dlrm": 9, "maskrcnn": 21, "minigo": 48, "resnet": 161, "ssd": 119, "rnnt": 7, "unet3d": 50}


def test_names_of_weights_are_generated_and_different() -> None:
    assert {one.name: len(one.log.weights) for one in RULES} == WEIGHTS
    assert all(len(set(one.log.weights)) == len(one.log.weights) for one in RULES)
    assert all(tuple(sorted(one.log.weights)) == one.log.weights for one in RULES)
    assert "bert/encoder/layer_23/attention/output/LayerNorm/beta" in RULES.benchmark("bert").log.weights
    assert "stage3_unit6_conv3_weight" in RULES.benchmark("resnet").log.weights
    assert "ssd0_resnetmlperf0_stage3_batchnorm12_gamma" in RULES.benchmark("ssd").log.weights
    assert RULES.log.weights_mismatch is Weight.WARNING


@pytest.mark.parametrize(
    ("benchmark", "chosen", "keys"),
    [
        ("bert", {}, 10),
        ("dlrm", {}, 7),
        ("maskrcnn", {}, 9),
        ("minigo", {}, 5),
        ("resnet", {"opt_name": "lars"}, 10),
        ("resnet", {"opt_name": "sgd"}, 10),
        ("resnet", {"opt_name": "adam"}, 2),
        ("resnet", {}, 2),
        ("ssd", {}, 8),
        ("rnnt", {}, 27),
        ("unet3d", {}, 13),
    ],
)
def test_keys_of_closed_logs(benchmark: str, chosen: dict[str, object], keys: int) -> None:
    """Beside the 19 of every log and the two of every closed one."""
    found = RULES.keys(RULES.benchmark(benchmark), closed=True, chosen=chosen)
    assert len(found) == 19 + 2 + keys
    assert len(RULES.keys(RULES.benchmark(benchmark), closed=False, chosen=chosen)) == 19
    assert len(RULES.keys(None, closed=True, chosen=chosen)) == 19 + 2


def test_the_inner_rule_takes_the_place_of_the_outer_one() -> None:
    outer = RULES.keys(RULES.benchmark("resnet"), closed=True, chosen={})
    minigo = RULES.keys(RULES.benchmark("minigo"), closed=True, chosen={})
    assert outer["block_start"].after == ("run_start",)
    assert (minigo["block_start"].after, minigo["block_start"].metadata) == ((), ())
    assert (outer["train_samples"].occurs, minigo["train_samples"].occurs) == (Occurs.ONCE, Occurs.ANY)
    unet3d = RULES.keys(RULES.benchmark("unet3d"), closed=True, chosen={})
    assert str(unet3d["eval_samples"].value) == "42"
    assert RULES.keys(RULES.benchmark("minigo"), closed=False, chosen={})["block_start"].after == ("run_start",)


def test_every_rule_has_its_clause() -> None:
    keys = RULES.keys(RULES.benchmark("resnet"), closed=True, chosen={"opt_name": "lars"})
    assert {rule.citation.key for rule in keys.values()} == {"keys", "closed_keys"}
    assert RULES.benchmark("ssd").log.advice_citation.document == "training_rules.adoc"


def rule_of(benchmark: str, key: str, **chosen: object) -> ValueRule:
    rule = RULES.keys(RULES.benchmark(benchmark), closed=True, chosen=chosen)[key].value
    assert rule is not None
    return rule


@pytest.mark.parametrize(
    ("benchmark", "key", "good", "bad"),
    [
        ("resnet", "lars_opt_weight_decay", [1e-4, 2e-4, 5e-5, 1.25e-5], [3e-4, 0, -1e-4, "x", None, [1e-4], math.nan]),
        ("resnet", "lars_epsilon", [0, 0.0, False], [1e-9, None, "0"]),
        ("resnet", "global_batch_size", [1, 0.5, True], [0, -1, "8", None, [8]]),
        ("ssd", "max_samples", [1, 50, 1.0], [2, "1", None]),
        ("ssd", "opt_learning_rate_decay_boundary_epochs", [[40, 50], [44, 55], [1, 45]], [[40, 51], [40], 50, "ab"]),
        ("maskrcnn", "opt_base_learning_rate", [0.02, 0.12, 0, 0.16], [0.03, "x", math.inf]),
        ("maskrcnn", "opt_learning_rate_decay_steps", [[1, 2], "ab"], [[1], 2, None]),
        ("rnnt", "opt_gradient_clip_norm", [1, math.inf], [0, 5, "inf", math.nan]),
        ("rnnt", "opt_learning_rate_alt_decay_func", [True, 1], [False, "True"]),
        ("rnnt", "data_train_num_buckets", [6, True], [6.0, "6"]),
        ("minigo", "min_selfplay_games_per_generation", [8192, 8192.0], [8191]),
        ("minigo", "actual_selfplay_games_per_generation", [8192, 9000], [8191, None]),
        ("unet3d", "train_samples", [168], [167, "168"]),
        ("resnet", "submission_org", ["x", None, 0], [""]),
    ],
)
def test_values(benchmark: str, key: str, good: list[object], bad: list[object]) -> None:
    rule = rule_of(benchmark, key, opt_name="lars")
    assert [value for value in good if not rule.holds(value, {})] == []
    assert [value for value in bad if rule.holds(value, {})] == []


@pytest.mark.parametrize(
    ("benchmark", "key", "words"),
    [
        ("resnet", "opt_name", "one of sgd, lars"),
        ("resnet", "lars_opt_weight_decay", "0.0001 · 2^n, n whole"),
        ("resnet", "global_batch_size", "> 0"),
        ("ssd", "opt_learning_rate_warmup_steps", "≥ 1"),
        ("maskrcnn", "opt_base_learning_rate", "a multiple of 0.02"),
        ("maskrcnn", "opt_learning_rate_decay_steps", "a list of 2"),
        ("rnnt", "opt_learning_rate_alt_decay_func", "true"),
        ("rnnt", "data_train_num_buckets", "a whole number"),
        ("rnnt", "opt_lamb_epsilon", "1e-09"),
        ("bert", "submission_org", "a value that is not empty"),
    ],
)
def test_rules_say_what_they_expect(benchmark: str, key: str, words: str) -> None:
    assert str(rule_of(benchmark, key, opt_name="lars")) == words


def test_a_formula_may_look_at_other_keys() -> None:
    rule = RULES.benchmark("resnet").log.advice["lars_opt_momentum"]
    assert rule.holds(0.9, {"global_batch_size": 3264})
    assert not rule.holds(0.93, {"global_batch_size": 3264})
    assert rule.holds(0.93, {"global_batch_size": 65536})
    assert rule.holds(0.93, {}), "without the batch nothing is said"


@pytest.mark.parametrize(
    ("batch_size", "interval"),
    [
        *((size, 150_000) for size in (256, 448, 1024, 1536, 2048)),
        *((size, 175_000) for size in (3072, 4096)),
        (6144, 200_000),
        (8192, 225_000),
        (12288, 275_000),
        (16384, 325_000),
    ],
)
def test_bert_is_evaluated_by_batch(batch_size: int, interval: int) -> None:
    cadence = RULES.benchmark("bert").log.cadence
    (names,) = cadence.readings(batch_size)
    assert cadence.unit is ProgressUnit.SAMPLES
    assert cadence.every.value(names) == interval


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [
        (32, {192: (875, 18, 8750), 160: (1050, 21, 10500)}),
        (64, {192: (875, 18, 8750), 128: (1313, 27, 13125)}),
        (84, {168: (1000, 20, 10000)}),
        (200, {200: (840, 17, 8400)}),
    ],
)
def test_unet3d_has_two_readings_of_an_epoch(batch_size: int, expected: dict[int, tuple[int, int, int]]) -> None:
    cadence = RULES.benchmark("unet3d").log.cadence
    assert cadence.first is not None
    assert cadence.last is not None
    found = {
        names["samples_per_epoch"]: tuple(
            expression.value(names) for expression in (cadence.first, cadence.every, cadence.last)
        )
        for names in cadence.readings(batch_size)
    }
    assert found == expected


def test_patterns_of_names() -> None:
    assert expand("a") == ["a"]
    assert expand("up{0..2}_{conv,norm}") == [
        "up0_conv",
        "up0_norm",
        "up1_conv",
        "up1_norm",
        "up2_conv",
        "up2_norm",
    ]
    assert expand("dense{,_1}/x") == ["dense/x", "dense_1/x"]
    with pytest.raises(ValueError, match=r"range 3\.\.1"):
        expand("{3..1}")
    with pytest.raises(ValueError, match="100,000,000 names"):
        expand("{1..1000}" * 2 + "{1..100}")


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("one_of = [1, 50]", "one_of = 50", "benchmarks.ssd.closed.max_samples.one_of: found 50, expected a list of"),
        ("length = 2", "lenght = 2", "opt_learning_rate_decay_steps.lenght: unknown key (nearest: 'length')."),
        ('occurs = "some", before', 'occurs = "twice", before', "log.keys.init_start.occurs: found 'twice', expected"),
        ('after = ["init_start"]', 'after = ["init_begin"]', "log.keys.init_stop: unknown key 'init_begin'"),
        ('["eval_stop", "block_stop"]', '["eval_end", "block_stop"]', "log.one_of: unknown key 'eval_end'"),
        ("log2(value / 0.0001)", "log3(value)", "found a call of something else than the known functions"),
        ("global_batch_size >= 32768 or", "global_batch >= 1 or", "unknown name in a formula 'global_batch'"),
        ('words = "0.0001', 'said = "0.0001', "words: missing, expected a text."),
        ('every = "1 / 20"', 'every = "1 /"', "benchmarks.dlrm.cadence.every: found '1 /', expected an expression"),
        ('every = "1 / 20"', 'every = "steps"', "cadence.every: unknown name in an expression 'steps'"),
        ('unit = "samples"', 'unit = "pages"', "benchmarks.bert.cadence.unit: found 'pages', expected one of epochs"),
        ("top_mlp_dense{1..5}", "top_mlp_dense{5..1}", "benchmarks.dlrm.weights: found"),
        ('weights = "weights"\n', "", "cites.weights: missing, expected a text."),
        (
            "[benchmarks.minigo.advice]\ntrain_batch_size",
            "[benchmarks.minigo.advice]\ntrain_batch",
            "advice.train_batch",
        ),
        ("multiple_of = 0.02", "multiple_of = 0", "multiple_of: found 0, expected a number other than 0."),
        ("chosen.opt_name.lars", "chosen.optimizer.lars", "benchmarks.resnet.chosen: unknown key 'optimizer'"),
        ('weights_mismatch = "warning"', 'weights_mismatch = "maybe"', "round.weights_mismatch: found 'maybe'"),
    ],
)
def test_a_broken_file(tmp_path: Path, old: str, new: str, answer: str) -> None:
    assert old in TEXT
    path = tmp_path / "broken.toml"
    path.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(RulesError) as caught:
        load_any_file(path)
    assert answer in str(caught.value)


def test_a_later_round_states_what_differs(tmp_path: Path) -> None:
    """As 2.0 does: names of weights must fit; ssd is another model; a key is gone, another one is asked for."""
    path = tmp_path / "later.toml"
    path.write_text(
        'extends = "training-v1.1"\nfamily = "training"\nversion = "v2.0"\n'
        'remove = [["benchmarks", "ssd", "closed", "max_samples"]]\n'
        'round.weights_mismatch = "error"\nround.init_limit_ns = 3_600_000_000_000\n'
        "benchmarks.ssd.closed.opt_name = { equals = 'adam' }\nbenchmarks.ssd.weights = ['head{1..2}']\n"
        "benchmarks.bert.closed.opt_base_learning_rate = "
        "{ formula = 'value <= global_batch_size', words = 'within the batch' }\n"
    )
    later = load_any_file(path)
    assert isinstance(later, TrainingRules)
    keys = later.keys(later.benchmark("ssd"), closed=True, chosen={})
    assert "max_samples" not in keys
    assert str(keys["opt_name"].value) == "adam"
    assert later.benchmark("ssd").log.weights == ("head1", "head2")
    assert later.log.weights_mismatch is Weight.ERROR
    rate = later.keys(later.benchmark("bert"), closed=True, chosen={})["opt_base_learning_rate"].value
    assert rate is not None
    assert rate.holds(4, {"global_batch_size": 8})
    assert not rate.holds(9, {"global_batch_size": 8})


def test_formulas_name_nothing_else() -> None:
    assert read_expression("value[0] > 1", FORMULAS).names == {"value"}
