"""Part of make_foreign.py: what stands behind the logits, and several outputs."""

from foreign_cases import *  # noqa: F403



def end(*tail, **more):
    """The network with its logits z, and what stands behind them."""
    return model(without_head(node("Gemm", "post U", "z", transB=1), *tail), **more)


def out(name, kind=T.FLOAT, shape=("n", P)):
    return [info(name, kind, shape)]


OUT = out("out")
EPS = const("eps", np.float32(1e-7))
ONE = const("one", np.float32(1))
PROB = {"read": "out", "kind": "probabilities"}
LOGS = {"read": "out", "kind": "logs"}
case("Softmax", end(node("Softmax", "z", "out"), outputs=OUT), **PROB)
case("Softmax, opset 11", end(node("Softmax", "z", "out"), outputs=OUT, opset=11),
     **PROB)
case("Softmax, Identity and Cast", end(
    node("Softmax", "z", "s", axis=1), node("Identity", "s", "i"),
    node("Cast", "i", "out", to=T.DOUBLE), outputs=out("out", T.DOUBLE)), **PROB)
case("Softmax and Reshape", end(
    node("Softmax", "z", "s", axis=-1), node("Reshape", "s rows", "out"),
    inits=[*weights(), const("rows", np.array([-1, 1, P]))],
    outputs=out("out", T.FLOAT, ["n", 1, P])), **PROB)
case("LogSoftmax", end(node("LogSoftmax", "z", "out"), outputs=OUT), **LOGS)
case("Log of Softmax", end(
    node("Softmax", "z", "s"), node("Log", "s", "out"), outputs=OUT), **LOGS)
case("Log of Softmax and a little", end(
    node("Softmax", "z", "s"), node("Add", "s eps", "t"), node("Log", "t", "out"),
    inits=[*weights(), EPS], outputs=OUT), **LOGS)
case("Log of a clipped Softmax", end(
    node("Softmax", "z", "s"), node("Clip", "s eps one", "t"), node("Log", "t", "out"),
    inits=[*weights(), EPS, ONE], outputs=OUT), **LOGS)
case("Exp of LogSoftmax", end(
    node("LogSoftmax", "z", "s"), node("Exp", "s", "out"), outputs=OUT), **PROB)
case("Softmax with a temperature", end(
    node("Div", "z half", "zt"), node("Softmax", "zt", "out"),
    inits=[*weights(), const("half", np.float32(0.5))], outputs=OUT),
    f=lambda w: 2 * mlp(w), **PROB)
AXES = const("axes", np.array([1]))
WRITTEN = [node("ReduceMax", "z axes", "m", keepdims=1), node("Sub", "z m", "zm"),
           node("Exp", "zm", "ex"), node("ReduceSum", "ex axes", "sum", keepdims=1)]
case("a softmax in other operators", end(
    *WRITTEN, node("Div", "ex sum", "out"), inits=[*weights(), AXES], outputs=OUT),
    **PROB)
case("a log-softmax in other operators", end(
    *WRITTEN, node("Log", "sum", "ls"), node("Sub", "zm ls", "out"),
    inits=[*weights(), AXES], outputs=OUT), **LOGS)
case("a log-softmax by ReduceLogSumExp", end(
    node("ReduceLogSumExp", "z axes", "l", keepdims=1), node("Sub", "z l", "out"),
    inits=[*weights(), AXES], outputs=OUT), **LOGS)
case("the largest taken off", end(
    *WRITTEN[:2], node("Softmax", "zm", "out"), inits=[*weights(), AXES], outputs=OUT),
    **PROB)
case("the label alone", end(
    node("Softmax", "z", "s"), node("ArgMax", "s", "label", axis=1, keepdims=0),
    outputs=out("label", T.INT64, ["n"])), read="s", kind="probabilities")
case("the label of logits alone", end(
    node("ArgMax", "z", "l", axis=-1), node("Squeeze", "l axes", "label"),
    inits=[*weights(), AXES], outputs=out("label", T.INT64, ["n"])), read="z")
case("Softmax at every position, the last taken", end(
    node("Reshape", "z three", "z3"), node("Neg", "z3", "z3n"),
    node("Concat", "z3n z3", "both", axis=1), node("Softmax", "both", "s"),
    node("Gather", "s last", "out", axis=1),
    inits=[*weights(), const("three", np.array([-1, 1, P])),
           const("last", np.array(-1))], outputs=OUT), **PROB)
ML = [h.make_opsetid("ai.onnx.ml", 1)]


def zip_map(labels):
    return end(
        node("Softmax", "z", "s"),
        node("ZipMap", "s", "maps", domain="ai.onnx.ml", classlabels_int64s=labels),
        outputs=[h.make_value_info("maps", h.make_sequence_type_proto(
            h.make_map_type_proto(T.INT64, h.make_tensor_type_proto(T.FLOAT, []))))],
        more_opsets=ML)


