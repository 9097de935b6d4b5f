"""Rule files that do not hold together: every problem at once, each with the path of its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from levelfield.errors import RulesError, UsageError
from levelfield.rules import available, load, load_file

BASE = 'format = 1\nfamily = "inference"\nversion = "v9.9"\nextends = "inference-v2.0"\n'


def problems_of(tmp_path: Path, delta: str) -> str:
    path = tmp_path / "v9.9.toml"
    path.write_text(BASE + delta)
    with pytest.raises(RulesError) as caught:
        load_file(path)
    return str(caught.value)


def test_shipped_rounds_are_listed() -> None:
    assert available() == ("inference-v2.0", "mobile-v2.0", "tiny-v0.7", "training-v1.1")


def test_load_remembers_and_ignores_case() -> None:
    assert load("inference-v2.0") is load("inference-v2.0")
    assert load("Inference-V2.0").name == "inference-v2.0"


def test_unknown_round_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"Did you mean 'inference-v2.0'\?"):
        load("inference-v2")


@pytest.mark.parametrize(
    ("benchmark", "scenario", "message"),
    [
        ("resnet5", "Server", "Did you mean 'resnet50'"),
        ("resnet50", "Servr", "Unknown scenario of resnet50 'Servr'.\n  Did you mean 'Server'"),
    ],
)
def test_unknown_benchmark_or_scenario_is_answered_with_the_nearest(benchmark, scenario, message) -> None:
    with pytest.raises(UsageError) as caught:
        load("inference-v2.0").rule(benchmark, scenario)
    assert message in str(caught.value)


def test_unknown_audit_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'TEST05'"):
        load("inference-v2.0").rule("rnnt", "Server").audit("TEST04")


def test_an_empty_delta_gives_the_base(tmp_path) -> None:
    path = tmp_path / "v9.9.toml"
    path.write_text(BASE)
    assert load_file(path).benchmarks == load("inference-v2.0").benchmarks


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ("[round]\nprofile = 'v3'\n", "round.profile: found 'v3', expected one of v2.0, v6."),
        ("[round]\ncolour = 'red'\n", "round.colour: unknown key."),
        ("[round]\ndivisions = ['closed', 'ajar']\n", "round.divisions: found 'ajar', expected one of closed, open"),
        ("[seeds]\nqsl = '-5'\n", "seeds.qsl: found '-5', expected an unsigned 64-bit number as a text."),
        ("[seeds]\nqsl = '18446744073709551616'\n", "seeds.qsl: found '18446744073709551616'"),
        ("[seeds]\ncite = 'sedes'\n", "seeds.cite: unknown citation 'sedes' (nearest: 'seeds')."),
        (
            "[citations]\nx = { document = 'a', section = 'b', source = 'nowhere' }\n",
            "citations.x.source: unknown source",
        ),
        ("[sources.inf-2_0]\ndate = 'March'\n", "sources.inf-2_0.date: found 'March', expected a date"),
        ("[defaults]\nmin_queries = 0\n", "defaults.min_queries: found 0, expected a whole number, 1 or more."),
        ("[defaults]\nmin_queries = true\n", "defaults.min_queries: found True"),
        ("[scenarios.Server]\npercentile = 99\n", "scenarios.Server.percentile: found 99, expected a fraction"),
        ("[scenarios.Server]\nruns_as = 'Sever'\n", "scenarios.Server.runs_as: found 'Sever', expected one of"),
        ("[metrics.acc]\npattern = '('\n", "metrics.acc.pattern: found '(', expected a regular expression ("),
        (
            "[metrics.acc]\npattern = 'x'\n",
            "metrics.acc.pattern: found 'x', expected a regular expression with one group",
        ),
        (
            "[benchmarks.resnet50]\nperformance_sampels = 3\n",
            "benchmarks.resnet50.performance_sampels: unknown key (nearest: 'performance_samples').",
        ),
        (
            "[benchmarks.resnet50]\nperformance_samples = 'many'\n",
            "benchmarks.resnet50.performance_samples: found 'many', expected a whole number, 1 or more.",
        ),
        (
            "[benchmarks.resnet50.scenarios.Sever]\nmin_queries = 3\n",
            "benchmarks.resnet50.scenarios: unknown scenario 'Sever' (nearest: 'Server').",
        ),
        (
            "[benchmarks.resnet50.suites.edge]\nrequired = ['Ofline']\n",
            "benchmarks.resnet50.suites.edge: unknown scenario 'Ofline' (nearest: 'Offline').",
        ),
        (
            "[benchmarks.resnet50.accuracy.top1]\nlower = 3.0\n",
            "benchmarks.resnet50.accuracy: unknown metric 'top1'",
        ),
        (
            "[benchmarks.resnet50.accuracy.acc]\nlower = 3.0\n",
            "benchmarks.resnet50.accuracy.acc.lower: found 3.0, expected either a lower bound or a fraction",
        ),
        (
            "[benchmarks.resnet50.accuracy.acc]\nupper = 3.0\n",
            "benchmarks.resnet50.accuracy.acc.upper: found 3.0, expected more than the lower bound",
        ),
        (
            "[benchmarks.resnet50.scenarios.Offline]\nlatency_limit_ns = 5\n",
            "benchmarks.resnet50.scenarios.Offline.latency_limit_ns: found 5, expected a percentile beside it.",
        ),
        (
            "[benchmarks.resnet50.scenarios.Server]\nttft_limit_ns = 5\n",
            "benchmarks.resnet50.scenarios.Server.cites.ttft_limit_ns: missing, expected the citation of this value.",
        ),
        (
            "[benchmarks.resnet50.audits.TEST99]\n",
            "benchmarks.resnet50.audits: unknown audit 'TEST99'",
        ),
        (
            "[benchmarks.resnet50.audits.TEST01.thresholds]\nperformance_fraction = 10\n",
            "benchmarks.resnet50.audits.TEST01.thresholds.performance_fraction: found 10, expected a fraction",
        ),
        (
            "[benchmarks.resnet50.audits.TEST01.settings]\nmode = true\n",
            "benchmarks.resnet50.audits.TEST01.settings.mode: found True, expected a number",
        ),
        (
            "[benchmarks.other]\ntitle = 'x'\nlike = 'bert-99.9'\n",
            "benchmarks.other.like: found 'bert-99.9', expected a benchmark that is not itself like another one.",
        ),
        (
            "[benchmarks.other]\ntitle = 'x'\nlike = 'bert'\n",
            "benchmarks.other.like: unknown benchmark 'bert' (nearest: 'bert-99').",
        ),
        (
            "[benchmarks.other]\ntitle = 'x'\nmodel = 'y'\ndataset = 'z'\n",
            "benchmarks.other.dataset_samples: missing, expected a whole number, 1 or more.",
        ),
        (
            "[benchmarks.other]\ntitle = 'x'\nlike = 'bert-99'\naliases = ['resnet']\n",
            "benchmarks.other: the name 'resnet' belongs to resnet50 already.",
        ),
        ("[[guesses]]\ncontains = ['x']\nbenchmark = 'y'\n", "guesses[0].benchmark: unknown benchmark 'y'."),
        ("[places.attic]\npath = 'x'\n", "places.attic.name: found 'attic', expected one of system, code"),
        ("[csv]\nquoted = ['Modle']\n", "csv.quoted: unknown column 'Modle' (nearest: 'Model')."),
        ("[official]\nseeds = 'shrug'\n", "official.seeds: found 'shrug', expected one of void, log, ignore."),
        ("remove = [['benchmarks', 'nothing']]\n", "remove: benchmarks.nothing is not in the base."),
        ("remove = ['benchmarks']\n", "remove: expected a list of paths"),
        ("remove = [['scenarios']]\n", "scenarios: missing, expected at least one scenario."),
        ("remove = [['benchmarks']]\n", "benchmarks: missing, expected at least one benchmark."),
        ("remove = [['audits', 'TEST05']]\n", "defaults.audits: unknown audit 'TEST05'"),
    ],
)
def test_a_broken_file_is_explained(tmp_path, delta, expected) -> None:
    assert expected in problems_of(tmp_path, delta)


def test_all_problems_are_reported_at_once(tmp_path) -> None:
    text = problems_of(tmp_path, "[round]\nprofile = 'v3'\n[seeds]\nqsl = ''\n[defaults]\nmin_samples = 1.5\n")
    assert "v9.9.toml does not hold together." in text
    assert [line.split(":")[0] for line in text.splitlines()[1:]] == [
        "  - defaults.min_samples",
        "  - round.profile",
        "  - seeds.qsl",
    ]


def test_what_is_missing_everywhere_is_said_once(tmp_path) -> None:
    text = problems_of(tmp_path, "remove = [['benchmarks', 'rnnt', 'accuracy']]\n")
    assert text.count(": missing") == 1
    assert "benchmarks.rnnt.accuracy: missing, expected at least one metric." in text


def test_toml_errors_name_file_and_line(tmp_path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("format = 1\nfamily = \n")
    with pytest.raises(RulesError, match=r"x\.toml is not TOML: .*line 2"):
        load_file(path)


def test_unreadable_files_are_named(tmp_path) -> None:
    with pytest.raises(RulesError, match=r"gone\.toml cannot be read: No such file"):
        load_file(tmp_path / "gone.toml")
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(RulesError, match="is not UTF-8: byte 9 is wrong"):
        load_file(tmp_path / "latin.toml")


def test_unknown_base_is_answered_with_the_nearest(tmp_path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('extends = "inference-v2.O"\n')
    with pytest.raises(
        RulesError, match=r"(?s)extends 'inference-v2\.O', which does not exist.*Did you mean 'inference-v2"
    ):
        load_file(path)


def test_remove_needs_a_base(tmp_path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('remove = [["seeds"]]\n')
    with pytest.raises(RulesError, match="in a round that extends nothing"):
        load_file(path)


def test_wrong_format_or_family(tmp_path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('format = 2\nfamily = "influence"\nversion = "v1"\n')
    with pytest.raises(RulesError) as caught:
        load_file(path)
    assert "format: found 2, expected 1." in str(caught.value)
    assert "family: unknown family 'influence' (nearest: 'inference')." in str(caught.value)
