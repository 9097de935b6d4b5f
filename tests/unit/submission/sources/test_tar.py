from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from small_trees import TREE, tar_of

from levelfield.errors import InputError, MissingError, OutputError
from levelfield.submission.sources import tar
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.open import open_source
from levelfield.submission.sources.port import Entry, Refused
from levelfield.submission.sources.tar import TarSource

LONG = "closed/" + "n" * 300 + "/" + "m" * 200


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    return path


def with_member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        good = tarfile.TarInfo("closed/f")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"good"))
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        archive.addfile(member)
    return out.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_every_form_is_read(tmp_path: Path, form: int) -> None:
    tree = TREE | ({} if form == tarfile.USTAR_FORMAT else {LONG: b"long"})
    source = TarSource(written(tmp_path, tar_of(tree, form=form)))
    assert {entry.path: source.read(entry.path) for entry in source.files()} == tree


def test_bytes_that_are_not_utf8_stay_as_surrogates(tmp_path: Path) -> None:
    data = tar_of({"closed/caf\udce9": b"x"}, form=tarfile.GNU_FORMAT)
    assert TarSource(written(tmp_path, data)).files() == (Entry("closed/caf\udce9", 1),)


@pytest.mark.parametrize(
    ("name", "kind", "link", "reason"),
    [
        ("../x", tarfile.REGTYPE, "", "a path with '..'"),
        ("/etc/x", tarfile.REGTYPE, "", "an absolute path"),
        ("l", tarfile.SYMTYPE, "/etc/passwd", "a link that leaves the tree: /etc/passwd"),
        ("l", tarfile.LNKTYPE, "/etc/passwd", "a hard link to /etc/passwd, which is no file before it"),
        ("l", tarfile.LNKTYPE, "l", "a hard link to l, which is no file before it"),
        ("d", tarfile.CHRTYPE, "", "a device or pipe"),
        ("d", tarfile.BLKTYPE, "", "a device or pipe"),
        ("d", tarfile.FIFOTYPE, "", "a device or pipe"),
        ("d", b"Z", "", "a kind of member that is not known"),
    ],
)
def test_a_member_is_refused_with_its_reason(tmp_path: Path, name: str, kind: bytes, link: str, reason: str) -> None:
    source = TarSource(written(tmp_path, with_member(name, kind, link)))
    assert source.files() == (Entry("closed/f", 4),)
    assert source.refused() == (Refused(path=name, reason=reason),)


def test_links_of_both_kinds_are_followed_inside(tmp_path: Path) -> None:
    assert TarSource(written(tmp_path, with_member("l", tarfile.LNKTYPE, "closed/f"))).read("l") == b"good"
    assert TarSource(written(tmp_path, with_member("l", tarfile.SYMTYPE, "./closed/f"))).read("l") == b"good"


def test_the_last_of_two_members_with_one_name_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for text in (b"old", b"newer"):
            member = tarfile.TarInfo("a")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    source = TarSource(written(tmp_path, out.getvalue()))
    assert source.read("a") == b"newer"
    assert len(source.refused()) == 1


@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_an_archive_that_was_cut_off_is_an_error(tmp_path: Path, packing: str, share: float) -> None:
    data = tar_of(packing=packing)
    with pytest.raises(InputError, match=r"cut off|cannot be"):
        TarSource(written(tmp_path, data[: int(len(data) * share)]))


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_a_packed_archive_without_its_last_byte_is_an_error(tmp_path: Path, packing: str) -> None:
    with pytest.raises(InputError, match="ends in the middle: it was cut off"):
        TarSource(written(tmp_path, tar_of(packing=packing)[:-1]))


def test_a_wrong_checksum_at_the_end_is_an_error(tmp_path: Path) -> None:
    data = bytearray(tar_of(packing="gz"))
    data[-6] ^= 1
    with pytest.raises(InputError, match=r"cannot be unpacked: .*incorrect data check"):
        TarSource(written(tmp_path, bytes(data)))


def test_a_cut_between_members_is_found_too(tmp_path: Path) -> None:
    data = tar_of({"a": b"x", "b": b"y"})
    with pytest.raises(InputError, match="ends after b'a' without the blocks that close a tar"):
        TarSource(written(tmp_path, data[:1024]))


def test_a_damaged_header_is_an_error(tmp_path: Path) -> None:
    data = bytearray(tar_of())
    data[0] ^= 1
    with pytest.raises(InputError, match="a header's checksum is another"):
        TarSource(written(tmp_path, bytes(data)))


def test_several_packed_streams_are_one(tmp_path: Path) -> None:
    data = tar_of()
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        source = TarSource(written(tmp_path, pack(data[:5000]) + pack(data[5000:])))
        assert {entry.path: source.read(entry.path) for entry in source.files()} == TREE


def test_a_packed_bomb_is_stopped(tmp_path: Path) -> None:
    data = tar_of({"bomb": bytes(4 << 20)}, packing="gz")
    bounds = Bounds(ratio_free_bytes=1 << 20)
    with pytest.raises(InputError, match="unpacks to more than 200 times as many, as a bomb does"):
        TarSource(written(tmp_path, data), bounds=bounds)


def test_an_extended_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 6 << 30
    with pytest.raises(InputError, match="an extended header of 6,442,450,944 bytes"):
        TarSource(written(tmp_path, member.tobuf() + bytes(2048)))


def test_extended_headers_without_end_are_not_followed(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type = tarfile.XHDTYPE
    with pytest.raises(InputError, match="17 in a row"):
        TarSource(written(tmp_path, member.tobuf() * 5000))


def test_xz_that_asks_for_gigabytes_of_memory_is_refused(tmp_path: Path) -> None:
    data = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 4 << 20}])
    with pytest.raises(InputError, match="cannot be unpacked: Memory usage limit exceeded"):
        TarSource(written(tmp_path, data), bounds=Bounds(decoder_bytes=1 << 20))


def test_zstd_is_read_or_the_message_says_what_would_read_it(tmp_path: Path) -> None:
    path = written(tmp_path, b"\x28\xb5\x2f\xfd" + bytes(100))
    if sys.version_info >= (3, 14):
        with pytest.raises(InputError):
            open_source(str(path))
    else:
        with pytest.raises(MissingError, match="packed with zstd") as caught:
            open_source(str(path))
        assert caught.value.hint == "pip install backports.zstd, or unpack it with: zstd -d"


def test_no_room_for_the_unpacked_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, tar_of(packing="gz"))

    def full(**_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tar.tempfile, "TemporaryFile", full)
    with pytest.raises(OutputError, match=r"cannot be used to unpack .*x\.tar: No space left") as caught:
        TarSource(path)
    assert "Free space" in str(caught.value.hint)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, tar_of(packing="gz"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    source = TarSource(path)
    assert source.read("closed/Acme/systems/a.json") == b"{}\n"
    assert list(scratch.iterdir()) == []
    source.close()


@pytest.mark.parametrize(("data", "said"), [(b"", "is empty"), (b"\x1f\x8b", "cut off")])
def test_an_empty_file_and_one_of_two_bytes_are_errors(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        open_source(str(path))


def test_text_with_the_name_of_a_tar_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has not even one member: it is no tar, or was cut off"):
        open_source(str(written(tmp_path, b"hello")))


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(InputError, match=r"no archive that is read here: its first bytes are b'hello'"):
        open_source(str(path))
