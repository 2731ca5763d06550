"""Part of make_foreign.py: short floats."""

import ml_dtypes
from foreign_quantised import q, s, z
from foreign_cases import *  # noqa: F403


HALF = {k: v.astype(np.float16) for k, v in NET.items()}
half_inits = [*[const(k, v) for k, v in HALF.items()], SHAPE]
case("float16 throughout", model(
    inits=half_inits, outputs=[info("logits", T.FLOAT16, ["n", P])]),
    w=HALF, near=1e-3)
case("float16 logits", model(
    without_head(node("Gemm", "post U", "z", transB=1),
                 node("Cast", "z", "logits", to=T.FLOAT16)),
    outputs=[info("logits", T.FLOAT16, ["n", P])]), near=1e-3)
case("float16 weights that are cast", model(
    [*[node("Cast", f"{k}.half", k, to=T.FLOAT) for k in NET], *BODY],
    [*[const(f"{k}.half", v) for k, v in HALF.items()], SHAPE]), w=HALF)
BF = {k: v.astype(ml_dtypes.bfloat16) for k, v in NET.items()}


def bf(name, array):
    return h.make_tensor(name, T.BFLOAT16, array.shape, array.tobytes(), raw=True)


case("bfloat16 weights that are cast", model(
    [*[node("Cast", f"{k}.short", k, to=T.FLOAT) for k in NET], *BODY],
    [*[bf(f"{k}.short", v) for k, v in BF.items()], SHAPE]), w=BF)
case("bfloat16 throughout", model(
    inits=[*[bf(k, v) for k, v in BF.items()], SHAPE],
    outputs=[info("logits", T.BFLOAT16, ["n", P])]), w=BF, runs=False)
case("bfloat16 among the int32 data", model(
    [node("Cast", "U.short", "U", to=T.FLOAT), *BODY],
    weights(U=h.make_tensor("U.short", T.BFLOAT16, NET["U"].shape,
                            BF["U"].astype(np.float32).flatten().tolist()))),
    w={**NET, "U": BF["U"]})
case("float64 throughout", model(
    inits=[*[const(k, v.astype(np.float64)) for k, v in NET.items()], SHAPE],
    outputs=[info("logits", T.DOUBLE, ["n", P])]))
case("an int8 weight with a scale of float16", model(
    [node("DequantizeLinear", "q s z", "Uh"), node("Cast", "Uh", "U", to=T.FLOAT),
     *BODY],
    [*weights(U=None), const("q", q), const("s", np.float16(s)), const("z", z)],
    opset=19), w={**NET, "U": (q.astype(np.float32) - np.float32(z))
                  * np.float32(np.float16(s))}, near=1e-3)
