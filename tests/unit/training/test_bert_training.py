"""Training BERT: records in the reference's format, shares of batches, determinism, going on, and the control."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tf_files import example_features, write_bert_records
from training_drive import drive, go_on

from levelfield.errors import DatasetError, FormatError, SettingsError
from levelfield.formats.tf_example import write_example
from levelfield.formats.tf_record import read_records, write_records
from levelfield.training.benchmarks.bert import BENCHMARK
from levelfield.training.benchmarks.bert.data import corpus_of
from levelfield.training.benchmarks.bert.network import Pretraining
from levelfield.training.benchmarks.bert.records import shuffled_records, train_files
from levelfield.training.benchmarks.bert.settings import settings_of
from levelfield.training.port import Edition, NumberFormat, Setup, World
from levelfield.workloads.question_answering.network import Shape

MINI = Setup(edition=Edition.MINI, seed=11)
FEW = {"train_samples": "640", "eval_samples": "100"}
SMALL = replace(MINI, changed=FEW)
TINY = {
    "opt_base_learning_rate": "1e-3",
    "opt_learning_rate_training_steps": "20",
    "train_samples": "12",
    "eval_samples": "4",
    "eval_interval_samples": "4",
    "max_sequence_length": "48",
    "max_predictions_per_seq": "7",
}
SIZES = {"length": 48, "predictions": 7, "vocabulary": 200}


def recorded(folder: Path, **more: object) -> Setup:
    return Setup(edition=Edition.FULL, seed=3, batch_size=4, data=folder, changed=TINY, **more)  # type: ignore[arg-type]


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The full edition's path with a network that fits a test."""
    small = Shape(vocabulary=200, positions=64, layers=1, width=16, heads=2, inner=32, dropout=0.1, gelu="tanh")
    monkeypatch.setattr("levelfield.training.benchmarks.bert.network.FULL", small)


def test_the_same_setup_gives_the_same_losses() -> None:
    one, other = drive(BENCHMARK, SMALL, steps=3), drive(BENCHMARK, SMALL, steps=3)
    assert one.losses == other.losses
    assert drive(BENCHMARK, replace(SMALL, seed=12), steps=3).losses != one.losses


def test_a_first_loss_is_that_of_guessing() -> None:
    """ln 105 for a token, ln 2 for the second segment."""
    assert drive(BENCHMARK, SMALL, steps=1).losses[0] == pytest.approx(np.log(105) + np.log(2), abs=0.3)


def test_parts_of_a_batch_give_its_gradient() -> None:
    whole = drive(BENCHMARK, SMALL, steps=2).losses
    parts = drive(BENCHMARK, replace(MINI, changed={**FEW, "gradient_accumulation_steps": "3"}), steps=2).losses
    assert parts == pytest.approx(whole, rel=1e-5)


def test_a_short_number_format_learns_the_same() -> None:
    whole = drive(BENCHMARK, SMALL, steps=2).losses
    short = drive(BENCHMARK, replace(SMALL, number_format=NumberFormat.BF16), steps=2).losses
    assert short != whole
    assert short == pytest.approx(whole, rel=0.02)


def test_going_on_is_as_if_nothing_had_happened() -> None:
    small = replace(MINI, batch_size=16, changed={"train_samples": "64"})  # four steps an epoch
    without = drive(BENCHMARK, small, steps=6)
    first = drive(BENCHMARK, small, steps=5).training
    later = BENCHMARK.build(small)
    later.open_data()
    later.restore(first.state())
    assert go_on(BENCHMARK, small, later, first=6, steps=6).losses == without.losses[5:]


def test_processes_take_parts_of_the_same_batch() -> None:
    settings = settings_of(MINI)
    corpora = [
        corpus_of(replace(MINI, world=World(rank=rank, size=size)), settings, vocabulary=105)
        for rank, size in ((0, 1), (0, 2), (1, 2))
    ]
    for corpus in corpora:
        corpus.open()
        corpus.begin_epoch(2)
    whole, *halves = (corpus.next_share() for corpus in corpora)
    for field in ("input_ids", "masked_lm_ids", "next_sentence_labels"):
        assert (np.concatenate([getattr(half, field) for half in halves]) == getattr(whole, field)).all()
    tested = [sum(len(batch) for batch in corpus.evaluation(300)) for corpus in corpora]
    assert tested == [2000, 1000, 1000]


