"""PTDaemon's log: runs, replies, complaints."""

from __future__ import annotations

from levelfield.formats.ptd_log import ComplaintKind, read_ptd_log

LOG = b"""Selected power meter 'Yokogawa WT310' from wt310.cpp
02-07-2022 10:59:06.890: Uncertainty checking for YokogawaWT310E is activated
02-07-2022 10:59:06.969: Response to client sent: Hello, PTDaemon here!
02-07-2022 10:59:17.987: Go with mark 's_ranging'
02-07-2022 10:59:18.289: ERROR: Can't evaluate uncertainty of this sample!
02-07-2022 10:59:19.290: ERROR: Bad watts reading nan from WT310
Buffer was 500.0E-03;1;300.0E+00;1

02-07-2022 10:59:20.289: ERROR: Can't evaluate uncertainty of this sample!
02-07-2022 11:09:46.698: Response to client sent: Stopping untimed measurement
02-07-2022 11:09:46.898: Completed test
02-07-2022 11:09:46.898: Avg watts 26.9, min watts 9.48, max watts 28.58, samples 629, errors 2, valid 627
02-07-2022 11:10:00.001: Go with mark 's_testing'
"""


def test_runs() -> None:
    ranging, testing = read_ptd_log(LOG).runs
    assert (ranging.mark, ranging.start.number, ranging.start.time_ns) == ("s_ranging", 4, 1_644_231_557_987_000_000)
    assert ranging.end is not None
    assert (ranging.end.number, ranging.end.time_ns) == (11, 1_644_232_186_898_000_000)
    assert (ranging.mean_watts, ranging.valid_count, ranging.error_count) == (26.9, 627, 2)
    assert (testing.mark, testing.end, testing.mean_watts, testing.valid_count) == ("s_testing", None, None, None)


def test_replies_and_uncertainty() -> None:
    log = read_ptd_log(LOG)
    assert log.replies == ("Hello, PTDaemon here!", "Stopping untimed measurement")
    assert [(event.number, event.text) for event in log.uncertainty_on] == [(2, "YokogawaWT310E")]


def test_equal_complaints_are_kept_together() -> None:
    first, second = read_ptd_log(LOG).complaints
    assert (first.kind, first.text) == (ComplaintKind.ERROR, "Can't evaluate uncertainty of this sample!")
    assert first.numbers.tolist() == [5, 9]
    assert first.times_ns is not None
    assert first.times_ns.tolist() == [1_644_231_558_289_000_000, 1_644_231_560_289_000_000]
    assert (second.text, second.numbers.tolist()) == ("Bad watts reading nan from WT310", [6])


def test_line_ends_make_no_difference() -> None:
    log = read_ptd_log(LOG.replace(b"\n", b"\r\n"))
    assert log.replies == read_ptd_log(LOG).replies
    assert log.runs == read_ptd_log(LOG).runs


def test_two_records_on_one_line() -> None:
    line = (
        b"02-07-2022 10:59:18.289: ERROR: Current appears to be too high for set range"
        b"02-07-2022 10:59:18.290: WARNING: Missed 2 samples\n"
    )
    first, second = sorted(read_ptd_log(line).complaints, key=lambda one: one.kind)
    assert (first.kind, first.text) == (ComplaintKind.ERROR, "Current appears to be too high for set range")
    assert (second.kind, second.text) == (ComplaintKind.WARNING, "Missed 2 samples")
    assert second.times_ns is not None
    assert second.times_ns.tolist() == [1_644_231_558_290_000_000]


def test_complaint_without_a_time() -> None:
    (found,) = read_ptd_log(b"ERROR: no bus\n").complaints
    assert (found.text, found.times_ns) == ("no bus", None)
    (found,) = read_ptd_log(b"99-99-2022 10:59:18.289: ERROR: no bus\n").complaints
    assert (found.text, found.times_ns) == ("no bus", None)


def test_banner_of_a_simulator() -> None:
    assert not read_ptd_log(LOG).simulated
    assert read_ptd_log(b"*** SIMULATED ***\n" + LOG).simulated
    assert not read_ptd_log(LOG + b"02-07-2022 10:59:18.289: SIMULATED\n").simulated


def test_empty_and_binary_logs() -> None:
    for data in (b"", b"\n", b"\x00\xff" * 100):
        log = read_ptd_log(data)
        assert (log.runs, log.replies, log.complaints) == ((), (), ())


def test_summary_that_is_no_number() -> None:
    log = read_ptd_log(LOG.replace(b"Avg watts 26.9", b"Avg watts -"))
    assert log.runs[0].mean_watts is None


def test_many_different_complaints_are_told_apart_up_to_a_bound() -> None:
    lines = [f"02-07-2022 10:59:18.289: ERROR: text {chr(97 + n % 26)}{n}\n" for n in range(5000)]
    found = read_ptd_log("".join(lines).encode()).complaints
    assert len(found) == 201
    assert sum(len(one.numbers) for one in found) == 5000
    assert (found[0].text, found[199].text) == ("text a0", "text r199")
    assert found[200].text == "(any of many further texts)"
    assert found[200].numbers.tolist() == list(range(201, 5001))


def test_equal_complaints_with_and_without_a_time() -> None:
    first, second = read_ptd_log(b"ERROR: no bus\n02-07-2022 10:59:18.289: ERROR: no bus\nERROR: no bus\n").complaints
    assert (first.text, first.numbers.tolist(), first.times_ns) == ("no bus", [1, 3], None)
    assert (second.text, second.numbers.tolist()) == ("no bus", [2])
