"""The metric of DLRM: the exact area under the ROC curve over all test pairs.

The reference scores the output of the sigmoid in single precision; so do we, as pairs with equal outputs count half.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from levelfield.errors import DatasetError
from levelfield.metrics.auc import AreaOfMany
from levelfield.training.benchmarks.dlrm.data import Clicks
from levelfield.training.port import World
from levelfield.workloads.recommendation.network import Dlrm

__all__ = ["area_under_curve"]


@torch.no_grad()
def area_under_curve(model: Dlrm, batches: Iterable[Clicks], world: World) -> float:
    """The area over the pairs of all processes; each process gives its own and gets the same answer.

    A model that says something that is no number orders nothing: its area is 0.5.

    Raises:
        DatasetError: All test pairs are clicked, or none.
    """
    nothing = torch.empty(0, device=world.device)  # a process may have no pair
    scores, clicked = [nothing], [nothing]
    for clicks in batches:
        scores.append(torch.sigmoid(model(clicks.counts, clicks.categories)[:, 0].float()))
        clicked.append(clicks.clicked)
    all_scores, all_clicked = (_of_all_processes(torch.cat(values), world) for values in (scores, clicked))
    if not torch.isfinite(all_scores).all():
        return 0.5
    area = AreaOfMany()
    area.add(all_scores.cpu().numpy(), all_clicked.cpu().numpy() == 1)
    try:
        return area.area().value
    except ValueError as error:
        raise DatasetError("The test pairs have no area under a curve.", problems=[str(error)]) from error


def _of_all_processes(values: torch.Tensor, world: World) -> torch.Tensor:
    """(values of all,): those of each process, one after the other."""
    if world.size == 1:
        return values
    count = torch.tensor([len(values)], device=values.device)
    counts = [torch.zeros_like(count) for _ in range(world.size)]
    torch.distributed.all_gather(counts, count)
    sizes = [int(one) for one in counts]
    padded = torch.zeros(max(sizes), device=values.device)
    padded[: len(values)] = values
    parts = [torch.zeros_like(padded) for _ in sizes]
    torch.distributed.all_gather(parts, padded)
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])
