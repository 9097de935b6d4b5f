"""Small copies of Criteo Terabyte's day 23 in its published forms, and a DLRM of the reference's signature."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

COUNTS, TABLES, MODULUS = 13, 26, 40_000_000


@dataclass(frozen=True)
class Day:
    """What a day holds, before it is written in any form."""

    labels: NDArray[np.int32]
    counts: NDArray[np.int32]
    """(pairs, 13), some below 0."""
    values: NDArray[np.int64]
    """(pairs, 26), the hexadecimal numbers of the text, up to 32 bits."""
    dictionaries: list[NDArray[np.int32]]

    @property
    def rows(self) -> NDArray[np.int32]:
        """(pairs, 26): positions in the dictionaries."""
        position = [{int(value): place for place, value in enumerate(words)} for words in self.dictionaries]
        return np.array([[position[f][int(v) % MODULUS] for f, v in enumerate(line)] for line in self.values], np.int32)

    @property
    def records(self) -> NDArray[np.int32]:
        """(pairs, 40), as the reference's binary loader has them: counts below 0 are 0."""
        return np.concatenate([self.labels[:, None], np.maximum(self.counts, 0), self.rows], axis=1)


def made_day(pairs: int, *, seed: int = 5, words: int = 12) -> Day:
    """Pairs that have about as many clicks as the rest, and few different categories."""
    draw = np.random.default_rng(seed)
    known = [draw.choice(2**32, words, replace=False) for _ in range(TABLES)]
    for column in known:
        column[0] = 0  # what an empty column means
    return Day(
        labels=draw.integers(0, 2, pairs).astype(np.int32),
        counts=draw.integers(-2, 3000, (pairs, COUNTS)).astype(np.int32),
        values=np.stack([draw.choice(column, pairs) for column in known], axis=1),
        dictionaries=[(draw.permutation(column) % MODULUS).astype(np.int32) for column in known],
    )


def text_of(day: Day) -> bytes:
    """The published text: zeros of counts and categories are left out, as in the real files."""
    lines = []
    for label, counts, values in zip(day.labels, day.counts, day.values, strict=True):
        columns = [str(label), *(str(c) if c else "" for c in counts), *(f"{v:08x}" if v else "" for v in values)]
        lines.append("\t".join(columns) + "\n")
    return "".join(lines).encode()


def write_text(folder: Path, day: Day, *, compressed: bool = False) -> Path:
    """``day_23`` or ``day_23.gz``, and the 26 dictionaries."""
    folder.mkdir(exist_ok=True)
    for feature, unique in enumerate(day.dictionaries):
        np.savez_compressed(folder / f"day_fea_dict_{feature}.npz", unique=unique)
    path = folder / ("day_23.gz" if compressed else "day_23")
    path.write_bytes(gzip.compress(text_of(day)) if compressed else text_of(day))
    return path


def write_arrays(folder: Path, day: Day, *, fortran: bool, kind: type = np.int32) -> Path:
    """``day_23_reordered.npz``; a transposed array is saved in Fortran order, and as float64 by older code."""
    folder.mkdir(exist_ok=True)
    order = np.asfortranarray if fortran else np.ascontiguousarray
    path = folder / "day_23_reordered.npz"
    np.savez_compressed(path, X_int=order(np.maximum(day.counts, 0)), X_cat=order(day.rows.astype(kind)), y=day.labels)
    return path


def write_binary(folder: Path, day: Day) -> Path:
    """``terabyte_processed_test.bin``: the first half, the middle pair included."""
    folder.mkdir(exist_ok=True)
    path = folder / "terabyte_processed_test.bin"
    path.write_bytes(day.records[: -(-len(day.labels) // 2)].astype("<i4").tobytes())
    return path


def write_model(
    path: Path,
    *,
    rows: int = 12,
    each_table: bool = False,
    offsets: bool = True,
    counts: int = COUNTS,
    tables: int = TABLES,
    index_type: int = TensorProto.INT64,
    counts_name: str = "dense_x",
    outputs: int = 1,
    pairs: object = "pairs",
) -> Path:
    """The mean of the logarithms plus a weight for each row, through a sigmoid; offsets are read and do not matter."""
    weights = np.random.default_rng(8).normal(size=(tables, rows, 1)).astype(np.float32)
    nodes = [helper.make_node("ReduceMean", [counts_name], ["mean"], axes=[1], keepdims=1)]
    inputs = [helper.make_tensor_value_info(counts_name, TensorProto.FLOAT, [pairs, counts])]
    constants = []
    terms = ["mean"]
    for kind in ("indices", "offsets") if offsets else ("indices",):
        if each_table:
            inputs += [helper.make_tensor_value_info(f"{kind}_{n}", index_type, [pairs]) for n in range(tables)]
        else:
            inputs.append(helper.make_tensor_value_info(kind, index_type, [tables, pairs]))
            nodes.append(helper.make_node("Split", [kind], [f"{kind}-{n}" for n in range(tables)], axis=0))
    for n in range(tables):
        constants.append(numpy_helper.from_array(weights[n], f"table_{n}"))
        source = f"indices_{n}" if each_table else f"indices-{n}"
        nodes += [
            helper.make_node("Reshape", [source, "flat"], [f"row_{n}"]),
            helper.make_node("Gather", [f"table_{n}", f"row_{n}"], [f"term_{n}"], axis=0),
        ]
        terms.append(f"term_{n}")
    constants.append(numpy_helper.from_array(np.array([-1], np.int64), "flat"))
    nodes += [helper.make_node("Sum", terms, ["logit"]), helper.make_node("Sigmoid", ["logit"], ["pred"])]
    made = [helper.make_tensor_value_info("pred", TensorProto.FLOAT, [pairs, 1])]
    if outputs > 1:
        made.append(helper.make_tensor_value_info("logit", TensorProto.FLOAT, [pairs, 1]))
    graph = helper.make_graph(nodes, "dlrm", inputs, made, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8), path)
    return path
