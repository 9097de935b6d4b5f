"""Training of rnnt: the full network and its tensors, settings, decoding, one real step, learning, state, halves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from driven import opened, reaches, stepped  # noqa: E402
from librispeech_training import librispeech_for_training  # noqa: E402

from levelfield.errors import DatasetError, SettingsError  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.benchmarks.rnnt import BENCHMARK  # noqa: E402
from levelfield.training.benchmarks.rnnt.data import full_speech  # noqa: E402
from levelfield.training.benchmarks.rnnt.evaluate import greedy  # noqa: E402
from levelfield.training.benchmarks.rnnt.settings import FULL, MINI, MINI_TARGET, settings_of  # noqa: E402
from levelfield.training.port import Cadence, NumberFormat, Setup, World  # noqa: E402
from levelfield.workloads.speech_recognition.batches import Batch  # noqa: E402
from levelfield.workloads.speech_recognition.network import Transducer  # noqa: E402
from levelfield.workloads.speech_recognition.sizes import TRAINING  # noqa: E402

SMALL = Setup(edition=Edition.MINI, seed=7, batch_size=8, changed={"train_samples": "16", "eval_samples": "4"})


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


# --- the full network ---


def test_full_network_has_the_tensors_of_the_reference() -> None:
    """Names and shapes of rnn_speech_recognition/pytorch/rnnt/model.py, mlcommons/training at 4a4d5a0."""
    with torch.device("meta"):
        model = Transducer(TRAINING)
    expected: dict[str, tuple[int, ...]] = {"prediction.embed.weight": (1023, 512)}

    def lstm(name: str, inputs: int, width: int, layers: int) -> None:
        for layer in range(layers):
            expected[f"{name}.lstm.weight_ih_l{layer}"] = (4 * width, width if layer else inputs)
            expected[f"{name}.lstm.weight_hh_l{layer}"] = (4 * width, width)
            expected[f"{name}.lstm.bias_ih_l{layer}"] = expected[f"{name}.lstm.bias_hh_l{layer}"] = (4 * width,)

    lstm("encoder.pre_rnn", 240, 1024, 2)
    lstm("encoder.post_rnn", 2048, 1024, 3)
    lstm("prediction.dec_rnn", 512, 512, 2)
    for name, outputs, inputs in (("joint_pred", 512, 512), ("joint_enc", 512, 1024), ("joint_net.2", 1024, 512)):
        expected[f"{name}.weight"], expected[f"{name}.bias"] = (outputs, inputs), (outputs,)
    assert {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()} == expected
    assert len(expected) == 35
    # Encoder 42,967,040; prediction 523,776 + 4,202,496; joint 262,656 + 524,800 + 525,312.
    assert sum(tensor.numel() for tensor in model.parameters()) == 49_006_080


def test_mini_network_has_the_size_that_is_stated() -> None:
    model = Transducer(MINI.sizes)
    assert sum(tensor.numel() for tensor in model.parameters()) == 264_534
    assert "264,534 parameters" in BENCHMARK.mini


def test_lstms_begin_with_open_forget_gates_and_scaled() -> None:
    model = Transducer(MINI.sizes, lstm_scale=0.5)
    lstm = model.encoder.pre_rnn.lstm
    assert set(lstm.bias_ih_l0[96:192].tolist()) == {0.5}
    assert set(lstm.bias_hh_l0[96:192].tolist()) == {0.0}
    bound = 0.5 / 96**0.5
    assert 0.95 * bound < float(lstm.weight_ih_l0.detach().abs().max()) <= bound
    assert float(model.joint_enc.weight.detach().abs().max()) > 0.95 / 96**0.5


def test_initial_weights_have_the_names_of_the_rules() -> None:
    names = BENCHMARK.build(SMALL).initial_weights
    assert sorted(names) == ["dec_rnn", "joint_enc", "joint_net", "joint_pred", "post_rnn", "pre_rnn", "pred_embed"]


# --- settings ---


@pytest.mark.parametrize(
    ("batch", "found"),
    [
        (None, (0.004, 6, 40, 0.935, 0.9, 0.999, 0.999, 0.5, 100)),
        (512, (0.004, 6, 40, 0.935, 0.9, 0.999, 0.999, 0.5, 100)),
        (2048, (0.007, 6, 33, 0.939, 0.9, 0.999, 0.995, 0.5, 100)),
        (3072, (0.009, 9, 40, 0.94, 0.9, 0.995, 0.985, 0.35, 100)),
        (6144, (0.014, 16, 40, 0.97, 0.82, 0.98, 0.96, 0.5, 150)),
    ],
)
def test_full_edition_takes_the_reference_points(batch: int | None, found: tuple[float, ...]) -> None:
    s = settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=batch))
    rates = (s.learning_rate, s.warmup_epochs, s.hold_epochs, s.decay)
    assert (*rates, s.beta_1, s.beta_2, s.ema, s.lstm_scale, s.epochs) == found


def test_log_has_what_the_rules_ask_for() -> None:
    """closed_rnnt.yaml of the compliance checker, 1.1.0: names and the values that are fixed."""
    assert dict(FULL.logged) == {
        "opt_name": "lamb",
        "global_batch_size": 1024,
        "gradient_accumulation_steps": 1,
        "opt_base_learning_rate": 0.004,
        "opt_learning_rate_warmup_epochs": 6,
        "opt_lamb_learning_rate_hold_epochs": 40,
        "opt_lamb_learning_rate_decay_poly_power": 0.935,
        "opt_lamb_learning_rate_min": 1e-5,
        "opt_lamb_beta_1": 0.9,
        "opt_lamb_beta_2": 0.999,
        "opt_lamb_epsilon": 1e-9,
        "opt_weight_decay": 1e-3,
        "opt_gradient_clip_norm": 1.0,
        "model_eval_ema_factor": 0.999,
        "model_weights_initialization_scale": 0.5,
        "data_train_num_buckets": 6,
        "data_train_max_duration": 16.7,
        "data_speed_perturbaton_min": 0.85,
        "data_speed_perturbaton_max": 1.15,
        "data_spec_augment_freq_n": 2,
        "data_spec_augment_freq_min": 0,
        "data_spec_augment_freq_max": 20,
        "data_spec_augment_time_n": 10,
        "data_spec_augment_time_min": 0,
        "data_spec_augment_time_max": 0.03,
        "eval_max_prediction_symbols": 300,
        "opt_learning_rate_alt_decay_func": True,
        "opt_learning_rate_alt_warmup_func": True,
    }
    assert replace(FULL, clip_norm=float("inf")).logged["opt_gradient_clip_norm"] == "inf"
    assert FULL.cadence == Cadence(epoch=272, first=272, every=272, last=27_200)
    assert BENCHMARK.targets(Edition.FULL) == {"wer": 0.058}


def test_impossible_settings_are_all_named() -> None:
    changed = {
        "opt_lamb_beta_1": "1",
        "data_speed_perturbaton_min": "1.2",
        "data_spec_augment_time_max": "2.5",
        "opt_base_learning_rate": "inf",
        "epochs": "0",
        "opt_gradient_clip_norm": "inf",
    }
    setup = Setup(edition=Edition.FULL, seed=1, batch_size=1023, changed=changed, world=World(size=2))
    with pytest.raises(SettingsError, match="rnnt cannot be trained like this") as caught:
        BENCHMARK.build(setup)
    assert caught.value.problems == (
        "global_batch_size: found 1023, expected a multiple of the 2 processes",
        "data_speed_perturbaton_min, _max: found 1.2 and 1.15, expected 0.5 to 2 and in this order",
        "data_spec_augment_time_min, _max: found 0 and 2.5, expected 0 or more, and a share below 1 or whole frames",
        "opt_base_learning_rate: found inf, expected a finite number of 0 or more",
        "epochs: found 0, expected 1 or more",
        "opt_lamb_beta_1: found 1.0, expected below 1",
    )


def test_folder_without_manifests_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"has no librispeech-train-clean-100-wav\.json"):
        full_speech(tmp_path, FULL)


# --- decoding ---


def one_after_the_other(model: Transducer, features: torch.Tensor, *, per_step: int, most: int) -> list[int]:
    """The reference's loop over one utterance."""
    encoded, steps = model.encoder(features[:, None], torch.tensor([len(features)]))
    heard: list[int] = []
    state = model.start(1)
    for step in range(int(steps[0])):
        if len(heard) > most:
            break
        for _ in range(per_step):
            predicted, hidden, cell = model.prediction(*state)
            best = int(model.joint(encoded[:, step : step + 1], predicted).argmax())
            if best == model.sizes.classes - 1:
                break
            heard.append(best)
            state = (torch.tensor([[best]]), hidden, cell)
    return heard


