"""Seeds, targets, states, number formats, the table of peaks, the words of torchrun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tiny_training import BENCHMARK  # noqa: E402

from levelfield.errors import (  # noqa: E402
    FormatError,
    MissingError,
    OutputError,
    RulesError,
    SettingsError,
    UsageError,
)
from levelfield.rules import load_training  # noqa: E402
from levelfield.terms import Division, Edition  # noqa: E402
from levelfield.training import catalog  # noqa: E402
from levelfield.training.distributed import Processes, check_share, device_of, processes_of  # noqa: E402
from levelfield.training.goals import is_reached, logged, targets_of  # noqa: E402
from levelfield.training.port import Cadence, NumberFormat, World  # noqa: E402
from levelfield.training.precision import Arithmetic  # noqa: E402
from levelfield.training.request import TrainingRequest, changed_of  # noqa: E402
from levelfield.training.seeds import seeds_of  # noqa: E402
from levelfield.training.states import (  # noqa: E402
    learnt,
    load_state,
    random_state,
    restore_learnt,
    restore_random,
    save_state,
)
from levelfield.training.utilisation import peak_flops, utilisation  # noqa: E402

RULES = load_training("training-v1.1")


# --------------------------------------------------------------------------------------------------------- seeds


def test_seeds_from_entropy_are_all_different() -> None:
    one, other = seeds_of(40, None), seeds_of(40, None)
    assert len(set(one)) == 40
    assert one != other
    assert all(0 <= seed < 2**31 for seed in one)


def test_given_seed_is_followed_by_its_successors() -> None:
    assert seeds_of(3, 5) == (5, 6, 7)


@pytest.mark.parametrize("seed", [-1, 2**31 - 2])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(SettingsError, match=f"found {seed}, expected 0 to 2147483645"):
        seeds_of(3, seed)


# ------------------------------------------------------------------------------------------------------- targets


@dataclass
class Named:
    """A benchmark that has only targets."""

    name: str
    bounds: Mapping[str, float]

    def targets(self, edition: Edition) -> Mapping[str, float]:
        return self.bounds


def test_mini_has_its_own_number_and_the_round_s_direction() -> None:
    (target,) = targets_of(Named("rnnt", {"wer": 0.1}), Edition.MINI, RULES)
    assert str(target) == "word error rate ≤ 0.1"
    assert is_reached({"wer": 0.1}, [target])
    assert not is_reached({"wer": 0.11}, [target])
    assert not is_reached({"wer": 0.0}, [target])  # the round takes perfection for a mistake


def test_several_targets_must_all_hold() -> None:
    targets = targets_of(Named("maskrcnn", {"BBOX": 0.6, "SEGM": 0.5}), Edition.MINI, RULES)
    assert is_reached({"BBOX": 0.6, "SEGM": 0.5}, targets)
    assert not is_reached({"BBOX": 0.6, "SEGM": 0.4}, targets)
    assert not is_reached({"BBOX": 0.6}, targets)
    assert not is_reached({"BBOX": float("nan"), "SEGM": 0.5}, targets)
    assert logged({"SEGM": 0.5, "BBOX": 0.25}, targets) == {"BBOX": 0.25, "SEGM": 0.5}


def test_one_target_is_logged_as_a_number() -> None:
    assert logged({"top1": 0.5}, targets_of(BENCHMARK, Edition.MINI, RULES)) == 0.5


def test_benchmark_with_other_targets_than_the_round_is_refused() -> None:
    with pytest.raises(RulesError, match=r"The targets of resnet are top5; training-v1\.1 has top1"):
        targets_of(Named("resnet", {"top5": 0.9}), Edition.MINI, RULES)
    with pytest.raises(RulesError, match="other targets than training"):
        targets_of(Named("resnet", {"top1": 0.75}), Edition.FULL, RULES)


def test_cadence_names_its_evaluations() -> None:
    cadence = Cadence(epoch=10, first=15, every=20, last=60)
    assert [step for step in range(1, 61) if cadence.evaluates_after(step)] == [15, 35, 55]


# -------------------------------------------------------------------------------------------------------- states


def test_state_comes_back(tmp_path: Path) -> None:
    save_state(tmp_path / "a.pt", {"weights": torch.arange(3), "step": 5, "order": [1, 2], "word": "x"})
    state = load_state(tmp_path / "a.pt")
    assert state["weights"].tolist() == [0, 1, 2]
    assert (state["step"], state["order"], state["word"]) == (5, [1, 2], "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_what_was_learnt_and_the_dice_come_back() -> None:
    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer, Arithmetic]:
        network = torch.nn.Linear(2, 1)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.5, momentum=0.9)
        network(torch.ones(2)).backward()
        optimizer.step()
        return network, optimizer, Arithmetic(NumberFormat.FP16, "cpu")

    first, other = made(), made()
    kept = {**learnt(*first), **random_state("cpu")}
    drawn = torch.rand(3)
    restore_learnt(kept, *other)
    restore_random({**kept, "random_on_device": torch.empty(0)}, "cpu")  # that of a device which is not there
    assert torch.equal(torch.rand(3), drawn)
    assert repr(learnt(*other)) == repr(learnt(*first))


def test_state_that_could_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"evil": print}, tmp_path / "a.pt")
    with pytest.raises(FormatError, match="a state that levelfield wrote"):
        load_state(tmp_path / "a.pt")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no state at all"])
def test_damaged_state_is_a_format_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(FormatError):
        load_state(tmp_path / "a.pt")


def test_missing_state_is_a_format_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError):
        load_state(tmp_path / "absent.pt")


def test_state_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        save_state(tmp_path / "absent" / "a.pt", {})


# ------------------------------------------------------------------------------------------------ number formats


@pytest.mark.parametrize(
    ("number_format", "kind"),
    [(NumberFormat.FP32, torch.float32), (NumberFormat.BF16, torch.bfloat16), (NumberFormat.FP16, torch.float16)],
)
def test_forward_pass_computes_in_the_format_and_weights_stay_in_fp32(
    number_format: NumberFormat, kind: object
) -> None:
    arithmetic = Arithmetic(number_format, "cpu")
    layer = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    before = layer.weight.detach().clone()
    with arithmetic.forward():
        outputs = layer(torch.ones(3, 4))
        loss = outputs.float().mean()
    assert outputs.dtype == kind
    arithmetic.backward(loss)
    arithmetic.step(optimizer, clip_norm=1.0, parameters=layer.parameters())
    assert layer.weight.dtype == torch.float32
    # Every weight and bias has the gradient 3 / 6: the norm sqrt(10) / 2 is clipped to 1.
    assert (before - layer.weight).tolist() == [pytest.approx([0.5 / 10**0.5] * 4, rel=1e-3)] * 2


def test_scale_of_fp16_comes_back() -> None:
    arithmetic = Arithmetic(NumberFormat.FP16, "cpu")
    layer = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    before = layer.weight.item()
    arithmetic.backward(
        (layer(torch.full((1, 1), 1e30)) * 1e30).sum()
    )  # overflows: the step is left out, the scale halved
    arithmetic.step(optimizer)
    assert layer.weight.item() == before
    other = Arithmetic(NumberFormat.FP16, "cpu")
    other.restore(arithmetic.state())
    assert other.state() == arithmetic.state()
    assert arithmetic.state()["scale"] == 32768.0
    assert Arithmetic(NumberFormat.BF16, "cpu").state() == {}


# --------------------------------------------------------------------------------------------------- utilisation


@pytest.mark.parametrize(
    ("device", "number_format", "peak"),
    [
        ("NVIDIA H100 80GB HBM3", NumberFormat.BF16, 989.4e12), ("NVIDIA H100 PCIe", NumberFormat.BF16, 756e12),
        ("NVIDIA H200", NumberFormat.FP16, 989.4e12), ("NVIDIA A100-SXM4-80GB", NumberFormat.FP32, 19.5e12),
        ("NVIDIA A10", NumberFormat.BF16, 125e12), ("Tesla V100-SXM2-32GB", NumberFormat.BF16, None),
        ("NVIDIA L40S", NumberFormat.BF16, None), ("cpu", NumberFormat.FP32, None),
    ],
)  # fmt: skip
def test_peak_is_the_maker_s_or_unknown(device: str, number_format: NumberFormat, peak: float | None) -> None:
    assert peak_flops(device, number_format) == peak


def test_utilisation_is_a_share_of_all_devices() -> None:
    assert utilisation(1000.0, 24e9, 1e12, 8) == pytest.approx(3.0)
    assert utilisation(None, 24e9, 1e12, 8) is None
    assert utilisation(1000.0, None, 1e12, 8) is None
    assert utilisation(1000.0, 24e9, None, 8) is None


# ----------------------------------------------------------------------------------------------------- processes


def test_without_torchrun_this_process_is_alone() -> None:
    assert processes_of({}) == Processes()


def test_torchrun_s_words_are_read() -> None:
    found = processes_of({"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1"})
    assert found == Processes(rank=3, size=4, local_rank=1)
    assert found.hosts == 1


@pytest.mark.parametrize(("on_host", "hosts"), [("2", 2), ("4", 1), ("8", 1), ("two", 1), ("0", 1)])
def test_hosts_are_counted_by_their_processes(on_host: str, hosts: int) -> None:
    words = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": on_host}
    assert processes_of(words).hosts == hosts


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"WORLD_SIZE": "2"}, "RANK: found None"),
        ({"WORLD_SIZE": "x", "RANK": "0", "LOCAL_RANK": "0"}, "WORLD_SIZE: found 'x'"),
        ({"WORLD_SIZE": "2", "RANK": "2", "LOCAL_RANK": "0"}, "found 2, expected less than WORLD_SIZE, which is 2"),
    ],
)
def test_wrong_words_of_torchrun_are_told(environment: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        processes_of(environment)


def test_batch_must_be_shared_equally() -> None:
    check_share(64, World(size=2))
    with pytest.raises(SettingsError, match="found 63, expected a multiple of the 2 processes"):
        check_share(63, World(size=2))


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_device_is_the_processor_where_there_is_no_other() -> None:
    assert device_of("auto", Processes()) == "cpu"
    with pytest.raises(MissingError, match="there are 0"):
        device_of("cuda", Processes())


# ------------------------------------------------------------------------------------------------------- request


def request(**changes: object) -> TrainingRequest:
    return TrainingRequest(**{"benchmark": "resnet", "out": Path("out"), **changes})


def test_request_as_it_stands_has_no_problems() -> None:
    assert request().problems() == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"runs": 0}, "--runs: found 0, expected 1 or more."),
        ({"batch_size": 0}, "--batch: found 0"),
        ({"threads": -1}, "--threads: found -1"),
        ({"peak_flops": -1.0}, "--peak-flops: found -1.0"),
        ({"device": "tpu"}, "--device: found tpu, expected auto, cpu or cuda."),
        ({"status": "available"}, "--status: found available, expected cloud, onprem, preview, research."),
        ({"system_name": "a/b"}, "--system-name: found 'a/b'"),
        ({"division": Division.CLOSED}, "--division: a mini edition is never in the closed division; expected open."),
        ({"division": Division.CLOSED, "edition": Edition.FULL}, "--submitter: missing"),
        ({"division": Division.NETWORK}, "--division: found network"),
        ({"resume": True, "seed": 1}, "--resume: goes on with one run and its seed"),
    ],
)
def test_impossible_request_is_told(changes: dict[str, object], told: str) -> None:
    assert any(problem.startswith(told) for problem in request(**changes).problems())


def test_settings_are_read_from_pairs() -> None:
    assert changed_of(("a=1", "b = x=y ")) == {"a": "1", "b": "x=y"}


def test_all_wrong_pairs_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        changed_of(("a", "=3", "b=1", "b=2"))
    assert list(caught.value.problems) == [
        "--set a: expected KEY=VALUE.", "--set =3: expected KEY=VALUE.", "--set b: given 2 times.",
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- catalog


def test_unknown_benchmark_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'resnet'"):
        catalog.benchmark_named("resnet50")


def test_benchmark_of_one_s_own_is_found_by_module_and_object() -> None:
    assert catalog.benchmark_named("tiny_training:BENCHMARK") is BENCHMARK


@pytest.mark.parametrize("name", ["absent_module:X", "tiny_training:ABSENT", ":", "tiny_training:"])
def test_benchmark_that_cannot_be_imported_is_told(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be imported"):
        catalog.benchmark_named(name)


def test_benchmark_that_this_installation_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingError, match="has no bert"):
        catalog.benchmark_named("bert")


def test_every_benchmark_that_is_there_has_the_name_it_is_listed_by() -> None:
    found = {benchmark.name for benchmark in catalog.available()}
    assert "resnet" in found
    assert found <= set(catalog.NAMES)
    for benchmark in catalog.available():
        assert targets_of(benchmark, Edition.FULL, RULES) == RULES.benchmark(benchmark.name).targets
        assert targets_of(benchmark, Edition.MINI, RULES)
