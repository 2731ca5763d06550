"""Part of make_foreign.py: weights that are computed, and what is no weight."""

from foreign_cases import *  # noqa: F403
from foreign_quantised import E8, backe
from foreign_weights import NO_BIAS

# Chains
case("Identity nodes", model(
    [node("Identity", "U0", "U1"), node("Identity", "U1", "U"), *BODY],
    weights(U=const("U0", NET["U"]))))
case("a Transpose node", model(
    [node("Transpose", "U0", "Ut", perm=[1, 0]),
     *without_head(node("MatMul", "post Ut", "logits"))],
    weights(U=const("U0", NET["U"]))))
case("two Transpose nodes", model(
    [node("Transpose", "U0", "U1"), node("Transpose", "U1", "U"), *BODY],
    weights(U=const("U0", NET["U"]))))
case("float64 weights that are cast", model(
    [node("Cast", "U0", "U", to=T.FLOAT), *BODY],
    weights(U=const("U0", NET["U"].astype(np.float64)))))
case("Squeeze and Unsqueeze, opset 11", model(
    [node("Squeeze", "U0", "U1", axes=[0]), node("Unsqueeze", "b0", "b1", axes=[0]),
     node("Identity", "U1", "U"), node("Squeeze", "b1", "b", axes=[0]), *BODY],
    weights(U=const("U0", NET["U"][None]), b=const("b0", NET["b"])), opset=11))
case("parts of one tensor by Split", model(
    [node("Split", "both lengths", "U b0", axis=0), node("Reshape", "b0 flat", "b"),
     *BODY],
    [*weights(U=None, b=None), const("both", np.concatenate([NET["U"], NET["b"][None]])),
     const("lengths", np.array([P, 1])), const("flat", np.array([-1]))]))
case("a weight put together by Concat", model(
    [node("Concat", "U0 U1", "U", axis=0), *BODY],
    [*weights(U=None), const("U0", NET["U"][:3]), const("U1", NET["U"][3:])]))
case("a weight that is the sum of two tensors", model(
    [node("Add", "U0 U1", "U"), *BODY],
    [*weights(U=None), const("U0", NET["U"] * 0.75), const("U1", NET["U"] * 0.25)]))
A, B = NET["U"][:, :2] * 0.1, NET["W"][:2, :]
case("a weight with a product of low rank added to it", model(
    [node("MatMul", "A B", "AB"), node("Add", "U0 AB", "U"), *BODY],
    [*weights(U=const("U0", NET["U"])), const("A", A), const("B", B)]),
    w={**NET, "U": NET["U"] + A @ B})
norms = np.linalg.norm(NET["U"], axis=1, keepdims=True)
case("a weight of direction and length", model(
    [node("ReduceL2", "V axes", "l", keepdims=1), node("Div", "V l", "unit"),
     node("Mul", "unit g", "U"), *BODY],
    [*weights(U=None), const("V", 3 * NET["U"]), const("g", norms),
     const("axes", np.array([1]))]))
case("a weight times a number", model(
    [node("Mul", "U0 half", "U"), *BODY],
    weights(U=const("U0", 2 * NET["U"])) + [const("half", np.float32(0.5))]))


def tied(w, scale=1.0):
    x = w["E"][PAIRS].reshape(len(PAIRS), -1)
    return np.maximum(x @ w["W"].T, 0) @ w["K"].T @ (scale * w["E"].T)


TIED = {"E": NET["E"], "W": NET["W"], "K": NET["W"][:D]}
TIED_INITS = weights(b=None, U=const("K", NET["W"][:D]))
TIED_BODY = [*BODY[:2], node("Gemm", "x W", "pre", transB=1), BODY[3],
             node("Gemm", "post K", "k", transB=1)]
case("an embedding that is the unembedding, too", model(
    [*TIED_BODY, node("Transpose", "E", "Et"), node("MatMul", "k Et", "logits")],
    TIED_INITS), w=TIED, f=tied, depth=4, homogeneous=True)