@pytest.mark.parametrize(("per_step", "most"), [(30, 300), (2, 300), (3, 4)])
@torch.no_grad()
def test_batch_is_decoded_as_one_after_the_other(per_step: int, most: int) -> None:
    torch.manual_seed(2)
    model = Transducer(replace(MINI.sizes, features=6, classes=4)).eval()
    model.joint_net[2].weight *= 20
    lengths = [9, 4, 12, 1]
    features = [torch.randn(length, 6) for length in lengths]
    padded = torch.nn.utils.rnn.pad_sequence(features)
    batch = Batch(
        features=padded,
        lengths=torch.tensor(lengths),
        labels=torch.zeros(4, 0, dtype=torch.int64),
        counts=torch.zeros(4, dtype=torch.int64),
    )
    found = greedy(model, batch, replace(MINI, symbols_per_step=per_step, most_symbols=most))
    assert found == [one_after_the_other(model, one, per_step=per_step, most=most) for one in features]
    assert any(found)


# --- a run ---


def test_full_network_makes_a_step_on_files_of_the_reference(tmp_path: Path) -> None:
    copy = librispeech_for_training(tmp_path / "LibriSpeech")
    changed = {"train_samples": "6", "eval_samples": "2", "data_readers": "2", "gradient_accumulation_steps": "2"}
    training = opened(BENCHMARK, Setup(edition=Edition.FULL, seed=3, batch_size=2, data=copy, changed=changed))
    before = training.model.joint_net[2].weight.detach().clone()
    (loss,) = stepped(training, 1)
    assert 50 < loss < 400
    assert all(tensor.grad is not None for tensor in training.model.parameters())
    assert not torch.equal(training.model.joint_net[2].weight, before)
    assert training.progress(1) == pytest.approx(1 / 3)
    flops = training.flops_per_sample()
    assert flops is not None
    assert 3e9 < flops < 3e11


