from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from machines import CONTAINER, SERVER, FakeSource

from levelfield.system.accelerators import Accelerator, find_accelerators, parse_nvidia_information, parse_nvidia_smi
from levelfield.system.devices import Disk, Port, find_disks, find_ports, parse_meminfo
from levelfield.system.health import Health, find_health, load_per_core
from levelfield.system.limits import Limits, find_limits, parse_cgroup, parse_cpu_max
from levelfield.system.machine import Machine, describe, find_machine
from levelfield.system.software import CORE_PACKAGES, EXTRAS, parse_os_release, python_version, versions_of
from levelfield.system.source import LiveSource


def test_a_server_is_described_as_far_as_it_is_known() -> None:
    found = describe(find_machine(SERVER), framework="onnxruntime 1.32.0", software={"numpy": "2.4.6"})
    filled = {name: value for name, value in found.as_dict().items() if value}
    assert filled == {
        "system_name": "Dell Inc. PowerEdge R750xa",
        "number_of_nodes": "1",
        "host_processor_model_name": "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz",
        "host_processors_per_node": "2",
        "host_processor_core_count": "2",
        "host_processor_frequency": "3000 MHz (base)",
        "host_processor_caches": "L1d 48 KiB shared by 2 CPUs, L3 39 MiB shared by 4 CPUs",
        "host_memory_capacity": "504 GiB",
        "host_storage_type": "2x NVMe, SSD",
        "host_storage_capacity": "2x 1.75 TiB, 447 GiB",
        "host_networking": "Ethernet 25,000 Mbit/s",
        "accelerators_per_node": "2",
        "accelerator_model_name": "NVIDIA A100 80GB PCIe",
        "accelerator_frequency": "1410 MHz (maximum)",
        "accelerator_host_interconnect": "PCIe Gen4 x16",
        "accelerator_memory_capacity": "80 GiB",
        "framework": "onnxruntime 1.32.0",
        "operating_system": "Ubuntu 22.04.3 LTS, Linux 5.15.0-91-generic",
        "other_software_stack": f"{python_version()}, numpy 2.4.6, NVIDIA driver 535.129.03",
    }


def test_a_container_says_what_it_may_use_and_not_that_there_is_no_accelerator() -> None:
    found = describe(find_machine(CONTAINER))
    assert found.accelerators_per_node == ""
    assert found.host_storage_type == "virtual disk"
    assert found.system_name == ""
    assert found.hw_notes == (
        "virtual machine: processor counts and caches are as the hypervisor shows them; "
        "the process may use 4 of 8 logical CPUs; the control group grants 2.5 CPUs; "
        "the control group grants 4 GiB of memory"
    )


def test_an_empty_machine_is_described_without_inventing_anything() -> None:
    filled = {name for name, value in describe(Machine()).as_dict().items() if value}
    assert filled == {"number_of_nodes", "other_software_stack"}


def test_a_board_maker_s_placeholder_is_no_name() -> None:
    files = {
        "/sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.",
        "/sys/class/dmi/id/product_name": "System Product Name",
    }
    assert find_machine(FakeSource(files=files)).name is None


def test_limits_are_the_tightest_on_the_way_to_the_root() -> None:
    assert find_limits(CONTAINER) == Limits(allowed_cpus=4, cpu_quota=2.5, memory_bytes=4 << 30)


def test_limits_of_version_1_groups() -> None:
    files = {
        "/proc/self/cgroup": "4:memory:/job\n3:cpu,cpuacct:/job\n0::/",
        "/sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "150000",
        "/sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000",
        "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "9223372036854771712",
    }
    assert find_limits(FakeSource(files=files)) == Limits(cpu_quota=1.5)


@pytest.mark.parametrize(
    ("text", "quota"), [("200000 100000", 2.0), ("max 100000", None), ("-1 100000", None), ("", None), ("1 0", None)]
)
def test_cpu_max(text: str, quota: float | None) -> None:
    assert parse_cpu_max(text) == quota


def test_cgroup_file_with_a_colon_in_the_path() -> None:
    assert parse_cgroup("3:cpu,cpuacct:/a\n0::/user:1\nbroken") == {"cpu": "/a", "cpuacct": "/a", "": "/user:1"}


def test_nvidia_smi_with_unknown_cells() -> None:
    devices, driver = parse_nvidia_smi("NVIDIA H200, 143771, 570.86, [N/A], 5, 16\nFailed to initialise NVML")
    assert devices == (Accelerator(model="NVIDIA H200", memory_mib=143771, pcie_generation=5, pcie_lanes=16),)
    assert driver == "570.86"
    assert (devices[0].link, replace(devices[0], pcie_lanes=None).link) == ("PCIe Gen5 x16", None)


def test_nvidia_driver_files_stand_in_for_the_tool() -> None:
    text = "Model: \t\t NVIDIA L4\nIRQ:   \t\t 120\n"
    assert parse_nvidia_information(text) == Accelerator(model="NVIDIA L4")
    assert parse_nvidia_information("IRQ: 1") is None
    files = {
        "/proc/driver/nvidia/gpus/0000:00:04.0/information": text,
        "/sys/bus/pci/devices/0000:00:04.0/class": "0x030200",
    }
    found = find_accelerators(FakeSource(files=files))
    assert (found.devices, found.count_is_known) == ((Accelerator(model="NVIDIA L4"),), True)