case("the same times a number", model(
    [*TIED_BODY, node("Mul", "E two", "E2"), node("Gemm", "k E2", "logits", transB=1)],
    [*TIED_INITS, const("two", np.float32(2))]),
    w=TIED, f=lambda w: tied(w, 2.0), depth=4, homogeneous=True)
case("an int8 table that is read twice", model(
    [node("DequantizeLinear", "q s z", "E"), *TIED_BODY,
     node("Gemm", "k E", "logits", transB=1)],
    [t for t in TIED_INITS if t.name != "E"] + E8),
    w={**TIED, "E": backe}, f=tied, depth=4, homogeneous=True)
case("a tensor that is read by itself and within another", model(
    [*TIED_BODY, node("Add", "E A", "EA"), node("Gemm", "k EA", "logits", transB=1)],
    [*TIED_INITS, const("A", NET["E"] * 0.5)]),
    w=TIED, f=lambda w: tied(w, 1.5), left_out="E is read by itself and within EA")

KEPT = np.abs(NET["U"]) > 0.1
case("a weight that is thinned by Where", model(
    [node("Where", "keep U0 nothing", "U"), *BODY],
    [*weights(U=None), const("U0", NET["U"]), const("keep", KEPT),
     const("nothing", np.float32(0))]), w={**NET, "U": NET["U"] * KEPT})
case("a weight that is thinned by Mul", model(
    [node("Mul", "U0 keep", "U"), *BODY],
    [*weights(U=None), const("U0", NET["U"]), const("keep", np.float32(KEPT))]),
    w={**NET, "U": NET["U"] * KEPT})
case("convolutions of length 1", model(
    [*BODY[:2], node("Reshape", "x c3", "x3"), node("Conv", "x3 W3 b", "p3"),
     node("Relu", "p3", "r3"), node("Conv", "r3 U3", "l3"),
     node("Reshape", "l3 c2", "logits")],
    [*weights(W=const("W3", NET["W"][:, :, None]), U=const("U3", NET["U"][:, :, None])),
     const("c3", np.array([-1, 2 * D, 1])), const("c2", np.array([-1, P]))]))
case("a Gemm with factors", model(
    [*BODY[:2], node("Gemm", "x W b", "pre", transB=1, alpha=0.5, beta=2.0), *BODY[3:]]),
    f=lambda w: np.maximum(
        0.5 * w["E"][PAIRS].reshape(-1, 2 * D) @ w["W"].T + 2 * w["b"], 0) @ w["U"].T)


def normed(w):
    x = np.maximum(w["E"][PAIRS].reshape(-1, 2 * D) @ w["W"].T + w["b"], 0)
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x * w["g"] + w["h"]) @ w["U"].T


case("a layer normalisation", model(
    [*BODY[:4], node("LayerNormalization", "post g h", "normal", axis=-1),
     node("Gemm", "normal U", "logits", transB=1)],
    [*weights(), const("g", NET["b"] + 2), const("h", NET["b"])]),
    w={**NET, "g": NET["b"] + 2, "h": NET["b"]}, f=normed, depth=2)
case("tanh", model([*BODY[:3], node("Tanh", "pre", "post"), BODY[4]]),
     f=lambda w: np.tanh(w["E"][PAIRS].reshape(-1, 2 * D) @ w["W"].T + w["b"])
     @ w["U"].T, depth=1)