case("ZipMap", zip_map(list(range(P))), read="s", kind="probabilities")
refused("ZipMap with its classes in another order", zip_map([1, 0, *range(2, P)]),
        "names its classes 1, 0, 2, 3")
refused("labels of another order", end(
    node("ArgMax", "z", "l", axis=1, keepdims=0),
    node("Gather", "names l", "label"),
    inits=[*weights(), const("names", np.array([1, 0, *range(2, P)]))],
    outputs=out("label", T.INT64, ["n"])), "numbers its classes otherwise")
refused("Softmax over the rows", end(
    node("Softmax", "z", "out", axis=0), outputs=OUT),
    "Softmax")
refused("Softmax and percent", end(
    node("Softmax", "z", "s"), node("Mul", "s hundred", "out"),
    inits=[*weights(), const("hundred", np.float32(100))], outputs=OUT),
    "Softmax by Mul")
refused("Sigmoid", end(node("Sigmoid", "z", "out"), outputs=OUT), "ends in Sigmoid")
refused("Sigmoids over their sum", end(
    node("Sigmoid", "z", "s"), node("ReduceSum", "s axes", "sum", keepdims=1),
    node("Div", "s sum", "out"), inits=[*weights(), AXES], outputs=OUT),
    "probabilities")
refused("the mean of two softmaxes", end(
    node("Neg", "z", "n"), node("Softmax", "z", "s1"), node("Softmax", "n", "s2"),
    node("Add", "s1 s2", "sum"), node("Div", "sum two", "out"),
    inits=[*weights(), const("two", np.float32(2))], outputs=OUT), "probabilities")

refused("the largest of all", end(
    node("TopK", "z all", "out places"), inits=[*weights(), const("all", np.array([P]))],
    outputs=OUT), "ends in TopK")
refused("minus the logarithm of probabilities", end(
    node("LogSoftmax", "z", "s"), node("Neg", "s", "out"), outputs=OUT),
    "LogSoftmax by Neg")
refused("logarithms to the base 2", end(
    node("LogSoftmax", "z", "s"), node("Div", "s two", "out"),
    inits=[*weights(), const("two", np.float32(np.log(2)))], outputs=OUT),
    "LogSoftmax by Div")
refused("a class that is left out behind the softmax", end(
    node("Concat", "z z", "zz", axis=1), node("Softmax", "zz", "s"),
    node("Slice", "s from to axis", "out"),
    inits=[*weights(), const("from", np.array([0])), const("to", np.array([P])),
           const("axis", np.array([1]))], outputs=OUT), "Softmax by Slice")
refused("rows in the place of columns", end(
    node("Transpose", "z", "out"), outputs=out("out", T.FLOAT, [P, "n"])),
    "is float32 [7,49] for 49 rows")
refused("numbers in one row", end(
    node("Reshape", "z flat", "out"), inits=[*weights(), const("flat", np.array([-1]))],
    outputs=out("out", T.FLOAT, ["m"])), "is float32 [343] for 49 rows")

# Several outputs
case("labels and a loss beside the logits", end(
    node("SoftmaxCrossEntropyLoss", "z labels", "loss"), node("Identity", "z", "logits"),
    inputs=[*TOKENS, info("labels", T.INT64, ["n"])],
    outputs=[info("loss", T.FLOAT, []), *LOGITS]),
    feeds={"tokens": PAIRS.astype(np.int64), "labels": LABELS.astype(np.int64)})
case("hidden activations, then logits", model(
    outputs=[info("post", T.FLOAT, ["n", N]), *LOGITS]))
case("probabilities, then logits", end(
    node("Softmax", "z", "out"), node("Identity", "z", "logits"),
    outputs=[*OUT, *LOGITS]))
case("label, probabilities", end(
    node("Softmax", "z", "s"), node("ArgMax", "s", "label", axis=1, keepdims=0),
    outputs=[*out("label", T.INT64, ["n"]), *out("s")]), read="s",
    kind="probabilities")
case("a value of one number for each row, then logits", end(
    node("ReduceMean", "post axes", "value", keepdims=1), node("Identity", "z", "logits"),
    inits=[*weights(), AXES],
    outputs=[info("value", T.FLOAT, ["n", 1]), *LOGITS]))
HEADS = dict(
    inits=[*weights(), const("V", -NET["U"])],
    outputs=[*out("first"), *out("second")])
TAIL = [node("Identity", "z", "first"), node("Gemm", "post V", "second", transB=1)]
refused("two heads of one size", end(*TAIL, **HEADS), "--output must say")
case("two heads, the first", end(*TAIL, **HEADS), read="first",
     options={"output": "first"})
case("two heads, the second", end(*TAIL, **HEADS), read="second",
     options={"output": "second"}, w={**NET, "U": -NET["U"]})
case("a value inside, by name", end(node("Sigmoid", "z", "out"), outputs=OUT),
     read="z", options={"output": "z"})
refused("an output that is not there", model(), "--output logit must name",
        {"output": "logit"})
