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
