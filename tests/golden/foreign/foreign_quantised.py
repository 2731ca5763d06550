"""Part of make_foreign.py: weights as integers and as floats of 8 bits."""

from foreign_cases import *  # noqa: F403

def quantised(array, axis=None, kind=np.int8):
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    axes = None if axis is None else tuple(
        i for i in range(array.ndim) if i != axis)
    keep = {"axis": axes, "keepdims": True}
    top = array.max(**keep) if axis is not None else array.max()
    least = array.min(**keep) if axis is not None else array.min()
    s = ((top - least) / (high - low)).astype(np.float32)
    z = np.clip(np.round(low - least / s), low, high).astype(kind)
    q = np.clip(np.round(array / s + z), low, high).astype(kind)
    back = (q.astype(np.float32) - z.astype(np.float32)) * s
    return q, np.squeeze(s), np.squeeze(z), back


q, s, z, back = quantised(NET["U"])
Q8 = [const("q", q), const("s", s), const("z", z)]
case("an int8 weight", model(
    [node("DequantizeLinear", "q s z", "U"), *BODY], [*weights(U=None), *Q8]),
    w={**NET, "U": back})
qa, sa, za, backa = quantised(NET["U"], 0, np.uint8)
case("a uint8 weight with a scale for each row", model(
    [node("DequantizeLinear", "q s z", "U", axis=0), *BODY],
    [*weights(U=None), const("q", qa), const("s", sa), const("z", za)]),
    w={**NET, "U": backa})
qb = np.round(NET["b"] / 0.001).astype(np.int32)
case("an int32 bias", model(
    [node("DequantizeLinear", "q s", "b"), *BODY],
    [*weights(b=None), const("q", qb), const("s", np.float32(0.001))]),
    w={**NET, "b": qb * np.float32(0.001)})
case("an int8 weight by Cast, Sub and Mul, transposed", model(
    [node("Cast", "q", "qf", to=T.FLOAT), node("Cast", "z", "zf", to=T.FLOAT),
     node("Sub", "qf zf", "d"), node("Mul", "d s", "Un"),
     node("Transpose", "Un", "Ut"),
     *without_head(node("MatMul", "post Ut", "logits"))],
    [*weights(U=None), *Q8]), w={**NET, "U": back})
qe, se, ze, backe = quantised(NET["E"])
E8 = [const("q", qe), const("s", se), const("z", ze)]
case("an int8 embedding that is dequantised behind its Gather", model(
    [node("Gather", "q tokens", "qg"), node("DequantizeLinear", "qg s z", "e"),
     *BODY[1:]], [*weights(E=None), *E8]),
    w={**NET, "E": backe}, left_out="q has weights as integers")
post = mlp({**NET, "U": np.eye(N)})
ps = np.float32(post.max() / 255)
case("QLinearMatMul", model(
    without_head(
        node("QuantizeLinear", "post ps pz", "pq"),
        node("Transpose", "q", "qt"),
        node("QLinearMatMul", "pq ps pz qt s z ls lz", "lq"),
        node("DequantizeLinear", "lq ls lz", "logits")),
    [*weights(U=None), *Q8, const("ps", ps), const("pz", np.uint8(0)),
     const("ls", np.float32(0.25)), const("lz", np.uint8(128))]),
    near=0.1, left_out="QLinearMatMul multiplies with quantised weights")
case("DynamicQuantizeLinear and MatMulInteger", model(
    without_head(
        node("DynamicQuantizeLinear", "post", "pq ps pz"),
        node("Transpose", "q", "qt"),
        node("MatMulInteger", "pq qt pz z", "li"),
        node("Cast", "li", "lf", to=T.FLOAT), node("Mul", "ps s", "scale"),
        node("Mul", "lf scale", "logits")), [*weights(U=None), *Q8]),
    near=0.05, left_out="MatMulInteger multiplies with quantised weights")
case("activations that are quantised and dequantised have no degree", model(
    without_head(
        node("QuantizeLinear", "post ps pz", "pq"),
        node("DequantizeLinear", "pq ps pz", "pd"),
        node("Gemm", "pd U", "logits", transB=1)),
    [*weights(), const("ps", ps), const("pz", np.uint8(0))]),
    f=lambda w: np.clip(np.round(np.maximum(
        w["E"][PAIRS].reshape(-1, 2 * D) @ w["W"].T + w["b"], 0) / ps), 0, 255)
    * ps @ w["U"].T, depth=None, homogeneous=None)

case("an int4 weight", model(
    [node("DequantizeLinear", "q s", "U"), *BODY],
    [*weights(U=None), const("s", np.float32(0.25)),
     h.make_tensor("q", T.INT4, NET["U"].shape, np.clip(
         np.round(NET["U"] * 4), -8, 7).astype(int).flatten().tolist())],
    opset=21, ir=10), w={**NET, "U": np.clip(np.round(NET["U"] * 4), -8, 7) / 4})
case("a float8 weight", model(
    [node("DequantizeLinear", "q s", "U"), *BODY],
    [*weights(U=None), const("s", np.float32(1)),
     h.make_tensor("q", T.FLOAT8E4M3FN, NET["U"].shape,
                   np.round(NET["U"] * 4).flatten() / 4)],
    opset=21, ir=10), w={**NET, "U": np.round(NET["U"] * 4) / 4}, runs=False)

