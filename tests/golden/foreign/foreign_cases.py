"""Parts of make_foreign.py: the network, how files of it are written, and what is
expected of them."""


import base64
import io

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

onnxruntime.set_default_logger_severity(4)
P, D, N = 7, 6, 12
PAIRS = np.array([[a, b] for a in range(P) for b in range(P)])
LABELS = PAIRS.sum(1) % P
ALPHAS = [0.5, 1, 2, 4]
cases = []


# The network

def trained():
    torch.manual_seed(3)
    E = torch.nn.Parameter(torch.randn(P, D))
    W = torch.nn.Parameter(torch.randn(N, 2 * D) / 3)
    b = torch.nn.Parameter(torch.randn(N) / 3)
    U = torch.nn.Parameter(torch.randn(P, N) / 3)
    optimizer = torch.optim.Adam([E, W, b, U], lr=0.02)
    tokens, labels = torch.tensor(PAIRS), torch.tensor(LABELS)
    for _ in range(400):
        optimizer.zero_grad()
        hidden = torch.relu(E[tokens].reshape(-1, 2 * D) @ W.T + b)
        torch.nn.functional.cross_entropy(hidden @ U.T, labels).backward()
        optimizer.step()
    return {
        "E": E.detach().numpy(), "W": W.detach().numpy(),
        "b": b.detach().numpy(), "U": U.detach().numpy(),
    }


NET = trained()


def mlp(w, tokens=PAIRS):
    x = w["E"][tokens].reshape(len(tokens), -1)
    return np.maximum(x @ w["W"].T + w.get("b", 0), 0) @ w["U"].T


def log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def loss_of(log_p, labels=LABELS):
    return float(-log_p[np.arange(len(labels)), labels].mean())


def exponent_of(f, weights):
    rms = [
        np.sqrt((f({k: a * v for k, v in weights.items()}) ** 2).mean())
        for a in ALPHAS
    ]
    return float(np.polyfit(np.log(ALPHAS), np.log(rms), 1)[0])


# Writing files

def const(name, array, kind=None):
    array = np.asarray(array)
    if kind is not None:
        return h.make_tensor(name, kind, array.shape, array.flatten().tolist())
    return nh.from_array(array.copy(order="C"), name)


def info(name, kind, shape):
    return h.make_tensor_value_info(name, kind, shape)


def node(op, inputs, outputs, **attributes):
    inputs, outputs = [x.split() if isinstance(x, str) else x
                       for x in (inputs, outputs)]
    return h.make_node(op, inputs, outputs, **attributes)


TOKENS = [info("tokens", T.INT64, ["n", 2])]
LOGITS = [info("logits", T.FLOAT, ["n", P])]
BODY = [
    node("Gather", "E tokens", "e"),
    node("Reshape", "e shape", "x"),
    node("Gemm", "x W b", "pre", transB=1),
    node("Relu", "pre", "post"),
    node("Gemm", "post U", "logits", transB=1),
]
SHAPE = const("shape", np.array([-1, 2 * D]))


def weights(**changed):
    w = {k: const(k, v) for k, v in NET.items()}
    return [t for t in {**w, **changed}.values() if t is not None] + [SHAPE]


def model(nodes=BODY, inits=None, inputs=None, outputs=None, opset=18, ir=8,
          functions=(), sparse=(), more_opsets=()):
    graph = h.make_graph(
        nodes, "g", TOKENS if inputs is None else inputs,
        LOGITS if outputs is None else outputs,
        weights() if inits is None else inits,
        sparse_initializer=list(sparse),
    )
    return h.make_model(
        graph, functions=list(functions), ir_version=ir,
        opset_imports=[h.make_opsetid("", opset), *more_opsets],
    )


def without_head(*tail):
    return [*BODY[:-1], *tail]


# Expectations

def run(m, feeds, name):
    """The value of a name as onnxruntime computes it."""
    m = onnx.ModelProto.FromString(m.SerializeToString())
    if name not in [o.name for o in m.graph.output]:
        m.graph.output.append(onnx.ValueInfoProto(name=name))
    session = onnxruntime.InferenceSession(
        m.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([name], feeds)[0]


def case(name, m, *, w=None, f=mlp, depth=3, homogeneous=False, feeds=None,
         read="logits", kind="logits", options=None, near=1e-5, labels=LABELS,
         one_by_one=False, left_out=None, runs=True):
    """A file of which numbers are expected.

    w: its effective weights; f: the network of them; read: the value that
    onnxruntime is asked for, `kind` what it is; near: how far onnxruntime's loss
    may be from NumPy's; left_out: why what needs all weights is.
    """
    w = dict(NET) if w is None else w
    exact = {k: np.asarray(v, np.float64) for k, v in w.items()}
    z = f(exact)
    expected = {
        "loss": loss_of(log_softmax(z), labels),
        "accuracy": float((z.argmax(-1) == labels).mean()),
    }
    if runs:
        feeds = {"tokens": PAIRS.astype(np.int64)} if feeds is None else feeds
        if one_by_one:
            rows = [run(m, {k: v[i:i + 1] for k, v in feeds.items()}, read)
                    for i in range(len(PAIRS))]
            out = np.concatenate(rows)
        else:
            out = run(m, feeds, read)
        out = np.asarray(out, np.float64)
        out = out.reshape(len(PAIRS), -1, out.shape[-1])[:, -1]
        log_p = {
            "logits": lambda: log_softmax(out),
            "probabilities": lambda: np.log(np.maximum(out, 1e-300)),
            "logs": lambda: out,
        }[kind]()
        found = loss_of(log_p, labels)
        assert abs(found - expected["loss"]) < near, (name, found, expected)
        expected["loss"] = found
    if left_out is None:
        expected |= {
            "norm": float(np.sqrt(sum((v**2).sum() for v in exact.values()))),
            "parameters": int(sum(v.size for v in exact.values())),
            "exponent": exponent_of(f, exact),
            "correlations": [float(np.corrcoef(
                f({k: a * v for k, v in exact.items()}).flatten(), z.flatten())[0, 1])
                for a in ALPHAS],
            "depth": depth,
            "homogeneous": homogeneous,
        }
    else:
        expected["left_out"] = left_out
    add(name, m, options, expected)


def refused(name, m, message, options=None):
    add(name, m, options, {"refused": message})


def add(name, m, options, expected):
    data = m if isinstance(m, bytes) else m.SerializeToString()
    assert name not in [c["name"] for c in cases], name
    cases.append({
        "name": name, "options": options or {}, "expected": expected,
        "file": base64.b64encode(data).decode(),
    })
