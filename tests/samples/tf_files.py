"""Files of TensorFlow made without it: checkpoints of version 2, and records of BERT's examples."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelfield.formats.crc32c import crc32c, masked
from levelfield.formats.protobuf import encoded, varint
from levelfield.formats.tf_example import write_example
from levelfield.formats.tf_record import write_records

DTYPES = {"<f4": 1, "<f8": 2, "<i4": 3, "<i8": 9}


def write_checkpoint(prefix: Path, tensors: Mapping[str, NDArray[Any]], *, per_block: int = 3) -> None:
    """One data file, and an index of blocks whose keys share what they begin with."""
    content, entries = b"", [(b"", bytes([8]) + varint(1))]
    for name in sorted(tensors):
        array = np.asarray(tensors[name], order="C")
        raw = array.tobytes()
        entries.append((name.encode(), entry_of(array, offset=len(content), raw=raw)))
        content += raw
    prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(content)
    prefix.with_name(f"{prefix.name}.index").write_bytes(index_of(entries, per_block))


def entry_of(array: NDArray[Any], *, offset: int, raw: bytes) -> bytes:
    shape = b"".join(encoded(2, bytes([8]) + varint(size)) for size in array.shape)
    number = DTYPES[array.dtype.str]
    return b"".join(
        (
            bytes([8]) + varint(number),
            encoded(2, shape),
            bytes([32]) + varint(offset),
            bytes([40]) + varint(len(raw)),
            bytes([53]) + struct.pack("<I", masked(crc32c(raw))),
        )
    )


def index_of(entries: list[tuple[bytes, bytes]], per_block: int) -> bytes:
    file, handles = b"", []
    for start in range(0, len(entries), per_block):
        some = entries[start : start + per_block]
        handles.append((some[-1][0], handle(len(file), block := block_of(some))))
        file += sealed(block)
    metaindex = block_of([])
    meta = handle(len(file), metaindex)
    file += sealed(metaindex)
    index = block_of(handles, shared=False)
    footer = meta + handle(len(file), index)
    return file + sealed(index) + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def block_of(entries: list[tuple[bytes, bytes]], *, shared: bool = True) -> bytes:
    block, last = b"", b""
    for key, value in entries:
        same = 0
        while shared and same < min(len(key), len(last)) and key[same] == last[same]:
            same += 1
        block += varint(same) + varint(len(key) - same) + varint(len(value)) + key[same:] + value
        last = key
    return block + struct.pack("<II", 0, 1)


def sealed(block: bytes, kind: bytes = b"\0") -> bytes:
    return block + kind + struct.pack("<I", masked(crc32c(block + kind)))


def handle(offset: int, block: bytes) -> bytes:
    return varint(offset) + varint(len(block))


def example_features(
    draw: np.random.Generator, *, length: int = 512, predictions: int = 76, vocabulary: int = 30522, tokens: int = 40
) -> dict[str, Any]:
    """The features of one example of BERT, drawn at random, as the reference's preparation fills them up."""
    ids = np.zeros(length, np.int64)
    ids[:tokens] = draw.integers(5, vocabulary, tokens)
    count = min(predictions, tokens // 7)
    positions = np.zeros(predictions, np.int64)
    positions[:count] = np.sort(draw.choice(np.arange(1, tokens), count, replace=False))
    hidden = np.zeros(predictions, np.int64)
    hidden[:count] = ids[positions[:count]]
    ids[positions[:count]] = 4 if vocabulary < 200 else 103
    return {
        "input_ids": ids,
        "input_mask": (np.arange(length) < tokens).astype(np.int64),
        "segment_ids": ((np.arange(length) >= tokens // 2) & (np.arange(length) < tokens)).astype(np.int64),
        "masked_lm_positions": positions,
        "masked_lm_ids": hidden,
        "masked_lm_weights": (np.arange(predictions) < count).astype(np.float32),
        "next_sentence_labels": draw.integers(0, 2, 1),
    }


def write_bert_records(
    folder: Path, *, parts: int = 2, each: int = 6, evaluation: int = 4, seed: int = 1, **sizes: int
) -> None:
    """``part-00000-of-00002`` and so on, and ``eval_10k``."""
    draw = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    for part in range(parts):
        records = [write_example(example_features(draw, **sizes)) for _ in range(each)]
        write_records(folder / f"part-{part:05}-of-{parts:05}", records)
    write_records(folder / "eval_10k", [write_example(example_features(draw, **sizes)) for _ in range(evaluation)])
