"""Part of make_foreign.py: weights of one element, numbers of formulas, tensors of
which a type alone is read, and files that declare wrong shapes."""

from foreign_cases import *  # noqa: F403

HEAD = node("Gemm", "post U", "z", transB=1)
T137, ROOT = np.float32(1.3721), np.float32(1 / np.sqrt(D))


def times(w):
    return w["t"] * mlp(w)


def scaled(name, value, op="Mul", w=None, f=times, depth=4, before=(), inits=None):
    case(name, model(without_head(HEAD, *before, node(op, "z t", "logits")),
                     weights() + ([const("t", value)] if inits is None else inits)),
         w={**NET, "t": value} if w is None else w, f=f, depth=depth)


scaled("a trained factor without axes", T137)
scaled("a trained factor of one element", T137.reshape(1))
scaled("a trained temperature without axes", T137, "Div",
       f=lambda w: mlp(w) / w["t"], depth=2)
scaled("a trained bias without axes", T137, "Add", f=lambda w: mlp(w) + w["t"],
       depth=3)
scaled("a trained factor of float16", np.float16(1.3721),
       before=[node("Cast", "h", "t", to=T.FLOAT)],
       inits=[const("h", np.float16(1.3721))])
scaled("the exponential of a trained number", np.exp(T137),
       before=[node("Exp", "log", "t")], inits=[const("log", T137)])
scaled("a number of float32 that Constant nodes hold", T137, w=NET,
       f=lambda w: np.float64(T137) * mlp(w), depth=3, inits=[],
       before=[node("Constant", "", "t", value=const("", T137))])
for what, value in {
    "1/√d": ROOT, "∜(1/d)": np.float32(D**-0.25), "√d": np.float32(D**0.5),
    "2": np.float32(2), "-0.5": np.float32(-0.5), "0.1": np.float32(0.1),
    "1/√d in one element": ROOT.reshape(1),
}.items():
    scaled(f"a factor of {what} is no weight", value, w=NET, depth=3,
           f=lambda w, value=value: float(np.squeeze(value)) * mlp(w))

# A slope that every PRelu starts with is a weight all the same.
case("a PRelu of one slope", model(
    [*BODY[:3], node("PRelu", "pre a", "post"), BODY[4]],
    weights() + [const("a", np.float32([0.25]))]),
    w={**NET, "a": np.float32([0.25])}, depth=4,
    f=lambda w: (lambda x: np.where(x > 0, x, w["a"] * x) @ w["U"].T)(
        w["E"][PAIRS].reshape(len(PAIRS), -1) @ w["W"].T + w["b"]))

OTHER = const("V", np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32))
case("a weight whose type is another tensor's", model(
    [node("CastLike", "U0 V", "U"), *BODY], [*weights(U=const("U0", NET["U"])), OTHER]))
case("activations whose type is another tensor's", model(
    [*BODY[:3], node("Relu", "pre", "r"), node("CastLike", "r V", "post"), BODY[4]],
    [*weights(), OTHER]))
case("a weight whose type is that of one that is read, too", model(
    [node("CastLike", "U0 E", "U"), *BODY], weights(U=const("U0", NET["U"]))))
case("a float16 weight whose type becomes another tensor's", model(
    [node("CastLike", "U0 V", "U"), *BODY],
    [*weights(U=const("U0", NET["U"].astype(np.float16))), OTHER]),
    w={**NET, "U": NET["U"].astype(np.float16)}, near=1e-3)
case("a tensor of which the shape alone is read", model(
    [*BODY[:4], node("EyeLike", "V", "eye", dtype=T.FLOAT),
     node("ReduceMax", "eye", "one", keepdims=0), HEAD, node("Mul", "z one", "logits")],
    [*weights(), OTHER]))

# A part of the embedding, written down by an exporter that computed it.
PLUS = np.concatenate([NET["E"], np.float32([[1.1, -0.2, 0.7, 0.3, -0.9, 0.4]])])
K = np.ascontiguousarray(NET["W"][:D, ::-1])


def tied(w):
    x = w["E"][PAIRS].reshape(len(PAIRS), -1)
    return np.maximum(x @ w["W"].T, 0) @ w["K"].T @ w["E"][:P].T


for what, head, turned in [
        ("as it lies", PLUS[:P], 1), ("transposed", PLUS[:P].T, 0)]:
    case(f"rows of the embedding that a file has twice, {what}", model(
        [*BODY[:2], node("Gemm", "x W", "pre", transB=1), BODY[3],
         node("Gemm", "post K", "k", transB=1),
         node("Gemm", "k H", "logits", transB=turned)],
        weights(b=None, E=const("E", PLUS), U=const("K", K)) + [const("H", head)]),
        w={"E": PLUS, "W": NET["W"], "K": K}, f=tied, depth=4, homogeneous=True)
case("layers that begin as copies of one are several", model(
    [*BODY[:2], node("Gemm", "x W", "s", transB=1), node("Relu", "s", "h"),
     node("Gemm", "h W2", "pre", transB=1), *BODY[3:]],
    weights(b=None) + [const("W2", NET["W"])]),
    w={"E": NET["E"], "W": NET["W"], "W2": NET["W"], "U": NET["U"]}, depth=4,
    homogeneous=True, f=lambda w: np.maximum(np.maximum(
        w["E"][PAIRS].reshape(len(PAIRS), -1) @ w["W"].T, 0) @ w["W2"].T, 0)
    @ w["U"].T)

# What is declared wrongly, ONNX Runtime only warns of, but in WebAssembly.
case("logits that are declared with three axes", model(
    outputs=[info("logits", T.FLOAT, ["n", 1, P])]), runs=False)
case("logits that are declared without axes", model(
    outputs=[info("logits", T.FLOAT, [])]), runs=False)
case("logits that are declared to be five", model(
    outputs=[info("logits", T.FLOAT, ["n", 5])]), runs=False)
lying = model()
lying.graph.value_info.extend([
    info("post", T.FLOAT, ["n", 3, 3]), info("e", T.FLOAT, ["n", 2])])
case("values between that are declared wrongly", lying, runs=False)
