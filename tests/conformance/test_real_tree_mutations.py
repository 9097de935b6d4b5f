"""Published results, one thing in them changed: exactly what must be found is found beside what is there anyway."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from tree_changes import Change, both, cut, json_set, own, recode, remove, set_key, set_summary, sub, swap, write_bytes

from levelfield.rules.load import load
from levelfield.submission.engine import Selection
from levelfield.submission.inference.check_round import check_round
from levelfield.submission.report import Report
from levelfield.submission.sources.open import open_source

KRAI, SYSTEM = "closed/Krai", "aedk_25w-qaic-v1.6.80-aic100"
BERT = f"{KRAI}/results/{SYSTEM}/bert-99"
OFFLINE, SINGLE = f"{BERT}/offline", f"{BERT}/singlestream"
RUN = "performance/run_1"
DETAIL, SUMMARY, SPL = f"{RUN}/mlperf_log_detail.txt", f"{RUN}/mlperf_log_summary.txt", f"{RUN}/spl.txt"
POWER = "performance/power"


def drop_samples(path: str, first: int, last: int) -> Change:
    """Power samples taken out: a gap."""

    def change(root: Path) -> None:
        target = own(root / path)
        lines = target.read_bytes().splitlines(keepends=True)
        target.write_bytes(b"".join(lines[:first] + lines[last:]))

    return change


def scale_watts(path: str, factor: float) -> Change:
    """Every reading made smaller."""

    def change(root: Path) -> None:
        target = own(root / path)

        def scaled(found: re.Match[bytes]) -> bytes:
            return b",Watts,%.6f," % (float(found[1]) * factor)

        target.write_bytes(re.sub(rb",Watts,([0-9.]+),", scaled, target.read_bytes()))

    return change


MUTATIONS: tuple[tuple[str, Change, set[str], str], ...] = (
    ("rate made larger", both(set_key(f"{OFFLINE}/{DETAIL}", "result_samples_per_second", "1361.03"),
        set_summary(f"{OFFLINE}/{SUMMARY}", "Samples per second", "1361.03")),
        {"INF065", "INF128", "INF129", "PWR008"}, f"{OFFLINE}/{DETAIL}"),
    ("estimate made smaller", set_key(f"{SINGLE}/{DETAIL}", "early_stopping_latency_ss", "15000000"),
        {"INF066", "PWR008"}, f"{SINGLE}/{DETAIL}"),
    ("seed changed", both(set_key(f"{OFFLINE}/{DETAIL}", "effective_schedule_rng_seed", "7"),
        set_summary(f"{OFFLINE}/{SUMMARY}", "schedule_rng_seed", "7")), {"INF055", "PWR008"}, f"{OFFLINE}/{DETAIL}"),
    ("one loaded sample exchanged", sub(f"{OFFLINE}/{DETAIL}", r'("loaded_qsl_set", "value": \[)\d+', r"\g<1>7"),
        {"INF150", "PWR008"}, f"{OFFLINE}/{DETAIL}"),
    ("accuracy log missing", remove(f"{OFFLINE}/accuracy/mlperf_log_accuracy.json"),
        {"INF082"}, f"{OFFLINE}/accuracy/mlperf_log_accuracy.json"),
    ("accuracy too low", sub(f"{OFFLINE}/accuracy/accuracy.txt", r"('f1'|\"f1\"): [0-9.]+", r"\1: 80.5"),
        {"INF080"}, f"{OFFLINE}/accuracy/accuracy.txt"),
    ("system of another submitter", json_set(f"{KRAI}/systems/{SYSTEM}.json", submitter="Kray"),
        {"INF016"}, f"{KRAI}/systems/{SYSTEM}.json"),
    ("summary in another encoding", recode(f"{OFFLINE}/{SUMMARY}", "utf-16"), {"INF070", "PWR008"},
        f"{OFFLINE}/{SUMMARY}"),
    ("detail log cut", cut(f"{OFFLINE}/{DETAIL}", 0.7),
        {"INF050", "INF051", "INF150", "PWR008", "PWR012"}, f"{OFFLINE}/{DETAIL}"),
    ("a gap of a minute in the power", drop_samples(f"{OFFLINE}/{SPL}", 100, 160), {"PWR008", "PWR015"},
        f"{OFFLINE}/{SPL}"),
    ("power made smaller", scale_watts(f"{OFFLINE}/{SPL}", 0.9), {"PWR006", "PWR008", "PWR015"},
        f"{OFFLINE}/{SPL}"),
    ("no power samples", write_bytes(f"{OFFLINE}/{SPL}", b""), {"INF111", "PWR008", "PWR013"},
        f"{OFFLINE}/{SPL}"),
    ("samples of ranging and testing swapped", swap(f"{OFFLINE}/{SPL}", f"{OFFLINE}/performance/ranging/spl.txt"),
        {"INF111", "PWR008", "PWR013", "PWR015", "PWR018"}, f"{OFFLINE}/{SPL}"),
    ("session of another result", swap(f"{OFFLINE}/{POWER}", f"{SINGLE}/{POWER}"),
        {"PWR006", "PWR008", "PWR009", "PWR015", "PWR016", "PWR018"}, f"{OFFLINE}/{DETAIL}"),
    ("client record missing", remove(f"{OFFLINE}/{POWER}/client.json"), {"INF110", "PWR012"},
        f"{OFFLINE}/{POWER}/client.json"),
)  # fmt: skip


def checked(tree: Path) -> Report:
    return check_round(open_source(str(tree)), load("inference-v2.0"), Selection(), jobs=1)


@pytest.fixture(scope="module")
def published(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[tuple[str, str, str]]]:
    """One published system, and what is found in it as it is."""
    source, tree = shared_data / "rounds" / "inference_v2.0", tmp_path_factory.mktemp("published")
    for room in ("results", "measurements", "compliance"):
        target = tree / KRAI / room / SYSTEM
        for path in sorted((source / KRAI / room / SYSTEM).rglob("*")):
            if path.is_file():
                copy = target / path.relative_to(source / KRAI / room / SYSTEM)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
    (tree / KRAI / "systems").mkdir()
    description = source / KRAI / "systems" / f"{SYSTEM}.json"
    (tree / KRAI / "systems" / description.name).write_bytes(description.read_bytes())
    return tree, {(one.code, one.path, one.found) for one in checked(tree).findings}


@pytest.mark.parametrize(("change", "codes", "path"), [pytest.param(*rest, id=name) for name, *rest in MUTATIONS])
def test_mutation_is_found(
    published: tuple[Path, set[tuple[str, str, str]]], tmp_path: Path, change: Change, codes: set[str], path: str
) -> None:
    tree, before = published
    shutil.copytree(tree, tmp_path / "tree", copy_function=os.link)
    change(tmp_path / "tree")
    report = checked(tmp_path / "tree")
    new = [one for one in report.findings if (one.code, one.path, one.found) not in before]
    assert {one.code for one in new} == codes
    assert path in {one.path for one in new}
