"""Utterances of rnnt: speed, silence, features and masks, order, vocabulary, manifests, copies that are not whole."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from librispeech_training import librispeech_for_training, write_flac_header, write_wav  # noqa: E402

from levelfield.errors import DatasetError, MissingError  # noqa: E402
from levelfield.terms import Edition  # noqa: E402
from levelfield.training.benchmarks.rnnt import BENCHMARK  # noqa: E402
from levelfield.training.benchmarks.rnnt.data import bucketed, full_speech  # noqa: E402
from levelfield.training.benchmarks.rnnt.preparation import flac_samples, prepare_folder  # noqa: E402
from levelfield.training.benchmarks.rnnt.settings import FULL, MINI, Settings, settings_of  # noqa: E402
from levelfield.training.benchmarks.rnnt.vocabulary import Letters, open_vocabulary  # noqa: E402
from levelfield.training.benchmarks.rnnt.waveform import at_speed, masked, normalised_features, trimmed  # noqa: E402
from levelfield.training.port import Setup  # noqa: E402
from levelfield.workloads.speech_recognition.batches import collated  # noqa: E402

SMALL = {"train_samples": "6", "eval_samples": "2"}


def settings(**changed: str) -> Settings:
    return settings_of(Setup(edition=Edition.FULL, seed=1, batch_size=2, changed=SMALL | changed))


def draw(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- waveforms ---


@pytest.mark.parametrize("factor", [0.85, 0.93, 1.07, 1.15])
def test_tone_at_another_speed_is_the_tone_of_another_pitch(factor: float) -> None:
    time = np.arange(8_000) / 16_000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    found = at_speed(tone, factor)
    assert len(found) == int(8_000 * factor)
    expected = np.sin(2 * np.pi * 440 / factor * np.arange(len(found)) / 16_000)
    np.testing.assert_allclose(found[50:-50], expected[50:-50], atol=3e-3)


def test_what_would_be_folded_back_is_filtered_out() -> None:
    tone = np.sin(2 * np.pi * 7_900 * np.arange(8_000) / 16_000).astype(np.float32)
    assert np.abs(at_speed(tone, 0.85)[100:-100]).max() < 0.02


def test_speed_of_one_changes_nothing() -> None:
    sound = draw().standard_normal(5_000, dtype=np.float32)
    assert at_speed(sound, 1.0) is sound


def test_silence_is_cut_off_at_both_ends_by_windows() -> None:
    sound = np.zeros(20_000, np.float32)
    sound[8_000:12_000] = 0.5
    sound[10_000] = 1.0
    quiet = sound + np.float32(0.0004)  # -62 dB of the loud part
    for one in (sound, quiet):
        # A window of 2,048 is loud as soon as it holds a millionth of the energy: one sample of it is enough.
        np.testing.assert_array_equal(trimmed(one), one[8_000 - 2_047 : 12_000 + 2_047])


def test_silence_alone_and_short_sounds_stay() -> None:
    silence = np.zeros(4_000, np.float32)
    assert len(trimmed(silence)) == 4_000
    assert len(trimmed(np.ones(600, np.float32))) == 600


def test_features_have_mean_0_and_deviation_1_over_time_and_are_spliced() -> None:
    sound = draw().standard_normal(16_000, dtype=np.float32)
    found = normalised_features(sound, draw())
    assert (found.shape, found.dtype) == ((34, 240), np.float32)
    frames = found.reshape(102, 80)
    assert not frames[101:].any()  # 16,000 samples are 101 frames; the last row is filled up
    np.testing.assert_allclose(frames[:101].mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(frames[:101].std(axis=0), 1, atol=1e-4)


def test_masks_zero_bands_and_frames() -> None:
    features = np.ones((40, 240), np.float32)
    one = replace(FULL, frequency_masks=1, frequency_least=5, frequency_most=5, time_masks=0)
    frames = masked(features, draw(), one).reshape(120, 80)
    assert (frames.sum(axis=1) == 75).all()
    (bands,) = np.nonzero(frames[0] == 0)
    assert bands.tolist() == list(range(bands[0], bands[0] + 5))
    other = replace(FULL, frequency_masks=0, time_masks=1, time_least=3, time_most=0.03)  # 3 % of 120 frames are 4
    lengths = {int((masked(features, draw(seed), other).reshape(120, 80)[:, 0] == 0).sum()) for seed in range(40)}
    assert lengths == {3, 4}
    assert features.all(), "what was given is left alone"


# --- order and batches ---


def test_order_holds_like_lengths_together_and_drops_what_is_left() -> None:
    seconds = draw().permutation(50).astype(float)
    order = bucketed(seconds, buckets=5, steps=12, batch=4, draw=draw())
    assert order.shape == (12, 4)
    assert len(set(order.ravel().tolist())) == 48
    # A batch of 4 lies within one bucket of 10, or in two neighbours.
    assert all(np.ptp(seconds[batch]) < 20 for batch in order)
    assert not np.array_equal(order, bucketed(seconds, buckets=5, steps=12, batch=4, draw=draw(2)))
    np.testing.assert_array_equal(order, bucketed(seconds, buckets=5, steps=12, batch=4, draw=draw()))


def test_batches_are_filled_up_and_parted() -> None:
    samples = [
        (np.full((rows, 240), rows, np.float32), [1] * labels) for rows, labels in ((5, 2), (3, 1), (2, 4), (1, 0))
    ]
    batch = collated(samples)
    assert tuple(batch.features.shape) == (5, 4, 240)
    assert batch.lengths.tolist() == [5, 3, 2, 1]
    assert batch.labels.tolist() == [[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert batch.counts.tolist() == [2, 1, 4, 0]
    first, second = batch.parts(2)
    assert (tuple(first.features.shape), tuple(first.labels.shape)) == ((5, 2, 240), (2, 2))
    assert (tuple(second.features.shape), tuple(second.labels.shape)) == ((2, 2, 240), (2, 4))


def test_letters_are_labels() -> None:
    letters = Letters(" abc")
    assert letters.encode("ab a") == [1, 2, 0, 1]
    assert letters.decode([1, 2, 0, 1]) == "ab a"


# --- LibriSpeech ---


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return librispeech_for_training(tmp_path / "LibriSpeech")


def test_manifests_of_the_reference_are_read(copy: Path) -> None:
    speech = full_speech(copy, settings())
    assert speech.train.seconds.tolist() == [1.0, 1.2] * 3  # the one of 17 s is left out
    assert speech.train.transcripts[:2] == ["the king's men", "a golden fortune"]
    assert len(speech.evaluation.transcripts) == 2
    text = speech.train.transcripts[0]
    assert speech.vocabulary.decode(speech.vocabulary.encode(text)) == text
    heard = speech.evaluation.heard(0, draw())
    assert heard.shape[1] == 240
    assert 20 < len(heard) <= 34  # silence at the ends is cut off
    one, same, other = (speech.train.varied(0, draw(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_manifests_are_made_from_unpacked_archives(tmp_path: Path, copy: Path) -> None:
    (copy / "librispeech-dev-clean-wav.json").unlink()
    flac = copy / "dev-clean/84/121123"
    write_flac_header(flac / "84-121123-0000.flac", 24_000)
    write_flac_header(flac / "84-121123-0001.flac", 48_000)
    (flac / "84-121123.trans.txt").write_text("84-121123-0000 GO DO YOU HEAR\n84-121123-0001 BUT IN LESS\n")
    prepare_folder(copy)
    speech = full_speech(copy, settings())
    assert speech.evaluation.transcripts == ["go do you hear", "but in less"]
    assert speech.evaluation.seconds.tolist() == [1.5, 3.0]
    before = (copy / "librispeech-dev-clean-wav.json").stat().st_mtime_ns
    prepare_folder(copy)
    assert (copy / "librispeech-dev-clean-wav.json").stat().st_mtime_ns == before


def test_archives_that_are_not_whole_are_told(copy: Path) -> None:
    (copy / "librispeech-dev-clean-wav.json").unlink()
    flac = copy / "dev-clean/84/121123"
    write_flac_header(flac / "84-121123-0000.flac", 24_000, rate=44_100)
    (flac / "84-121123-0001.flac").write_bytes(b"no")
    lines = [f"84-121123-{number:04} HELLO" for number in range(3)]
    (flac / "84-121123.trans.txt").write_text("\n".join(lines))
    with pytest.raises(DatasetError, match=r"manifest of .* cannot be made") as caught:
        prepare_folder(copy)
    said = [problem.rpartition("/")[2] for problem in caught.value.problems]
    assert said[0] == "84-121123-0000.flac: found 1 channels at 44100 Hz, expected 1 at 16000 Hz"
    assert said[1] == "84-121123-0001.flac: not a FLAC file"
    assert said[2].startswith("84-121123-0002.flac'") or "No such file" in caught.value.problems[2]
    assert caught.value.hint == "Unpack dev-clean.tar.gz of openslr.org/12 again."


def test_flac_header_of_the_library_is_read(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(str(tmp_path / "a.flac"), np.zeros(12_345, np.int16), 16_000, subtype="PCM_16")
    assert flac_samples(tmp_path / "a.flac") == 12_345


def test_vocabulary_that_has_to_be_made_needs_its_library(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy.parent / "sentencepieces/librispeech1023.model").unlink()
    monkeypatch.setitem(sys.modules, "sentencepiece", None)
    with pytest.raises(MissingError, match="by sentencepiece") as caught:
        BENCHMARK.prepare(Setup(edition=Edition.FULL, seed=1, batch_size=2, data=copy, changed=SMALL))
    assert str(caught.value.hint).startswith("pip install sentencepiece, or put the file into")
    with pytest.raises(DatasetError, match=r"has no vocabulary: librispeech1023\.model"):
        full_speech(copy, settings())


def test_vocabulary_of_another_size_or_none_at_all_is_refused(copy: Path) -> None:
    with pytest.raises(DatasetError, match="found 1,023 pieces, expected 28"):
        open_vocabulary(copy, 28)
    (copy.parent / "sentencepieces/librispeech1023.model").write_bytes(b"\xff" * 40)
    with pytest.raises(DatasetError, match=r"librispeech1023\.model, as a whole: found no protocol buffer"):
        open_vocabulary(copy, 1023)


def test_copy_that_is_not_whole_is_told(copy: Path) -> None:
    with pytest.raises(DatasetError, match="is not whole") as caught:
        full_speech(copy, replace(FULL, batch_size=2))
    assert caught.value.problems == (
        "found 6 utterances of at most 16.7 s to train on, expected 278,528 at least",
        "found 2 in librispeech-dev-clean-wav.json, expected 2,703",
    )
    assert caught.value.hint == "To try a part of it: --set train_samples=N --set eval_samples=M."
    name = "train-clean-360-wav/84/121123/84-121123-0001.wav"
    (copy / name).unlink()
    with pytest.raises(DatasetError, match="1 of the 6 recordings") as caught:
        full_speech(copy, settings())
    assert caught.value.problems == (f"{copy / name} is not there",)
    (copy / "librispeech-train-other-500-wav.json").unlink()
    with pytest.raises(DatasetError, match=r"has no librispeech-train-other-500-wav\.json") as caught:
        full_speech(copy, settings())
    assert "preprocess_librispeech.sh" in str(caught.value.hint)


def test_words_that_cannot_be_spelled_are_named(copy: Path) -> None:
    path = copy.parent / "sentencepieces/librispeech1023.model"
    path.write_bytes(path.read_bytes().replace("▁m".encode(), "▁-".encode()).replace(b"\x01m", b"\x01-"))
    manifest = copy / "librispeech-train-clean-100-wav.json"
    items = json.loads(manifest.read_text())
    items[0]["transcript"] = "mmm"
    manifest.write_text(json.dumps(items))
    with pytest.raises(DatasetError, match="words cannot be spelled with the vocabulary") as caught:
        full_speech(copy, settings())
    assert "found 'mmm', which the vocabulary cannot spell" in caught.value.problems


def test_recording_that_was_cut_off_is_told_when_it_is_read(copy: Path) -> None:
    speech = full_speech(copy, settings())
    path = copy / "train-clean-100-wav/84/121123/84-121123-0000.wav"
    write_wav(path, np.zeros(4_000, np.int16))
    with pytest.raises(DatasetError, match=r"0000\.wav: found 4,000 samples, expected 16,000 as the manifest says"):
        speech.train.varied(0, draw())
    path.write_bytes(b"nothing")
    with pytest.raises(DatasetError, match=r"0000\.wav cannot be used: not a WAV file"):
        speech.train.varied(0, draw())


def test_mini_features_are_those_of_the_inference_round() -> None:
    from levelfield.training.benchmarks.rnnt.data import mini_speech
    from levelfield.workloads.speech_recognition.generator import Part, utterance
    from levelfield.workloads.speech_recognition.preprocess import features

    speech = mini_speech(replace(MINI, batch_size=2, train_samples=2, eval_samples=3))
    spoken = utterance(Part.TEST, 2)
    assert speech.evaluation.transcripts[2] == spoken.text
    expected = features(spoken.pcm.astype(np.float32) / np.float32(32768))
    np.testing.assert_array_equal(speech.evaluation.heard(2, draw()), expected)