def test_losses_fall_and_are_the_same_again() -> None:
    first, again = (stepped(opened(BENCHMARK, SMALL), 3) for _ in range(2))
    assert first == again
    quick = {**SMALL.changed, "opt_learning_rate_warmup_epochs": "0", "model_eval_ema_factor": "0"}
    training = opened(BENCHMARK, replace(SMALL, changed=quick))
    losses = stepped(training, 16)
    assert np.mean(losses[-2:]) < 0.75 * np.mean(losses[:2])
    assert training.evaluate()["wer"] >= 0


def test_rate_rises_in_the_first_epoch_and_falls_after_the_hold() -> None:
    changed = {
        "opt_learning_rate_warmup_epochs": "1",
        "opt_lamb_learning_rate_hold_epochs": "1",
        "opt_lamb_learning_rate_decay_poly_power": "0.5",
        "opt_base_learning_rate": "0.012",
    }
    training = opened(BENCHMARK, replace(SMALL, changed={**SMALL.changed, **changed}))
    rates = []
    for done in range(7):
        stepped(training, 1, done=done)
        rates.append(training.optimizer.param_groups[0]["lr"])
    # Two steps an epoch, counted from 1: (1 + 1) / 3; then 1; from step 4 on 0.5 ** (epoch - 2).
    assert rates == pytest.approx([0.008, 0.012, 0.012, 0.012, 0.006, 0.006, 0.003])


