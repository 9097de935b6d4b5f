"""``levelfield results`` as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own_runs import own_file, own_result
from results import accelerators, result

from levelfield.cli.app import run
from levelfield.results.exports import json_text
from levelfield.results.messaging import LEGEND, UNVERIFIED
from levelfield.results.model import Result, Verification
from levelfield.results.wording import lint

ROUND = ["--round", "inference-v2.0"]
Call = Callable[..., str]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call ``levelfield results`` in an empty folder with 80 columns, and give what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)

    def called(*arguments: str, code: int = 0) -> str:
        assert run(["results", *arguments]) == code
        printed = capsys.readouterr()
        return printed.out if code in {0, 1} else printed.err

    return called


def round_file(*results: Result, name: str = "round.json") -> str:
    Path(name).write_text(json_text(results))
    return name


def published() -> list[Result]:
    small = {"submitter": "Small", "system": accelerators(1, name="Box one")}
    return [
        result(value=8000.0),
        result(value=9000.0, power_value=400.0, power_unit="Watts", system={"id": "box-power", "name": "Power Box"}),
        result(value=900.0, inferred=True, **small),
        result(value=700.0, scenario="Server", unit="Queries/s", **small),
        result(value=1.0, submitter="Broken", void=True, findings=("INF001",)),
    ]


def test_import_twice_is_import_once(call: Call) -> None:
    source = round_file(*published())
    assert call("import", source, *ROUND).splitlines() == [
        "round: 5 results (5 new)",
        "database    levelfield-results.sqlite",
    ]
    before = Path("levelfield-results.sqlite").read_bytes()
    assert "round: 5 results (nothing new)" in call("import", source, *ROUND)
    assert len(Path("levelfield-results.sqlite").read_bytes()) == len(before)
    told = json.loads(call("import", source, *ROUND, "--json"))
    assert told["imports"][0] == {
        "source": "round", "results": 5, "added": 0, "changed": 0, "removed": 0, "elsewhere": 0, "set_aside": [],
    }  # fmt: skip


def test_import_of_an_own_run(call: Call) -> None:
    own_file(Path("run"))
    assert "1 result (1 new)" in call("import", "run", *ROUND)
    (row,) = json.loads(call("table", "--json"))["rows"]
    assert "unverified" in row


def test_import_of_a_run_without_a_number_says_so(call: Call) -> None:
    own_file(Path("run"), own_result(metric={**own_result()["metric"], "value": None}))
    printed = call("import", "run", *ROUND, code=1)
    assert "set aside: results/host-onnxruntime/resnet50/Offline: value is nan" in " ".join(printed.split())


def test_published_marks_results_of_a_round_and_never_own_runs(call: Call) -> None:
    source = round_file(result(verification=Verification.UNKNOWN), name="r.json")
    own_file(Path("run"))
    call("import", source, "run", *ROUND, "--published")
    assert len(json.loads(call("table", "--verified", "--json"))["rows"]) == 1
    assert len(json.loads(call("table", "--unverified", "--json"))["rows"]) == 1


def test_nothing_is_written_where_one_source_is_bad(call: Call) -> None:
    assert "There is no nope." in call("import", round_file(*published()), "nope", *ROUND, code=2)
    assert not Path("levelfield-results.sqlite").exists()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{}", "schema: found None, expected a result.json of a run"),
        ("{", "content:"),
        ('{"schema": "levelfield.results/1", "columns": [], "rows": 7}', "columns and rows"),
        ('{"schema": "levelfield.results/1", "columns": [{"name": "round"}], "rows": [[]]}', "row 1"),
        ('{"schema": "levelfield.results/1", "columns": [{"name": "round"}], "rows": [["x"]]}', "division: missing."),
    ],
)
def test_damaged_source(call: Call, content: str, text: str) -> None:
    Path("bad.json").write_text(content)
    printed = call("import", "bad.json", *ROUND, code=2)
    assert "bad.json" in printed
    assert text in printed


def test_wrong_round_is_an_error_with_the_right_one(call: Call) -> None:
    printed = call("import", round_file(*published()), "--round", "inference-v2.1", code=2)
    assert "Import it with --round inference-v2.0." in printed


def test_table_in_80_columns(call: Call) -> None:
    call("import", round_file(*published()), *ROUND)
    printed = call("table", "--scenario", "offline", "--sort", "value")
    lines = printed.splitlines()
    assert lines[0] == "resnet50 Offline · Samples/s · closed · inference-v2.0"
    assert [line.split()[0] for line in lines[3:7]] == ["Acme", "Acme", "Small", "Broken"]
    assert "400.0 W" in lines[3]
    assert "≈900.000" in printed
    assert all(len(line) <= 80 for line in lines)


def test_every_unverified_score_says_so_and_the_legend_stands_once(call: Call) -> None:
    own_file(Path("run"))
    call("import", round_file(*published()), "run", *ROUND)
    for arguments in (["table"], ["table", "--sort", "per-watt"], ["compare", "run", *ROUND]):
        printed = " ".join(call(*arguments).split())
        assert printed.count(LEGEND) == 1
        assert printed.count("mini quick unverified") == 1
        assert UNVERIFIED in printed
        assert lint(printed) == ()


def test_derived_order_shows_its_number_and_its_footnote(call: Call) -> None:
    call("import", round_file(*published()), *ROUND)
    printed = call("table", "--sort", "per-accelerator")
    assert "per accelerator" in printed
    assert "1,125" in printed
    assert "neither official nor verified" in " ".join(printed.split())


def test_table_leaves_rows_out_only_with_a_word(call: Call) -> None:
    call("import", round_file(*published()), *ROUND)
    assert "3 more results; --limit 5 shows them all." in call("table", "--limit", "2")
    assert call("table", "--submitter", "nobody") == "No result is what was asked for.\n"


def test_wide_table(call: Call) -> None:
    own_file(Path("run"))
    call("import", round_file(*published()), "run", *ROUND)
    printed = call("table", "--wide")
    assert "Acme: Power Box, 8x" in printed
    assert "1 result void, mini or quick: no part of the table of a round." in printed
    assert all(len(line) <= 80 for line in printed.splitlines())
    sheet = next(one for one in json.loads(call("table", "--wide", "--json")) if one["rows"])
    assert sheet["columns"][-3:] == [
        "resnet50 Offline Samples/s",
        "resnet50 Offline Watts",
        "resnet50 Server Queries/s",
    ]


def test_csv_into_a_file(call: Call) -> None:
    call("import", round_file(*published()), *ROUND)
    assert call("table", "--csv", "out.csv", "--scenario", "server") == "1 result in out.csv\n"
    assert len(Path("out.csv").read_text().splitlines()) == 2
    call("table", "--wide", "--csv", "wide.csv")
    assert Path("wide.csv").read_text().startswith("ID,Submitter")


def test_compare(call: Call) -> None:
    own_file(Path("run"), own_result(edition="full", official=True))
    call("import", round_file(*published()), *ROUND)
    printed = call("compare", "run", *ROUND)
    lines = printed.splitlines()
    assert lines[1] == "Own run: 7,185.25 samples/s, unverified; rank 2 of 3."
    ranked = [line.split()[0] for line in lines if line.strip()[:1].isdigit() and "·" not in line]
    assert ranked[:3] == ["1", "2", "3"]
    assert "Not ranked, 1 result: performance of a power submission" in printed
    assert "They differ in division (not stated, closed)" in printed
    (found,) = json.loads(call("compare", "run", *ROUND, "--json"))
    assert (found["own"]["rank"], found["ranked"], found["others"][0]["rank"]) == (2, 3, 1)


def test_compare_of_a_mini_run_gives_no_rank(call: Call) -> None:
    own_file(Path("run"))
    call("import", round_file(*published()), "run", *ROUND)
    printed = call("compare", "run", *ROUND)
    assert "Own run: 7,185.25 samples/s, unverified; not ranked." in printed
    assert "it is of the mini edition, a smaller task than the round's" in " ".join(printed.split())
    (found,) = json.loads(call("compare", "run", *ROUND, "--json"))
    assert {one["rank"] for one in found["others"]} == {None}
    assert {one["ratio"] for one in found["others"]} == {None}


def test_compare_of_a_run_without_a_number(call: Call) -> None:
    own_file(Path("run"), own_result(metric={**own_result()["metric"], "value": None}))
    call("import", round_file(*published()), *ROUND)
    assert "its result is nan" in " ".join(call("compare", "run", *ROUND).split())
    (found,) = json.loads(call("compare", "run", *ROUND, "--json"), parse_constant=pytest.fail)
    assert found["own"]["result"]["value"] is None


def test_compare_with_a_round_that_was_not_imported(call: Call) -> None:
    own_file(Path("run"))
    call("import", "run", *ROUND)
    printed = call("compare", "run", *ROUND, code=2)
    assert "holds no published results of inference-v2.0." in printed
    assert "levelfield results import SOURCE --round inference-v2.0" in printed


@pytest.mark.parametrize("columns", ["30", "40", "60"])
def test_narrow_terminals_keep_names_readable(call: Call, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    own_file(Path("run"))
    call("import", round_file(*published()), *ROUND)
    monkeypatch.setenv("COLUMNS", columns)
    for arguments in (["table"], ["table", "--sort", "value"], ["table", "--wide"], ["compare", "run", *ROUND]):
        printed = call(*arguments)
        assert "Power" in printed  # whole words, however few fit
        assert max(map(len, printed.splitlines())) <= int(columns)


def test_compare_of_what_the_run_does_not_have(call: Call) -> None:
    own_file(Path("run"))
    assert "has no result of what was asked for" in call("compare", "run", *ROUND, "--scenario", "Server", code=2)


def test_export(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("import", round_file(*published()), *ROUND)
    printed = call(
        "export",
        "--out",
        "out",
        "--scenario",
        "offline",
        "--retrieved",
        "inference-v2.0=2022-04-06=https://example.org/a=b",
    )
    assert printed.startswith("4 results in out:")
    document = json.loads(Path("out/results.json").read_text())
    assert document["generated"] is None
    assert "Retrieved from https://example.org/a=b 6 April 2022" in document["footnotes"][0]["text"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    files = json.loads(call("export", "--out", "dated", "--format", "json", "--json"))["files"]
    assert [file["path"] for file in files] == ["dated/results.json"]
    assert json.loads(Path("dated/results.json").read_text())["generated"] == "1970-01-01T00:00:00+00:00"
    again = call("import", "dated/results.json", *ROUND, "--database", "other.sqlite")
    assert "round: 5 results (5 new)" in again  # an export is a source again
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert "SOURCE_DATE_EPOCH: found 'soon'" in call("export", "--out", "x", code=2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["table", "--sort", "valu"], "Did you mean 'value'?"),
        (["export", "--out", "x", "--format", "parket"], "Did you mean 'parquet'?"),
        (["export", "--out", "x", "--retrieved", "inference-v2.0=6.4.2022=https://x"], "expected ROUND=YYYY-MM-DD=URL"),
        (["export", "--out", "x", "--retrieved", "inference-v2.0=2022-04-06=http://x"], "with an https address"),
        (["table"], "Make one with: levelfield results import SOURCE --round ROUND"),
    ],
)
def test_usage(call: Call, arguments: list[str], text: str) -> None:
    assert text in call(*arguments, code=2)


def test_hostile_names_do_not_steer_the_terminal(call: Call) -> None:
    hostile = result(submitter="\x1b[31mred\x1b]0;title\x07", system={"name": "[red]x[/] \u202e \x00"}, notes="\x9b")
    call("import", round_file(hostile), *ROUND)
    for arguments in (["table"], ["table", "--wide"]):
        printed = call(*arguments)
        assert not set(printed) & set("\x1b\x07\x9b\x00\u202e")
        assert "[red]x[/]" in printed