# What is no weight
SINES = np.array([[np.sin(t / 10 ** (c // 2)) if c % 2 else np.cos(t / 10 ** (c // 2))
                   for c in range(D)] for t in range(8)], np.float32)


def placed(w):
    x = (w["E"][PAIRS] + SINES[:2]).reshape(-1, 2 * D)
    return np.maximum(x @ w["W"].T + w["b"], 0) @ w["U"].T


case("a table of sines for positions", model(
    [*BODY[:1], node("Slice", "sines from to", "two"), node("Add", "e two", "ep"),
     node("Reshape", "ep shape", "x"), *BODY[2:]],
    [*weights(), const("sines", SINES), const("from", np.array([0])),
     const("to", np.array([2]))]), f=placed)
case("positions and sines that the graph computes", model(
    [node("Range", "start stop step", "t"), node("Cast", "t", "tf", to=T.FLOAT),
     node("Reshape", "tf col", "tc"), node("Sin", "tc", "sin"), *BODY[:1],
     node("Add", "e sin", "ep"), node("Reshape", "ep shape", "x"), *BODY[2:]],
    [*weights(), const("start", np.array(0)), const("stop", np.array(2)),
     const("step", np.array(1)), const("col", np.array([2, 1]))]),
    f=lambda w: np.maximum(
        (w["E"][PAIRS] + np.sin([[0], [1]])).reshape(-1, 2 * D) @ w["W"].T + w["b"], 0)
    @ w["U"].T)
HOT = [node("OneHot", "tokens depth offon", "hot", axis=-1),
       node("MatMul", "hot E", "e"), *BODY[1:]]
OFFON = const("offon", np.float32([0, 1]))
case("an embedding by OneHot", model(
    HOT, [*weights(), const("depth", np.array(P)), OFFON]))
case("an embedding by a table of one-hot rows", model(
    [node("Gather", "table tokens", "hot"), *HOT[1:]],
    [*weights(), const("table", np.eye(P, dtype=np.float32))]))
case("an embedding by comparison", model(
    [node("Reshape", "tokens columns", "column"), node("Equal", "column range", "is"),
     node("Cast", "is", "hot", to=T.FLOAT), *HOT[1:]],
    [*weights(), const("columns", np.array([-1, 2, 1])),
     const("range", np.arange(P))]))
case("a second class of −10⁹ by a mask", model(
    without_head(node("Gemm", "post U8", "z", transB=1), node("Add", "z mask", "logits")),
    [*weights(U=None), const("U8", np.concatenate([NET["U"], NET["U"][:1] * 0])),
     const("mask", np.float32([0] * P + [-1e9]))],
    outputs=[info("logits", T.FLOAT, ["n", P + 1])]),
    w={**NET, "U": np.concatenate([NET["U"], NET["U"][:1] * 0])},
    f=lambda w: mlp(w) + np.array([0] * P + [-1e9]))

# ReLU in other words, of a network without biases
PLAIN = [*BODY[:2], node("Gemm", "x W", "pre", transB=1)]
NONE = const("none", np.float32(0))
for name, relu, inits in [
    ("Relu", [node("Relu", "pre", "post")], []),
    ("Max with 0", [node("Max", "pre none", "post")], [NONE]),
    ("Clip from 0", [node("Clip", "pre none", "post")], [NONE]),
    ("Where", [node("Greater", "pre none", "on"),
               node("Where", "on pre none", "post")], [NONE]),
    ("Mul by what is above 0", [
        node("Greater", "pre none", "on"), node("Cast", "on", "onf", to=T.FLOAT),
        node("Mul", "pre onf", "post")], [NONE]),
    ("PRelu of 0", [node("PRelu", "pre none", "post")], [NONE]),
]:
    case(f"without biases, {name}", model(
        [*PLAIN, *relu, BODY[4]], [*weights(b=None), *inits]),
        w=NO_BIAS, homogeneous=True)
case("a batch normalisation's statistics are no weights", model(
    [*BODY[:3], node("BatchNormalization", "pre g0 g1 mean variance", "normal",
                     epsilon=0.0), node("Relu", "normal", "post"), BODY[4]],
    [*weights(), const("g0", NET["b"] + 1), const("g1", NET["b"]),
     const("mean", np.float32([0.5] * N)), const("variance", np.float32([4] * N))]),
    w={**NET, "g0": NET["b"] + 1, "g1": NET["b"]},
    f=lambda w: np.maximum(
        (w["E"][PAIRS].reshape(-1, 2 * D) @ w["W"].T + w["b"] - 0.5) / 2 * w["g0"]
        + w["g1"], 0) @ w["U"].T, depth=4)
