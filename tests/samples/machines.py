"""Machines as texts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FakeSource:
    """A machine made of literal files and command answers."""

    files: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> str | None:
        return self.files[path].strip() if path in self.files else None

    def names(self, folder: str) -> tuple[str, ...]:
        prefix = f"{folder}/"
        return tuple(sorted({path[len(prefix) :].split("/")[0] for path in self.files if path.startswith(prefix)}))

    def output(self, *command: str) -> str | None:
        return self.commands.get(command[0])


def xeon_cpu(number: int, package: int, core: int) -> str:
    return f"""processor	: {number}
vendor_id	: GenuineIntel
cpu family	: 6
model		: 106
model name	: Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz
cpu MHz		: 801.112
cache size	: 39936 KB
physical id	: {package}
siblings	: 4
core id		: {core}
cpu cores	: 2
flags		: fpu vme sse2 avx512f
"""


XEON = "\n".join(
    xeon_cpu(number, package, core)
    for number, (package, core) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (0, 0), (0, 1), (1, 0), (1, 1)])
)
"""Two sockets of two cores, two threads each."""

RASPBERRY_PI = """processor	: 0
BogoMIPS	: 108.00
Features	: fp asimd evtstrm crc32 cpuid
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x0
CPU part	: 0xd08
CPU revision	: 3

processor	: 1
BogoMIPS	: 108.00
Features	: fp asimd evtstrm crc32 cpuid
CPU implementer	: 0x41
CPU part	: 0xd08

Revision	: c03114
Model		: Raspberry Pi 4 Model B Rev 1.4
"""

LSCPU_NEOVERSE = """Architecture:                    aarch64
CPU op-mode(s):                  32-bit, 64-bit
CPU(s):                          64
On-line CPU(s) list:             0-63
Thread(s) per core:              1
Core(s) per socket:              64
Socket(s):                       1
Vendor ID:                       ARM
Model name:                      Neoverse-N1
L1d cache:                       4 MiB (64 instances)
"""

LSCPU_BIG_LITTLE = """Architecture:            aarch64
CPU(s):                  8
Vendor ID:               ARM
Model name:              Cortex-A55
Thread(s) per core:      1
Core(s) per socket:      4
Socket(s):               1
Model name:              Cortex-A76
Core(s) per socket:      4
Socket(s):               1
"""

SERVER = FakeSource(
    files={
        "/proc/cpuinfo": XEON,
        "/proc/meminfo": "MemTotal:       527988404 kB\nMemFree:        1000 kB\nMemAvailable:   2000 kB",
        "/proc/sys/kernel/osrelease": "5.15.0-91-generic",
        "/proc/self/status": "Name:\tpython\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
        "/proc/self/cgroup": "0::/",
        "/etc/os-release": 'PRETTY_NAME="Ubuntu 22.04.3 LTS"\nNAME="Ubuntu"\n',
        "/sys/class/dmi/id/sys_vendor": "Dell Inc.",
        "/sys/class/dmi/id/product_name": "PowerEdge R750xa",
        "/sys/devices/system/cpu/cpu0/cache/index0/level": "1",
        "/sys/devices/system/cpu/cpu0/cache/index0/type": "Data",
        "/sys/devices/system/cpu/cpu0/cache/index0/size": "48K",
        "/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list": "0,4",
        "/sys/devices/system/cpu/cpu0/cache/index3/level": "3",
        "/sys/devices/system/cpu/cpu0/cache/index3/type": "Unified",
        "/sys/devices/system/cpu/cpu0/cache/index3/size": "39936K",
        "/sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list": "0-1,4-5",
        "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "3600000",
        "/sys/block/nvme0n1/size": "3750748848",
        "/sys/block/nvme0n1/queue/rotational": "0",
        "/sys/block/nvme1n1/size": "3750748848",
        "/sys/block/sda/size": "937703088",
        "/sys/block/sda/queue/rotational": "0",
        "/sys/block/loop0/size": "126000",
        "/sys/block/sr0/size": "2097151",
        "/sys/class/net/eno1/speed": "25000",
        "/sys/class/net/eno1/type": "1",
        "/sys/class/net/eno1/device/vendor": "0x8086",
        "/sys/class/net/lo/type": "772",
        "/sys/class/net/docker0/speed": "10000",
        "/sys/class/net/docker0/type": "1",
        "/sys/bus/pci/devices/0000:17:00.0/class": "0x030200",
        "/sys/bus/pci/devices/0000:17:00.0/vendor": "0x10de",
        "/sys/bus/pci/devices/0000:65:00.0/class": "0x030200",
        "/sys/bus/pci/devices/0000:65:00.0/vendor": "0x10de",
        "/sys/bus/pci/devices/0000:03:00.0/class": "0x030000",
        "/sys/bus/pci/devices/0000:03:00.0/vendor": "0x102b",
    },
    commands={
        "nvidia-smi": "NVIDIA A100 80GB PCIe, 81920, 535.129.03, 1410, 4, 16\n"
        "NVIDIA A100 80GB PCIe, 81920, 535.129.03, 1410, 4, 16\n"
    },
)

CONTAINER = FakeSource(
    files={
        "/proc/cpuinfo": XEON.replace("flags		: fpu", "flags		: fpu hypervisor"),
        "/proc/meminfo": "MemTotal:       16000000 kB",
        "/proc/self/status": "Cpus_allowed_list:\t0-3\n",
        "/proc/self/cgroup": "0::/kubepods/pod1",
        "/sys/fs/cgroup/kubepods/pod1/cpu.max": "max 100000",
        "/sys/fs/cgroup/kubepods/cpu.max": "250000 100000",
        "/sys/fs/cgroup/kubepods/pod1/memory.max": "4294967296",
        "/sys/fs/cgroup/kubepods/memory.max": "max",
        "/sys/block/vda/size": "536870912",
        "/sys/block/vda/queue/rotational": "1",
    }
)
"""No PCI bus in sight, a quota on the parent group, a hypervisor."""
