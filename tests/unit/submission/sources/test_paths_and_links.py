"""Which names are refused, and where links lead: the same for every kind of source, so tested once on the list."""

from __future__ import annotations

import pytest

from levelfield.errors import InputError
from levelfield.submission.sources.bounds import Bounds
from levelfield.submission.sources.listing import Collector, Listing
from levelfield.submission.sources.port import Entry, Refused


def listing(
    files: dict[str | bytes, int], links: dict[str, str] | None = None, bounds: Bounds | None = None
) -> Listing[str]:
    collector: Collector[str] = Collector("x", bounds or Bounds())
    for path, size in files.items():
        collector.add(path, size, str(path))
    for path, text in (links or {}).items():
        collector.add_link(path, text)
    return collector.finish()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../a", "a path with '..'"),
        ("closed/../../etc/passwd", "a path with '..'"),
        ("/etc/passwd", "an absolute path"),
        ("C:/windows/a", "a drive letter"),
        ("c:a", "a drive letter"),
        ("closed\\..\\a", "a backslash in the name: on some systems it parts folders"),
        ("closed/a\nb", "a control character in the name"),
        ("closed/a\x00b", "a control character in the name"),
        ("closed/\x1b[31mred", "a control character in the name"),
        ("closed/\x7f", "a control character in the name"),
        ("", "an empty name"),
        ("./", "an empty name"),
        ("a/" * 129 + "b", "more than 128 folders deep"),
        ("n" * 10_000, "a path of more than 4095 bytes"),
        ("d/" * 10_000 + "f", "a path of more than 4095 bytes"),
    ],
)
def test_a_name_is_refused_with_its_reason(name: str, reason: str) -> None:
    found = listing({name: 1, "good": 1})
    assert [entry.path for entry in found.files] == ["good"]
    assert [entry.reason for entry in found.refused] == [reason]
    assert len(found.refused[0].path) <= 4095


@pytest.mark.parametrize("name", ["./closed/a", "closed//a", "closed/./a"])
def test_a_name_is_cleaned(name: str) -> None:
    assert listing({name: 1}).files == (Entry("closed/a", 1),)


@pytest.mark.parametrize("name", ["a" * 255, "a/" * 128 + "b", "closed/a:b", "closed/..a", "closed/a b", "na\u00efve"])
def test_an_odd_name_that_does_no_harm_is_read(name: str) -> None:
    found = listing({name: 1})
    assert found.files == (Entry(name, 1),)
    assert found.refused == ()


def test_bytes_that_are_not_utf8_stay_as_surrogates() -> None:
    assert listing({b"closed/caf\xe9": 1}).files == (Entry("closed/caf\udce9", 1),)


def test_the_last_of_two_entries_with_one_name_is_read_and_the_other_told_of() -> None:
    collector: Collector[str] = Collector("x")
    collector.add("a", 1, "first")
    collector.add("./a", 2, "second")
    found = collector.finish()
    assert found.files == (Entry("a", 2),)
    assert found.place("a") == "second"
    assert found.refused == (Refused(path="a", reason="stands more than once in the archive; the last one is read"),)


def test_a_file_with_the_name_of_a_folder_is_refused() -> None:
    found = listing({"a": 1, "a/b": 1})
    assert found.files == (Entry("a/b", 1),)
    assert found.refused == (
        Refused(path="a", reason="a folder, and a file or link of the same name; the folder is read"),
    )


def test_a_link_with_the_name_of_a_folder_does_not_lead_its_files_away() -> None:
    found = listing({"a/b": 1}, {"a": "elsewhere"})
    assert found.files == (Entry("a/b", 1),)
    assert [entry.path for entry in found.refused] == ["a"]


def test_links_inside_the_tree_are_followed() -> None:
    found = listing(
        {"closed/a/log": 7, "closed/a/deep/x": 3},
        {"closed/one": "a/log", "closed/two": "../closed/one", "open/all": "../closed/a", "closed/a/in": "deep/x"},
    )
    assert [(entry.path, entry.size) for entry in found.files] == [
        ("closed/a/deep/x", 3),
        ("closed/a/in", 3),
        ("closed/a/log", 7),
        ("closed/one", 7),
        ("closed/two", 7),
        ("open/all/deep/x", 3),
        ("open/all/in", 3),
        ("open/all/log", 7),
    ]
    assert found.place("open/all/in") == "closed/a/deep/x"
    assert found.refused == ()


