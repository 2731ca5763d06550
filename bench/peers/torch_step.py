"""PyTorch's milliseconds for a training step, eager: StableMax, perp-grad, AdamW.

Usage: torch_step.py WORKLOAD STEPS TIMINGS THREADS [DEVICE [graph]]; prints one
JSON object with the mean of each timing. With `graph` the step is recorded once as
a CUDA graph and replayed.
"""

import json
import sys
import time

import torch

from workloads import BETA1, BETA2, D, EPS, HEADS, LR, WORKLOADS, load, mlp

name, steps, timings, threads = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
device = sys.argv[5] if len(sys.argv) > 5 else "cpu"
graph = sys.argv[6:] == ["graph"]
torch.set_default_device(device)
model, loss_precision, precision = WORKLOADS[name]
dtype, loss_dtype = getattr(torch, precision), getattr(torch, loss_precision)

inputs, labels, weights = load(name)
x = torch.tensor(inputs) if model == "transformer" else torch.tensor(inputs, dtype=dtype)
y = torch.tensor(labels)
params = {k: torch.tensor(v, dtype=dtype, requires_grad=True) for k, v in weights.items()}
optimizer = torch.optim.AdamW(
    params.values(),
    lr=LR,
    betas=(BETA1, BETA2),
    eps=EPS,
    weight_decay=0,
    capturable=graph,
)
causal = torch.full((3, 3), -1e10, dtype=dtype).triu(1)


def transformer(p):
    resid = p["W_E"][x] + p["W_pos"]
    q, k, v = (torch.einsum("bpd,hde->bhpe", resid, p[w]) for w in ("W_Q", "W_K", "W_V"))
    scores = q @ k.transpose(-1, -2) / (D // HEADS) ** 0.5 + causal
    z = torch.softmax(scores, -1) @ v
    # Only the last position is read, so only it goes through the rest.
    resid = resid[:, -1] + torch.einsum("bhe,hed->bd", z[:, :, -1], p["W_O"])
    hidden = torch.relu(resid @ p["W_in"] + p["b_in"])
    return (resid + hidden @ p["W_out"] + p["b_out"]) @ p["W_U"]


def step():
    z = transformer(params) if model == "transformer" else mlp(params, x, torch.relu)
    z = z.to(loss_dtype)
    s = torch.where(z >= 0, z + 1, 1 / (1 - z))
    picked = s.gather(1, y[:, None])[:, 0]
    loss = -torch.log(picked / s.sum(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    with torch.no_grad():
        for w in params.values():
            g = w.grad
            rest = g - (w * g).sum() / ((w * w).sum() + 1e-30) * w
            w.grad = rest * g.norm() / (rest.norm() + 1e-30)
    optimizer.step()


for _ in range(3):
    step()
run, wait = step, lambda: None
if device != "cpu":
    wait = torch.cuda.synchronize
if graph:
    # Capture wants the warm-up on a stream of its own, and gradients kept.
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        step()
    torch.cuda.current_stream().wait_stream(side)
    recorded = torch.cuda.CUDAGraph()
    with torch.cuda.graph(recorded):
        step()
    run = recorded.replay
times = []
for _ in range(timings):
    wait()
    start = time.perf_counter()
    for _ in range(steps):
        run()
    wait()
    times.append((time.perf_counter() - start) / steps * 1e3)
how = "CUDA graph" if graph else "eager"
print(json.dumps({"peer": f"PyTorch {torch.__version__} {how}", "ms": times}))
