from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_example_measures_the_object_and_its_accuracy(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "own_system.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    verdict, accuracy = ran.stdout.splitlines()
    assert " p90 " in verdict
    # The noise is seeded, so what a nearest centre gets right does not change.
    right = int(accuracy.removeprefix("accuracy ").removesuffix(" of 500"))
    assert 460 <= right <= 480
    entries = json.loads((tmp_path / "mlperf_log_accuracy.json").read_text())
    assert sorted(entry["qsl_idx"] for entry in entries) == list(range(500))
    assert "SUT name : nearest centre" in (tmp_path / "mlperf_log_summary.txt").read_text()


def test_the_system_of_the_example_is_ten_lines() -> None:
    text = (ROOT / "examples" / "own_system.py").read_text()
    body = text.split("class Nearest:")[1].split("\ndef main")[0]
    code = [line for line in body.splitlines() if line.strip() and '"""' not in line]
    assert len(code) <= 10, code