def test_masks_differ_between_epochs_and_pairs_do_not() -> None:
    corpus = corpus_of(replace(MINI, batch_size=8000), settings_of(replace(MINI, batch_size=8000)), vocabulary=105)
    corpus.open()
    seen = []
    for epoch in (1, 2):
        corpus.begin_epoch(epoch)
        share = corpus.next_share()
        truth = share.input_ids.copy()
        rows, columns = np.nonzero(share.masked_lm_weights)
        truth[rows, share.masked_lm_positions[rows, columns]] = share.masked_lm_ids[rows, columns]
        seen.append((Counter(map(bytes, truth)), share.input_ids.tobytes()))
    assert seen[0][0] == seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_the_control_has_the_inputs_and_not_the_answers() -> None:
    settings = settings_of(MINI)
    shares = []
    for shuffled in (False, True):
        corpus = corpus_of(replace(MINI, shuffled_labels=shuffled), settings, vocabulary=105)
        corpus.open()
        corpus.begin_epoch(1)
        shares.append(corpus.next_share())
    real, control = shares
    assert (real.input_ids == control.input_ids).all()
    counts = real.masked_lm_weights > 0
    assert (real.masked_lm_ids[counts] == control.masked_lm_ids[counts]).mean() < 0.1


@pytest.mark.usefixtures("small_network")
def test_a_step_on_records_of_the_reference(tmp_path: Path) -> None:
    write_bert_records(tmp_path, **SIZES)
    driven = drive(BENCHMARK, recorded(tmp_path), steps=7)
    assert np.isfinite(driven.losses).all()
    assert driven.losses[0] == pytest.approx(np.log(200) + np.log(2), abs=0.2)
    assert [step for step, _ in driven.qualities] == [1, 2, 3, 4, 5, 6, 7]
    assert driven.training.progress(7) == 28.0


@pytest.mark.usefixtures("small_network")
def test_going_on_in_the_records(tmp_path: Path) -> None:
    write_bert_records(tmp_path, **SIZES)
    setup = recorded(tmp_path)
    without = drive(BENCHMARK, setup, steps=6)
    first = drive(BENCHMARK, setup, steps=5).training
    state = first.state()
    later = BENCHMARK.build(setup)
    later.open_data()
    later.restore(state)
    assert go_on(BENCHMARK, setup, later, first=6, steps=6).losses == without.losses[5:]


