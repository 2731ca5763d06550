"""Part of make_foreign.py: other exporters, and files that nothing can be said of."""

import io
import warnings

import torch
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from foreign_weights import MY, OWN, THIN, TRUE, branch, sparse
from foreign_cases import *  # noqa: F403


warnings.filterwarnings("ignore")


class Attention(torch.nn.Module):
    """One layer of attention with a causal mask, without biases."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(5)
        self.tokens = torch.nn.Embedding(P + 1, 8)
        self.places = torch.nn.Parameter(torch.randn(3, 8))
        self.query = torch.nn.Linear(8, 8, bias=False)
        self.key = torch.nn.Linear(8, 8, bias=False)
        self.value = torch.nn.Linear(8, 8, bias=False)
        self.head = torch.nn.Linear(8, P, bias=False)
        self.register_buffer("mask", torch.full((3, 3), -torch.inf).triu(1))

    def forward(self, row):
        x = self.tokens(row) + self.places
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = q @ k.transpose(-1, -2) / 8**0.5 + self.mask
        return self.head(x + torch.softmax(scores, -1) @ v)


def attention(w):
    row = np.concatenate([PAIRS, np.full((len(PAIRS), 1), P)], 1)
    x = w["tokens.weight"][row] + w["places"]
    q, k, v = (x @ w[f"{n}.weight"].T for n in ("query", "key", "value"))
    scores = q @ k.transpose(0, 2, 1) / 8**0.5 + np.triu(np.full((3, 3), -np.inf), 1)
    pattern = np.exp(scores - scores.max(-1, keepdims=True))
    pattern /= pattern.sum(-1, keepdims=True)
    return ((x + pattern @ v) @ w["head.weight"].T)[:, -1]


class Recurrent(torch.nn.Module):
    """An LSTM over the two tokens."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.tokens = torch.nn.Embedding(P, 4)
        self.lstm = torch.nn.LSTM(4, 5, batch_first=True)
        self.head = torch.nn.Linear(5, P)

    def forward(self, row):
        return self.head(self.lstm(self.tokens(row))[0][:, -1])


def recurrent(w):
    hidden = state = np.zeros((len(PAIRS), 5))
    for t in range(2):
        gates = (w["tokens.weight"][PAIRS[:, t]] @ w["lstm.weight_ih_l0"].T
                 + w["lstm.bias_ih_l0"] + hidden @ w["lstm.weight_hh_l0"].T
                 + w["lstm.bias_hh_l0"])
        i, f, g, o = np.split(gates, 4, 1)
        i, f, o = (1 / (1 + np.exp(-x)) for x in (i, f, o))
        state = f * state + i * np.tanh(g)
        hidden = o * np.tanh(state)
    return hidden @ w["head.weight"].T + w["head.bias"]


def export(module, length):
    buffer = io.BytesIO()
    torch.onnx.export(
        module, (torch.zeros(2, length, dtype=torch.int64),), buffer, dynamo=False,
        input_names=["row"], output_names=["logits"],
        dynamic_axes={"row": {0: "n"}, "logits": {0: "n"}}, opset_version=17)
    return onnx.load_model_from_string(buffer.getvalue())


def parameters(module):
    return {k: v.detach().numpy() for k, v in module.named_parameters()}


case("PyTorch's LSTM", export(Recurrent(), 2), w=parameters(Recurrent()),
     f=recurrent, depth=None, homogeneous=None,
     feeds={"row": PAIRS.astype(np.int64)})
row = np.concatenate([PAIRS, np.full((len(PAIRS), 1), P)], 1).astype(np.int64)
case("PyTorch's attention with a mask", export(Attention(), 3),
     w=parameters(Attention()), f=attention, feeds={"row": row})

