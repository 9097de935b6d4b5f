"""The report in a real browser: no complaint, no request, no sideways scrolling, readable by keyboard."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import CONTRAST, Chromium, find_chromium
from report_runs import bare_run, four_runs, hostile_run

from levelfield.inference.report import write_report

WIDTHS = (360, 768, 1280)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium on the path: the report is checked without a browser in tests/unit")
    profile = Path(tempfile.mkdtemp(prefix="levelfield-chromium-"))
    chromium = Chromium(program, profile)
    yield chromium
    chromium.close()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    runs = {"four": four_runs(), "hostile": [hostile_run(), bare_run()]}
    for name, content in runs.items():
        write_report(folder / f"{name}.html", content)
    return {name: folder / f"{name}.html" for name in runs}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["four", "hostile"])
def test_page_loads_without_complaint_request_or_sideways_scrolling(
    browser: Chromium, pages: dict[str, Path], name: str, width: int
) -> None:
    browser.open(pages[name], width=width)
    browser.ask("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.ask("document.body.scrollWidth <= document.documentElement.clientWidth")
    assert browser.ask("window.hacked === undefined")
    requested = [event["request"]["url"] for event in browser.seen("Network.requestWillBeSent")]
    assert [url for url in requested if not url.startswith("data:")] == [pages[name].as_uri()]
    assert browser.seen("Log.entryAdded") == []
    assert browser.seen("Runtime.consoleAPICalled") == []
    assert browser.seen("Runtime.exceptionThrown") == []


def test_verdicts_can_be_read(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["four"], width=1280)
    text = browser.ask("document.body.innerText")
    for words in ("3 of 4 scenarios are VALID", "INVALID", "mini edition", "2 of 3 conditions are not met."):
        assert words in text


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_background(browser: Chromium, pages: dict[str, Path], dark: bool) -> None:
    browser.open(pages["four"], width=1280, dark=dark)
    worst = browser.ask(CONTRAST)
    assert worst["ratio"] >= 4.5, worst
    light = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert light == ("rgb(19, 21, 25)" if dark else "rgb(251, 250, 248)")


def test_plots_answer_the_keyboard_from_their_table(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["four"], width=1280)
    first = browser.ask("""(() => {
      const plot = document.querySelector("#run-3-latency .plot");
      plot.focus();
      plot.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
      const row = [...document.querySelectorAll("#run-3-latency tbody tr")].at(-1);
      return [document.getElementById("tip").textContent, row.children[5].textContent, document.activeElement === plot];
    })()""")
    assert f"p99: {first[1]}" in first[0]
    assert first[2]


def test_theme_button_overrides_the_system(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["four"], width=1280, dark=False)
    browser.ask("(() => { const b = document.querySelector('.theme'); b.click(); b.click(); })()")
    assert browser.ask("getComputedStyle(document.body).backgroundColor") == "rgb(19, 21, 25)"


def test_print_fits_the_sheet(browser: Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["four"], width=720, media="print")
    assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.ask("getComputedStyle(document.querySelector('.theme')).display") == "none"
