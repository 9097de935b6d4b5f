from __future__ import annotations

import json

import pytest

from levelfield.cli.app import run


def test_every_benchmark_has_a_line_that_fits_eighty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["inference", "list"]) == 0
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "resnet50       S O         SS MS O  15.0 ms       top-1 accuracy 75.6954 %"
    assert "ssd-mobilenet  -           SS MS O                mean average precision 21.78 %" in lines
    assert max(map(len, lines)) <= 80
    assert "mini edition, which ships with the package" in " ".join(lines)


def test_machines_get_whole_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inference", "list", "--json"]) == 0
    rows = {row["benchmark"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(rows) == 10
    assert rows["3d-unet-99"]["edge"] == ["SingleStream", "Offline"]
    assert rows["bert-99.9"]["datacenter"] == ["Server", "Offline"]
    assert rows["bert-99.9"]["edge"] == []
    assert rows["dlrm-99"]["editions"] == ["mini", "full"]
