"""The site in a real browser, from a folder: nothing is requested, everything can be clicked, read and typed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from chromium import CONTRAST, Chromium, find_chromium
from results import accelerators, result
from site_results import hostile, synthetic

from levelfield.results.model import Result, Verification
from levelfield.results.site import SiteInputs, write_site

WIDTHS = (360, 768, 1280)
PAGES = (
    "index.html", "explore.html", "tables.html", "pareto.html", "scaling.html", "ratio.html", "rounds.html",
    "distribution.html", "compare.html", "findings.html", "downloads.html", "about.html", "404.html",
)  # fmt: skip
DAY = date(2026, 11, 26)


def some_results() -> tuple[Result, ...]:
    """A few systems whose numbers are known."""
    made = []
    for chips, submitter in ((1, "Acme"), (2, "Acme"), (4, "Acme"), (8, "Best")):
        for scenario, share, unit in (("Offline", 1.0, "Samples/s"), ("Server", 0.8, "Queries/s")):
            made.append(
                result(
                    system=accelerators(chips, name=f"Box {chips}"),
                    submitter=submitter,
                    scenario=scenario,
                    unit=unit,
                    value=1000.0 * chips * share,
                    power_value=100.0 + 90 * chips,
                    power_unit="Watts",
                    verification=Verification.UNVERIFIED if submitter == "Best" else Verification.VERIFIED,
                )
            )
    made.append(result(system=accelerators(1, name="Box 1"), benchmark="bert-99", model_used="bert-99", value=50.0))
    made.append(result(system=accelerators(2, name="Box 2"), round="inference-v1.1", value=1500.0, submitter="Acme"))
    return tuple(made)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium on the path: the site is checked without a browser in tests/unit/results/site")
    profile = Path(tempfile.mkdtemp(prefix="levelfield-chromium-"))
    chromium = Chromium(program, profile)
    yield chromium
    chromium.close()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sites")
    inputs = {
        "some": SiteInputs(results=some_results(), retrieved=DAY),
        "many": SiteInputs(results=synthetic(1200), retrieved=DAY),
        "hostile": SiteInputs(results=hostile(), retrieved=DAY, private=True),
        "single": SiteInputs(results=some_results(), retrieved=DAY, single_file=True),
    }
    for name, content in inputs.items():
        write_site(folder / name, content, today=DAY)
    return {name: folder / name for name in inputs}


def go(browser: Chromium, site: Path, page: str, *, width: int = 1280, dark: bool = False) -> None:
    """Open a page with a state; a change of the fragment alone loads nothing, so a blank page comes between."""
    path, _, fragment = page.partition("#")
    browser.open(Path("about:blank"), width=width, address="about:blank")
    browser.open(
        site / path, width=width, dark=dark, address=(site / path).as_uri() + (f"#{fragment}" if fragment else "")
    )


def click(browser: Chromium, selector: str) -> None:
    """A real click in the middle of an element."""
    place = browser.ask(f"""(async () => {{
      const found = document.querySelector({selector!r});
      found.scrollIntoView({{ block: "center", behavior: "instant" }});
      // What was drawn anew has its place, also for the pointer, after two frames.
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const box = found.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    }})()""")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)


def press(browser: Chromium, key: str, times: int = 1) -> None:
    code = {"Tab": 9, "Enter": 13, " ": 32, "End": 35, "Home": 36, "Escape": 27}[key]
    text = {"Enter": "\r", " ": " "}.get(key)
    for _ in range(times):
        more: dict[str, Any] = {"text": text} if text else {}
        browser.call(
            "Input.dispatchKeyEvent", type="keyDown", key=key, code=key.replace(" ", "Space"),
            windowsVirtualKeyCode=code, **more,
        )  # fmt: skip
        browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def cells(browser: Chromium, column: int) -> list[str]:
    """The texts of a column of the long table; 0 is the system."""
    rows = "[...document.querySelectorAll('.grid-table tbody tr:not(.gap)')]"
    return browser.ask(f"{rows}.map((row) => row.children[{column + 1}].textContent)")


def status(browser: Chromium) -> str:
    return str(browser.ask("document.querySelector('.app .status').textContent"))


def fragment(browser: Chromium) -> str:
    return str(browser.ask("location.hash"))


def quiet(browser: Chromium, site: Path) -> None:
    """Nothing was requested but files of the site, and nothing was complained about."""
    requested = [event["request"]["url"] for event in browser.seen("Network.requestWillBeSent")]
    inside = (site.as_uri() + "/", "data:", "about:blank", "blob:")
    assert [url for url in requested if not url.startswith(inside)] == []
    assert browser.seen("Log.entryAdded") == []
    assert browser.seen("Runtime.consoleAPICalled") == []
    assert browser.seen("Runtime.exceptionThrown") == []
    assert browser.ask("window.hacked === undefined")


def every_page(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["some", "hostile"])
def test_pages_load_without_complaint_request_or_sideways_scrolling(
    browser: Chromium, sites: dict[str, Path], name: str, width: int
) -> None:
    pages = every_page(sites[name]) if width == 360 or name == "hostile" else PAGES
    for page in pages:
        browser.open(sites[name] / page, width=width)
        browser.ask("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        wide = browser.ask(
            "[document.documentElement.scrollWidth, document.body.scrollWidth, document.documentElement.clientWidth]"
        )
        assert max(wide[:2]) <= wide[2], page
        quiet(browser, sites[name])


def test_a_click_on_a_filter_leaves_its_results_and_updates_the_other_counts(
    browser: Chromium, sites: dict[str, Path]
) -> None:
    go(browser, sites["some"], "explore.html")
    assert status(browser) == "10 of 10 results."
    click(browser, "[data-facet=scenario][value=Server]")
    assert status(browser) == "4 of 10 results."
    assert fragment(browser) == "#scenario=Server"
    assert set(cells(browser, 3)) == {"Server"}
    counts = browser.ask("""Object.fromEntries([...document.querySelectorAll("[data-facet]")]
      .map((box) => [`${box.dataset.facet}=${box.value}`, box.parentElement.querySelector(".count").textContent]))""")
    assert counts["submitter=Acme"] == "3"
    assert counts["benchmark=bert-99"] == "0"
    assert counts["scenario=Offline"] == "6", "a filter's own counts do not reflect itself"
    click(browser, "[data-facet=submitter][value=Best]")
    assert status(browser) == "1 of 10 results."
    assert fragment(browser) == "#scenario=Server&submitter=Best"
    browser.ask("history.back()")
    browser.wait("location.hash === '#scenario=Server'")
    assert status(browser) == "4 of 10 results."
    click(browser, ".chips button")
    assert (status(browser), fragment(browser)) == ("10 of 10 results.", "")
    quiet(browser, sites["some"])


def test_a_permalink_restores_filters_order_search_and_columns(browser: Chromium, sites: dict[str, Path]) -> None:
    address = "#cols=system,value,notes&q=box&scenario=Offline&sort=-value&strange=1&submitter=Acme"
    go(browser, sites["some"], f"explore.html{address}")
    assert cells(browser, 0) == ["Box 4", "Box 2", "Box 2", "Box 1", "Box 1"]
    assert cells(browser, 1) == ["4,000", "2,000", "1,500", "1,000", "50"]
    assert browser.ask("document.querySelector('#q').value") == "box"
    assert status(browser) == "5 of 10 results. The address holds keys that are not known here: strange."
    assert fragment(browser) == address
    click(browser, "[data-facet=submitter][value=Best]")
    assert fragment(browser) == f"{address}&submitter=Best", "what is not known is kept"


def test_a_value_that_the_site_does_not_have_is_named(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#submitter=Nobody")
    assert status(browser) == "0 of 10 results. Not on this site: Nobody."


def test_sorting_is_numeric_and_said_to_a_screen_reader(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#scenario=Offline&round=inference-v2.0")
    click(browser, "[data-sort=value]")
    assert cells(browser, 4) == ["8,000 unverified", "4,000", "2,000", "1,000", "50"]
    click(browser, "[data-sort=value]")
    assert cells(browser, 4)[0] == "50"
    assert browser.ask("document.querySelector('[data-sort=value]').closest('th').ariaSort") == "ascending"
    click(browser, "[data-sort=power]")
    assert cells(browser, 8) == ["820", "460", "280", "190", ""], "what is empty comes last"
    click(browser, "[data-sort=power]")
    assert cells(browser, 8)[-1] == ""


def test_search_narrows_while_typing(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html")
    browser.ask("document.querySelector('#q').focus()")
    browser.call("Input.insertText", text="box 8 serv")
    assert status(browser) == "1 of 10 results."
    assert fragment(browser) == "#q=box%208%20serv"


def test_a_long_table_draws_a_window_of_all_its_rows(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["many"], "explore.html#sort=-value")
    drawn = browser.ask("document.querySelectorAll('.grid-table tbody tr:not(.gap)').length")
    assert 20 < drawn < 100
    assert browser.ask("document.querySelector('.grid-table').getAttribute('aria-rowcount')") == "1201"
    browser.ask("(() => { const box = document.querySelector('.stage .scroll'); box.scrollTop = box.scrollHeight; })()")
    browser.wait("document.querySelector('.grid-table tbody tr:last-child').getAttribute('aria-rowindex') === '1201'")
    everything = browser.ask("document.querySelector('.stage .scroll').scrollHeight")
    assert everything > 1200 * 25


def test_two_systems_are_chosen_and_compared(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#scenario=Server")
    click(browser, "[data-pick='inference-v2.0-acme-box-1x1']")
    click(browser, "[data-pick='inference-v2.0-best-box-1x8']")
    link = browser.ask("document.querySelector('.picks .go').getAttribute('href')")
    assert link == "compare.html#system=inference-v2.0-acme-box-1x1&system=inference-v2.0-best-box-1x8"
    go(browser, sites["some"], link)
    assert status(browser) == "2 systems, 2 shared results."
    said = browser.ask("document.querySelector('.difference').textContent")
    assert (
        said
        == "They differ in verification (verified, unverified); scenario (Offline, Server); accelerator count (1, 8)."
    )
    row = browser.ask("[...document.querySelector('.beside tbody tr').children].map((cell) => cell.textContent)")
    assert row == [
        "resnet50 · Offline · closed · Samples/s ↑",
        "1,000190 Watts",
        "8,000 unverified8 × first (derived)820 Watts",  # noqa: RUF001 - as it is shown
    ]
    text = browser.ask("document.body.innerText")
    assert "Result not verified by MLCommons Association." in text
    assert "Unverified results have not been through" in text
    quiet(browser, sites["some"])


def test_a_system_can_be_added_on_the_page_of_comparison(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "compare.html#system=inference-v2.0-acme-box-1x1&system=gone")
    assert status(browser) == "Choose one more system. Not on this site: gone."
    browser.ask("document.querySelector('#add').focus()")
    browser.call("Input.insertText", text="box 4")
    click(browser, ".offers button")
    assert status(browser) == "2 systems, 2 shared results. Not on this site: gone."
    assert "system=gone" in fragment(browser)


def test_a_plot_is_drawn_of_what_may_share_an_axis_only(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#view=chart")
    assert browser.ask("document.querySelector('.stage svg')") is None
    said = browser.ask("document.querySelector('.stage .empty').textContent")
    assert said.startswith("These results may not share an axis: they mix 2 benchmarks, 2 scenarios")
    go(
        browser,
        sites["some"],
        "explore.html#benchmark=resnet50&round=inference-v2.0&scenario=Offline&view=chart&x=power",
    )
    assert browser.ask("document.querySelectorAll('.stage .plot svg > .m').length") == 4
    assert browser.ask("document.querySelectorAll('.stage .plot svg > .m.hollow').length") == 1
    notes = browser.ask("document.querySelector('.stage .footnotes').textContent")
    assert "verification (verified, unverified)" in notes


def test_rounds_that_fit_together_share_an_axis(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#benchmark=resnet50&scenario=Offline&view=chart")
    assert browser.ask("document.querySelectorAll('.stage .plot svg > .m').length") == 5
    assert "version (inference-v1.1, inference-v2.0)" in browser.ask("document.querySelector('.stage').textContent")


def test_figures_are_chosen_and_the_choice_is_kept_in_the_address(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "distribution.html#scenario=Server")
    assert browser.ask("document.querySelector('[data-count]').textContent") == "1 figure of 4"
    browser.ask("""(() => { const s = document.querySelector("select[name=scenario]"); s.value = "Offline";
      s.dispatchEvent(new Event("change")); })()""")
    assert fragment(browser) == "#scenario=Offline"
    assert browser.ask("[...document.querySelectorAll('.chosen')].filter((one) => !one.hidden).length") == 3


def test_selection_is_saved_as_csv_and_json(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html#scenario=Server&submitter=Best")
    browser.ask("LF.save = (name, type, parts) => { window.saved = parts.join(''); }")
    click(browser, ".save-csv")
    lines = browser.ask("window.saved").split("\r\n")
    assert lines[0].startswith("system,submitter,benchmark,scenario,value,unit,")
    assert lines[1].startswith("Box 8,Best,resnet50,Server,6400,Queries/s,Chip A100,8,820,Watts,closed,inference-v2.0")
    assert lines[2:] == [""]
    click(browser, ".save-json")
    saved = browser.ask("JSON.parse(window.saved)")
    assert saved["rows"][0][:5] == ["Box 8", "Best", "resnet50", "Server", 6400]
    assert "Result not verified by MLCommons Association." in saved["footnotes"]
    assert saved["legend"].startswith("The MLPerf name and logo")


def test_theme_button_switches_to_dark_and_back(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "index.html", dark=False)
    colours = []
    for _ in range(3):
        click(browser, ".theme")
        colours.append(browser.ask("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(251, 250, 248)", "rgb(19, 21, 25)", "rgb(251, 250, 248)"]


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_background(browser: Chromium, sites: dict[str, Path], dark: bool) -> None:
    system = "systems/inference-v2.0-best-box-1x8.html"
    pair = "compare.html#system=inference-v2.0-acme-box-1x1&system=inference-v2.0-best-box-1x8"
    for page in (
        "index.html",
        "explore.html#scenario=Server&pick=a&q=x",
        "explore.html#scenario=Server",
        "pareto.html",
        pair,
        system,
    ):
        go(browser, sites["some"], page, dark=dark)
        worst = browser.ask(CONTRAST)
        assert worst["ratio"] >= 4.5, (page, worst)


def test_keyboard_alone_filters_sorts_and_reads_a_plot(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["some"], "explore.html")
    press(browser, "Tab")
    assert browser.ask("document.activeElement.textContent") == "Skip to the content"
    press(browser, "Enter")
    reached = []
    for _ in range(60):
        press(browser, "Tab")
        reached.append(browser.ask("document.activeElement.dataset.facet"))
        if reached[-1] == "scenario":
            break
    assert reached[-1] == "scenario", reached
    press(browser, " ")
    assert fragment(browser) == "#scenario=Offline"
    assert browser.ask("document.activeElement.dataset.facet") == "scenario", "focus stays where it was"
    for _ in range(80):
        press(browser, "Tab")
        if browser.ask("document.activeElement.dataset.sort") == "value":
            break
    press(browser, "Enter")
    assert "sort=-value" in fragment(browser)
    assert browser.ask("document.activeElement.dataset.sort") == "value"
    go(browser, sites["some"], "scaling.html")
    browser.ask("document.querySelector('.plot').focus()")
    press(browser, "End")
    assert "Box 8" in browser.ask("document.getElementById('tip').textContent")
    press(browser, "Escape")
    assert browser.ask("document.getElementById('tip').hidden")


def test_every_control_has_a_name(browser: Chromium, sites: dict[str, Path]) -> None:
    for page in ("explore.html", "compare.html", "pareto.html", "tables.html"):
        go(browser, sites["some"], page)
        tree = browser.call("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "checkbox", "searchbox", "combobox", "link", "spinbutton", "textbox"}
        nameless = [
            node["role"]["value"]
            for node in tree
            if not node.get("ignored") and node["role"]["value"] in roles and not node.get("name", {}).get("value")
        ]
        assert nameless == [], page


def test_without_script_tables_and_plots_are_there(browser: Chromium, sites: dict[str, Path]) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        for page, words in (
            ("explore.html", "needs JavaScript"),
            ("tables/inference-v2.0-datacenter-closed.html", "8,000"),
            ("pareto.html", "performance against system power"),
            ("compare.html", "Each system has its own page"),
        ):
            browser.open(sites["some"] / page, width=1280)
            assert words in browser.text()
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_print_fits_the_sheet(browser: Chromium, sites: dict[str, Path]) -> None:
    for page in ("index.html", "explore.html", "tables/inference-v2.0-datacenter-closed.html", "pareto.html"):
        browser.open(sites["some"] / page, width=720, media="print")
        assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page
        assert browser.ask("getComputedStyle(document.querySelector('.theme')).display") == "none"


def test_axes_of_the_script_are_those_of_the_build(browser: Chromium, sites: dict[str, Path]) -> None:
    from levelfield.page.axis import linear_axis, log_axis

    go(browser, sites["some"], "explore.html")
    for high in (0.0037, 1.0, 7.3, 912.0, 12558.5, 99999.0, 3.2e9):
        ours = linear_axis("t", high, start=0, end=100)
        theirs = browser.ask(f"LF.chart.linear('t', {high}, 0, 100).ticks.map(([v, w]) => w)")
        assert theirs == [word for _, word in ours.ticks]
        assert browser.ask(f"LF.chart.place(LF.chart.linear('t', {high}, 0, 100), {high / 3})") == pytest.approx(
            ours.at(high / 3)
        )
    for low, high in ((1, 8), (4, 512), (0.02, 900), (3, 4), (1e-3, 1e9), (2.01, 2.2)):
        ours = log_axis("t", low, high, start=0, end=100)
        theirs = browser.ask(f"LF.chart.log('t', {low}, {high}, 0, 100).ticks.map(([v, w]) => w)")
        assert theirs == [word for _, word in ours.ticks]
        middle = (low * high) ** 0.5
        assert browser.ask(f"LF.chart.place(LF.chart.log('t', {low}, {high}, 0, 100), {middle})") == pytest.approx(
            ours.at(middle)
        )


def test_numbers_of_the_script_are_those_of_the_build(browser: Chromium, sites: dict[str, Path]) -> None:
    from levelfield.results.site.words import number

    go(browser, sites["some"], "explore.html")
    for value in (0.0, 1.0, 12558.5, 0.746142, 1234567.891, 5.0, -5.25, 99.99999, 1e-5, 3.2e-7, 1e300, 740.61068):
        assert browser.ask(f"LF.number({value!r})") == number(value)


def test_single_file_shows_one_page_at_a_time(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["single"], "index.html")
    shown = "[...document.querySelectorAll('section.page')].filter((one) => !one.hidden).map((one) => one.id)"
    assert browser.ask(shown) == ["page=index"]
    click(browser, "nav a[href='#page=explore']")
    browser.wait("document.title.startsWith('Explore')")
    assert browser.ask(shown) == ["page=explore"]
    click(browser, "[data-facet=scenario][value=Server]")
    assert (status(browser), fragment(browser)) == ("4 of 10 results.", "#page=explore&scenario=Server")
    click(browser, ".grid-table tbody th a")
    browser.wait("location.hash.startsWith('#page=systems/')")
    assert browser.ask(shown)[0].startswith("page=systems/")
    go(browser, sites["single"], "index.html#page=pareto&scenario=Server")
    assert (
        browser.ask("[...document.querySelectorAll('#page\\\\=pareto .chosen')].filter((one) => !one.hidden).length")
        == 1
    )
    assert browser.ask("new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size") == browser.ask(
        "document.querySelectorAll('[id]').length"
    )
    quiet(browser, sites["single"])


def test_private_build_says_so_on_every_page(browser: Chromium, sites: dict[str, Path]) -> None:
    go(browser, sites["hostile"], "explore.html")
    assert browser.ask("document.querySelector('.banner').textContent").startswith("Private build")
    assert browser.ask("document.querySelector('meta[name=robots]').content") == "noindex"


def test_columns_that_are_empty_everywhere_are_not_shown_first(
    browser: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = result(submitter="", division="", edition="mini", official=False, verification=Verification.UNVERIFIED)
    site = tmp_path_factory.mktemp("own") / "site"
    write_site(site, SiteInputs(results=(own,), retrieved=DAY), today=DAY)
    go(browser, site, "explore.html")
    head = browser.ask("[...document.querySelectorAll('[data-sort]')].map((one) => one.dataset.sort)")
    assert head == ["system", "benchmark", "scenario", "value", "unit", "accelerator", "accelerators", "round"]
    assert cells(browser, 3) == ["8,000 unverified mini edition quick run"]
    assert fragment(browser) == ""


def test_systems_of_one_name_are_told_apart_by_their_software(
    browser: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    twins = [result(system={"id": f"box-{name}", "software": f"Runtime {name}"}) for name in ("A", "B")]
    site = tmp_path_factory.mktemp("twins") / "site"
    write_site(
        site, SiteInputs(results=(*twins, result(system={"id": "other", "name": "Other"})), retrieved=DAY), today=DAY
    )
    go(browser, site, "compare.html")
    offers = browser.ask("[...document.querySelectorAll('.offers button')].map((one) => one.textContent)")
    assert offers == [
        "Big Box · Runtime A · Acme · inference-v2.0",
        "Big Box · Runtime B · Acme · inference-v2.0",
        "Other · Acme · inference-v2.0",
    ]