@pytest.mark.parametrize(
    ("links", "reason"),
    [
        ({"c/l": "/etc/passwd"}, "a link that leaves the tree: /etc/passwd"),
        ({"c/l": "../../x"}, "a link that leaves the tree: ../../x"),
        ({"c/l": "../../" + "x" * 4000}, "a link that leaves the tree: ../../"),
        ({"c/l": "x" * 5000}, "a link of more than 4095 bytes"),
        ({"c/l": "x/" * 1000}, "a link to more than 128 folders deep"),
        ({"c/l": "gone"}, "a link to gone, which is not there"),
        ({"c/l": "l"}, "a link that leads in a circle"),
        ({"c/l": "m/x", "c/m": "l/x"}, "a link that leads in a circle"),
        ({"c/l": "."}, "a link to a folder above itself"),
        ({"c/l": ".."}, "a link to a folder above itself"),
        ({"c/l": ""}, "a link to a folder above itself"),
    ],
)
def test_a_link_that_leads_nowhere_good_is_refused(links: dict[str, str], reason: str) -> None:
    found = listing({"c/f": 1}, links)
    assert [entry.path for entry in found.files] == ["c/f"]
    assert found.refused[0].path == "c/l"
    assert found.refused[0].reason.startswith(reason)
    assert len(found.refused[0].reason) < 300


def test_folders_that_link_to_each_other_twice_do_not_grow_without_bound() -> None:
    """Thirty folders, two links in each to the next: 2 to the 30 paths if all of them were followed."""
    files: dict[str | bytes, int] = {f"d{n}/f": 1 for n in range(31)}
    links = {f"d{n}/{side}": f"../d{n + 1}" for n in range(30) for side in "lr"}
    found = listing(files, links)
    assert len(found.files) == 31 + 60
    assert Refused(path="d0/l/l", reason="a link to a folder inside a linked folder") in found.refused


def test_links_in_many_linked_folders_count_as_entries() -> None:
    links = {f"d/l{n}": "../e" for n in range(50)} | {f"m{n}": "d" for n in range(50)}
    with pytest.raises(InputError, match="more than 1,000 entries"):
        listing({"d/f": 1, "e/f": 1}, links, Bounds(files=1000))


def test_links_beyond_the_bound_are_refused() -> None:
    found = listing({"f": 1}, {f"l{n}": "f" for n in range(5)}, Bounds(links=3))
    assert [entry.path for entry in found.files] == ["f", "l0", "l1", "l2"]
    assert found.refused[0] == Refused(path="l3", reason="a link beyond the first 3, which are followed")


def test_aliases_count_as_entries() -> None:
    files: dict[str | bytes, int] = {f"big/{n}": 1 for n in range(100)}
    with pytest.raises(InputError, match="more than 500 entries"):
        listing(files, {f"l{n}": "big" for n in range(10)}, Bounds(files=500))


def test_refused_entries_beyond_the_bound_are_counted() -> None:
    found = listing({f"../{n}": 1 for n in range(50)}, bounds=Bounds(refused=10))
    assert len(found.refused) == 11
    assert found.refused[-1] == Refused(path="", reason="and 40 more entries, not named here")


def test_asking_for_a_refused_file_says_why_it_was_refused() -> None:
    with pytest.raises(InputError, match=r"does not give c/l: a link that leaves the tree: /etc/passwd\."):
        listing({"c/f": 1}, {"c/l": "/etc/passwd"}).place("c/l")


@pytest.mark.parametrize(
    ("paths", "first"),
    [
        (["round-main/closed/A/x", "round-main/README.md"], "README.md"),
        (["closed/A/x", "closed/B/x"], "closed/A/x"),
        (["Acme/results/x", "Acme/systems/y"], "Acme/results/x"),
        (["round/closed/A/x", "notes.txt"], "notes.txt"),
        (["one"], "one"),
    ],
)
def test_a_folder_around_the_divisions_of_an_archive_is_looked_into(paths: list[str], first: str) -> None:
    collector: Collector[str] = Collector("x")
    for path in paths:
        collector.add(path, 1, path)
    found = collector.finish(archive=True)
    assert found.files[0].path == first
    assert {found.place(entry.path) for entry in found.files} == set(paths)
