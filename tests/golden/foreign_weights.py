"""Part of make_foreign.py: weights wherever they stand."""

from foreign_cases import *  # noqa: F403


case("initializers", model())
case("initializers that are inputs, too, as before IR 4", model(
    inputs=[*TOKENS, *[info(k, T.FLOAT, v.shape) for k, v in NET.items()],
            info("shape", T.INT64, [2])], ir=3, opset=11))
case("Gemm without transB, opset 13", model(
    [*BODY[:2], node("Gemm", "x Wt b", "pre"), BODY[3],
     node("Gemm", "post Ut", "logits")],
    weights(W=const("Wt", NET["W"].T), U=const("Ut", NET["U"].T)), opset=13))
case("MatMul and Add, opset 9", model(
    [*BODY[:2], node("MatMul", "x Wt", "xw"), node("Add", "b xw", "pre"),
     BODY[3], node("MatMul", "post Ut", "logits")],
    weights(W=const("Wt", NET["W"].T), U=const("Ut", NET["U"].T)), opset=9))
case("Einsum", model(
    [*BODY[:2], node("Einsum", "x W", "xw", equation="nx,hx->nh"),
     node("Add", "xw b", "pre"), BODY[3],
     node("Einsum", "post U", "logits", equation="nh,ch->nc")]))
case("a weight on the left", model(
    without_head(node("Transpose", "post", "pt"), node("MatMul", "U pt", "lt"),
                 node("Transpose", "lt", "logits"))))


def constants(**kinds):
    nodes = []
    for k, v in NET.items():
        if kinds.get(k) == "floats":
            nodes += [node("Constant", "", f"{k}.flat",
                           value_floats=v.flatten().tolist()),
                      node("Constant", "", f"{k}.shape", value_ints=list(v.shape)),
                      node("Reshape", f"{k}.flat {k}.shape", k)]
        else:
            nodes.append(node("Constant", "", k, value=const("", v)))
    return nodes


case("Constant nodes", model([*constants(), *BODY], [SHAPE]))
case("Constant nodes with value_floats, brought into form", model(
    [*constants(E="floats", b="floats"),
     node("Constant", "", "shape", value_ints=[-1, 2 * D]), *BODY], []))
case("a factor in value_float is no weight", model(
    without_head(node("Gemm", "post U", "z", transB=1),
                 node("Constant", "", "two", value_float=2.0),
                 node("Mul", "z two", "logits"))), f=lambda w: 2 * mlp(w))
case("a factor of one element in a Constant node is no weight", model(
    without_head(node("Gemm", "post U", "z", transB=1),
                 node("Constant", "", "two", value=const("", np.float32([2]))),
                 node("Mul", "z two", "logits"))), f=lambda w: 2 * mlp(w))
case("an unused initializer", model(
    inits=[*weights(), const("unused", np.ones((30, 30), np.float32))]))

# Functions
MY = [h.make_opsetid("my", 1)]
OWN = [h.make_opsetid("", 18)]
head_constant = node("Constant", "", "U", value=const("", NET["U"]))
head = h.make_function("my", "Head", ["x"], ["y"], [
    head_constant, node("Gemm", "x U", "y", transB=1)], OWN)
call = node("Head", "post", "logits", domain="my")
case("a function's constant", model(
    without_head(call), weights(U=None), functions=[head], more_opsets=MY))
outer = h.make_function("my", "Outer", ["v"], ["w"], [
    node("Identity", "v", "v1"), node("Head", "v1", "w", domain="my")],
    [*OWN, *MY])
case("a function in a function", model(
    without_head(node("Outer", "post", "logits", domain="my")),
    weights(U=None), functions=[head, outer], more_opsets=MY))
by_attribute = h.make_function("my", "Head", ["x"], ["y"], [
    h.make_node("Constant", [], ["U"]),
    h.make_node("Gemm", ["x", "U"], ["y"])], OWN, ["tensor", "turn"])
for at, (attribute, kind, own) in enumerate([
        ("tensor", onnx.AttributeProto.TENSOR, "value"),
        ("turn", onnx.AttributeProto.INT, "transB")]):
    by_attribute.node[at].attribute.append(onnx.AttributeProto(
        name=own, ref_attr_name=attribute, type=kind))
case("a function's constant that its caller gives", model(
    without_head(node("Head", "post", "logits", domain="my",
                      tensor=const("", NET["U"]), turn=1)),
    weights(U=None), functions=[by_attribute], more_opsets=MY))
