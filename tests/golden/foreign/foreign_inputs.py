"""Part of make_foreign.py: inputs of all kinds."""

from foreign_cases import *  # noqa: F403


a, b = PAIRS[:, 0].astype(np.int64), PAIRS[:, 1].astype(np.int64)
I = {"tokens": PAIRS.astype(np.int64)}
COLUMN = const("column", np.array([-1, 1]))
JOIN = [node("Reshape", "a column", "a1"), node("Reshape", "c column", "c1"),
        node("Concat", "a1 c1", "tokens", axis=1)]
PAIR_INITS = [*weights(), COLUMN]
case("a token in each of two inputs", model(
    [*JOIN, *BODY], PAIR_INITS,
    [info("a", T.INT64, ["n"]), info("c", T.INT64, ["n"])]), feeds={"a": a, "c": b})
case("a token in each of two inputs of two axes", model(
    [node("Concat", "a c", "tokens", axis=1), *BODY], weights(),
    [info("a", T.INT32, ["n", 1]), info("c", T.INT32, ["n", 1])]),
    feeds={"a": a[:, None].astype(np.int32), "c": b[:, None].astype(np.int32)})
minus = (PAIRS[:, 0] - PAIRS[:, 1]) % P
swapped = dict(
    f=lambda w: mlp(w, PAIRS[:, ::-1]), feeds={"a": b, "c": a})
case("inputs that are said the other way round", model(
    [*JOIN, *BODY], PAIR_INITS,
    [info("a", T.INT64, ["n"]), info("c", T.INT64, ["n"])]),
    options={"operation": "subtract", "input": ["a=b", "c=tokens:0"]},
    labels=minus, **swapped)
for first, second in [("x0", "x1"), ("left", "right")]:
    case(f"inputs {second} and {first}, whose names say their order", model(
        [node("Reshape", f"{first} column", "a1"),
         node("Reshape", f"{second} column", "c1"), JOIN[-1], *BODY], PAIR_INITS,
        [info(second, T.INT64, ["n"]), info(first, T.INT64, ["n"])]),
        options={"operation": "subtract"}, labels=minus, feeds={first: a, second: b})
F = np.concatenate([NET["E"], NET["E"][:1]])
three = PAIRS.astype(np.int64)
three = np.concatenate([three, np.full((len(three), 1), P)], 1)
case("three tokens, of which the third is =", model(
    [node("Slice", "rows from to axis", "tokens"), *BODY],
    [*weights(), const("from", np.array([0])), const("to", np.array([2])),
     const("axis", np.array([1]))], [info("rows", T.INT64, ["n", 3])]),
    feeds={"rows": three})
HOT_A = np.eye(P, dtype=np.float32)[PAIRS]
HOT_IN = [node("MatMul", "hot E", "e"), *BODY[1:]]
case("one-hot rows", model(HOT_IN, inputs=[info("hot", T.FLOAT, ["n", 2, P])]),
     feeds={"hot": HOT_A})
case("one-hot rows as flags", model(
    [node("Cast", "flags", "hot", to=T.FLOAT), *HOT_IN],
    inputs=[info("flags", T.BOOL, ["n", 2, P])]),
    feeds={"flags": HOT_A.astype(bool)})
SIDE = [node("Reshape", "side rows", "hot"), *HOT_IN]
ROWS = const("rows", np.array([-1, 2, P]))
case("one-hot side by side", model(
    SIDE, [*weights(), ROWS], [info("side", T.FLOAT, ["n", 2 * P])]),
    feeds={"side": HOT_A.reshape(-1, 2 * P)})
case("one-hot side by side of float64", model(
    [node("Cast", "wide", "side", to=T.FLOAT), *SIDE], [*weights(), ROWS],
    [info("wide", T.DOUBLE, ["n", 2 * P])]),
    feeds={"wide": HOT_A.reshape(-1, 2 * P).astype(np.float64)})
case("one-hot side by side as integers", model(
    [node("Cast", "whole", "side", to=T.FLOAT), *SIDE], [*weights(), ROWS],
    [info("whole", T.INT64, ["n", 2 * P])]),
    feeds={"whole": HOT_A.reshape(-1, 2 * P).astype(np.int64)})
