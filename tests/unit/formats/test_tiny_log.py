"""The log of tiny's host runner: windows by laps, answers by file, and what real logs do to lines."""

from __future__ import annotations

import pytest

from levelfield.formats.tiny_log import Inference, TimedWindow, read_tiny_log

HEADER = """\
00001.000 parser: m-bm-cfg-name[ulp-mlperf]-key[runMode]-val[bmark]
00001.000 dut: m-model-[kws01]
00001.001 dut: m-lap-us-77
"""


def window(first: int, last: int, *, count: int = 300, at: float = 10.0, seconds: float = 20.0) -> str:
    return (
        f'{at:09.3f} parser: Command "bload dut "C:\\data sets\\kws01\\tst_000000_Stop_7.bin""\n'
        f"{at:09.3f} dut: m-warmup-start-1\n"
        f"{at:09.3f} dut: m-infer-start-{count}\n"
        f"{at:09.3f} dut: m-lap-us-{first}\n"
        f"{at + seconds:09.3f} dut: m-lap-us-{last}\n"
        f"{at + seconds:09.3f} dut: m-infer-done\n"
        f"{at + seconds:09.3f} dut: m-results-[0.000,0.921,0.078]\n"
    )


def test_a_window() -> None:
    log = read_tiny_log((HEADER + window(1_000_000, 21_000_000)).encode())
    assert (log.run_mode, log.model, log.unclear) == ("bmark", "kws01", 0)
    (found,) = log.windows
    assert found == TimedWindow(file="tst_000000_Stop_7.bin", inferences=300, duration_us=20_000_000.0, unwrapped=False)
    assert found.throughput == 15.0
    assert log.inferences == (Inference(file="tst_000000_Stop_7.bin", offset=0, values=(0.0, 0.921, 0.078)),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n", "\r\n"),
        ("dut: m-", "dut: \rinfer 300 1m-"),
        ("00030.000 dut: m-lap-us-21000000", "00030.000 dut: got ack from dsp\nm-lap-us-21000000"),
        ("dut: ", "io: [dut]: "),
        ("bload dut", "bloadp"),
        ("C:\\data sets\\", "/data sets/"),
    ],
)
def test_lines_as_real_logs_have_them(old: str, new: str) -> None:
    text = HEADER + window(1_000_000, 21_000_000)
    assert old in text
    assert read_tiny_log(text.replace(old, new).encode()) == read_tiny_log(text.encode())


@pytest.mark.parametrize(
    ("first", "last", "seconds", "duration_us"),
    [
        (2**32 - 5_000_000, 15_000_000, 20.0, 20_000_000.0),
        # As published: a step back of 572.412253 s where the host saw 0.252 s, by a timer of 7.5 MHz.
        (600_000_000, 600_000_000 - 572_412_253, 0.252, 2**32 / 7.5 - 572_412_253),
    ],
)
def test_a_counter_that_wraps_is_put_right_by_the_hosts_time(first, last, seconds, duration_us) -> None:
    (found,) = read_tiny_log(window(first, last, seconds=seconds).encode()).windows
    assert found.unwrapped
    assert found.duration_us == pytest.approx(duration_us)


@pytest.mark.parametrize(
    "text",
    [
        window(21_000_000, 1_000_000),  # steps back by 20 s where the host saw 20 s: no wrap explains it
        window(5, 5),
        window(1, 2, count=0),
        window(2**32 - 5_000_000, 15_000_000).replace("00010.000 ", "").replace("00030.000 ", ""),
        "m-infer-start-5\nm-lap-us-7\nm-infer-done\n",
        "m-infer-start-5\nm-infer-done\n",
    ],
)
def test_windows_that_cannot_be_timed_are_counted(text: str) -> None:
    log = read_tiny_log(text.encode())
    assert log.windows == ()
    assert log.unclear == 1


def test_first_and_last_of_many_laps() -> None:
    text = window(1_000_000, 21_000_000).replace("dut: m-lap-us-1000000\n", "dut: m-lap-us-1000000\nm-lap-us-9000000\n")
    assert read_tiny_log(text.encode()).windows[0].duration_us == 20_000_000


def test_windows_of_a_file_are_told_apart_and_repeats_replaced() -> None:
    text = (
        'parser: Command "bload dut "ad/a.bin" 0 2560"\nm-results-[1.5]\n'
        'parser: Command "bload dut "ad/a.bin" 512 2560"\nm-results-[2.5,]\nm-results-[3.5]\n'
    )
    assert [(one.file, one.offset, one.values) for one in read_tiny_log(text.encode()).inferences] == [
        ("a.bin", 0, (1.5,)),
        ("a.bin", 512, (3.5,)),
    ]


@pytest.mark.parametrize("answer", ["0.1,0.x", "", ",", "0.1 0.2", "nan,0.5", "1e999"])
def test_answers_that_are_no_numbers_are_passed_over(answer: str) -> None:
    text = f'parser: Command "bload dut "a.bin""\nm-results-[{answer}]\n'
    assert read_tiny_log(text.encode()).inferences == ()


def test_floods_are_cut() -> None:
    windows = "m-infer-start-5\nm-lap-us-7\nm-lap-us-9\nm-infer-done\n" * 1500
    answers = "".join(f'Command "bload dut "{number}.bin""\nm-results-[0.5]\n' for number in range(100_050))
    assert len(read_tiny_log(windows.encode()).windows) == 1000
    assert len(read_tiny_log(answers.encode()).inferences) == 100_000
    assert read_tiny_log(b"m-results-[" * 100_000).inferences == ()


def test_answers_without_a_file_are_passed_over() -> None:
    assert read_tiny_log(b"m-results-[0.5]\n").inferences == ()
    assert read_tiny_log(b"") == read_tiny_log(bytes(range(256)) * 10)
