"""A few updates of the paper's encoder under its ⊥Grad, by PyTorch's own modules.

nn.TransformerEncoder holds Q, K and V of an attention as one tensor, in_proj_weight, and
their biases as another, in_proj_bias; the paper's ⊥Grad projects every parameter of the
module by itself, so these three together. Here the projection is written from its formula,

    g' = g - (w.g)/(w.w + 1e-30) w        g'' = g' |g|/(|g'| + 1e-30)

once over the module's parameters ("joint") and once over the parts of the two tensors, one by
one ("apart"). Softmax cross-entropy of all pairs of addition mod 5, full batch, float64, no
dropout; PyTorch's AdamW and SGD make the updates.

Run:  pip install torch==2.13.0 numpy; \
      PYTHONPATH=tests/golden python tests/golden/optim/make_encoder_perp.py

Writes encoder_perp.json: sizes, initial parameters in groklab's layout and names, and of every
run the loss before each update and the parameters after the last. 15 digits.
"""

import torch
from torch import nn

from make_golden import digits, numbers, shortest32, write

torch.set_default_dtype(torch.float64)
P, D, HEADS, FF, LAYERS, STEPS = 5, 8, 2, 12, 2, 5
EXACT = digits(15)

TOKENS = torch.tensor([[a, b] for a in range(P) for b in range(P)])
LABELS = TOKENS.sum(1) % P


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(P, D)
        layer = nn.TransformerEncoderLayer(D, HEADS, FF, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(D, P)

    def forward(self, tokens):
        return self.head(self.encoder(self.embedding(tokens))[:, -1])


def fresh(zero_biases):
    torch.manual_seed(11)
    net = Net()
    with torch.no_grad():
        for name, x in net.named_parameters():
            scale = 0.4 if x.dim() == 2 else 0.3
            value = torch.randn(x.shape) * scale + (1 if "norm" in name and name.endswith("weight") else 0)
            if zero_biases and "in_proj_bias" in name:
                value = torch.zeros(x.shape)
            x.copy_(value.float().double())
    return net


def by_head(x):
    """PyTorch's [heads · d_head, d_model] as groklab's [head, d_model, d_head]."""
    return x.view(HEADS, D // HEADS, D).transpose(1, 2)


def as_groklab(net):
    s = dict(net.state_dict())
    out = {"W_E": s["embedding.weight"]}
    for i in range(LAYERS):
        at, b = f"encoder.layers.{i}.", f"blocks.{i}."
        for k, w, bias in zip("QKV", s[at + "self_attn.in_proj_weight"].chunk(3),
                              s[at + "self_attn.in_proj_bias"].chunk(3)):
            out[f"{b}attn.W_{k}"] = by_head(w)
            out[f"{b}attn.b_{k}"] = bias.view(HEADS, D // HEADS)
        out[b + "attn.W_O"] = s[at + "self_attn.out_proj.weight"].T.reshape(HEADS, D // HEADS, D)
        out[b + "attn.b_O"] = s[at + "self_attn.out_proj.bias"]
        for n in ("1", "2"):
            out[f"{b}ln{n}.w"] = s[f"{at}norm{n}.weight"]
            out[f"{b}ln{n}.b"] = s[f"{at}norm{n}.bias"]
        for ours, theirs in (("in", "linear1"), ("out", "linear2")):
            out[f"{b}mlp.W_{ours}"] = s[f"{at}{theirs}.weight"].T
            out[f"{b}mlp.b_{ours}"] = s[f"{at}{theirs}.bias"]
    out["W_U"] = s["head.weight"].T
    out["b_U"] = s["head.bias"]
    return {k: v.detach().clone() for k, v in out.items()}


def perpendicular(w, g):
    g1 = g - (w.flatten() @ g.flatten()) / (w.flatten() @ w.flatten() + 1e-30) * w
    return g1 * g.norm() / (g1.norm() + 1e-30)


def project(net, projections):
    for name, x in net.named_parameters():
        parts = 3 if projections == "apart" and "in_proj" in name else 1
        pairs = zip(x.detach().chunk(parts), x.grad.chunk(parts))
        x.grad = torch.cat([perpendicular(w, g) for w, g in pairs])


def run(projections, optimizer, zero_biases):
    net = fresh(zero_biases)
    start = as_groklab(net)
    made = {
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.1),
        "sgd": lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.8),
    }[optimizer](net.parameters())
    losses = []
    for _ in range(STEPS):
        net.zero_grad()
        loss = nn.functional.cross_entropy(net(TOKENS), LABELS)
        loss.backward()
        losses.append(loss.item())
        project(net, projections)
        made.step()
    return {
        "projections": projections,
        "optimizer": optimizer,
        "params": {k: numbers(v.flatten(), shortest32) for k, v in start.items()},
        "losses": [EXACT(x) for x in losses],
        "final": {k: numbers(v.flatten(), EXACT) for k, v in as_groklab(net).items()},
    }


if __name__ == "__main__":
    shapes = {k: list(v.shape) for k, v in as_groklab(fresh(False)).items()}
    write("optim/encoder_perp.json", {
        "config": {"modulus": P, "dModel": D, "heads": HEADS, "dFf": FF, "layers": LAYERS, "steps": STEPS},
        "shapes": shapes,
        "tokens": TOKENS.tolist(),
        "labels": LABELS.tolist(),
        "runs": [
            run("joint", "adamw", False),
            run("joint", "sgd", True),
            run("apart", "sgd", True),
        ],
    })