case("one-hot rows with a column for =", model(
    HOT_IN, weights(E=const("E", F)), [info("hot", T.FLOAT, ["n", 2, P + 1])]),
    w={**NET, "E": F}, feeds={"hot": np.eye(P + 1, dtype=np.float32)[PAIRS]})
case("a one-hot operand in each of two inputs", model(
    [node("Concat", "left right", "side", axis=1), *SIDE], [*weights(), ROWS],
    [info("left", T.FLOAT, ["n", P]), info("right", T.FLOAT, ["n", P])]),
    feeds={"left": HOT_A[:, 0], "right": HOT_A[:, 1]})
case("a one-hot operand in flags, a token beside it, as told", model(
    [node("Cast", "left", "l", to=T.FLOAT), node("MatMul", "l E", "e0"),
     node("Gather", "E right", "e1"), node("Concat", "e0 e1", "x", axis=1), *BODY[2:]],
    weights(), [info("left", T.BOOL, ["n", P]), info("right", T.INT64, ["n"])]),
    options={"input": ["left=onehot:0", "right=b"]},
    feeds={"left": HOT_A[:, 0].astype(bool), "right": b})
CAST = [node("Cast", "t", "tokens", to=T.INT64), *BODY]
for name, kind, dtype in [
    ("int32", T.INT32, np.int32), ("float32", T.FLOAT, np.float32),
    ("uint8", T.UINT8, np.uint8), ("int16", T.INT16, np.int16),
    ("float16", T.FLOAT16, np.float16), ("uint64", T.UINT64, np.uint64),
]:
    case(f"tokens of {name}", model(CAST, inputs=[info("t", kind, ["n", 2])]),
         feeds={"t": PAIRS.astype(dtype)})
case("tokens with a third axis of 1", model(
    [node("Reshape", "t two", "tokens"), *BODY],
    [*weights(), const("two", np.array([-1, 2]))],
    [info("t", T.INT64, ["n", 2, 1])]), feeds={"t": PAIRS[:, :, None]})
MASKED = [*BODY[:1], node("Cast", "mask", "m", to=T.FLOAT),
          node("Reshape", "m three", "m3"), node("Mul", "e m3", "em"),
          node("Reshape", "em shape", "x"), *BODY[2:]]
THREE = const("three", np.array([-1, 2, 1]))
MASK = dict(
    inits=[*weights(), THREE],
    inputs=[*TOKENS, info("mask", T.INT64, ["n", "length"])])
case("a mask of 1 beside the tokens, as told", model(MASKED, **MASK),
     options={"input": ["tokens=tokens", "mask=1"]},
     feeds={**I, "mask": np.ones((len(PAIRS), 2), np.int64)})
refused("a mask of free length that nothing is told of", model(
    [*MASKED[:1], node("Reshape", "mask flat", "mf"), *MASKED[1:]],
    [*MASK["inits"], const("flat", np.array([-1]))],
    [*TOKENS, info("mask", T.FLOAT, ["n", 2, 1])]), "--input must say")
case("positions beside the tokens, as told", model(
    [*BODY[:1], node("Gather", "Q positions", "q"), node("Add", "e q", "eq"),
     node("Reshape", "eq shape", "x"), *BODY[2:]],
    [*weights(), const("Q", NET["E"][:2] * 0.1)],
    [*TOKENS, info("positions", T.INT64, ["n", 2])]),
    options={"input": ["tokens=tokens", "positions=positions"]},
    w={**NET, "Q": NET["E"][:2] * 0.1},
    f=lambda w: np.maximum(
        (w["E"][PAIRS] + w["Q"]).reshape(-1, 2 * D) @ w["W"].T + w["b"], 0)
    @ w["U"].T,
    feeds={**I, "positions": np.tile(np.arange(2), (len(PAIRS), 1))})
refused("an input that is not there", model(), "--input token must name",
        {"input": ["token=tokens"]})
refused("an input that gets what there is not", model(), "must say tokens",
        {"input": ["tokens=words"]})
