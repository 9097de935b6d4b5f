"""What the site of results costs: to build, to send, and until a reader can use it in a real browser.

    python benchmarks/site.py [--rows 5000] [--repeat 5] [--json FILE]

The rows are made up with a fixed seed (tests/samples/site_results.py). Time to interactive is from the start of the
navigation until the page of all results has drawn its table, its filters and their counts, and answers input: the
script sets a mark then. Transfer is every byte that the browser reads for that page; nothing is compressed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "samples")]

BAR_INTERACTIVE_S = 1.0
BAR_BUILD_S_PER_10000 = 20.0
BAR_MEMORY_MIB = 500
BAR_ASSETS, BAR_DATA_PER_10000 = 80_000, 3_000_000


@dataclass(frozen=True, kw_only=True)
class Built:
    """One build in a fresh process."""

    build_s: float
    cpu_s: float
    peak_mib: float
    pages: int
    files: int
    bytes: int


def main() -> None:
    """Build, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=5000)
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--json", type=Path)
    options.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        print(json.dumps(asdict(_build(chosen.rows, chosen.child))))
        return
    with tempfile.TemporaryDirectory(prefix="levelfield-site-") as name:
        site = Path(name) / "site"
        child = [sys.executable, __file__, "--rows", str(chosen.rows), "--child", str(site)]
        load_before = os.getloadavg()[0]
        built = Built(**json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout))
        interactive = _interactive_s(site, chosen.repeat)
        report = _report(chosen.rows, built, site, interactive, load_before)
    if chosen.json:
        chosen.json.write_text(json.dumps(report, indent=1) + "\n")
    width = max(map(len, report))
    for key, value in report.items():
        print(f"{key:<{width}}  {value}")


def _build(rows: int, out: Path) -> Built:
    """In this process, which does nothing else."""
    import resource

    from site_results import synthetic

    from levelfield.results.site import SiteInputs, write_site

    inputs = SiteInputs(results=synthetic(rows), retrieved=date(2026, 1, 1))
    wall, cpu = time.perf_counter(), time.process_time()
    site = write_site(out, inputs, today=date(2026, 1, 1))
    return Built(
        build_s=round(time.perf_counter() - wall, 2),
        cpu_s=round(time.process_time() - cpu, 2),
        peak_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        pages=site.pages,
        files=site.files,
        bytes=site.bytes,
    )


def _interactive_s(site: Path, repeat: int) -> list[float]:
    """Seconds from navigation until the page of all results answers, each in a tab without a cache."""
    from chromium import Chromium, find_chromium

    program = find_chromium()
    if program is None:
        return []
    profile = Path(tempfile.mkdtemp(prefix="levelfield-chromium-"))
    found = []
    browser = Chromium(program, profile)
    try:
        browser.call("Network.setCacheDisabled", cacheDisabled=True)
        for _ in range(repeat):
            browser.open(site / "about.html", width=1280)
            browser.open(site / "explore.html", width=1280)
            browser.wait("performance.getEntriesByName('levelfield-ready').length > 0")
            found.append(browser.ask("performance.getEntriesByName('levelfield-ready')[0].startTime / 1000"))
    finally:
        browser.close()
        shutil.rmtree(profile, ignore_errors=True)
    return found


def _report(rows: int, built: Built, site: Path, interactive: list[float], load_before: float) -> dict[str, object]:
    def size(*patterns: str) -> int:
        return sum(path.stat().st_size for pattern in patterns for path in site.glob(pattern))

    assets, data = size("assets/*"), size("data/*.js")
    told = "no chromium on the path"
    if interactive:
        middle, worst = statistics.median(interactive), max(interactive)
        told = f"{middle:.3f} s, median of {len(interactive)}, worst {worst:.3f} s (bar: {BAR_INTERACTIVE_S:g} s)"
    return {
        "rows": rows,
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.platform()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load before": f"{load_before:.2f}",
        "build, wall": f"{built.build_s:.2f} s",
        "build, CPU": f"{built.cpu_s:.2f} s (bar: {BAR_BUILD_S_PER_10000:g} s for 10,000 rows)",
        "peak memory": f"{built.peak_mib:.0f} MiB (bar: {BAR_MEMORY_MIB})",
        "site": f"{built.pages} pages, {built.files} files, {built.bytes:,} bytes",
        "scripts and style": f"{assets:,} bytes (bar: {BAR_ASSETS:,})",
        "data": f"{data:,} bytes (bar: {BAR_DATA_PER_10000:,} for 10,000 rows)",
        "transfer of the page of all results": f"{size('explore.html', 'data/*.js') + assets:,} bytes, uncompressed",
        "time to interactive": told,
    }


if __name__ == "__main__":
    main()
