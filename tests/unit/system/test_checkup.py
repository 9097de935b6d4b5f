from __future__ import annotations

from dataclasses import replace

import pytest
from machines import CONTAINER, SERVER

from levelfield.system.checkup import (
    Finding,
    Level,
    Runnable,
    machine_findings,
    package_findings,
    runnable_findings,
    usable_cpus,
)
from levelfield.system.health import Health
from levelfield.system.limits import Limits
from levelfield.system.machine import Machine, find_machine
from levelfield.system.processor import Processor

CALM = Health(
    load_1min=0.4,
    usable_cpus=8,
    governors=("performance",),
    turbo=False,
    free_disk_bytes=50 << 30,
    available_memory_bytes=None,
)


def by_topic(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.topic: finding for finding in findings}


def test_a_calm_server_has_nothing_but_good_findings() -> None:
    findings = machine_findings(find_machine(SERVER), CALM)
    assert {finding.level for finding in findings} == {Level.OK}
    assert by_topic(findings)["machine"].text == (
        "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz, 8 logical CPUs, 504 GiB memory, NVIDIA A100 80GB PCIe"
    )


def test_a_container_s_quota_is_a_warning() -> None:
    findings = by_topic(machine_findings(find_machine(CONTAINER), CALM))
    assert findings["container"].level is Level.WARNING
    assert "2.5 CPUs" in findings["container"].text
    assert findings["affinity"].text == "this process may use 4 of 8 CPUs"
    assert findings["memory"].text == "the control group grants 4 GiB"


@pytest.mark.parametrize(
    ("changes", "topic", "level"),
    [
        ({"load_1min": 4.0}, "load", Level.OK),
        ({"load_1min": 4.1}, "load", Level.WARNING),
        ({"governors": ("performance", "powersave")}, "frequency", Level.NOTE),
        ({"turbo": True}, "turbo", Level.NOTE),
        ({"free_disk_bytes": 1 << 29}, "disk", Level.WARNING),
    ],
)
def test_each_state_that_spoils_figures_is_named(changes: dict[str, object], topic: str, level: Level) -> None:
    finding = by_topic(machine_findings(Machine(), replace(CALM, **changes)))[topic]
    assert finding.level is level
    assert bool(finding.advice) is (level is not Level.OK and topic != "turbo")


def test_what_cannot_be_seen_is_not_judged() -> None:
    hidden = Health(
        load_1min=None, usable_cpus=1, governors=(), turbo=None, free_disk_bytes=None, available_memory_bytes=None
    )
    findings = machine_findings(Machine(), hidden)
    assert [finding.topic for finding in findings] == ["machine"]
    assert findings[0].text == "unknown processor, ? logical CPUs, memory of unknown size"


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (Limits(), 8),
        (Limits(allowed_cpus=4), 4),
        (Limits(allowed_cpus=4, cpu_quota=2.5), 2),
        (Limits(cpu_quota=0.5), 1),
    ],
)
def test_usable_cpus_are_the_tightest_bound(limits: Limits, count: int) -> None:
    assert usable_cpus(Machine(processor=Processor(logical_cpus=8), limits=limits)) == count


def test_a_missing_core_package_is_missing_and_a_missing_extra_a_note() -> None:
    versions = {"numpy": "2.4.6", "onnxruntime": None, "click": "8", "rich": "14", "opencv-python-headless": None}
    findings = by_topic(package_findings(versions))
    assert (findings["numpy"].level, findings["numpy"].text) == (Level.OK, "2.4.6")
    assert findings["onnxruntime"].level is Level.MISSING
    assert findings["onnxruntime"].advice == "pip install --force-reinstall levelfield"
    assert findings["extra vision"].level is Level.NOTE
    assert findings["extra vision"].advice == "pip install 'levelfield[vision]'"


def test_benchmarks_that_cannot_run_say_what_they_lack() -> None:
    findings = runnable_findings(
        [
            Runnable(benchmark="resnet50", edition="mini", command="levelfield inference run"),
            Runnable(benchmark="resnet50", edition="full", missing=("ImageNet",), command="give --data DIR"),
        ]
    )
    assert [(finding.level, finding.text) for finding in findings] == [
        (Level.OK, "can run"),
        (Level.NOTE, "lacks ImageNet"),
    ]