@pytest.mark.parametrize(
    ("kind", "maker", "known"),
    [
        ("0x020000", "0x8086", True),  # a network card
        ("0x030000", "0x102b", True),  # the management console's display
        ("0x030000", "0x1002", False),  # a display that may compute
        ("0x120000", "0x1da3", False),  # a processing accelerator
        ("0xffff00", "0x1af4", True),  # virtio
        ("0xff0000", "0x1ae0", False),  # no class: may be anything
    ],
)
def test_zero_accelerators_are_claimed_only_where_nothing_could_be_one(kind: str, maker: str, known: bool) -> None:
    bus = "/sys/bus/pci/devices/0000:00:01.0"
    found = find_accelerators(FakeSource(files={f"{bus}/class": kind, f"{bus}/vendor": maker}))
    assert found.count_is_known is known


def test_disks_under_a_hypervisor_are_virtual_whatever_they_say() -> None:
    files = {"/sys/block/sda/size": "2048", "/sys/block/sda/queue/rotational": "1"}
    assert find_disks(FakeSource(files=files), virtual=True) == (Disk(kind="virtual disk", size_bytes=1 << 20),)
    assert find_disks(FakeSource(files=files), virtual=False) == (Disk(kind="HDD", size_bytes=1 << 20),)


def test_ports_without_a_device_or_speed_are_left_out() -> None:
    assert find_ports(SERVER) == (Port(kind="Ethernet", mbit_per_s=25000),)


@pytest.mark.parametrize(
    ("text", "expected"), [("MemTotal:       24684084 kB\n", 25276502016), ("MemFree: 1 kB", None), ("", None)]
)
def test_meminfo(text: str, expected: int | None) -> None:
    assert parse_meminfo(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [('NAME="x"\nPRETTY_NAME="Debian 12"', "Debian 12"), ("PRETTY_NAME=Alpine\n", "Alpine"), ("NAME=x", None)],
)
def test_os_release(text: str, expected: str | None) -> None:
    assert parse_os_release(text) == expected


def test_macos_without_proc() -> None:
    commands = {"sysctl": "hw.memsize: 17179869184", "sw_vers": "14.1", "uname": "Darwin 23.1.0"}
    found = find_machine(FakeSource(commands=commands))
    assert found.memory_bytes == 16 << 30
    assert found.operating_system.kernel == "Darwin 23.1.0"


def test_health_reads_load_governor_and_turbo(tmp_path: Path) -> None:
    files = {
        "/proc/loadavg": "3.00 1.00 0.50 1/200 4242",
        "/proc/meminfo": "MemAvailable:   2000 kB",
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "powersave",
        "/sys/devices/system/cpu/cpufreq/policy1/scaling_governor": "powersave",
        "/sys/devices/system/cpu/intel_pstate/no_turbo": "1",
    }
    found = find_health(FakeSource(files=files), folder=tmp_path, usable_cpus=4)
    assert (found.load_1min, found.governors, found.turbo, found.available_memory_bytes) == (
        3.0,
        ("powersave",),
        False,
        2048000,
    )
    assert load_per_core(found) == 0.75
    assert found.free_disk_bytes is not None


def test_health_of_a_machine_that_hides_everything(tmp_path: Path) -> None:
    found = find_health(FakeSource(), folder=tmp_path / "absent", usable_cpus=1)
    assert (found.governors, found.turbo, found.free_disk_bytes) == ((), None, None)
    unknown = Health(
        load_1min=None, usable_cpus=1, governors=(), turbo=None, free_disk_bytes=None, available_memory_bytes=None
    )
    assert load_per_core(unknown) is None


def test_package_lists_are_those_of_the_project_file() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert [line.split(">")[0] for line in project["dependencies"]] == list(CORE_PACKAGES)
    extras = {
        extra: tuple(line.split(">")[0] for line in lines)
        for extra, lines in project["optional-dependencies"].items()
        if extra not in {"test", "lint", "build"}  # for development
    }
    assert extras == EXTRAS


def test_versions_of_absent_packages_are_none() -> None:
    found = versions_of(["numpy", "no-such-distribution-anywhere"])
    assert found["numpy"]
    assert found["no-such-distribution-anywhere"] is None


def test_the_live_source_answers_and_never_raises(tmp_path: Path) -> None:
    source = LiveSource(patience_s=0.2)
    assert source.read(str(tmp_path / "absent")) is None
    assert source.read(str(tmp_path)) is None
    assert source.names(str(tmp_path / "absent")) == ()
    assert source.output("no-such-command-anywhere") is None
    assert source.output(sys.executable, "-c", "print('ä'); raise SystemExit(1)") is None
    assert source.output(sys.executable, "-c", "import time; time.sleep(9)") is None
    assert LiveSource().output(sys.executable, "-c", "print(7)") == "7"