def test_an_epoch_of_records_has_each_once_in_an_order_of_the_seed(tmp_path: Path) -> None:
    for part in range(20):
        write_records(tmp_path / f"part-{part:05}-of-00020", [f"{part}-{number}".encode() for number in range(70)])
    paths = train_files(tmp_path)
    streams = [shuffled_records(paths, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    first, again, other = ([next(stream).content for _ in range(1400)] for stream in streams)
    assert first == again
    assert first != other
    assert len(set(first)) == 1400
    assert sorted(next(streams[0]).content for _ in range(1400)) == sorted(first)


def test_parts_that_are_missing_are_named(tmp_path: Path) -> None:
    write_records(tmp_path / "part-00001-of-00003", [b"x"])
    with pytest.raises(DatasetError) as caught:
        BENCHMARK.prepare(recorded(tmp_path))
    assert list(caught.value.problems) == ["part-00000-of-00003: missing", "part-00002-of-00003: missing"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"looked for part-\*-of-\*"):
        BENCHMARK.prepare(recorded(tmp_path / "empty"))
    with pytest.raises(DatasetError, match="is not a folder"):
        BENCHMARK.prepare(recorded(tmp_path / "absent"))


def test_no_evaluation_records(tmp_path: Path) -> None:
    write_records(tmp_path / "part-00000-of-00001", [b"x"])
    with pytest.raises(DatasetError, match="eval_10k is not there"):
        BENCHMARK.prepare(recorded(tmp_path))


@pytest.mark.usefixtures("small_network")
def test_records_at_fault(tmp_path: Path) -> None:
    write_bert_records(tmp_path, **SIZES)
    setup, draw = recorded(tmp_path), np.random.default_rng(1)
    good = example_features(draw, **SIZES)
    wrong = [
        {**good, "input_ids": good["input_ids"] + 200},
        {**good, "masked_lm_positions": np.full(7, 48)},
        {**good, "segment_ids": good["segment_ids"][:9]},
        {**good, "masked_lm_weights": np.full(7, np.nan, np.float32)},
        {**good, "next_sentence_labels": np.zeros(1, np.float32)},
        {name: values for name, values in good.items() if name != "input_mask"},
    ]
    write_records(tmp_path / "eval_10k", [b"no example", *(write_example(features) for features in wrong)])
    changed = {**TINY, "eval_samples": "7"}
    training = BENCHMARK.build(replace(setup, changed=changed))
    with pytest.raises(DatasetError) as caught:
        training.open_data()
    path = tmp_path / "eval_10k"
    assert [problem.removeprefix(f"{path}, record ") for problem in caught.value.problems] == [
        "1: found a record of another kind, expected a tf.train.Example",
        f"2, input_ids: found {good['input_ids'][0] + 200}, expected 0 to 199",
        "3, masked_lm_positions: found 48, expected 0 to 47",
        "4, segment_ids: found 9 numbers, expected 48",
        "5, masked_lm_weights: found nan, expected 0 to 1",
        "6, next_sentence_labels: found another type, expected int64",
        "7, input_mask: found nothing, expected a list of numbers",
    ]


@pytest.mark.usefixtures("small_network")
def test_too_few_to_evaluate_on_and_a_damaged_part(tmp_path: Path) -> None:
    write_bert_records(tmp_path, evaluation=3, **SIZES)
    with pytest.raises(DatasetError, match=r"found 3 records, expected 4 \(eval_samples\)"):
        BENCHMARK.build(recorded(tmp_path)).open_data()
    write_bert_records(tmp_path, **SIZES)
    for part in tmp_path.glob("part-*"):
        raw = part.read_bytes()
        part.write_bytes(raw[:100] + b"?" + raw[101:])
    training = BENCHMARK.build(recorded(tmp_path))
    training.open_data()
    training.begin_epoch(1)
    with pytest.raises(FormatError, match=r"part-0000\d-of-00002, record at byte 0: found checksum"):
        training.step()
    for part in tmp_path.glob("part-*"):
        part.write_bytes(b"")
    training.begin_epoch(1)
    with pytest.raises(DatasetError, match="all 2 parts are empty"):
        training.step()


def test_data_are_read_only_while_the_clock_runs(tmp_path: Path) -> None:
    class TooEarlyError(Exception):
        pass

    def guard() -> None:
        raise TooEarlyError

    training = BENCHMARK.build(replace(MINI, require_running=guard))
    with pytest.raises(TooEarlyError):
        training.open_data()


def test_a_batch_that_cannot_be_shared() -> None:
    with pytest.raises(SettingsError, match="expected a multiple of the 3 processes"):
        BENCHMARK.build(replace(MINI, world=World(rank=0, size=3)))


def test_the_records_of_the_sample_writer_are_the_reference_features(tmp_path: Path) -> None:
    write_bert_records(tmp_path)
    (record, *_) = read_records(tmp_path / "part-00000-of-00002")
    from levelfield.formats.tf_example import read_example

    sizes = {name: len(values) for name, values in read_example(record).items()}
    assert sizes == {
        "input_ids": 512,
        "input_mask": 512,
        "segment_ids": 512,
        "masked_lm_positions": 76,
        "masked_lm_ids": 76,
        "masked_lm_weights": 76,
        "next_sentence_labels": 1,
    }


def test_the_model_is_reached_through_its_attribute() -> None:
    """So that the harness can put a wrapper in its place; evaluation and state use the network itself."""
    calls = []

    class Wrapper(torch.nn.Module):
        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *inputs: torch.Tensor) -> object:
            calls.append(len(inputs))
            return self.inner(*inputs)

    training = BENCHMARK.build(MINI)
    assert isinstance(training.model, Pretraining)
    training.model = Wrapper(training.model)
    training.open_data()
    training.begin_epoch(1)
    training.step()
    assert calls == [4]
    assert not any(name.startswith("inner") for name in training.state()["model"])


LARGE = {
    "opt_base_learning_rate": "1e-3",
    "opt_learning_rate_training_steps": "40",
    "train_samples": "1",
    "eval_samples": "1",
    "eval_interval_samples": "1000",
}


def test_long_step_of_bert_large(tmp_path: Path) -> None:
    """One step at full size on an example of 512 tokens: 6 GB of memory, a minute of one core."""
    write_bert_records(tmp_path, parts=1, each=1, evaluation=1)
    setup = Setup(edition=Edition.FULL, seed=3, batch_size=1, data=tmp_path, changed=LARGE)
    (loss,) = drive(BENCHMARK, setup, steps=1).losses
    assert loss == pytest.approx(np.log(30522) + np.log(2), abs=1)


def test_long_loss_of_bert_large_falls_on_a_fixed_batch(tmp_path: Path) -> None:
    """Twenty steps at full size on the same example of 128 tokens: some minutes of one core."""
    write_bert_records(tmp_path, parts=1, each=1, evaluation=1, length=128, predictions=20, tokens=128)
    changed = {**LARGE, "max_sequence_length": "128", "max_predictions_per_seq": "20"}
    setup = Setup(edition=Edition.FULL, seed=3, batch_size=1, data=tmp_path, changed=changed)
    losses = drive(BENCHMARK, setup, steps=20).losses
    assert sum(losses[-3:]) / 3 < 0.8 * losses[0]
