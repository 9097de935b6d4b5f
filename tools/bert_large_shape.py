"""Write a BERT-large with random weights and a small set of questions in SQuAD's format, to try the full edition with.

Run ``python tools/bert_large_shape.py --out FOLDER [--questions N] [--layers N]`` in an environment with levelfield,
torch (CPU) and onnx. It writes ``bert.onnx`` (1.3 GB, 335 million parameters, batch and length free),
``dev-v1.1.json`` and ``vocab.txt``. Then, for example::

    levelfield inference run -b bert-99 -s SingleStream --edition full --data FOLDER --model FOLDER/bert.onnx

Answers are random, so the accuracy means nothing; the work for each sample is that of BERT-large.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import torch

from levelfield.files import write_atomically
from levelfield.workloads.question_answering.export import graph_of
from levelfield.workloads.question_answering.generator import Names, passages, vocabulary
from levelfield.workloads.question_answering.network import BERT_LARGE, Shape, SpanModel
from levelfield.workloads.question_answering.squad import as_squad

SEED = 20220406


def random_model(shape: Shape) -> SpanModel:
    """Weights as BERT's start: normal with a spread of 0.02."""
    torch.manual_seed(SEED)
    model = SpanModel(shape)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=0.02)
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a BERT-large with random weights, and questions for it.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three files")
    parser.add_argument("--questions", type=int, default=8, help="passages, with one or two questions each")
    parser.add_argument("--layers", type=int, default=BERT_LARGE.layers, help="fewer, for a quick look")
    given = parser.parse_args()
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    paragraphs = list(passages(SEED, given.questions, names=Names.SEEN, sentences=(6, 12)))
    write_atomically(out / "dev-v1.1.json", json.dumps(as_squad(paragraphs, title="generated")))
    write_atomically(out / "vocab.txt", "\n".join(vocabulary()) + "\n")
    model = random_model(replace(BERT_LARGE, layers=given.layers))
    graph_of(model).write(out / "bert.onnx")
    print(f"{out / 'bert.onnx'}: {sum(parameter.numel() for parameter in model.parameters()):,} parameters")


if __name__ == "__main__":
    main()