def test_averaged_weights_are_what_is_evaluated() -> None:
    training = opened(BENCHMARK, SMALL)
    start = training._averaged.joint_net[2].weight.clone()
    stepped(training, 1)
    expected = 0.9 * start + 0.1 * training.model.joint_net[2].weight.detach()
    still = opened(BENCHMARK, replace(SMALL, changed={**SMALL.changed, "model_eval_ema_factor": "0.9"}))
    stepped(still, 1)
    torch.testing.assert_close(still._averaged.joint_net[2].weight, expected)


def test_state_of_a_gpu_is_taken_on_a_cpu() -> None:
    training = opened(BENCHMARK, SMALL)
    stepped(training, 1)
    other = opened(BENCHMARK, SMALL)
    other.restore({**training.state(), "cuda_generator": torch.zeros(16, dtype=torch.uint8)})
    assert torch.equal(other._averaged.joint_net[2].weight, training._averaged.joint_net[2].weight)


def test_restored_state_goes_on_as_if_nothing_had_happened() -> None:
    whole = stepped(opened(BENCHMARK, SMALL), 4)
    broken = opened(BENCHMARK, SMALL)
    assert stepped(broken, 3) == whole[:3]
    other = opened(BENCHMARK, SMALL)
    other.restore(broken.state())
    assert stepped(other, 1, done=3) == whole[3:]


def test_two_halves_of_a_batch_have_the_mean_loss_of_the_whole() -> None:
    (whole,) = stepped(opened(BENCHMARK, SMALL), 1)
    halves = [stepped(opened(BENCHMARK, replace(SMALL, world=World(rank=rank, size=2))), 1)[0] for rank in (0, 1)]
    assert np.mean(halves) == pytest.approx(whole, rel=1e-6)


def test_batch_in_parts_is_the_same_step() -> None:
    whole = opened(BENCHMARK, SMALL)
    parts = opened(BENCHMARK, replace(SMALL, changed={**SMALL.changed, "gradient_accumulation_steps": "2"}))
    assert stepped(parts, 3) == pytest.approx(stepped(whole, 3), rel=1e-3)


def test_shuffled_transcripts_are_those_of_other_utterances() -> None:
    plain, dealt = (opened(BENCHMARK, replace(SMALL, shuffled_labels=shuffled)) for shuffled in (False, True))
    assert plain._labels != dealt._labels
    assert sorted(plain._labels) == sorted(dealt._labels)


def test_bf16_learns_too() -> None:
    (exact,) = stepped(opened(BENCHMARK, SMALL), 1)
    (short,) = stepped(opened(BENCHMARK, replace(SMALL, number_format=NumberFormat.BF16)), 1)
    assert short == pytest.approx(exact, rel=0.02)


# --- minutes of training, with LEVELFIELD_TRAIN=1 ---


def test_long_full_network_learns_a_batch_by_heart(tmp_path: Path) -> None:
    """Twenty steps on the same two utterances; dropout stays on."""
    copy = librispeech_for_training(tmp_path / "LibriSpeech")
    changed = {"train_samples": "6", "eval_samples": "2", "opt_learning_rate_warmup_epochs": "0"}
    training = opened(BENCHMARK, Setup(edition=Edition.FULL, seed=3, batch_size=2, data=copy, changed=changed))
    losses = [stepped(training, 1)[0] for _ in range(20)]
    assert all(np.isfinite(losses)), losses
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("shuffled", [False, True])
def test_long_mini_reaches_its_target_and_not_with_shuffled_labels(shuffled: bool) -> None:
    training = opened(BENCHMARK, Setup(edition=Edition.MINI, seed=11, shuffled_labels=shuffled))
    assert reaches(training, lambda quality: quality["wer"] <= MINI_TARGET) is not shuffled
