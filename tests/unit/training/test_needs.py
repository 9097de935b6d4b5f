"""What a benchmark cannot be trained without is asked for in one wording, whichever benchmark it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import MissingError, SettingsError
from levelfield.training import needs
from levelfield.training.catalog import NAMES, benchmark_named
from levelfield.training.port import Edition, Setup

DATA = {
    "resnet": "the folder of ImageNet, with train/ and val/",
    "ssd": "the folder of COCO 2017, with annotations/, train2017/ and val2017/",
    "maskrcnn": "the folder of COCO 2017, with annotations/, train2017/ and val2017/",
    "unet3d": "the folder of KiTS19",
    "rnnt": "the folder of LibriSpeech",
    "bert": "the folder of Wikipedia's records",
    "dlrm": "the folder of Criteo Terabyte",
    "minigo": "the folder with start.npz and target.npz (README of the benchmark)",
}
START = {"ssd": "torchvision's resnet34-333f7ec4.pth", "maskrcnn": "MSRA's R-50.pkl, as Detectron publishes it"}


@pytest.mark.parametrize("name", NAMES)
def test_full_edition_asks_for_its_data_before_the_clock(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        benchmark_named(name).prepare(Setup(edition=Edition.FULL, seed=1))
    problems = [f"--data: found none, expected {DATA[name]}"]
    if name in START:
        problems += [f"--start: found none, expected {START[name]}"]
    assert caught.value.text().splitlines() == [
        f"The full edition of {name} is trained on files of your own.",
        *(f"  - {problem}" for problem in problems),
        "  To train without any: --edition mini.",
    ]


@pytest.mark.parametrize("name", sorted(START))
def test_backbone_is_asked_for_where_the_rules_give_one(name: str, tmp_path: Path) -> None:
    for ask in (benchmark_named(name).prepare, benchmark_named(name).build):
        with pytest.raises(SettingsError) as caught:
            ask(Setup(edition=Edition.FULL, seed=1, data=tmp_path))
        assert caught.value.problems == (f"--start: found none, expected {START[name]}",)


@pytest.mark.parametrize("name", NAMES)
def test_without_torch_the_command_that_installs_it_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = benchmark_named(name)
    monkeypatch.setattr(needs.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingError, match="Training needs torch") as caught:
        benchmark.build(Setup(edition=Edition.MINI, seed=1))
    assert caught.value.hint == "pip install 'levelfield[torch]'"
