"""Part of make_foreign.py: small transformers, convolutions and recurrent networks,
as both of PyTorch's exporters write them.

The networks are not trained: numbers of all are drawn. What is expected of them as
functions of their weights PyTorch computes in float64, from the module itself.
"""

import io
import logging
import math

import torch.nn.functional as F
from torch import nn
from foreign_cases import *  # noqa: F403

logging.disable(logging.WARNING)
WIDTH, L = 8, 3
ROWS = np.concatenate([PAIRS, np.full((len(PAIRS), 1), P)], 1).astype(np.int64)


class RMS(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.w


class Block(nn.Module):
    def __init__(self, kind, norm, act, scale):
        super().__init__()
        self.kind, self.act = kind, act
        if kind == "fused":
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        elif kind == "einsum":
            self.W = nn.Parameter(torch.empty(3, 2, WIDTH, WIDTH // 2))
            self.O = nn.Parameter(torch.empty(2, WIDTH // 2, WIDTH))
        elif kind == "module":
            self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
        else:
            self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH, False) for _ in "qkv")
        if kind not in ("einsum", "module"):
            self.o = nn.Linear(WIDTH, WIDTH, False)
        self.n1, self.n2 = norm(), norm()
        self.up, self.down = nn.Linear(WIDTH, 16), nn.Linear(16, WIDTH)
        self.scale = nn.Parameter(torch.tensor(1.0)) if scale else 1
        self.register_buffer("mask", torch.tril(torch.ones(L, L)).bool())

    def attend(self, x):
        B, width = x.shape[0], WIDTH // 2
        if self.kind == "module":
            return self.attention(x, x, x, attn_mask=~self.mask, need_weights=False)[0]
        if self.kind == "einsum":
            q, k, v = torch.einsum("bld,xhde->xbhle", x, self.W).unbind(0)
            scores = torch.einsum("bhqe,bhke->bhqk", q, k) / math.sqrt(width)
            pattern = scores.masked_fill(~self.mask, -1e10).softmax(-1)
            return torch.einsum("bhqk,bhke,hed->bqd", pattern, v, self.O)
        q, k, v = (self.qkv(x).chunk(3, -1) if self.kind == "fused"
                   else (self.q(x), self.k(x), self.v(x)))
        q, k, v = (t.view(B, L, 2, width).transpose(1, 2) for t in (q, k, v))
        if self.kind == "whole":
            z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = q @ k.transpose(-1, -2) * width**-0.5
            z = scores.masked_fill(~self.mask, -torch.inf).softmax(-1) @ v
        return self.o(z.transpose(1, 2).reshape(B, L, WIDTH))

    def forward(self, x):
        x = x + self.scale * self.attend(self.n1(x))
        return x + self.scale * self.down(self.act(self.up(self.n2(x))))


class Transformer(nn.Module):
    def __init__(self, kind="chain", layers=1, norm=nn.Identity, act=F.relu,
                 scale=False, positions="added", tied=False, temperature=False):
        super().__init__()
        self.tokens = nn.Embedding(P + 1, WIDTH)
        self.places = (nn.Parameter(torch.empty(L, WIDTH)) if positions == "added"
                       else nn.Embedding(5, WIDTH))
        self.blocks = nn.ModuleList(
            Block(kind, norm, act, scale) for _ in range(layers))
        self.norm = norm()
        self.head = None if tied else nn.Linear(WIDTH, P, False)
        self.temperature = (
            nn.Parameter(torch.tensor(1.0)) if temperature else None)

    def forward(self, row):
        places = self.places
        if isinstance(places, nn.Embedding):
            places = places(torch.arange(row.shape[1]))
        x = self.tokens(row) + places
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        y = (self.head(x) if self.head is not None
             else x @ self.tokens.weight[:P].T)[:, -1]
        return y if self.temperature is None else y / self.temperature


class Convolution(nn.Module):
    def __init__(self, axes):
        super().__init__()
        self.axes = axes
        self.conv = (nn.Conv1d(P, 9, 2) if axes == 1
                     else nn.Conv2d(1, 3, (2, 3), padding=(0, 1)))
        self.norm = nn.BatchNorm1d(9) if axes == 1 else nn.BatchNorm2d(3)
        self.head = nn.Linear(9 if axes == 1 else 3 * P, P)

    def forward(self, row):
        x = F.one_hot(row, P).to(self.head.weight.dtype)
        x = x.transpose(1, 2) if self.axes == 1 else x.unsqueeze(1)
        return self.head(self.norm(F.relu(self.conv(x))).flatten(1))


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.tokens = nn.Embedding(P, 4)
        self.cell = kind(4, 5, batch_first=True)
        self.head = nn.Linear(5, P)

    def forward(self, row):
        return self.head(self.cell(self.tokens(row))[0][:, -1])


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(P, 4)
        self.both = nn.Bilinear(4, 4, 6)
        self.head = nn.Linear(6, P, bias=False)

    def forward(self, row):
        x = self.tokens(row)
        return self.head(F.relu(self.both(x[:, 0], x[:, 1])))


def drawn(module, seed):
    numbers = torch.Generator().manual_seed(seed)
    for v in module.parameters():
        v.data = torch.randn(v.shape, generator=numbers) / 2
    for name, v in module.named_buffers():
        if v.dtype == torch.float32:
            v.copy_(torch.rand(v.shape, generator=numbers) + 0.5)
    return module.eval()


def exported(module, rows, dynamo, opset):
    options = dict(input_names=["row"], output_names=["logits"], opset_version=opset)
    x = (torch.as_tensor(rows[:2]),)
    if dynamo:
        return torch.onnx.export(
            module, x, dynamo=True, verbose=False,
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},), **options).model_proto
    buffer = io.BytesIO()
    torch.onnx.export(module, x, buffer, dynamo=False,
                      dynamic_axes={"row": {0: "n"}, "logits": {0: "n"}}, **options)
    return onnx.load_model_from_string(buffer.getvalue())


def network(name, module, *, rows=ROWS, dynamo=False, opset=None, depth=None,
            homogeneous=None, seed=0, gradient=True):
    module = drawn(module, seed)
    m = exported(module, rows, dynamo, opset or (18 if dynamo else 17))
    # Names of lines and types are half of a file that nobody reads here.
    for n in m.graph.node:
        n.ClearField("metadata_props")
        n.ClearField("doc_string")
    m.graph.ClearField("value_info")
    m.graph.ClearField("metadata_props")
    w = {k: v.detach().numpy().copy() for k, v in module.named_parameters()}
    exact = module.double()

    def f(w):
        tensors = {k: torch.as_tensor(np.array(v)) for k, v in w.items()}
        with torch.no_grad():
            return torch.func.functional_call(
                exact, tensors, (torch.as_tensor(rows),)).numpy()

    case(name, m, w=w, f=f, depth=depth, homogeneous=homogeneous,
         feeds={"row": rows}, near=1e-4)
    if gradient:
        F.cross_entropy(exact(torch.as_tensor(rows)), torch.as_tensor(LABELS)).backward()
        # Of all pairs; rows of tables that are not read have a gradient of 0.
        cases[-1]["expected"]["gradient"] = float(math.sqrt(sum(
            (v.grad**2).sum() for v in exact.parameters())))


old, new = dict(dynamo=False), dict(dynamo=True)
NOT_DERIVED = dict(gradient=False)  # There is no rule for an operator in them.
DEEP = dict(depth=6, homogeneous=False)
network("a transformer of products, old exporter", Transformer(), **old, **DEEP)
network("attention by Einsum", Transformer("einsum"), **old, **DEEP,
        **NOT_DERIVED)
network("two layers of fused queries, keys and values", Transformer("fused", 2),
        **new, depth=10, homogeneous=False)
network("PyTorch's MultiheadAttention and LayerNorm",
        Transformer("module", norm=lambda: nn.LayerNorm(WIDTH)), **new,
        depth=2, homogeneous=False)
network("scaled_dot_product_attention in products", Transformer("whole"), **new,
        **DEEP)
network("ONNX's Attention", Transformer("whole"), **new, opset=23,
        **NOT_DERIVED)
network("a tied embedding, old exporter", Transformer(tied=True), **old, **DEEP)
network("a tied embedding, new exporter", Transformer(tied=True), **new, **DEEP)
network("RMSNorm, SiLU and positions that are looked up",
        Transformer(norm=RMS, act=F.silu, positions="looked up"), **old)
network("GELU and residual scales without axes",
        Transformer(act=F.gelu, scale=True), **new, depth=8, homogeneous=False,
        **NOT_DERIVED)
network("a transformer's temperature, old exporter", Transformer(temperature=True),
        **old, depth=5, homogeneous=False)
network("a transformer's temperature, new exporter", Transformer(temperature=True),
        **new, depth=5, homogeneous=False)
TWO = dict(rows=PAIRS.astype(np.int64))
network("a convolution of one-hot rows, then a norm", Convolution(1), **TWO, **old,
        **NOT_DERIVED, depth=3, homogeneous=False)
network("a convolution over two axes, then a norm", Convolution(2), **TWO, **new,
        **NOT_DERIVED, depth=3, homogeneous=False)
network("PyTorch's GRU", Recurrent(nn.GRU), **TWO, **old, **NOT_DERIVED)
network("PyTorch's RNN, new exporter", Recurrent(nn.RNN), **TWO, **new, **NOT_DERIVED,
        depth=1, homogeneous=False)
network("a bilinear layer", Bilinear(), **TWO, **new, depth=4, homogeneous=False)
