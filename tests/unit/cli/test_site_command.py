from __future__ import annotations

import json
from pathlib import Path

import pytest
from results import accelerators, result

from levelfield.cli.app import run
from levelfield.cli.site import shown_findings
from levelfield.results.exports import json_text
from levelfield.results.store import Store
from levelfield.submission.finding import Finding, Severity
from levelfield.submission.report import CheckText, Report


def test_a_database_becomes_a_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database, out = tmp_path / "results.sqlite", tmp_path / "site"
    with Store(database, create=True) as store:
        store.add("round", [result(), result(system=accelerators(2), round="inference-v1.1")])
    assert run(["results", "site", "--out", str(out), "--database", str(database), "--round", "inference-v2.0"]) == 0
    told = capsys.readouterr()
    assert told.out == f"{out / 'index.html'}\n"
    assert told.err.startswith("1 results on ")
    assert (out / "systems/inference-v2.0-acme-box-8.html").exists()
    assert not (out / "systems/inference-v1.1-acme-box-1x2.html").exists()


def test_an_exported_file_becomes_one_private_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "results.json", tmp_path / "site"
    source.write_text(json_text([result(round="inference-v99.0")]))
    arguments = ["results", "site", str(source), "--out", str(out), "--single-file"]
    assert run(arguments) == 2
    assert "inference-v99.0: no date of publication is known" in capsys.readouterr().err
    assert not out.exists()
    assert run([*arguments, "--private", "--title", "Ours", "--retrieved", "2022-05-01"]) == 0
    text = (out / "index.html").read_text()
    assert "<title>Ours</title>" in text
    assert "2022-05-01" in text
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "site.json"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--database", "gone.sqlite"], "gone.sqlite does not exist"),
        (["gone.json"], "There is no gone.json"),
        (["results.json", "--round", "training-v1.1"], "hold results of inference-v2.0 only, expected training-v1.1"),
        (["results.json", "--retrieved", "2999-01-01"], "--retrieved 2999-01-01 is in the future"),
        (["empty.json"], "There is no result to show"),
    ],
)
def test_what_cannot_be_shown_is_an_error_and_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results.json").write_text(json_text([result()]))
    Path("empty.json").write_text(json_text([]))
    assert run(["results", "site", "--out", "site", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not Path("site").exists()


def test_findings_of_a_check_carry_what_is_said_of_the_check() -> None:
    text = CheckText(
        code="INF012", title="Long enough", why="", clause="", example="", fix="Run longer.", official=True
    )  # fmt: skip
    finding = Finding(
        code="INF012", severity=Severity.VOID, path="a/b", line=3, found="1 s", expected="600 s", subject="a"
    )
    report = Report(
        source="round", round="inference-v2.0", rules_sha256="", version="", official=False, selected=(), ignored=(),
        checks=(text,), findings=(finding,), findings_left_out=0, skipped=(), results=(), official_columns=(),
        official_rows=(), official_results=0, official_no_results=0, files=1, bytes_read=1,
    )  # fmt: skip
    [shown] = shown_findings(report)
    assert (shown.code, shown.severity, shown.line, shown.title, shown.fix) == (
        "INF012", "void", 3, "Long enough", "Run longer.",
    )  # fmt: skip


def test_manifest_names_every_file(tmp_path: Path) -> None:
    source, out = tmp_path / "results.json", tmp_path / "site"
    source.write_text(json_text([result()]))
    assert run(["results", "site", str(source), "--out", str(out)]) == 0
    listed = set(json.loads((out / "site.json").read_text())["files"])
    assert listed | {"site.json"} == {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
