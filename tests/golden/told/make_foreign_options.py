"""Files of another tool with the rows and the loss that are told of them.

Run:  python make_foreign_options.py

Writes, beside it, two networks that PyTorch exported, of addition mod 7:
foreign_perceptron.onnx (embedding, two hidden layers, SiLU and
tanh) and foreign_transformer.onnx (learned positions, one block of two heads
with fused queries, keys and values, a causal mask, LayerNorm, ReLU MLP, logits at
the last position). foreign_options.json has what NumPy and PyTorch's own
automatic differentiation say about them in float64, on the file's float32
weights: margins, neural collapse, Softmax Collapse, the gradient of the mean
cross-entropy of the train rows, both ends of its Hessian. foreign_options.csv has the
train rows, in an order of their own.

Sources: Papyan, Han & Donoho (arXiv 2008.08186) for NC1–NC4; Prieto et al. (arXiv
2501.04697) for Softmax Collapse.
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F

HERE = Path(__file__).parent
P = 7
torch.manual_seed(5)


class Perceptron(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(P, 3)
        self.one = nn.Linear(6, 8)
        self.two = nn.Linear(8, 5, bias=False)
        self.three = nn.Linear(5, P)

    def features(self, pairs):
        x = self.table(pairs).flatten(1)
        return torch.tanh(self.two(F.silu(self.one(x))))

    def forward(self, pairs):
        return self.three(self.features(pairs))


class Transformer(nn.Module):
    def __init__(self, width=8, heads=2, neurons=9):
        super().__init__()
        self.heads = heads
        self.table = nn.Embedding(P + 1, width)
        self.places = nn.Parameter(0.5 * torch.randn(3, width))
        self.before = nn.LayerNorm(width)
        self.fused = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.between = nn.LayerNorm(width)
        self.up = nn.Linear(width, neurons)
        self.down = nn.Linear(neurons, width)
        self.last = nn.LayerNorm(width)
        self.head = nn.Linear(width, P, bias=False)

    def features(self, tokens):
        n, length = tokens.shape
        x = self.table(tokens) + self.places
        q, k, v = (
            part.view(n, length, self.heads, -1).transpose(1, 2)
            for part in self.fused(self.before(x)).chunk(3, -1)
        )
        scores = q @ k.transpose(-1, -2) / (q.shape[-1] ** 0.5)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        pattern = scores.masked_fill(later, float("-inf")).softmax(-1)
        z = (pattern @ v).transpose(1, 2).reshape(n, length, -1)
        x = x + self.out(z)
        x = x + self.down(torch.relu(self.up(self.between(x))))
        return self.last(x)

    def forward(self, tokens):
        return self.head(self.features(tokens)[:, -1])


def exported(model, inputs, name):
    path = HERE / f"foreign_{name}.onnx"
    torch.onnx.export(
        model, (inputs,), path, dynamo=False, opset_version=18,
        input_names=["tokens"], output_names=["scores"],
        dynamic_axes={"tokens": {0: "n"}, "scores": {0: "n"}},
    )
    session = onnxruntime.InferenceSession(path)
    theirs = session.run(None, {"tokens": inputs.numpy()})[0]
    ours = model(inputs).detach().numpy()
    assert np.abs(theirs - ours).max() < 1e-4, np.abs(theirs - ours).max()


def margins(logits, labels):
    own = logits[np.arange(len(labels)), labels]
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    found = np.sort(own - others.max(1))
    return {
        "mean": found.mean(),
        "positive": (found > 0).mean(),
        "at_quantiles": [
            found[int(q * (len(found) - 1))]
            for q in (0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
        ],
    }


def collapse(h, labels, W, predictions):
    classes = np.unique(labels)
    C = len(classes)
    means = np.stack([h[labels == c].mean(0) for c in classes])
    M = means - h.mean(0)
    place = np.searchsorted(classes, labels)
    within = (h - means[place]).T @ (h - means[place]) / len(h)
    between = M.T @ M / C
    values, vectors = np.linalg.eigh(between)
    keep = values > C * np.finfo(float).eps * values.max()
    inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    W = W[classes]
    lengths = np.linalg.norm(M, axis=1)
    nearest = ((h[:, None] - means[None]) ** 2).sum(2).argmin(1)
    return {
        "nc1": np.trace(within @ inverse) / C,
        "equinorm": lengths.std() / lengths.mean(),
        "nc3": ((W / np.linalg.norm(W) - M / np.linalg.norm(M)) ** 2).sum(),
        "nc4": (classes[nearest] != predictions).mean(),
    }


def about(model, inputs, labels, train, classifier):
    model = model.double()
    params = {name: w.detach() for name, w in model.named_parameters()}
    names = list(params)
    sizes = [params[name].numel() for name in names]
    x, y = inputs[train], labels[train]

    def loss(flat):
        parts = torch.split(flat, sizes)
        at = {n: v.view_as(params[n]) for n, v in zip(names, parts)}
        return F.cross_entropy(functional_call(model, at, (x,)), y)

    theta = torch.cat([params[name].flatten() for name in names])
    gradient = torch.autograd.functional.jacobian(loss, theta)
    hessian = torch.autograd.functional.hessian(loss, theta)
    ends = torch.linalg.eigvalsh(hessian)
    logits = model(inputs).detach().numpy()
    z = logits[train]
    top = np.sort(z, 1)
    shifted = z - z.max(1, keepdims=True)
    half = np.exp(shifted.astype(np.float16).astype(np.float64))
    after = theta - 1e-2 * theta.norm() * gradient / gradient.norm()
    return {
        "samples": len(train),
        "loss": loss(theta).item(),
        "loss_of_all": F.cross_entropy(model(inputs), labels).item(),
        "weight_norm": theta.norm().item(),
        "gradient_norm": gradient.norm().item(),
        "cos": -(theta @ gradient / theta.norm() / gradient.norm()).item(),
        "loss_after": loss(after).item(),
        "loss_after_nlm": loss(1.01 * theta).item(),
        "largest": ends[-1].item(),
        "least": ends[0].item(),
        "trace": hessian.trace().item(),
        "parameters": len(theta),
        "logit_gap": (top[:, -1] - top[:, -2]).mean(),
        "logit_scale": np.abs(z).max(1).mean(),
        "zero_exponentials": (half.astype(np.float16) == 0).mean(),
        "train": margins(z, y.numpy()),
        "test": margins(
            np.delete(logits, train, 0), np.delete(labels.numpy(), train)
        ),
        "collapse": collapse(
            model.features(x).detach().numpy().reshape(len(train), -1)
            if not isinstance(model, Transformer)
            else model.features(x).detach().numpy()[:, -1],
            y.numpy(),
            classifier.weight.detach().numpy(),
            z.argmax(1),
        ),
    }


pairs = torch.cartesian_prod(torch.arange(P), torch.arange(P))
labels = pairs.sum(1) % P
train = torch.randperm(len(pairs))[:29]
triples = torch.cat([pairs, torch.full((len(pairs), 1), P)], 1)
rows = [
    f"{a},{b},{y}" for (a, b), y in zip(pairs[train].tolist(), labels[train].tolist())
]
(HERE / "foreign_options.csv").write_text("\n".join(["a,b,label", *rows, ""]))

result = {}
for name, model, inputs in (
    ("perceptron", Perceptron(), pairs),
    ("transformer", Transformer(), triples),
):
    # Some of the way to where rows are known by heart, so that nothing is at random.
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs[train]), labels[train]).backward()
        optimizer.step()
    model.eval()
    exported(model, inputs, name)
    head = model.head if name == "transformer" else model.three
    result[name] = about(model, inputs, labels, train.numpy(), head)

# The network that make_foreign.py writes in many ways, on its own train rows.
files = json.loads((HERE.parent / "foreign" / "foreign.json").read_text())
plain = onnx.load_from_string(base64.b64decode(files[0]["file"]))
E, W, b, U = (
    torch.tensor(numpy_helper.to_array(entry)).double()
    for entry in plain.graph.initializer
    if entry.data_type == 1
)
x, y = pairs[train], labels[train]


def otherwise(E, W, b, U):
    hidden = torch.relu(E[x].flatten(1) @ W.T + b)
    return F.cross_entropy(hidden @ U.T, y)


parts = [E, W, b, U]
theta = torch.cat([part.flatten() for part in parts])
of = lambda flat: otherwise(
    *(
        v.view_as(part)
        for v, part in zip(torch.split(flat, [p.numel() for p in parts]), parts)
    )
)
gradient = torch.autograd.functional.jacobian(of, theta)
result["otherwise"] = {
    "loss": of(theta).item(),
    "gradient_norm": gradient.norm().item(),
    "cos": -(theta @ gradient / theta.norm() / gradient.norm()).item(),
    "largest": torch.linalg.eigvalsh(
        torch.autograd.functional.hessian(of, theta)
    )[-1].item(),
    "weights": {
        "W_E": E.flatten().tolist(),
        "layers.0.W": W.T.flatten().tolist(),
        "layers.1.W": U.T.flatten().tolist(),
    },
}
(HERE / "foreign_options.json").write_text(json.dumps(result))
