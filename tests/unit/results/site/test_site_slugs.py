from __future__ import annotations

from levelfield.results.site.slugs import LONGEST, slugs_of


def slugs(*keys: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    return slugs_of(keys, {key: key for key in keys})


def test_a_plain_name_stays_readable() -> None:
    assert slugs(("inference-v2.0", "Krai", "rpi4-tflite_v2.7.1")) == {
        ("inference-v2.0", "Krai", "rpi4-tflite_v2.7.1"): "inference-v2.0-krai-rpi4-tflite_v2.7.1"
    }


def test_names_that_would_share_a_file_are_told_apart_by_a_hash() -> None:
    found = slugs(("a b",), ("a-b",), ("A B",))
    assert len(set(found.values())) == 3
    assert all(name.startswith("a-b-") for name in found.values())


def test_a_name_does_not_depend_on_other_names_that_it_does_not_meet() -> None:
    assert slugs(("one",))[("one",)] == slugs(("one",), ("two",))[("one",)] == "one"


def test_path_tricks_and_long_or_empty_names_become_short_and_safe() -> None:
    found = slugs(("../../etc/passwd",), ("n" * 10_000,), ("",), ("\udcff",), ("…",))
    for name in found.values():
        assert 0 < len(name) <= LONGEST + 9
        assert "/" not in name
        assert not name.startswith(".")
    assert len(set(found.values())) == 5
