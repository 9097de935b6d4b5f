"""Features against a straightforward torch version of the reference's steps; text normalisation; the loss."""

from __future__ import annotations

import math

import numpy as np
import pytest

from levelfield.workloads.speech_recognition.preprocess import (
    FEATURES,
    LEAST_SAMPLES,
    _mel_power,
    batch_features,
    features,
    mel_filters,
    rows,
)
from levelfield.workloads.speech_recognition.transcript import VOCABULARY, normalised


def noise(samples: int, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(samples) * 0.1).astype(np.float32)


def oracle(waveform: np.ndarray) -> np.ndarray:
    """Frame by frame, in double precision, by the definition of each step."""
    x = waveform.astype(np.float64)
    x = np.concatenate([x[:1], x[1:] - 0.97 * x[:-1]])
    padded = np.concatenate([x[256:0:-1], x, x[-2:-258:-1]])
    window = np.zeros(512)
    window[96:416] = [0.5 - 0.5 * math.cos(2 * math.pi * n / 319) for n in range(320)]
    frames = []
    for start in range(0, len(padded) - 511, 160):
        power = np.abs(np.fft.rfft(padded[start : start + 512] * window)) ** 2 + 1e-10
        frames.append(np.log(mel_filters().astype(np.float64) @ power + 1e-20))
    bands = np.array(frames)
    count = math.ceil(math.ceil(len(waveform) / 160) / 3)
    blank = np.zeros(80)
    spliced = np.array(
        [[*(bands[3 * i + k] if 3 * i + k < len(bands) else blank for k in range(3))] for i in range(count)]
    ).reshape(count, 240)
    return (spliced - spliced.mean(0)) / (spliced.std(0, ddof=1) + 1e-5)


@pytest.mark.parametrize("samples", [LEAST_SAMPLES, 4800, 4801, 5119, 5120, 5121, 31_999])
def test_features_are_those_of_the_definition(samples: int) -> None:
    found = features(noise(samples))
    assert (found.shape, found.dtype) == ((rows(samples), FEATURES), np.float32)
    np.testing.assert_allclose(found, oracle(noise(samples)), atol=3e-3)


def test_spectrum_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    waveform = noise(16_000)
    emphasised = torch.from_numpy(np.concatenate([waveform[:1], waveform[1:] - np.float32(0.97) * waveform[:-1]]))
    window = torch.hann_window(320, periodic=False)
    spectrum = torch.stft(emphasised, 512, 160, 320, window=window, center=True, return_complex=True)
    bands = torch.log(torch.from_numpy(mel_filters()) @ (spectrum.abs() ** 2 + 1e-10) + 1e-20)
    spliced = torch.nn.functional.pad(bands, (0, 1)).T.reshape(34, 240)[: rows(16_000)]
    spliced = (spliced - spliced.mean(0)) / (spliced.std(0) + 1e-5)
    np.testing.assert_allclose(features(waveform), spliced.numpy(), atol=3e-3)


def test_mel_filters_are_on_the_slaney_scale() -> None:
    """Peaks worked out by hand (band 40: 1,722 Hz, bin 55.1; band 79: 7,698 Hz, bin 246.3), and areas."""
    filters = mel_filters()
    assert filters.shape == (80, 257)
    # Triangles of area 1 over bins of 31.25 Hz; the narrow ones are met by few bins.
    np.testing.assert_allclose(filters[60:].sum(axis=1) * 31.25, 1.0, atol=0.02)
    assert [int(row.argmax()) for row in filters[[0, 10, 40, 79]]] == [1, 13, 55, 246]
    assert (filters >= 0).all()
    assert (filters.max(axis=1) > 0).all()


def test_sums_over_neighbours_are_the_product_with_the_filters() -> None:
    power = np.random.default_rng(2).random((9, 257)).astype(np.float32)
    np.testing.assert_allclose(_mel_power(power), power @ mel_filters().T, rtol=1e-5)


def test_batch_is_filled_up_with_zeros() -> None:
    batch, lengths = batch_features([noise(4800), noise(9601)])
    assert (batch.shape, lengths.tolist()) == ((21, 2, 240), [10, 21])
    np.testing.assert_array_equal(batch[:10, 0], features(noise(4800)))
    assert not batch[10:, 0].any()


def test_silence_has_finite_features() -> None:
    assert np.isfinite(features(np.zeros(8000, np.float32))).all()


def test_vocabulary_is_the_official_one() -> None:
    assert (len(VOCABULARY), VOCABULARY[0], VOCABULARY[1], VOCABULARY[26], VOCABULARY[27]) == (28, " ", "a", "z", "'")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("he was in a fevered state", "he was in a fevered state"),
        ("  Wife's   ACTION\n", "wife's action"),
        ("Mr. Smith, Mrs. Jones & Dr. Who", "mister smith misess jones and doctor who"),
        ("st. paul's co. first", "saint paul's company first"),
        ("mr smith", "mr smith"),
        ("one+one", "one plus one"),
        ("well-known: yes!", "well known yes"),
        ("café", "cafe"),
    ],
)
def test_transcripts_are_normalised_as_the_reference_does(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(("text", "found"), [("at 8:00 pm", "0 8"), ("straße", "ß")])
def test_text_that_would_have_to_be_guessed_is_refused(text: str, found: str) -> None:
    with pytest.raises(ValueError, match=f"found {found}, expected letters"):
        normalised(text)


def test_transducer_loss_is_the_sum_over_all_alignments() -> None:
    torch = pytest.importorskip("torch")
    from levelfield.workloads.speech_recognition.network import transducer_loss

    torch.manual_seed(3)
    logits = torch.randn(3, 7, 5, 6, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, 5, (3, 4))
    steps, counts = torch.tensor([7, 5, 1]), torch.tensor([4, 2, 0])
    scores = logits.log_softmax(-1)
    naive = []
    for row in range(3):
        alpha = {(0, 0): scores.new_zeros(())}
        for t in range(int(steps[row])):
            for u in range(int(counts[row]) + 1):
                ways = []
                if t:
                    ways.append(alpha[t - 1, u] + scores[row, t - 1, u, -1])
                if u:
                    ways.append(alpha[t, u - 1] + scores[row, t, u - 1, labels[row, u - 1]])
                if ways:
                    alpha[t, u] = torch.logsumexp(torch.stack(ways), 0)
        t, u = int(steps[row]) - 1, int(counts[row])
        naive.append(-(alpha[t, u] + scores[row, t, u, -1]))
    found = transducer_loss(logits, steps, labels, counts)
    expected = torch.stack(naive)
    assert torch.allclose(found, expected, atol=1e-9, rtol=0)
    (gradient,) = torch.autograd.grad(found.sum(), logits, retain_graph=True)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), logits)
    assert torch.allclose(gradient, expected_gradient, atol=1e-9, rtol=0)
