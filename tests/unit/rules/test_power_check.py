"""What each revision of the official check of power sessions accepts, as literals."""

from __future__ import annotations

import pytest

from levelfield.errors import UsageError
from levelfield.rules.power_check import power_check, power_check_of_round, power_checks


def test_revisions_from_the_oldest() -> None:
    assert [(check.name, check.date) for check in power_checks()] == [
        ("f7b3b51", "2022-02-06"),
        ("362382f", "2022-07-15"),
        ("c4b3ad8", "2025-02-21"),
    ]


def test_round_pins_a_revision() -> None:
    assert power_check_of_round("inference-v2.0").name == "f7b3b51"
    with pytest.raises(UsageError, match="round with measured power"):
        power_check_of_round("inference-v9.9")


def test_limits() -> None:
    old, middle, newest = power_checks()
    assert [check.clock_tolerance_ns for check in (old, middle, newest)] == [200_000_000, 500_000_000, 800_000_000]
    assert [check.clocks_agree(check.clock_tolerance_ns) for check in (old, middle, newest)] == [False, True, True]
    assert old.clocks_agree(-199_999_999)
    assert old.daemon_versions == middle.daemon_versions == ("1.9.1", "1.9.2")
    assert newest.daemon_versions == ("1.11.1",)
    assert (old.duration_difference, old.power_drop, old.shorter_testing_warns) == (0.05, None, None)
    assert (newest.duration_difference, newest.power_drop, newest.shorter_testing_warns) == (None, 0.05, 0.5)
    assert (old.device_types["YokogawaWT310E"], old.device_types["YokogawaWT330_multichannel"]) == (49, 77)
    assert "YokogawaWT210_DC" not in old.device_types
    assert newest.device_types["YokogawaWT210_DC"] == 508
    assert len(old.device_types) == 7
    assert len(newest.device_types) == 11


def test_sources_of_the_tool() -> None:
    old, middle, newest = power_checks()
    assert [one.name for one in old.sources] == [one.name for one in middle.sources] == ["385f0e7", "f7b3b51"]
    assert [one.name for one in newest.sources] == ["a0dcb24"]
    for check in power_checks():
        for one in check.sources:
            assert len(one.sha1_by_file) == 15
            assert one.sha1_by_file["__init__.py"] == "da39a3ee5e6b4b0d3255bfef95601890afd80709"  # of nothing
    assert power_check("f7b3b51").sources[1].sha1_by_file["client.py"] == "33ca4f26368777ac06e01f9567b714a4b8063886"