square = h.make_function("my", "Square", ["x"], ["y"], [
    node("Constant", "", "S", value=const("", NET["W"])),
    node("Gemm", "x S", "s", transB=1), node("Relu", "s", "y")], OWN)


def twice(w):
    x = w["E"][PAIRS].reshape(len(PAIRS), -1)
    for _ in range(2):
        x = np.maximum(x @ w["W"].T, 0)
    return x @ w["U"].T


NO_BIAS = {k: NET[k] for k in "EWU"}
case("a function that is called twice has its weights once", model(
    [*BODY[:2], node("Square", "x", "h1", domain="my"),
     node("Square", "h1", "post", domain="my"), BODY[4]],
    weights(W=None, b=None), functions=[square], more_opsets=MY),
    w=NO_BIAS, f=twice, depth=4, homogeneous=True)
case("a weight that is read twice counts once", model(
    [*BODY[:2], node("Gemm", "x W", "s1", transB=1), node("Relu", "s1", "h1"),
     node("Gemm", "h1 W", "s2", transB=1), node("Relu", "s2", "post"), BODY[4]],
    weights(b=None)), w=NO_BIAS, f=twice, depth=4, homogeneous=True)

# Branches and loops


def branch(name, matrix, at="y"):
    return h.make_graph(
        [node("Gemm", "post u", at, transB=1)], name, [],
        [info(at, T.FLOAT, None)], [const("u", matrix)])


def if_node(condition):
    return node("If", condition, "logits", then_branch=branch("then", NET["U"]),
                else_branch=branch("else", -NET["U"]))


TRUE = const("true", np.array(True))
case("the branch that a constant decides", model(
    without_head(if_node("true")), [*weights(U=None), TRUE]))
case("the branch that a computed constant decides", model(
    without_head(node("Not", "true", "false"), node("Not", "false", "again"),
                 if_node("again")), [*weights(U=None), TRUE]))
inner_if = h.make_graph([node(
    "If", "true", "y", then_branch=branch("a", NET["U"], "y1"),
    else_branch=branch("b", -NET["U"], "y2"))], "outer", [],
    [info("y", T.FLOAT, None)])
case("a branch in a branch", model(
    without_head(node("If", "true", "logits", then_branch=inner_if,
                      else_branch=branch("c", -NET["U"], "y3"))),
    [*weights(U=None), TRUE]))
case("branches that the input decides", model(
    without_head(
        node("ReduceMax", "tokens", "most", keepdims=0),
        node("GreaterOrEqual", "most zero", "yes"), if_node("yes")),
    [*weights(U=None), const("zero", np.array(0))]),
    w={**NET, "other": -NET["U"]})


def quantised_branch(name, sign):
    """A branch that dequantises its own weight."""
    return h.make_graph(
        [node("DequantizeLinear", "q s", "u"), node("Gemm", "post u", "y", transB=1)],
        name, [], [info("y", T.FLOAT, None)],
        [const("q", sign * np.round(NET["U"] * 20).astype(np.int8)),
         const("s", np.float32(0.05))])


ROUGH = np.round(NET["U"] * 20) * np.float32(0.05)
DECIDED = [node("ReduceMax", "tokens", "most", keepdims=0),
           node("GreaterOrEqual", "most zero", "yes")]
ZERO = const("zero", np.array(0))
case("branches that dequantise, under the same names", model(
    without_head(*DECIDED, node(
        "If", "yes", "logits", then_branch=quantised_branch("then", 1),
        else_branch=quantised_branch("else", -1))), [*weights(U=None), ZERO]),
    w={**NET, "U": ROUGH, "other": -ROUGH})
inner_branch = h.make_graph(
    [node("Gather", "q tokens", "g"), node("DequantizeLinear", "g s", "y")],
    "then", [], [info("y", T.FLOAT, None)],
    [const("q", np.round(NET["E"] * 20).astype(np.int8)), const("s", np.float32(0.05))])
outer_branch = h.make_graph(
    [node("Gather", "E tokens", "y")], "else", [], [info("y", T.FLOAT, None)])
case("an int8 embedding in a branch", model(
    [*DECIDED, node("If", "yes", "e", then_branch=inner_branch,
                    else_branch=outer_branch), *BODY[1:]], [*weights(), ZERO]),
    w={**NET, "E": np.round(NET["E"] * 20) * np.float32(0.05)},
    left_out="has weights as integers")
with_if = h.make_function("my", "Choose", ["x", "on"], ["y"], [
    node("If", "on", "y", then_branch=h.make_graph(
        [node("Constant", "", "u", value=const("", NET["U"])),
         node("Gemm", "x u", "t", transB=1)], "then", [], [info("t", T.FLOAT, None)]),
        else_branch=h.make_graph(
        [node("Neg", "x", "n"), node("ReduceSum", "n", "t")], "else", [],
        [info("t", T.FLOAT, None)]))], OWN)
