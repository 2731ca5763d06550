"""PyTorch's milliseconds for a training step: StableMax, perp-grad, AdamW.

Usage: torch_step.py WORK STEPS TIMINGS THREADS [DEVICE [FORM...]]; WORK is the file
that workloads.py reads, forms are

    compile     the loss, its gradient and perp-grad by torch.compile
    graph       the step recorded once as a CUDA graph and replayed
    looked-up   tokens looked up, not multiplied as one-hot rows

Prints one JSON object with the mean of each timing and the losses of the first steps.
What compiling takes is not timed.
"""

import json
import sys
import time

import torch

from workloads import mlp, one_hot, read, transformer

path, steps, timings, threads = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
device = sys.argv[5] if len(sys.argv) > 5 else "cpu"
forms = sys.argv[6:]
compiled, graph, looked_up = (form in forms for form in ("compile", "graph", "looked-up"))
torch.set_default_device(device)
work = read(path)
dtype, loss_dtype = getattr(torch, work.precision), getattr(torch, work.lossPrecision)

if work.model == "transformer" or looked_up:
    x = torch.tensor(work.inputs)
else:
    x = torch.tensor(one_hot(work), dtype=dtype)
y = torch.tensor(work.labels)
params = {k: torch.tensor(v, dtype=dtype, requires_grad=True) for k, v in work.weights.items()}
optimizer = torch.optim.AdamW(
    params.values(),
    lr=work.lr,
    betas=(work.beta1, work.beta2),
    eps=work.eps,
    weight_decay=0,
    capturable=graph,
    fused=True,
)


def logits(p):
    if work.model == "transformer":
        return transformer(p, x, torch.relu, torch.softmax, torch.einsum, looked_up)
    return mlp(p, x, torch.relu, x if looked_up else None)


def loss_of(p):
    z = logits(p).to(loss_dtype)
    s = torch.where(z >= 0, z + 1, 1 / (1 - z))
    picked = s.gather(1, y[:, None])[:, 0]
    return -torch.log(picked / s.sum(1)).mean()


def perp(ws, gs):
    found = []
    for w, g in zip(ws, gs):
        rest = g - (w * g).sum() / ((w * w).sum() + 1e-30) * w
        found.append(rest * g.norm() / (rest.norm() + 1e-30))
    return found


if compiled:
    loss_of, perp = torch.compile(loss_of), torch.compile(perp)


def step():
    loss = loss_of(params)
    optimizer.zero_grad()
    loss.backward()
    with torch.no_grad():
        ws = list(params.values())
        for w, g in zip(ws, perp(ws, [w.grad for w in ws])):
            w.grad = g
    optimizer.step()
    return loss


first = [step().item() for _ in range(4)]
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
how = "torch.compile" if compiled else "CUDA graph" if graph else "eager"
name = f"PyTorch {torch.__version__} {how}" + (", looked up" if looked_up else "")
print(json.dumps({"peer": name, "ms": times, "losses": first}))
