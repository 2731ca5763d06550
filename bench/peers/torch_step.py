"""PyTorch's time for the training step of groklab's default preset, eager.

The same work as jax_step.py. Prints one JSON object.
Usage: torch_step.py [steps a timing] [timings] [float32|float64]
"""

import json
import sys
import time

import numpy as np
import torch

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 50
timings = int(sys.argv[2]) if len(sys.argv) > 2 else 3
dtype = getattr(torch, sys.argv[3] if len(sys.argv) > 3 else "float32")

p, n, widths = 113, 5107, [226, 200, 200, 113]
rng = np.random.default_rng(0)
pairs = rng.permutation(p * p)[:n]
a, b = pairs // p, pairs % p
x = torch.tensor(np.concatenate([np.eye(p)[a], np.eye(p)[b]], 1), dtype=dtype)
y = torch.tensor((a + b) % p)
params = [
    torch.tensor(rng.uniform(-1, 1, (i, o)) / np.sqrt(i), dtype=dtype, requires_grad=True)
    for i, o in zip(widths, widths[1:])
]
optimizer = torch.optim.AdamW(
    params, lr=0.01, betas=(0.95, 0.999), eps=1e-8, weight_decay=0
)


def step():
    h = x
    for w in params[:-1]:
        h = torch.relu(h @ w)
    z = h @ params[-1]
    s = torch.where(z >= 0, z + 1, 1 / (1 - z))
    picked = s.gather(1, y[:, None])[:, 0]
    loss = -torch.log(picked / s.sum(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    with torch.no_grad():
        for w in params:
            g = w.grad
            projected = g - (w * g).sum() / ((w * w).sum() + 1e-30) * w
            w.grad = projected * g.norm() / (projected.norm() + 1e-30)
    optimizer.step()
    return loss


for _ in range(5):
    step()
times = []
for _ in range(timings):
    start = time.perf_counter()
    for _ in range(steps):
        loss = step()
    times.append((time.perf_counter() - start) / steps * 1e3)
print(json.dumps({"peer": "torch", "version": torch.__version__, "ms": times, "loss": loss.item()}))