case("a function with a branch that reads its input", model(
    without_head(node("Choose", "post true", "logits", domain="my")),
    [*weights(U=None), TRUE], functions=[with_if], more_opsets=MY))
case("branches that the input decides, one of another degree", model(
    without_head(*DECIDED, node(
        "If", "yes", "logits", then_branch=branch("then", NET["U"]),
        else_branch=h.make_graph(
            [node("Identity", "V", "y2")], "else", [], [info("y2", T.FLOAT, None)]))),
    [*weights(U=None), ZERO, const("V", NET["U"][:1, :P])]),
    w={**NET, "V": NET["U"][:1, :P]})


def loop(count, body, first, out):
    return node("Loop", f"{count} true {first}", out, body=body)


def body_of(nodes, inits=(), more=()):
    return h.make_graph(
        [*nodes, node("Identity", "on", "on2")], "body",
        [info("i", T.INT64, []), info("on", T.BOOL, []),
         info("v", T.FLOAT, None), *more],
        [info("on2", T.BOOL, []), info("v2", T.FLOAT, None),
         *[info(f"{m.name}2", T.FLOAT, None) for m in more]], list(inits))


layer = [node("Constant", "", "S", value=const("", NET["W"])),
         node("Gemm", "v S", "s", transB=1), node("Relu", "s", "v2")]
TWO = const("two", np.array(2))
case("a loop of a known number of turns", model(
    [*BODY[:2], loop("two", body_of(layer), "x", "post"), BODY[4]],
    [*weights(W=None, b=None), TRUE, TWO]),
    w=NO_BIAS, f=twice, depth=4, homogeneous=True)
case("a loop that carries its weight", model(
    [*BODY[:2], loop("two", body_of(
        [node("Gemm", "v w", "s", transB=1), node("Relu", "s", "v2"),
         node("Identity", "w", "w2")],
        more=[info("w", T.FLOAT, None)]), "x W", "post last"), BODY[4]],
    [*weights(b=None), TRUE, TWO]),
    w=NO_BIAS, f=twice, depth=4, homogeneous=True)
case("a loop of as many turns as there are tokens", model(
    [*BODY[:2], node("Shape", "tokens", "lengths"),
     node("Gather", "lengths one", "turns"),
     loop("turns", body_of(layer), "x", "post"), BODY[4]],
    [*weights(W=None, b=None), TRUE, const("one", np.array(1))]),
    w=NO_BIAS, f=twice, depth=None, homogeneous=None)
scan_body = h.make_graph(
    [node("MatMul", "t K", "tk"), node("Add", "state tk", "state2")], "scan",
    [info("state", T.FLOAT, None), info("t", T.FLOAT, None)],
    [info("state2", T.FLOAT, None)],
    [const("K", NET["W"][:D, :D])])


def scanned(w):
    return (w["E"][PAIRS] @ w["K"]).sum(1) @ w["E"].T


case("a scan's weights", model(
    [BODY[0], node("Transpose", "e", "et", perm=[1, 0, 2]),
     node("Gather", "et first", "e0", axis=0), node("Mul", "e0 none", "start"),
     node("Scan", "start et", "sum", body=scan_body, num_scan_inputs=1),
     node("Transpose", "E", "Et"), node("MatMul", "sum Et", "logits")],
    [const("E", NET["E"]), const("first", np.array(0)),
     const("none", np.float32(0))]),
    w={"E": NET["E"], "K": NET["W"][:D, :D]}, f=scanned, depth=None,
    homogeneous=None)

# Sparse


def sparse(name, array, linear=True):
    places = np.flatnonzero(array) if linear else np.argwhere(array)
    return h.make_sparse_tensor(
        const(name, array[array != 0]), const("", places.astype(np.int64)),
        array.shape)


THIN = np.where(np.abs(NET["U"]) > 0.1, NET["U"], 0).astype(np.float32)
case("a sparse initializer", model(
    inits=weights(U=None), sparse=[sparse("U", THIN)]), w={**NET, "U": THIN})
case("a sparse initializer with places in two axes", model(
    inits=weights(U=None), sparse=[sparse("U", THIN, False)]),
    w={**NET, "U": THIN})
case("a sparse Constant node", model(
    [node("Constant", "", "U", sparse_value=sparse("", THIN)), *BODY],
    weights(U=None)), w={**NET, "U": THIN})

# Quantised


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
