from __future__ import annotations

import pytest
from machines import LSCPU_BIG_LITTLE, LSCPU_NEOVERSE, RASPBERRY_PI, SERVER, XEON, FakeSource

from levelfield.system.processor import (
    Cache,
    Processor,
    count_of_cpu_list,
    find_processor,
    parse_cpuinfo,
    parse_lscpu,
    parse_sysctl,
)


def test_cpuinfo_of_two_xeons_counts_sockets_and_cores() -> None:
    assert parse_cpuinfo(XEON) == Processor(
        model="Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz", sockets=2, cores_per_socket=2, logical_cpus=8
    )


def test_cpuinfo_with_a_core_offline_leaves_the_core_count_unknown() -> None:
    blocks = [block for block in XEON.split("\n\n") if "core id		: 1" not in block]
    assert parse_cpuinfo("\n\n".join(blocks)).cores_per_socket is None


def test_cpuinfo_of_arm_has_no_model_and_no_sockets() -> None:
    assert parse_cpuinfo(RASPBERRY_PI) == Processor(logical_cpus=2)


def test_cpuinfo_that_is_empty_says_nothing() -> None:
    assert parse_cpuinfo("") == Processor()


def test_lscpu_names_arm_cores() -> None:
    assert parse_lscpu(LSCPU_NEOVERSE) == Processor(
        model="Neoverse-N1", sockets=1, cores_per_socket=64, logical_cpus=64
    )


def test_lscpu_of_mixed_cores_names_both_and_counts_neither() -> None:
    assert parse_lscpu(LSCPU_BIG_LITTLE) == Processor(model="Cortex-A55 + Cortex-A76", logical_cpus=8)


def test_lscpu_with_a_dash_for_sockets_leaves_them_unknown() -> None:
    assert parse_lscpu(LSCPU_NEOVERSE.replace("Socket(s):                       1", "Socket(s): -")).sockets is None


def test_sysctl_of_macos() -> None:
    text = "hw.packages: 1\nhw.physicalcpu: 8\nhw.logicalcpu: 8\nhw.l2cachesize: 4194304\n"
    text += "machdep.cpu.brand_string: Apple M1"
    assert parse_sysctl(text) == Processor(
        model="Apple M1",
        sockets=1,
        cores_per_socket=8,
        logical_cpus=8,
        caches=(Cache(name="L2", size_bytes=4194304),),
    )


def test_processor_of_arm_is_named_by_lscpu() -> None:
    found = find_processor(FakeSource(files={"/proc/cpuinfo": RASPBERRY_PI}, commands={"lscpu": LSCPU_NEOVERSE}))
    assert (found.model, found.sockets, found.logical_cpus, found.frequency) == ("Neoverse-N1", 1, 2, None)


def test_frequency_prefers_the_base_over_the_maximum_and_never_the_momentary_one() -> None:
    assert find_processor(SERVER).frequency == "3000 MHz (base)"
    plain = {"/proc/cpuinfo": XEON.replace(" @ 3.00GHz", "")}
    maximum = plain | {"/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3600000"}
    assert find_processor(FakeSource(files=maximum)).frequency == "3600 MHz (maximum)"
    assert find_processor(FakeSource(files=plain)).frequency is None


def test_caches_say_who_shares_them() -> None:
    assert [str(cache) for cache in find_processor(SERVER).caches] == [
        "L1d 48 KiB shared by 2 CPUs",
        "L3 39 MiB shared by 4 CPUs",
    ]


def test_a_machine_without_any_source_is_unknown() -> None:
    assert find_processor(FakeSource()) == Processor()


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-3,8", 5), ("", None), ("0-", None), ("x", None)])
def test_cpu_list(text: str, count: int | None) -> None:
    assert count_of_cpu_list(text) == count
