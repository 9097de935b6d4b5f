"""Seeds of the runs of one folder."""

from __future__ import annotations

import pytest
from training_logs import Line, data_of, run_lines

from levelfield.rules import load_training
from levelfield.submission.finding import Finding
from levelfield.submission.training.compliance.seeds import SEED_CHECKS, is_source_file, says_seed
from levelfield.submission.training.log import JudgedLog, judge_log, judge_seeds

RULES = load_training("training-v1.1")
FOLDER = "Acme/results/rocket/ssd"
LINES = run_lines("ssd")


def log(number: int, *seeds: object, lineno: object = 8, extra: bytes = b"") -> JudgedLog:
    """A run with seeds, each drawn by a line of its own of train.py."""
    lines = [Line(key="seed", value=seed, metadata={"lineno": lineno}) for seed in seeds]
    path = f"{FOLDER}/result_{number}.txt"
    return judge_log(path, data_of([*lines, *LINES]) + extra, rules=RULES, benchmark_folder="ssd", division="closed")


def told(*logs: JudgedLog, mentions: tuple[str, ...] = ()) -> list[tuple[str, str, int]]:
    return [(one.code, one.path.rpartition("/")[2], one.line) for one in found(*logs, mentions=mentions)]


def found(*logs: JudgedLog, mentions: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    return judge_seeds(FOLDER, logs, mentions=mentions)


def test_a_seed_of_its_own_in_each() -> None:
    logs = [log(number, number + 100) for number in range(5)]
    assert [(seed.value, seed.place, seed.line) for seed in logs[1].seeds] == [(101, "'train.py':8", 2)]
    assert told(*logs) == []
    assert told(*logs, mentions=("train.py",)) == []


@pytest.mark.parametrize("seed", ["7", 7.9, True, -3, 2**70])
def test_what_the_official_checker_takes_for_a_number(seed: object) -> None:
    assert told(log(0, seed)) == []


def test_no_seeds_at_all() -> None:
    logs = [log(number) for number in range(3)]
    assert told(*logs) == []
    (finding,) = found(*logs, mentions=("b/train.py", "b/run.sh"))
    assert (finding.code, finding.severity, finding.path) == ("TRN034", "warning", FOLDER)
    assert finding.found == "no seed in any run, but the word in b/run.sh and 1 files more"


@pytest.mark.parametrize("without", [0, 1, 2])
def test_all_runs_or_none_whichever_comes_first(without: int) -> None:
    logs = [log(number, *(() if number == without else (number,))) for number in range(3)]
    (finding,) = found(*logs)
    assert (finding.code, finding.severity) == ("TRN031", "error")
    assert finding.path == f"{FOLDER}/result_{without}.txt"
    assert finding.expected == "a seed, as 2 runs of the folder log one"


def test_the_same_seed_of_the_same_line_in_two_runs() -> None:
    (finding,) = found(log(0, 5), log(1, 6), log(2, 5))
    assert (finding.code, finding.path, finding.line) == ("TRN032", f"{FOLDER}/result_2.txt", 2)
    assert finding.found == "the seed 5 of 'train.py':8, which result_0.txt has too"
    assert finding.subject == FOLDER


def test_the_same_seed_of_another_line_is_another_draw() -> None:
    assert told(log(0, 5), log(1, 5, lineno=9)) == []


def test_the_same_seed_twice_in_one_run() -> None:
    assert told(log(0, 5, 5)) == [("TRN032", "result_0.txt", 3), ("TRN033", "ssd", 0)]
    assert "which line 2 has too" in found(log(0, 5, 5))[0].found


def test_two_seeds_in_a_run_are_warned_of_once() -> None:
    logs = [log(number, number, number + 50) for number in range(4)]
    (finding,) = found(*logs)
    assert (finding.code, finding.severity, finding.found) == ("TRN033", "warning", "2 seeds in each of 4 runs")
    assert found(*logs, log(9, 9))[0].found == "2 seeds in each of 4 runs"
    assert found(*logs, log(9, 91, 92, 93))[0].found == "more than one seed in 5 runs"


@pytest.mark.parametrize("seed", ["abc", None, [1], {}, "", "7.5"])
def test_a_seed_that_is_no_number(seed: object) -> None:
    assert told(log(0, seed), log(1, 5)) == [("TRN030", "result_0.txt", 2)]


def test_a_seed_of_nowhere() -> None:
    lines = [Line(key="seed", value=5, metadata=None), *LINES]
    nowhere = judge_log("r.txt", data_of(lines), rules=RULES, benchmark_folder="ssd", division="closed")
    (finding,) = found(nowhere)
    assert finding.found == "the seed 5 without file and lineno"


def test_a_damaged_log_has_no_seeds_that_count() -> None:
    damaged = log(1, extra=b":::MLLOG {\n")
    assert told(log(0, 4), damaged) == [("TRN030", "result_1.txt", 0)]


def test_source_files_are_known_by_their_ending() -> None:
    assert [name for name in ("a.py", "b.SH", "c/d.cuh", "e.txt", "py", "f.py.bak") if is_source_file(name)] == [
        "a.py",
        "b.SH",
        "c/d.cuh",
    ]
    assert says_seed(b"torch.manual_SEED(1)")
    assert not says_seed(b"torch.manual(1)")


def test_codes_of_the_checks() -> None:
    assert [check.code for check in SEED_CHECKS] == ["TRN030", "TRN031", "TRN032", "TRN033", "TRN034"]
