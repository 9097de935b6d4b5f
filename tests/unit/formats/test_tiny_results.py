"""``results.txt`` of tiny: both families of runners, repeated blocks, and files that say nothing."""

from __future__ import annotations

from levelfield.formats.tiny_results import Window, parse_tiny_results

ENERGY = """\
00339.600 ulp-ml: Energy data for window 2 at time 2.77 for 12.63 sec.:
00339.600 ulp-ml:   Energy       :   122299.029 uJ
00339.600 ulp-ml:   Power        :     9684.597 uW
00339.600 ulp-ml:   Energy/Inf.  :      611.495 uJ/inf.
00339.883 ulp-ml: ---------------------------------------------------------
00339.883 ulp-ml: Median energy cost is 611.493 uJ/inf.
00339.886 ulp-ml: Performance results for window 2:
00339.886 ulp-ml:   # Inferences :          200
00339.886 ulp-ml:   Runtime      :       12.628 sec.
00339.886 ulp-ml:   Throughput   :       15.838 inf./sec.
00339.886 ulp-ml: Runtime requirements have been met.
00339.887 ulp-ml: Median throughput is 15.837 inf./sec.
00339.887 ulp-ml: Cannot compute accuracy metrics in single-run mode.
"""


def test_an_energy_run() -> None:
    found = parse_tiny_results(ENERGY.encode())
    assert (found.median_throughput, found.median_energy_uj) == (15.837, 611.493)
    assert found.windows == (
        Window(
            number=2,
            inferences=200,
            runtime_s=12.628,
            throughput=15.838,
            energy_uj=122299.029,
            energy_per_inference_uj=611.495,
            repeated=0,
        ),
    )
    assert not found.repeated
    assert not found.empty
    assert found.top1_percent is None
    assert found.auc is None


def test_an_accuracy_run_of_either_family() -> None:
    old = parse_tiny_results(b"51406.103 ulp-mlperf: Top-1: 77.4%\r\n51406.107 ulp-mlperf: AUC: 0.86\r\n")
    new = parse_tiny_results(b"Top 1% = 90.2\nAUC = 0.993\nMedian throughput is      10.241 inf./sec.\n")
    assert (old.top1_percent, old.auc, old.windows) == (77.4, 0.86, ())
    assert (new.top1_percent, new.auc, new.median_throughput) == (90.2, 0.993, 10.241)


def test_the_last_of_repeated_blocks_counts() -> None:
    found = parse_tiny_results((ENERGY + ENERGY.replace("15.837", "16.000").replace("122299.029", "1.5")).encode())
    assert found.median_throughput == 16.0
    assert found.windows[0].energy_uj == 1.5
    assert found.windows[0].repeated == 2
    assert found.repeated


def test_each_line_several_times() -> None:
    text = "".join(line * 4 for line in ENERGY.splitlines(keepends=True))
    found = parse_tiny_results(text.encode())
    assert (found.windows[0].inferences, found.windows[0].runtime_s) == (200, 12.628)
    assert found.windows[0].repeated == 6


def test_files_that_say_nothing() -> None:
    for data in (b"", bytes(range(256)), b"Top-1: high\nAUC: nan\nMedian throughput is", b"Throughput : 5 inf./sec."):
        assert parse_tiny_results(data).empty


def test_numbers_that_cannot_be_are_not_taken() -> None:
    for number in ("-5", "nan", "inf", "x", ".5"):
        assert parse_tiny_results(f"Median throughput is {number} inf./sec.".encode()).empty, number
    assert parse_tiny_results(b"Median throughput is 1e999 inf./sec.").median_throughput == 1e99
    (window,) = parse_tiny_results(b"Performance results for window " + b"9" * 5000).windows
    assert window.number == 999_999_999


def test_a_flood_of_windows_is_cut() -> None:
    text = "".join(f"Performance results for window {number}:\n # Inferences : 5\n" for number in range(3000))
    assert len(parse_tiny_results(text.encode()).windows) == 1000


def test_a_window_without_numbers_is_a_window() -> None:
    (window,) = parse_tiny_results(b"Performance results for window 4:\n # Inferences : many").windows
    assert (window.number, window.inferences, window.throughput) == (4, None, None)