refused("an input that gets no token of the row", model(), "0 to 1",
        {"input": ["tokens=tokens:2"]})
refused("texts as inputs", model(
    [node("StringNormalizer", "words", "w2"), node("Shape", "w2", "s"),
     node("ConstantOfShape", "s", "t0"), node("Cast", "t0", "t", to=T.INT64),
     node("Reshape", "t two", "tokens"), *BODY],
    [*weights(), const("two", np.array([-1, 2]))], [info("words", T.STRING, ["n"])]),
    "wanted integers")

# What is declared of shapes
for name, first in [("0", 0), ("−1", -1)]:
    case(f"a batch that is declared to be {name}", model(
        inputs=[info("tokens", T.INT64, [first, 2])],
        outputs=[info("logits", T.FLOAT, [first, P])]), runs=False)
case("a batch of 1", model(
    inputs=[info("tokens", T.INT64, [1, 2])],
    outputs=[info("logits", T.FLOAT, [1, P])]), one_by_one=True)
case("a batch of 4", model(
    [*BODY[:1], node("Reshape", "e four", "x"), *BODY[2:]],
    [*weights(), const("four", np.array([4, 2 * D]))],
    inputs=[info("tokens", T.INT64, [4, 2])],
    outputs=[info("logits", T.FLOAT, [4, P])]), runs=False)
case("no shapes at all", model(
    inputs=[info("tokens", T.INT64, None)], outputs=[info("logits", T.FLOAT, None)]))
case("no shape of one-hot rows", model(
    HOT_IN, inputs=[info("hot", T.FLOAT, None)], outputs=[info("logits", T.FLOAT, None)]),
    feeds={"hot": HOT_A})
case("free lengths alone", model(
    inputs=[info("tokens", T.INT64, ["n", "length"])],
    outputs=[info("logits", T.FLOAT, ["n", "classes"])]))
case("an output that is declared wrongly", model(
    outputs=[info("logits", T.FLOAT, ["n", "m", P])]), runs=False)

# A row's logits have to be its own, and the same at every run.
MIXED = "depend on the other rows"
ACROSS = const("across", np.array([0]))
refused("tokens that are read across the rows", model(
    [node("Transpose", "tokens", "turned"), node("Gather", "E turned", "e"),
     *BODY[1:]], inputs=[info("tokens", T.INT64, [2, "n"])]), MIXED)
refused("a token for each of two inputs without axes", model(
    [node("Unsqueeze", "a across", "first"), node("Unsqueeze", "c across", "second"),
     node("Concat", "first second", "both", axis=0), node("Gather", "E both", "e"),
     *BODY[1:]], [*weights(), ACROSS],
    inputs=[info("a", T.INT64, []), info("c", T.INT64, [])]), MIXED)
refused("a batch normalisation in training", model(
    [*BODY[:3],
     node("BatchNormalization", "pre scale shift mean var", "normal mean2 var2",
          training_mode=1), node("Relu", "normal", "post"), BODY[4]],
    [*weights(), *(const(n, np.full(N, v, np.float32)) for n, v in (
        ("scale", 1), ("shift", 0.1), ("mean", 0), ("var", 1)))]), MIXED)
refused("the mean of the batch taken off", model(
    [*without_head(node("Gemm", "post U", "z", transB=1)),
     node("ReduceMean", "z across", "mean"), node("Sub", "z mean", "logits")],
    [*weights(), ACROSS]), MIXED)
DRAWN = "drawn anew at every run"
refused("noise", model(
    [*BODY[:4], node("RandomNormalLike", "post", "noise"),
     node("Add", "post noise", "noisy"), node("Gemm", "noisy U", "logits", transB=1)]),
    DRAWN)
refused("a weight that is drawn", model(
    [node("RandomNormal", "", "W", shape=[N, 2 * D], seed=3.0), *BODY],
    weights(W=None)), DRAWN)
refused("logits in a sequence", model(
    [*without_head(node("Gemm", "post U", "z", transB=1)),
     node("SequenceConstruct", "z", "logits")],
    outputs=[h.make_tensor_sequence_value_info("logits", T.FLOAT, ["n", P])]),
    "none of its outputs is a tensor")
