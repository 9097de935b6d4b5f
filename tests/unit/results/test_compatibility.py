"""Which results may be compared, against the literal rows of the official table."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from results import result

from levelfield.results.compatibility import compatibility_source, model_of, obstacles, round_of


def inference(version: str, benchmark: str = "resnet50", **changes: object):
    return result(round=f"inference-{version}", benchmark=benchmark, model_used=benchmark, **changes)


def training(version: str, benchmark: str):
    return result(
        round=f"training-{version}", benchmark=benchmark, model_used=benchmark, scenario="", unit="minutes",
        system={"type": ""},
    )  # fmt: skip


def changed(benchmark: str, one: str, other: str) -> str:
    return f"{benchmark} of {one} and of {other} are not the same benchmark"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (inference("v2.0"), inference("v2.0")),
        (inference("v0.5"), inference("v5.0")),
        (inference("v2.0"), inference("v2.1", "resnet")),
        (inference("v1.1", "bert-99"), inference("v4.1", "bert-99")),
        (inference("v5.1", system={"type": "edge"}), inference("v2.0", system={"type": "edge"})),
        (training("v0.6", "resnet"), training("v4.0", "resnet")),
        (training("v1.1", "rnnt"), training("v3.1", "rnnt")),
        (training("v2.0", "ssd"), training("v3.0", "retinanet")),
        (inference("v9.9"), inference("v9.9")),
        (inference("v2.0", scenario="MultiStream"), inference("v3.0", scenario="MultiStream")),
        (inference("v0.7", scenario="MultiStream"), inference("v1.1", scenario="MultiStream")),
    ],
)
def test_may_be_compared(one, other) -> None:
    assert obstacles(one, other) == ()
    assert obstacles(other, one) == ()


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (inference("v2.0"), inference("v2.0", "bert-99"), "the benchmarks differ: resnet50 and bert-99"),
        (inference("v2.0", "bert-99"), inference("v2.1", "bert-99.9"), "the benchmarks differ: bert-99 and bert-99.9"),
        (inference("v2.0"), inference("v2.0", scenario="Server"), "the scenarios differ: Offline and Server"),
        (inference("v2.0"), inference("v2.0", unit="Queries/s"), "the units differ: Samples/s and Queries/s"),
        (inference("v5.0"), inference("v5.1"), changed("resnet50", "v5.0", "v5.1")),
        (inference("v2.0"), inference("v9.9"), changed("resnet50", "v2.0", "v9.9")),
        (inference("v3.0", "dlrm-99"), inference("v3.1", "dlrm-99"), changed("dlrm-99", "v3.0", "v3.1")),
        (
            inference("v1.1", scenario="MultiStream"),
            inference("v2.0", scenario="MultiStream"),
            "MultiStream up to v1.1 counts streams and from v2.0 measures latency",
        ),
        (training("v1.0", "rnnt"), training("v1.1", "rnnt"), changed("rnnt", "v1.0", "v1.1")),
        (training("v0.5", "resnet"), training("v0.6", "resnet"), changed("resnet", "v0.5", "v0.6")),
        (training("v1.1", "ssd"), training("v2.0", "ssd"), changed("ssd", "v1.1", "v2.0")),
        (
            inference("v2.0"),
            inference("v2.0", power_value=100.0, power_unit="Watts"),
            "performance of a power submission and of one without power are not comparable",
        ),
        (inference("v2.0"), inference("v2.0", edition="mini"), "full edition and mini edition are different tasks"),
        (
            inference("v2.0"),
            inference("v2.0", official=False),
            "a quick run did not have the round's full durations and counts",
        ),
    ],
)  # fmt: skip
def test_may_not_be_compared(one, other, why) -> None:
    assert obstacles(one, other) == (why,)
    assert len(obstacles(other, one)) == 1


def test_suites_do_not_mix() -> None:
    found = obstacles(inference("v2.0", "bert-99"), training("v1.1", "bert"))
    assert found[0] == "the suites differ: inference-v2.0 and training-v1.1"


def test_edge_goes_on_where_datacenter_ends() -> None:
    edge = [inference(version, system={"type": "edge"}) for version in ("v5.0", "v5.1")]
    both = [inference(version, system={"type": "datacenter,edge"}) for version in ("v5.0", "v5.1")]
    assert obstacles(*edge) == ()
    assert obstacles(*both) == ()


def test_model_of_a_folder_depends_on_the_version() -> None:
    assert [model_of(training(version, "ssd")).name for version in ("v1.1", "v2.0")] == [
        "SSD-ResNet34",
        "RetinaNet-ResNeXt50",
    ]
    assert model_of(inference("v2.0", "unheard-of")) is None


def test_round_of_an_unknown_suite_is_kept() -> None:
    assert round_of("endpoints-v1.0").title == "Endpoints v1.0"
    assert round_of("inference-v2.0").title == "Inference v2.0"
    assert round_of("hpc-v1.0").title == "HPC v1.0"
    assert round_of("").title == ""


def test_table_holds_together() -> None:
    file = resources.files("levelfield.results").joinpath("data", "compatibility.toml")
    data = tomllib.loads(file.read_text())
    assert len(data["models"]) == 22 + 3 + 24 + 17 + 7 + 8 + 4  # training, hpc, datacenter, edge, mobile, storage, tiny
    for entry in data["models"]:
        order = data["suites"][entry["suite"]]["versions"]
        places = [order.index(version) for run in entry["runs"] for version in run]
        assert places == sorted(places), entry["name"]
        assert set(entry) <= {"suite", "system_type", "name", "names", "runs", "note"}
    assert compatibility_source() == "mlcommons/policies MLPerf_Compatibility_Table.adoc at c195f80f (2026-04-28)"