X = np.eye(P, dtype=np.float32)[PAIRS].reshape(len(PAIRS), -1)
fitted = MLPClassifier((10,), max_iter=60, random_state=1).fit(X, LABELS)
SK = {f"{n}{i}": v.astype(np.float32)
      for n, vs in (("c", fitted.coefs_), ("b", fitted.intercepts_))
      for i, v in enumerate(vs)}


def perceptron(w):
    return np.maximum(X @ w["c0"] + w["b0"], 0) @ w["c1"] + w["b1"]


for zipped in (True, False):
    m = to_onnx(fitted, X[:1], options={"zipmap": zipped}, target_opset=15)
    # The probabilities before ZipMap, whatever they are called.
    [softmax] = [n.output[0] for n in m.graph.node if n.op_type == "Softmax"]
    case(f"scikit-learn's perceptron, ZipMap {zipped}", m, w=SK, f=perceptron,
         depth=2, feeds={"X": X}, read=softmax, kind="probabilities")
scaler = StandardScaler().fit(X)
scaled = make_pipeline(scaler, MLPClassifier((10,), max_iter=60, random_state=1))
scaled.fit(X, LABELS)
SCALED = {f"{n}{i}": v.astype(np.float32)
          for n, vs in (("c", scaled[1].coefs_), ("b", scaled[1].intercepts_))
          for i, v in enumerate(vs)}
case("scikit-learn's scaler before its perceptron", to_onnx(
    scaled, X[:1], options={"zipmap": False}, target_opset=15), w=SCALED, depth=2,
    f=lambda w: np.maximum(scaler.transform(X) @ w["c0"] + w["b0"], 0)
    @ w["c1"] + w["b1"], feeds={"X": X}, read="probabilities", kind="probabilities")
refused("scikit-learn's logistic regression",
        to_onnx(LogisticRegression(max_iter=20).fit(X, LABELS), X[:1],
                options={"zipmap": False}, target_opset=15), "probabilities")
refused("scikit-learn's forest",
        to_onnx(RandomForestClassifier(2, max_depth=3, random_state=1).fit(X, LABELS),
                X[:1], options={"zipmap": False}, target_opset=15), "probabilities")

TWICE = "has two initializers of the name U"
refused("an initializer twice", model(inits=[*weights(), const("U", -NET["U"])]), TWICE)
refused("an initializer twice, alike", model(inits=[*weights(), const("U", NET["U"])]),
        TWICE)
refused("an initializer that is sparse, too", model(
    inits=weights(), sparse=[sparse("U", THIN)]), TWICE)
refused("an initializer twice in a branch", model(
    without_head(node("If", "true", "logits", then_branch=h.make_graph(
        [node("Gemm", "post u", "y", transB=1)], "then", [],
        [info("y", T.FLOAT, None)], [const("u", NET["U"]), const("u", NET["U"])]),
        else_branch=branch("else", NET["U"]))), [*weights(U=None), TRUE]),
    "has two initializers of the name u")
refused("a value that two nodes make", model(
    [*BODY[:3], node("Relu", "pre", "post"), node("Tanh", "pre", "post"), BODY[4]]),
    "has two values of the name post")
refused("a node that makes an initializer", model(
    [node("Identity", "E", "U"), *BODY]), "has two values of the name U")
loop_fn = h.make_function("my", "Again", ["x"], ["y"], [
    node("Again", "x", "y", domain="my")], [*OWN, *MY])
refused("a function that calls itself", model(
    without_head(node("Again", "post", "logits", domain="my")), functions=[loop_fn],
    more_opsets=MY), "calls itself")
bad = sparse("U", THIN)
bad.indices.CopyFrom(const("", np.arange(len(THIN[THIN != 0])) + 80))
refused("a sparse tensor with places outside", model(
    inits=weights(U=None), sparse=[bad]), "has a value at place 84")
refused("a sparse tensor that would fill the memory", model(
    inits=weights(U=None), sparse=[h.make_sparse_tensor(
        const("U", np.float32([1])), const("", np.array([0])), [10**6, 10**6])]),
    "would have 1000000000000 elements")
