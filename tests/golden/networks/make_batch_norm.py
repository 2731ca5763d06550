"""Reference values of batch normalisation, from PyTorch's nn.BatchNorm1d with autograd.

Nothing here shares code with the TypeScript sources: the perceptron is nn.Linear,
nn.BatchNorm1d and nn.ReLU in an nn.Sequential, in float64.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/networks/make_batch_norm.py

Writes batch_norm.json beside this script: options, rows and labels of a few perceptrons;
parameters, and running statistics that are not the first ones; with these, in training and in
evaluation, the logits, the mean softmax cross-entropy, its gradients, and the running
statistics afterwards; and the losses, parameters and running statistics of STEPS full-batch
steps of plain gradient descent that begin with running statistics of 0 and 1.

Parameters and running statistics are written with the fewest digits that identify a float32
(apply Math.fround), results with 15 digits. Tensors are flattened in row-major order.
"""

import torch
from torch import nn

from make_golden import digits, numbers, shortest32, write

torch.set_default_dtype(torch.float64)
EXACT = digits(15)
STEPS, LR = 5, 0.3

CASES = {
    "tokens": {"vocabulary": 5, "length": 2, "classes": 4, "hidden": [6, 5], "biases": False},
    "biases": {"vocabulary": 4, "length": 3, "classes": 3, "hidden": [7], "biases": True},
}


def flat(tensors, rounding):
    return {k: numbers(v.detach().flatten(), rounding) for k, v in tensors.items()}


def rounded(tensor):
    """In place, to numbers that float32 has."""
    with torch.no_grad():
        tensor.copy_(tensor.float().double())


def network(o):
    """The perceptron, and our names for its parameters and buffers."""
    modules, params, buffers = [], {}, {}
    width = o["vocabulary"] * o["length"]
    for i, out in enumerate([*o["hidden"], o["classes"]]):
        linear = nn.Linear(width, out, bias=o["biases"])
        nn.init.normal_(linear.weight, std=0.6)
        params[f"layers.{i}.W"] = linear.weight
        if o["biases"]:
            nn.init.normal_(linear.bias, std=0.6)
            params[f"layers.{i}.b"] = linear.bias
        modules.append(linear)
        if i < len(o["hidden"]):
            norm = nn.BatchNorm1d(out)
            nn.init.normal_(norm.weight, 1, 0.3)
            nn.init.normal_(norm.bias, 0, 0.5)
            params |= {f"layers.{i}.bn.w": norm.weight, f"layers.{i}.bn.b": norm.bias}
            buffers |= {f"layers.{i}.bn.running_mean": norm.running_mean,
                        f"layers.{i}.bn.running_var": norm.running_var}
            modules += [norm, nn.ReLU()]
        width = out
    for tensor in params.values():
        rounded(tensor)
    return nn.Sequential(*modules), params, buffers


def ours(params):
    """nn.Linear's weight is [out, in]."""
    return {k: v.T if k.endswith(".W") else v for k, v in params.items()}


def make_case(o):
    model, params, buffers = network(o)
    start = {k: v.clone() for k, v in buffers.items()}
    rows = 9
    tokens = torch.randint(o["vocabulary"], (rows, o["length"]))
    labels = torch.randint(o["classes"], (rows,))
    x = nn.functional.one_hot(tokens, o["vocabulary"]).flatten(1).double()
    for name, buffer in buffers.items():
        with torch.no_grad():
            buffer.copy_(torch.rand(buffer.shape) + (0.5 if name.endswith("var") else -0.5))
        rounded(buffer)
    # Copied: the network goes on changing them.
    out = {"options": o, "tokens": tokens.tolist(), "labels": labels.tolist(), "lr": LR,
           "shapes": {k: list(v.shape) for k, v in {**ours(params), **buffers}.items()},
           "params": flat(ours(params), shortest32), "buffers": flat(buffers, shortest32)}

    def loss_of():
        logits = model(x)
        return logits, nn.functional.cross_entropy(logits, labels)

    for mode in ("evaluation", "training"):
        model.train(mode == "training")
        logits, loss = loss_of()
        gradients = dict(zip(params, torch.autograd.grad(loss, list(params.values()))))
        out[mode] = {"logits": numbers(logits.flatten(), EXACT), "loss": EXACT(loss.item()),
                     "gradients": flat(ours(gradients), EXACT), "buffers": flat(buffers, EXACT)}

    for name, buffer in buffers.items():
        buffer.copy_(start[name])
    sgd = torch.optim.SGD(params.values(), lr=LR)
    losses = []
    for _ in range(STEPS):
        _, loss = loss_of()
        losses.append(EXACT(loss.item()))
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    out["trained"] = {"losses": losses, "params": flat(ours(params), EXACT),
                      "buffers": flat(buffers, EXACT)}
    return out


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    write("networks/batch_norm.json", {name: make_case(o) for name, o in CASES.items()})
