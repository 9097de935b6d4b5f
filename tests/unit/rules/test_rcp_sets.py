"""Sets of reference convergence points: what ships, and files that do not hold together."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import RulesError, UsageError
from levelfield.rules.rcp import load_rcp, rcp_sets

MINE = """
format = 1
set = "mine"
ruleset = "1.1.0"
source = { repository = "me/mine", revision = "abc", date = "2026-01-01", license = "MIT" }
units = { resnet = "epochs" }
[points.resnet.64]
id = "resnet_64"
figures = [20, 20.5, 21]
hyperparameters = { opt_name = "lars", decay = [1, 2] }
"""


@pytest.mark.parametrize(
    ("name", "points", "figures", "revision"),
    [
        ("1.0.0", 25, 576, "982b15a"),
        ("1.0.0-final", 36, 906, "beaf26d"),
        ("1.1.0-rc3", 36, 906, "2aeb747"),
        ("1.1.0", 42, 1080, "beaf26d"),
    ],
)
def test_the_official_sets_ship(name: str, points: int, figures: int, revision: str) -> None:
    found = load_rcp(name)
    assert name in rcp_sets()
    assert (len(found.points), sum(len(point.figures) for point in found.points)) == (points, figures)
    assert (found.source.repository, found.source.revision) == ("mlcommons/logging", revision)
    assert found.of("minigo") == ()


def test_a_point() -> None:
    point = load_rcp("1.1.0").of("resnet")[0]
    assert (point.batch_size, point.id, point.unit, len(point.figures)) == (1632, "resnet_ref_1632", "epochs", 17)
    assert point.hyperparameters["optimizer"] == "lars"
    assert load_rcp("1.1.0").of("dlrm")[0].unit == "1+epoch/20"
    assert [point.batch_size for point in load_rcp("1.1.0").of("unet3d")] == [2, 32, 56, 80, 84]


def test_what_differs_between_sets() -> None:
    """Literally, by the description of the data: rc3 lacks eight points and has two that were removed."""
    rc3, final = ({(p.benchmark, p.batch_size) for p in load_rcp(name).points} for name in ("1.1.0-rc3", "1.1.0"))
    assert rc3 - final == {("resnet", 2048), ("resnet", 64480)}
    assert final - rc3 == {
        *(("bert", size) for size in (4096, 8704, 13056)),
        *(("resnet", size) for size in (49152, 58880)),
        *(("rnnt", 6144), ("ssd", 1536), ("unet3d", 84)),
    }


def test_an_unknown_set_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'1\.1'\.\n  Did you mean '1\.1\.0'"):
        load_rcp("1.1")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.toml"
    path.write_text(text)
    return str(path)


def test_a_set_of_ones_own(tmp_path: Path) -> None:
    (point,) = load_rcp(written(tmp_path, MINE)).points
    assert (point.benchmark, point.batch_size, point.figures) == ("resnet", 64, (20, 20.5, 21))
    assert point.hyperparameters == {"opt_name": "lars", "decay": (1, 2)}


def test_a_set_that_extends_another(tmp_path: Path) -> None:
    text = 'extends = "1.1.0"\nset = "mine"\n[points.resnet.1632]\nfigures = [1, 2]\n'
    found = load_rcp(written(tmp_path, text))
    assert (found.name, len(found.points), found.of("resnet")[0].figures) == ("mine", 42, (1, 2))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("resnet.64", "resnet.big", "points.resnet.big: found 'big', expected a global batch size."),
        ("[20, 20.5, 21]", "[]", "points.resnet.64.figures: found [], expected a list of numbers."),
        ("[20, 20.5, 21]", "[20, -1]", "expected what runs needed, each above 0."),
        ("[20, 20.5, 21]", "[20, nan]", "expected a list of numbers."),
        ("[20, 20.5, 21]", '["20"]', "expected a list of numbers."),
        ("figures", "figure", "points.resnet.64.figure: unknown key (nearest: 'figures')."),
        ('{ resnet = "epochs" }', "{}", "units.resnet: missing, expected a text."),
        ('{ resnet = "epochs" }', '{ resnet = "epochs", ssd = "x" }', "units.ssd: unknown key"),
        ("format = 1", "format = 2", "format: found 2, expected 1."),
        ("[1, 2]", '["a"]', "points.resnet.64.hyperparameters.decay: found ['a'], expected a list of numbers."),
        ("decay = [1, 2]", "decay = { a = 1 }", "expected a text, a number or a list of numbers."),
    ],
)
def test_a_file_that_does_not_hold_together(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(RulesError) as caught:
        load_rcp(written(tmp_path, MINE.replace(old, new)))
    assert problem in caught.value.text()


@pytest.mark.parametrize("text", ["set = ", "= 1", 'extends = "0.9"'])
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(RulesError):
        load_rcp(written(tmp_path, text))
    with pytest.raises(RulesError, match="cannot be read"):
        load_rcp(str(tmp_path / "absent.toml"))
