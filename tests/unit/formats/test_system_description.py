from __future__ import annotations

import json
from pathlib import Path

import pytest

from levelfield.errors import FormatError, InputError
from levelfield.formats.system_description import (
    POWER_FIELDS,
    REQUIRED_FIELDS,
    SystemDescription,
    parse_system_description,
    read_system_description,
)

COMPLETE = dict.fromkeys(REQUIRED_FIELDS, "") | {
    "submitter": "Éclair",
    "number_of_nodes": 2,
    "accelerator_on-chip_memories": "40 MB",
    "filesystem": "ext4",
}


def test_there_are_33_required_fields_and_14_for_power() -> None:
    assert (len(REQUIRED_FIELDS), len(POWER_FIELDS)) == (33, 14)
    assert REQUIRED_FIELDS[26] == "accelerator_on-chip_memories"


def test_a_complete_file_is_read_with_numbers_as_text_and_extra_fields_kept() -> None:
    found = parse_system_description("\ufeff" + json.dumps(COMPLETE), source="x.json")
    assert (found.submitter, found.number_of_nodes, found.accelerator_on_chip_memories) == ("Éclair", "2", "40 MB")
    assert found.extra == (("filesystem", "ext4"),)


def test_what_is_written_is_what_is_read() -> None:
    description = SystemDescription(submitter='a "b" <c>', accelerator_on_chip_memories="1", extra=(("my_field", "ü"),))
    assert parse_system_description(description.to_json(), source="x") == description
    assert list(json.loads(description.to_json())) == [*REQUIRED_FIELDS, "my_field"]


def test_fields_to_be_filled_in_are_named_as_published() -> None:
    description = SystemDescription(submitter="a", division=" ")
    assert "submitter" not in description.to_be_filled_in
    assert {"division", "accelerator_on-chip_memories"} <= set(description.to_be_filled_in)


def test_missing_and_wrong_fields_are_reported_together() -> None:
    damaged = COMPLETE | {"cooling": ["air"], "hw_notes": True}
    del damaged["division"], damaged["status"]
    with pytest.raises(InputError) as caught:
        parse_system_description(json.dumps(damaged), source="x.json")
    assert caught.value.problems == (
        "division: missing.",
        "status: missing.",
        'cooling: found ["air"], expected text or a number.',
        "hw_notes: found true, expected text or a number.",
    )


@pytest.mark.parametrize(("text", "place"), [("{\n'a': 1}", "line 2"), ("[1]", "line 1"), ("", "line 1")])
def test_what_is_not_a_json_object_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(FormatError, match=place):
        parse_system_description(text, source="x.json")


def test_a_file_that_is_absent_or_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_system_description(tmp_path / "absent.json")
    path = tmp_path / "latin.json"
    path.write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(FormatError, match="byte 7: found 0xe9"):
        read_system_description(path)
