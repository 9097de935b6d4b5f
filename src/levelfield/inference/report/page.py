"""The page: one file, no request, everything escaped, and a policy that lets nothing else run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from levelfield import __version__
from levelfield.files import write_atomically
from levelfield.inference.report.run import ReportedRun
from levelfield.inference.report.sections import run_section
from levelfield.inference.report.shared import accuracy_section, details_sections, overview
from levelfield.inference.report.words import FOOTNOTE, LEGEND, caution
from levelfield.page.markup import Child, Markup, element
from levelfield.page.policy import fingerprint
from levelfield.terms import Validity

__all__ = ["document", "page_script", "render_report", "write_report"]


def write_report(path: Path, runs: Sequence[ReportedRun]) -> None:
    """Write the report of one benchmark's runs.

    Args:
        path: The HTML file; its folder exists.
        runs: One or more, in the order in which they are to be shown.

    Raises:
        ValueError: There is no run.
        OutputError: The file cannot be written.
    """
    write_atomically(path, render_report(runs))


def render_report(runs: Sequence[ReportedRun]) -> str:
    """The report as text; the same runs give the same text."""
    if not runs:
        raise ValueError("a report needs at least one run")
    identifiers = [f"run-{number}" for number in range(1, len(runs) + 1)]
    body = element(
        "body",
        element("a", "Skip to the results", class_="skip", href="#results"),
        _header(runs),
        element(
            "main",
            overview(runs, identifiers),
            accuracy_section(runs),
            *(run_section(run, name) for run, name in zip(runs, identifiers, strict=True)),
            *details_sections(runs),
            id="results",
        ),
        _footer(runs),
        element("div", id="tip", role="status", hidden=True),
        page_script(),
    )
    return document(f"{_title(runs)}: {_outcome(runs)}", body)


def document(title: str, body: Markup) -> str:
    """A whole page around a body, with the looks and the policy of the report; the script is the body's to hold."""
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def page_script() -> Markup:
    """The script that shows the values of plots."""
    return element("script", Markup(_asset("report.js")))


def _head(title: str) -> Markup:
    style, script = _asset("report.css"), _asset("report.js")
    policy = f"default-src 'none'; style-src {fingerprint([style])}; script-src {fingerprint([script])}; img-src data:"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"levelfield {__version__}"),
        element("meta", name="robots", content="noindex"),
        element("title", title),
        element("link", rel="icon", href="data:,"),
        element("style", Markup(style)),
    )


def _header(runs: Sequence[ReportedRun]) -> Markup:
    first = runs[0].result
    warning = caution([run.result for run in runs])
    model = " ".join(first.backend.get(key, "") for key in ("backend", "version", "precision")).strip()
    processor = first.system.get("host_processor_model_name", "")
    accelerator = first.system.get("accelerator_model_name", "")
    ran_on = [part for part in (processor, accelerator) if part]
    lines: list[Child] = [
        element("li", f"{first.edition.value} edition"),
        element("li", f"rules {first.rules.name}"),
        element("li", model) if model else None,
        element("li", " + ".join(ran_on)) if ran_on else None,
        element("li", element("time", _moment(first.started), datetime=first.started)),
    ]
    return element(
        "header",
        element("p", "levelfield · inference", class_="eyebrow"),
        element("h1", _title(runs)),
        element("p", f"{_outcome(runs)}.", class_="outcome"),
        element("p", warning, class_="caution", role="note") if warning else None,
        element("ul", *lines, class_="about"),
    )


def _footer(runs: Sequence[ReportedRun]) -> Markup:
    first, last = runs[0].result, runs[-1].result
    return element(
        "footer",
        element(
            "p", element("strong", FOOTNOTE), f" Started {_moment(first.started)}, finished {_moment(last.finished)}."
        ),
        element("p", f"Written by levelfield {__version__} from result.json and the raw record of each run."),
        element("p", LEGEND),
    )


def _title(runs: Sequence[ReportedRun]) -> str:
    return ", ".join(dict.fromkeys(run.result.benchmark for run in runs))


def _outcome(runs: Sequence[ReportedRun]) -> str:
    """How many hold, in words."""
    valid = sum(run.result.verdict.validity is Validity.VALID for run in runs)
    failed = any(run.result.accuracy is not None and not run.result.accuracy.passed for run in runs)
    gate = ", and accuracy misses its gate" if failed else ""
    if len(runs) == 1:
        return f"{runs[0].result.scenario.value} is {runs[0].result.verdict.validity.value}{gate}"
    if valid == len(runs):
        return f"All {len(runs)} scenarios are VALID{gate}"
    return f"{valid} of {len(runs)} scenarios {'is' if valid == 1 else 'are'} VALID{gate}"


def _moment(text: str) -> str:
    """A time as people write it; what is not one stays as it is."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def _asset(name: str) -> str:
    return resources.files("levelfield.inference.report").joinpath(name).read_text(encoding="utf-8")
