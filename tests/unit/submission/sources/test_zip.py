from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
from small_trees import TREE, zip_of

from levelfield.errors import InputError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.port import Entry, Refused
from levelfield.submission.sources.zip import ZipSource


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    return path


def with_entry(path: str, data: bytes = b"x", *, mode: int = 0o100644, twice: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(path)
        info.external_attr = mode << 16
        info.create_system = 3
        archive.writestr(info, data)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate name"):
                archive.writestr(path, data + data)
        archive.writestr("closed/f", b"good")
    return out.getvalue()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_packing_that_is_read(tmp_path: Path, packing: int) -> None:
    big = {"closed/big": bytes(range(256)) * 6000}
    source = ZipSource(written(tmp_path, zip_of(TREE | big, packing=packing)))
    assert {entry.path: source.read(entry.path) for entry in source.files()} == TREE | big
    assert source.read("closed/big", limit=300) == (bytes(range(256)) * 2)[:300]


def test_an_unknown_packing_is_refused(tmp_path: Path) -> None:
    source = ZipSource(written(tmp_path, zip_of({"a": b"x" * 100}, packing=zipfile.ZIP_LZMA)))
    assert source.refused() == (
        Refused(path="a", reason="packed by method 14, which is not read; deflate, bzip2 and stored are"),
    )


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "closed/../../x", "C:/x", "a\\..\\b"])
def test_a_path_out_of_the_tree_is_refused(tmp_path: Path, path: str) -> None:
    source = ZipSource(written(tmp_path, with_entry(path)))
    assert [entry.path for entry in source.files()] == ["closed/f"]
    assert len(source.refused()) == 1


def test_a_name_with_nul_is_refused_whole(tmp_path: Path) -> None:
    data = with_entry("closed/innocent.txt.evil").replace(b"txt.evil", b"txt\0evil")
    source = ZipSource(written(tmp_path, data))
    assert source.refused()[0] == Refused(path="closed/innocent.txt\0evil", reason="a control character in the name")


def test_names_of_any_encoding_do_not_stop_the_others(tmp_path: Path) -> None:
    data = with_entry("closed/caf\u00e9").replace("\u00e9".encode(), b"\xe9\xff")
    assert ZipSource(written(tmp_path, data)).files() == (Entry("closed/caf\udce9\udcff", 1), Entry("closed/f", 4))


def test_links_are_followed_or_refused_by_where_they_lead(tmp_path: Path) -> None:
    source = ZipSource(written(tmp_path, with_entry("closed/l", b"f", mode=0o120777)))
    assert source.read("closed/l") == b"good"
    source = ZipSource(written(tmp_path, with_entry("closed/l", b"../../etc/passwd", mode=0o120777)))
    assert source.refused() == (Refused(path="closed/l", reason="a link that leaves the tree: ../../etc/passwd"),)


@pytest.mark.parametrize("mode", [0o010644, 0o020644, 0o060644])
def test_devices_and_pipes_are_refused(tmp_path: Path, mode: int) -> None:
    assert ZipSource(written(tmp_path, with_entry("d", mode=mode))).refused() == (
        Refused(path="d", reason="a device or pipe"),
    )


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(with_entry("a"))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert ZipSource(written(tmp_path, bytes(data))).refused() == (Refused(path="a", reason="encrypted"),)


def test_a_name_that_stands_twice_is_told_of(tmp_path: Path) -> None:
    source = ZipSource(written(tmp_path, with_entry("a", twice=True)))
    assert source.read("a") == b"xx"
    assert source.refused() == (Refused(path="a", reason="stands more than once in the archive; the last one is read"),)


def test_an_entry_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bounds = Bounds(ratio_free_bytes=1 << 20)
    source = ZipSource(written(tmp_path, zip_of({"bomb": bytes(8 << 20), "f": b"x"})), bounds=bounds)
    assert [entry.path for entry in source.files()] == ["f"]
    assert source.refused()[0].path == "bomb"
    assert source.refused()[0].reason.endswith("that unpack to 8,388,608, as in a zip bomb")


def test_entries_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """As David Fifield's bomb does: many names for one piece of packed data."""
    one = zip_of({"a": bytes(100_000)})
    start = one.index(b"PK\x01\x02")
    header = one[start : one.index(b"PK\x05\x06")]
    count = 50
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(header) * count, start, 0)
    data = one[:start] + b"".join(header.replace(b"a", b"%c" % (40 + n)) for n in range(count)) + end
    source = ZipSource(written(tmp_path, data))
    assert len(source.files()) == 1
    assert {entry.reason for entry in source.refused()} == {"it shares its bytes with another entry, as in a zip bomb"}


def test_an_entry_that_holds_more_than_it_declares_gives_no_more(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a": b"x" * 5000}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 100)
    source = ZipSource(written(tmp_path, bytes(data)))
    assert source.files() == (Entry("a", 100),)
    with pytest.raises(InputError, match="a cannot be unpacked: its checksum is another"):
        source.read("a")


def test_an_entry_that_holds_less_than_it_declares_is_an_error(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a": b"x" * 5000}))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 6000)
    with pytest.raises(InputError, match="it ends after 5,000 of 6,000 bytes"):
        ZipSource(written(tmp_path, bytes(data))).read("a")


def test_a_flipped_byte_is_found_by_the_checksum(tmp_path: Path) -> None:
    data = bytearray(zip_of({"a": b"hello"}, packing=zipfile.ZIP_STORED))
    data[data.index(b"hello")] ^= 1
    source = ZipSource(written(tmp_path, bytes(data)))
    with pytest.raises(InputError, match="its checksum is another"):
        source.read("a")
    assert source.read("a", limit=2) == b"ie"


@pytest.mark.parametrize("keep", [0, 3, 40, -1, -22, -60])
def test_an_archive_that_was_cut_off_is_an_error(tmp_path: Path, keep: int) -> None:
    with pytest.raises(InputError, match="cannot be read as a zip: it"):
        ZipSource(written(tmp_path, zip_of()[:keep]))


def test_bytes_in_front_do_not_matter(tmp_path: Path) -> None:
    source = ZipSource(written(tmp_path, b"#!/bin/sh\n" + zip_of()))
    assert source.read("closed/Acme/systems/a.json") == b"{}\n"


def test_a_directory_that_claims_millions_of_entries_costs_nothing(tmp_path: Path) -> None:
    data = bytearray(zip_of())
    at = data.index(b"PK\x05\x06")
    data[at + 10 : at + 12] = struct.pack("<H", 60_000)
    with pytest.raises(InputError, match="its central directory is damaged"):
        ZipSource(written(tmp_path, bytes(data)))


def test_zip64_sizes_and_places_are_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as stream:
        stream.write(b"abc")
    data = out.getvalue()
    start, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    header = bytearray(data[start:end])
    extra = struct.pack("<2H3Q", 1, 24, 3, 3, 0)
    header[20:28], header[42:46], header[30:32] = b"\xff" * 8, b"\xff" * 4, struct.pack("<H", len(extra))
    directory = bytes(header[:47]) + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert ZipSource(written(tmp_path, data[:start] + directory + end64 + locator + last)).read("a") == b"abc"


def test_an_archive_that_changed_is_not_opened_again(tmp_path: Path) -> None:
    path = written(tmp_path, zip_of())
    source = ZipSource(path)
    path.unlink()
    path.write_bytes(zip_of({"other": b""}))
    with pytest.raises(InputError, match="changed meanwhile"):
        source.reopened()
