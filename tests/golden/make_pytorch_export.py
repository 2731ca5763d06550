"""A small network that PyTorch trained on addition mod 23 and exported itself.

Run:  python make_pytorch_export.py

Writes pytorch_export.onnx, by torch.onnx.export as it comes, and
pytorch_export.json: what PyTorch and NumPy say about it. The network has the
usual shape of PyTorch code: nn.Embedding, nn.Linear, its own names, weights of
shape [out, in]. It trains on 70 % of the pairs until it has grokked.

Source of the measures: Nanda et al. (arXiv 2301.05217).
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent
P = 23
KEYS_ABOVE = 1 / 4  # of the largest component


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(P, 48)
        self.hidden = nn.Linear(2 * 48, 64)
        self.head = nn.Linear(64, P, bias=False)

    def forward(self, tokens):
        return self.head(torch.relu(self.hidden(self.embedding(tokens).flatten(1))))


def train():
    torch.manual_seed(0)
    pairs = torch.cartesian_prod(torch.arange(P), torch.arange(P))
    labels = pairs.sum(1) % P
    order = torch.randperm(P * P)
    rows, rest = order[: int(0.7 * P * P)], order[int(0.7 * P * P) :]
    model = Adder()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1.0)
    for step in range(20000):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(pairs[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        if step % 500 == 499:
            right = (model(pairs[rest]).argmax(1) == labels[rest]).float().mean()
            print(step + 1, loss.item(), right.item())
            if right == 1 and step > 4000:
                break
    return model, pairs


def basis(n):
    x = np.arange(n)
    rows = [np.ones(n)]
    for k in range(1, n // 2 + 1):
        rows += [np.cos(2 * np.pi * k * x / n), np.sin(2 * np.pi * k * x / n)]
    return np.stack([row / np.linalg.norm(row) for row in rows[:n]])


def measures(model, pairs):
    with torch.no_grad():
        logits = model(pairs).double().numpy()
        W_E = model.embedding.weight.double().numpy()
    norms = np.linalg.norm(basis(P) @ W_E, axis=1)[1:]
    largest = norms.max()
    return {
        "logits": logits[:5].tolist(),
        "embedding_norms": norms.tolist(),
        "embedding_keys": [
            k
            for k in range(1, P // 2 + 1)
            if max(norms[2 * k - 2], norms[2 * k - 1]) > KEYS_ABOVE * largest
        ],
        "accuracy": float((logits.argmax(1) == pairs.sum(1).numpy() % P).mean()),
    }


if __name__ == "__main__":
    model, pairs = train()
    model.eval()
    torch.onnx.export(
        model,
        (pairs[:2],),
        HERE / "pytorch_export.onnx",
        input_names=["tokens"],
        output_names=["scores"],
        dynamic_shapes={"tokens": {0: torch.export.Dim("batch")}},
        external_data=False,
    )
    text = json.dumps(measures(model, pairs))
    (HERE / "pytorch_export.json").write_text(text + "\n")
