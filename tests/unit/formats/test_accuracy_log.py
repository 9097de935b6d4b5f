"""The accuracy log: streamed out, streamed in, truncated logs taken and flagged."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from levelfield.errors import InputError
from levelfield.formats.accuracy_log import (
    AccuracyEntry,
    AccuracyReader,
    AccuracyWriter,
    format_entry,
    read_accuracy_log,
)

PLAIN = AccuracyEntry(seq_id=5, sample_index=46, data=b".")


def written(*batches: list[AccuracyEntry]) -> str:
    stream = io.StringIO()
    writer = AccuracyWriter(stream)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return stream.getvalue()


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (PLAIN, '{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" }'),
        (AccuracyEntry(seq_id=0, sample_index=1, data=b""), '{ "seq_id" : 0, "qsl_idx" : 1, "data" : "" }'),
        (
            AccuracyEntry(seq_id=0, sample_index=1, data=b"\xab", token_count=3),
            '{ "seq_id" : 0, "qsl_idx" : 1, "data" : "AB", "token_count" : 3 }',
        ),
        (
            AccuracyEntry(seq_id=0, sample_index=1, data=b"\xab", token_data=b"", token_count=3),
            '{ "seq_id" : 0, "qsl_idx" : 1, "data" : "AB", "token_data" : "", "token_count" : 3 }',
        ),
    ],
)
def test_entries_are_spelled_as_the_reference_does(entry: AccuracyEntry, text: str) -> None:
    assert format_entry(entry) == text
    assert list(AccuracyReader(io.StringIO(text))) == [entry]


def test_log_is_streamed_in_batches() -> None:
    other = AccuracyEntry(seq_id=6, sample_index=46, data=b"\x00\x01")
    text = written([PLAIN], [], [other, PLAIN])
    assert text == (
        '[\n{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" },\n'
        '{ "seq_id" : 6, "qsl_idx" : 46, "data" : "0001" },\n'
        '{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" }\n]\n'
    )
    assert len(json.loads(text)) == 3


def test_empty_log() -> None:
    assert written() == "[\n]\n"
    reader = AccuracyReader(io.StringIO("[\n]\n"))
    assert (list(reader), reader.complete, reader.damaged) == ([], True, [])


def test_repeated_samples_are_visible_and_the_first_counts(tmp_path: Path) -> None:
    second = AccuracyEntry(seq_id=9, sample_index=46, data=b"later")
    path = tmp_path / "a.json"
    path.write_text(written([PLAIN, second]))
    log = read_accuracy_log(path)
    assert log.repeated == {46: 2}
    assert log.first_by_sample() == {46: PLAIN}
    assert log.complete
    assert not log.truncated


def test_truncated_log_gives_what_is_whole_and_says_so() -> None:
    lines = [
        "[\n",
        '{ "seq_id" : 89, "qsl_idx" : 14145, "data" : "83" },\n',
        '{ "seq_id" : 63, "qsl_idx" : 8\n',
        "\n",
        "...\n",
        "\n",
        'dx" : 23590, "data" : "81" },\n',
        '{ "seq_id" : 49942, "qsl_idx" : 29106, "data" : "6C" }\n',
        "]\n",
    ]
    reader = AccuracyReader(io.StringIO("".join(lines)))
    assert [entry.sample_index for entry in reader] == [14145, 29106]
    assert (reader.truncated, reader.complete, reader.damaged) == (True, True, [])


def test_log_of_a_broken_run_is_incomplete() -> None:
    reader = AccuracyReader(io.StringIO('[\n{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" },\n{ "seq_id" : 6, "qs'))
    assert list(reader) == [PLAIN]
    assert (reader.complete, reader.truncated, reader.damaged) == (False, False, [3])


def test_damaged_entries_are_numbered() -> None:
    text = (
        '[\n{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2" },\nnoise,\n\n'
        '{ "seq_id" : "5", "qsl_idx" : 4, "data" : "" },\n'
        '{ "seq_id" : 5, "qsl_idx" : 46, "data" : "2E" }, { "data" : "" }\n]'
    )
    reader = AccuracyReader(io.StringIO(text))
    assert list(reader) == [PLAIN]
    assert (reader.damaged, reader.complete) == ([2, 3, 5, 6], True)


def test_several_entries_on_one_line_are_read() -> None:
    reader = AccuracyReader(io.StringIO(f"[{format_entry(PLAIN)}, {format_entry(PLAIN)}]"))
    assert list(reader) == [PLAIN, PLAIN]
    assert (reader.complete, reader.damaged) == (True, [])


def test_indented_log_with_other_member_order_is_read() -> None:
    text = '[\n  {\n    "data": "2E",\n    "qsl_idx": 46,\n    "seq_id": 5\n  }\n]\n'
    reader = AccuracyReader(io.StringIO(text))
    assert list(reader) == [PLAIN]
    assert (reader.complete, reader.truncated, reader.damaged) == (True, False, [])


def test_entries_across_chunks_are_whole() -> None:
    big = AccuracyEntry(seq_id=1, sample_index=2, data=bytes(700_000))
    reader = AccuracyReader(io.StringIO(written([big, PLAIN, big])))
    assert list(reader) == [big, PLAIN, big]
    assert reader.complete


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json cannot be read"):
        read_accuracy_log(tmp_path / "absent.json")
