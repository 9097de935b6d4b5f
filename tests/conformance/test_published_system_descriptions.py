"""The system descriptions of the published round: every one is read, and says the same after being written."""

from __future__ import annotations

from pathlib import Path

from levelfield.formats.system_description import parse_system_description, read_system_description


def test_every_published_description_round_trips(shared_data: Path) -> None:
    paths = sorted((shared_data / "rounds" / "inference_v2.0").rglob("systems/*.json"))
    assert len(paths) >= 20
    for path in paths:
        description = read_system_description(path)
        assert parse_system_description(description.to_json(), source=path) == description
        assert description.host_processor_model_name, path
