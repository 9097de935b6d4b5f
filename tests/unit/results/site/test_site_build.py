"""The whole site as bytes, without a browser: well formed, linked, lawful, the same each time."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from results import accelerators, result
from site_results import HOSTILE, hostile, published

from levelfield.errors import OutputError, UsageError
from levelfield.files import write_atomically
from levelfield.results.messaging import LEGEND, UNVERIFIED, VERIFIED
from levelfield.results.model import Result, Verification
from levelfield.results.site import SiteFinding, SiteInputs, build_site, write_site
from levelfield.results.site.build import MANIFEST
from levelfield.results.wording import lint

DAY = date(2026, 11, 26)
FINDING = SiteFinding(
    round="inference-v2.0",
    code="INF012",
    severity="void",
    path="closed/Acme/results/box-8/resnet50/Offline/performance/run_1/mlperf_log_detail.txt",
    line=7,
    found="60,000 ms",
    expected="600,000 ms at least",
    subject="closed/Acme/results/box-8/resnet50/Offline",
    title="The run is long enough",
    fix="Run it again with min_duration 600000.",
)


def inputs(*results: Result, **changes: Any) -> SiteInputs:
    return SiteInputs(results=results or (result(),), retrieved=DAY, **changes)


def small() -> tuple[Result, ...]:
    server = {"scenario": "Server", "unit": "Queries/s"}
    power = {"power_value": 300.0, "power_unit": "Watts"}
    return (
        *(result(system=accelerators(n), value=100.0 * n, **power) for n in (1, 2, 4)),
        *(result(system=accelerators(n), value=80.0 * n, **server) for n in (1, 2, 4)),
        result(system=accelerators(1), round="inference-v1.1", value=90.0),
        result(system=accelerators(1), division="open", model_used="my-net", notes="a smaller net"),
        result(system=accelerators(8), verification=Verification.UNVERIFIED, inferred=True, void=True),
    )


class Read(HTMLParser):
    """Elements, ids, links and text of a page; complains about what is not closed."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.figures: list[str] = []
        self.elements: Counter[str] = Counter()
        self.handlers: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.elements[tag] += 1
        if tag not in self.VOID:
            self.open.append(tag)
        self.handlers += [name for name in known if name.startswith("on")]
        if known.get("id"):
            self.ids.append(known["id"] or "")
        if tag == "a":
            self.links.append(known.get("href") or "")
        if tag in {"script", "img", "link", "iframe", "use"}:
            self.loads.append(known.get("src") or known.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def html_of(files: dict[str, bytes]) -> dict[str, Read]:
    return {name: Read(content.decode()) for name, content in files.items() if name.endswith(".html")}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return build_site(inputs(*small(), findings=(FINDING,)))


@pytest.fixture(scope="module")
def pages(files: dict[str, bytes]) -> dict[str, Read]:
    return html_of(files)


def test_every_kind_of_page_is_there(files: dict[str, bytes]) -> None:
    for name in (
        "index.html", "explore.html", "tables.html", "pareto.html", "scaling.html", "ratio.html", "rounds.html",
        "distribution.html", "compare.html", "findings.html", "downloads.html", "about.html", "404.html",
        "tables/inference-v2.0-datacenter-closed.html", "tables/inference-v2.0-datacenter-open.html",
        "systems/inference-v2.0-acme-box-1x2.html", "benchmarks/inference-resnet50.html",
        "submissions/inference-v2.0-open-acme.html", "data/inference.js", "assets/site.css", "site.json",
    ):  # fmt: skip
        assert name in files


def test_ids_are_unique_and_every_link_leads_to_a_page(files: dict[str, bytes], pages: dict[str, Read]) -> None:
    for name, page in pages.items():
        assert [one for one, count in Counter(page.ids).items() if count > 1] == [], name
        for link in page.links:
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = name if not path else _resolved(name, unquote(path))
            assert target in files, (name, link)
            if anchor and "=" not in anchor:
                assert anchor in pages[target].ids, (name, link)


def _resolved(page: str, link: str) -> str:
    import posixpath

    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def test_nothing_is_loaded_but_files_of_the_site_and_the_policy_says_so(
    files: dict[str, bytes], pages: dict[str, Read]
) -> None:
    for name, page in pages.items():
        for load in page.loads:
            assert load == "data:," or _resolved(name, load) in files, (name, load)
        text = files[name].decode()
        assert "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:" in text.replace("&#x27;", "'")
        assert page.handlers == []


def test_the_legend_is_on_every_page_and_the_mark_is_used_as_it_may_be(pages: dict[str, Read]) -> None:
    for name, page in pages.items():
        assert LEGEND in page.text, name
        assert lint(page.text) == (), name


def test_every_table_and_figure_with_results_has_its_footnote(files: dict[str, bytes], pages: dict[str, Read]) -> None:
    for name, page in pages.items():
        text = files[name].decode()
        figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
        assert all("Retrieved from" in figure for figure in figures), name
        if name.startswith(("tables/", "systems/", "submissions/", "benchmarks/")):
            assert "Retrieved from" in page.text, name
            assert "ID not assigned" in page.text


def test_unverified_stands_next_to_every_score_that_is(files: dict[str, bytes], pages: dict[str, Read]) -> None:
    unverified = [replace(one, verification=Verification.UNKNOWN) for one in small()]
    for name, content in build_site(inputs(*unverified)).items():
        if not name.endswith(".html"):
            continue
        scores = re.findall(r'<span class="score">[^<]*</span>(.{0,60})', content.decode())
        assert all("unverified" in after for after in scores), name
        if scores:
            assert UNVERIFIED in Read(content.decode()).text
    assert VERIFIED in pages["systems/inference-v2.0-acme-box-1x2.html"].text
    assert UNVERIFIED not in pages["systems/inference-v2.0-acme-box-1x2.html"].text


def test_inferred_and_void_results_carry_their_marks(files: dict[str, bytes]) -> None:
    text = Read(files["systems/inference-v2.0-acme-box-1x8.html"].decode()).text
    assert "≈ 8,000\n unverified\n ✗ void" in text


def test_open_submissions_say_what_keeps_them_from_closed(pages: dict[str, Read]) -> None:
    assert "a smaller net" in pages["submissions/inference-v2.0-open-acme.html"].text
    assert "my-net" in pages["tables/inference-v2.0-datacenter-open.html"].text


def test_power_stands_in_a_table_of_its_own_and_only_where_it_was_measured(files: dict[str, bytes]) -> None:
    text = files["tables/inference-v2.0-datacenter-closed.html"].decode()
    performance, power = re.findall(r'<table class="official">.*?</table>', text, re.DOTALL)
    assert "Watts" not in performance
    assert "Watts" in power
    assert power.count("<tbody>") == 1
    assert len(re.findall(r"<tr>", power.split("<tbody>")[1])) == 3


def test_two_results_for_one_cell_are_both_shown_and_named() -> None:
    twice = (result(value=1.0), result(value=2.0, source="again"))
    text = Read(build_site(inputs(*twice))["tables/inference-v2.0-datacenter-closed.html"].decode()).text
    assert "2 results for one cell" in text


def test_findings_are_shown_where_they_belong(pages: dict[str, Read]) -> None:
    for name in ("findings.html", "systems/inference-v2.0-acme-box-1x2.html"):
        shown = "INF012" in pages[name].text
        assert shown is (name == "findings.html")
    one = html_of(build_site(inputs(result(), findings=(FINDING,))))
    page = one["systems/inference-v2.0-acme-box-8.html"].text
    assert "mlperf_log_detail.txt:7" in page
    assert "Run it again with min_duration 600000." in page


def test_the_same_inputs_in_any_order_give_the_same_bytes(files: dict[str, bytes]) -> None:
    assert build_site(inputs(*reversed(small()), findings=(FINDING,))) == files


def test_scripts_and_styles_stay_within_eighty_kilobytes(files: dict[str, bytes]) -> None:
    assert sum(len(content) for name, content in files.items() if name.startswith("assets/")) <= 80_000


def test_hostile_names_stay_text_in_every_page() -> None:
    for single in (False, True):
        files = build_site(
            inputs(*hostile(), private=True, single_file=single, findings=(replace(FINDING, found=HOSTILE),))
        )
        for name, page in html_of(files).items():
            assert page.elements["img"] == 0, name
            assert page.handlers == [], name
            assert not [link for link in page.links if link.startswith(("javascript:", "http:", "//"))]
        assert all("/" not in name.split("/", 1)[-1] and ".." not in name for name in files)


def test_addresses_of_results_are_links_only_where_they_are_plain_https() -> None:
    good, bad = "https://github.com/mlcommons/x", "javascript:alert(1)"
    results = [
        result(system=accelerators(n), provenance=replace(result().provenance, url=url))
        for n, url in ((1, good), (2, bad))
    ]
    page = html_of(build_site(inputs(*results)))["submissions/inference-v2.0-closed-acme.html"]
    assert good in page.links
    assert bad not in page.links
    assert bad in page.text


def test_one_file_holds_every_page_and_names_its_scripts_by_hash(files: dict[str, bytes]) -> None:
    single = build_site(inputs(*small(), findings=(FINDING,), single_file=True))
    assert sorted(single) == ["index.html", "site.json"]
    text = single["index.html"].decode()
    page = Read(text)
    assert [one for one, count in Counter(page.ids).items() if count > 1] == []
    pages = {one.removesuffix(".html") for one in files if one.endswith(".html")}
    assert {one.removeprefix("page=") for one in page.ids if one.startswith("page=")} == pages
    for link in page.links:
        if link.startswith("#page="):
            assert unquote(link.removeprefix("#page=").split("&")[0]) in pages
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert "unsafe-inline" not in policy[1]
    assert policy[1].count("sha256-") == len(re.findall(r"<script>", text)) + 1


def test_one_file_that_would_be_too_large_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("levelfield.results.site.build.LARGEST_SINGLE_FILE", 50_000)
    with pytest.raises(UsageError, match="the limit is 50,000") as caught:
        build_site(inputs(*small(), single_file=True))
    assert "--single-file" in (caught.value.hint or "")


def test_a_private_build_is_marked_and_may_hold_unpublished_rounds(tmp_path: Path) -> None:
    unpublished = result(round="inference-v99.0")
    with pytest.raises(UsageError, match="before their round is published"):
        write_site(tmp_path / "site", inputs(unpublished), today=DAY)
    with pytest.raises(UsageError, match="2022-04-06"):
        write_site(tmp_path / "site", inputs(result()), today=date(2022, 4, 5))
    assert not (tmp_path / "site").exists()
    for name, content in build_site(inputs(unpublished, private=True)).items():
        if name.endswith(".html"):
            assert b'name="robots" content="noindex"' in content
            assert b"Private build" in content
    public = build_site(inputs())["index.html"]
    assert b"noindex" not in public
    assert b"Private build" not in public


def test_no_results_are_an_error_with_the_next_step() -> None:
    with pytest.raises(UsageError, match="no result to show"):
        build_site(SiteInputs(results=(), retrieved=DAY))


def test_a_folder_is_written_anew_and_what_is_gone_is_taken_away(tmp_path: Path) -> None:
    out = tmp_path / "site"
    write_site(out, inputs(*small()), today=DAY)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    (out / "my.txt").write_text("mine")
    again = write_site(out, inputs(*small()), today=DAY)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "unchanged files stay as they are"
    assert again.pages == sum(path.suffix == ".html" for path in before)
    write_site(out, inputs(result()), today=DAY)
    assert not (out / "systems/inference-v2.0-acme-box-1x2.html").exists()
    assert (out / "systems/inference-v2.0-acme-box-8.html").exists()
    assert (out / "my.txt").read_text() == "mine"


@pytest.mark.parametrize("manifest", [None, "{", "[]", '{"files": [1]}'])
def test_a_folder_of_something_else_is_refused(tmp_path: Path, manifest: str | None) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(OutputError, match=r"not empty and holds no site of ours .*thesis\.tex|site\.json"):
        write_site(tmp_path, inputs(), today=DAY)
    assert (tmp_path / "thesis.tex").exists()


def test_a_forged_list_of_files_takes_nothing_away_outside(tmp_path: Path) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("here")
    out = tmp_path / "site"
    out.mkdir()
    (out / MANIFEST).write_text(json.dumps({"files": ["../victim.txt", str(victim)]}))
    write_site(out, inputs(), today=DAY)
    assert victim.exists()


def test_published_rounds_stand_with_their_official_numbers(shared_data: Path) -> None:
    files = build_site(inputs(*published(shared_data)))
    edge = Read(files["tables/inference-v2.0-edge-closed.html"].decode()).text
    for number in ("179,618", "118,589", "10.4101", "0.941397"):
        assert number in edge
    training = Read(files["tables/training-v1.1-closed.html"].decode()).text
    assert "28.6047" in training
    assert len(html_of(files)) > 100


def test_downloads_are_named_with_size_and_hash_and_are_the_same_rows(files: dict[str, bytes]) -> None:
    text = files["downloads.html"].decode()
    for name in ("results.json", "results.csv", "results.safe.csv", "results.sqlite"):
        content = files[f"downloads/{name}"]
        assert f'href="downloads/{name}"' in text
        assert hashlib.sha256(content).hexdigest() in text
    assert len(json.loads(files["downloads/results.json"])["rows"]) == len(small())


def test_what_no_file_can_hold_is_left_out_of_the_downloads_and_said() -> None:
    page = Read(build_site(inputs(*hostile()))["downloads.html"].decode()).text
    assert "3 results left out of the files: a number of it is not finite." in page
    assert "Two results claim the same place in a table." in page


def test_own_runs_cite_their_own_file_and_never_the_published_repository() -> None:
    own = result(
        submitter="", division="", availability="", edition="mini", official=False, source="runs/result.json",
        system={"type": ""}, verification=Verification.UNVERIFIED,
    )  # fmt: skip
    pages = html_of(build_site(inputs(own)))
    text = pages["systems/inference-v2.0-box-8.html"].text
    assert "Retrieved from runs/result.json 26 November 2026" in text
    assert "8,000\n unverified\n mini edition\n quick run" in text
    assert "no submitter" in text
    assert "No division: results" in text
    every = [page.text for name, page in pages.items() if name != "about.html"]
    assert not [text for text in every if "github.com/mlcommons/inference_results" in text]
    both = html_of(build_site(inputs(own, result())))["benchmarks/inference-resnet50.html"].text
    assert "inference_results_v2.0 (round) and, unverified, runs/result.json" in both


def test_states_in_links_are_percent_encoded() -> None:
    pages = html_of(build_site(inputs(result(benchmark="a&b=c #d", division="open"), private=True)))
    links = [link for page in pages.values() for link in page.links]
    assert "../explore.html#benchmark=a%26b%3Dc%20%23d&round=inference-v2.0" in links


def test_a_build_that_was_broken_off_can_be_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write_site(out, inputs(*small()), today=DAY)
    written = []

    def breaks(path: Path, content: bytes) -> None:
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(path)
        write_atomically(path, content)

    monkeypatch.setattr("levelfield.results.site.build.write_atomically", breaks)
    with pytest.raises(KeyboardInterrupt):
        write_site(out, inputs(result()), today=DAY)
    monkeypatch.undo()
    write_site(out, inputs(result()), today=DAY)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == set(
        build_site(inputs(result()))
    )
    fresh = tmp_path / "fresh"
    monkeypatch.setattr("levelfield.results.site.build.write_atomically", breaks)
    written.clear()
    with pytest.raises(KeyboardInterrupt):
        write_site(fresh, inputs(result()), today=DAY)
    monkeypatch.undo()
    write_site(fresh, inputs(result()), today=DAY)
