"""Cases of KiTS19 as the training reference prepares them: small ones, in its file format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["prepared_kits"]


def prepared_kits(folder: Path, cases: tuple[str, ...], *, edge: int) -> Path:
    """``case_00000_x.npy`` and ``_y.npy`` of each: a bright box in a dark one, in volumes of different edges."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(cases):
        draw = np.random.default_rng(number)
        labels = np.zeros((1, edge, edge + 3, edge + 8 * number), np.uint8)
        labels[:, 4:-8, 6:-6, 8:-8] = 1
        labels[:, 8:-14, 10:-12, 12:-14] = 2
        image = np.array([-1.0, 0.2, 1.5], np.float32)[labels]
        image += draw.normal(0, 0.3, labels.shape).astype(np.float32)
        np.save(folder / f"{case}_x.npy", image)
        np.save(folder / f"{case}_y.npy", labels)
    return folder
