"""RAPL counters as texts."""

from __future__ import annotations

from levelfield.system.energy import EnergyCounter

ROOT = "/sys/class/powercap"


class Counters:
    """A machine with the files that a test puts there."""

    def __init__(self, **files: str) -> None:
        self.files = {f"{ROOT}/{name.replace('__', '/')}": text for name, text in files.items()}
        self.domains: tuple[str, ...] = ("intel-rapl", "intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1")

    def put(self, domain: str, name: str, energy: int | None) -> None:
        self.files[f"{ROOT}/{domain}/name"] = name
        self.files[f"{ROOT}/{domain}/max_energy_range_uj"] = "262143000000"
        self.files.pop(f"{ROOT}/{domain}/energy_uj", None)
        if energy is not None:
            self.files[f"{ROOT}/{domain}/energy_uj"] = str(energy)

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def names(self, folder: str) -> tuple[str, ...]:
        return self.domains if folder == ROOT else ()

    def output(self, *command: str) -> str | None:
        raise AssertionError(command)


def test_packages_are_added_and_their_parts_are_not() -> None:
    machine = Counters()
    machine.put("intel-rapl:0", "package-0", 1_000_000)
    machine.put("intel-rapl:1", "package-1", 5_000_000)
    machine.put("intel-rapl:0:0", "core", 7_000_000)
    counter = EnergyCounter(machine)
    machine.put("intel-rapl:0", "package-0", 3_500_000)
    machine.put("intel-rapl:1", "package-1", 5_250_000)
    machine.put("intel-rapl:0:0", "core", 9_000_000)
    assert counter.joules() == 2.75


def test_counter_that_wraps_around_goes_on() -> None:
    machine = Counters()
    machine.put("intel-rapl:0", "package-0", 262_142_000_000)
    counter = EnergyCounter(machine)
    machine.put("intel-rapl:0", "package-0", 2_000_000)
    assert counter.joules() == 3.0
    machine.put("intel-rapl:0", "package-0", 4_000_000)
    assert counter.joules() == 5.0


def test_machine_without_counters_says_so() -> None:
    assert EnergyCounter(Counters()).joules() is None
    assert not EnergyCounter(Counters()).is_there


def test_counter_that_may_not_be_read_is_none() -> None:
    machine = Counters()
    machine.put("intel-rapl:0", "package-0", None)
    assert not EnergyCounter(machine).is_there


def test_counter_that_goes_away_leaves_no_half_figure() -> None:
    machine = Counters()
    machine.put("intel-rapl:0", "package-0", 1)
    counter = EnergyCounter(machine)
    machine.put("intel-rapl:0", "package-0", None)
    assert counter.joules() is None


def test_whole_board_is_not_added_to_its_packages() -> None:
    machine = Counters()
    machine.put("intel-rapl:0", "package-0", 0)
    machine.put("intel-rapl:1", "psys", 0)
    counter = EnergyCounter(machine)
    machine.put("intel-rapl:0", "package-0", 1_000_000)
    machine.put("intel-rapl:1", "psys", 9_000_000)
    assert counter.joules() == 1.0
