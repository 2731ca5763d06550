"""Cases of make_operations.py: functions of one number, and of two."""

import mpmath as mp
import torch

from operation_cases import EDGES, INF, NAN, case, elementary, weights

# Single numbers

def sig(x):
    return 1 / (1 + mp.exp(-x))


one = mp.mpf(1)
half = lambda x: x * 0
soft = lambda x: -torch.nn.functional.logsigmoid(-x)
elementary("Exp", "exp", mp.exp, mp.exp, torch.exp)
elementary("Expm1", "expm1", mp.expm1, mp.exp, torch.expm1)
elementary("Log", "log", mp.log, lambda x: 1 / x, torch.log, lambda x: x > 0)
elementary("Log1p", "log1p", mp.log1p, lambda x: 1 / (1 + x), torch.log1p, lambda x: x > -1)
MODERATE = [x for x in EDGES if not abs(x) > 1e19]
FINITE = [x for x in EDGES if abs(x) < 800]
elementary("Sin", "sin", mp.sin, mp.cos, torch.sin, edges=MODERATE)
elementary("Cos", "cos", mp.cos, lambda x: -mp.sin(x), torch.cos, edges=MODERATE)
elementary("Tan", "tan", mp.tan, lambda x: 1 / mp.cos(x) ** 2, torch.tan, edges=MODERATE)
elementary("Sinh", "sinh", mp.sinh, mp.cosh, torch.sinh)
elementary("Cosh", "cosh", mp.cosh, mp.sinh, torch.cosh)
elementary("Tanh", "tanh", mp.tanh, lambda x: mp.sech(x) ** 2, torch.tanh)
elementary("Erf", "erf", mp.erf, lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), torch.erf,
           only=("float32",))
elementary("Sigmoid", "sigmoid", sig, lambda x: sig(x) * sig(-x), torch.sigmoid)
elementary("Softplus", "softplus", lambda x: mp.log1p(mp.exp(x)), sig, soft)
elementary("Softplus", "logSigmoid", lambda x: -mp.log1p(mp.exp(-x)), lambda x: sig(-x),
           torch.nn.functional.logsigmoid)
elementary("Elu", "elu", lambda x: x if x > 0 else mp.expm1(x), lambda x: one if x > 0 else mp.exp(x),
           torch.nn.functional.elu, slope_at=[(NAN, NAN)])
for alpha in (0.2, 1 / 3):
    elementary("LeakyRelu", "leakyRelu", lambda x: x if x > 0 else mp.mpf(alpha) * x,
               lambda x: one if x > 0 else mp.mpf(alpha),
               lambda x: torch.where(x > 0, x, alpha * x), args=[alpha])
elementary("Sqrt", "sqrt", mp.sqrt, lambda x: 0.5 / mp.sqrt(x), torch.sqrt, lambda x: x > 0)
elementary("Rsqrt", "rsqrt", lambda x: 1 / mp.sqrt(x), lambda x: -0.5 / mp.sqrt(x) ** 3, torch.rsqrt,
           lambda x: x > 0, slope_at=[(0, -INF)])
elementary("Reciprocal", "reciprocal", lambda x: 1 / x, lambda x: -1 / x**2, torch.reciprocal,
           lambda x: x != 0)
elementary("Square", "square", lambda x: x * x, lambda x: 2 * x, torch.square)
elementary("Neg", "neg", lambda x: -x, lambda x: -one, torch.neg)
elementary("Abs", "abs", abs, lambda x: one if x > 0 else -one, torch.abs,  # |x|'(0) = -1
           slope_at=[(NAN, NAN)])
elementary("Sign", "sign", mp.sign, half, lambda x: torch.where(x.isnan(), x, torch.sign(x)), grad=False)
elementary("Sign", "sign", mp.sign, half, torch.sign, edges=[x for x in EDGES if x == x])
elementary("Floor", "floor", mp.floor, half, torch.floor)
elementary("Ceil", "ceil", mp.ceil, half, torch.ceil)
elementary("Round", "round", lambda x: mp.nint(x), half, torch.round)
elementary("Relu", "relu", lambda x: max(x, 0 * x), lambda x: one if x > 0 else 0 * x, torch.relu,
           slope_at=[(NAN, NAN)])
elementary("Relu6", "relu6", lambda x: min(max(x, 0 * x), 6 * one),
           lambda x: one if 0 < x <= 6 else 0 * x, lambda x: torch.clamp(x, 0, 6), slope_at=[(NAN, NAN)])
for low, high in ((-0.75, 1.5), (-1 / 3, 1 / 3)):
    elementary("ClipByValue", "clipByValue", lambda x: min(max(x, mp.mpf(low)), mp.mpf(high)),
               lambda x: one if low <= x <= high else 0 * x, lambda x: torch.clamp(x, low, high),
               args=[low, high])
for alpha in (0.0, 1 / 3):
    elementary("Step", "step", lambda x: one if x > 0 else mp.mpf(alpha), half,
               lambda x: torch.where(x > 0, torch.ones_like(x), torch.where(x.isnan(), x, alpha)), args=[alpha],
               slope_at=[(NAN, 0)])
elementary("Identity", "clone", lambda x: x, lambda x: one, lambda x: 1 * x)
elementary("ZerosLike", "zerosLike", half, half, torch.zeros_like, grad=False)
elementary("OnesLike", "onesLike", lambda x: one, half, torch.ones_like, grad=False)
E = ("f", [len(EDGES)], EDGES)
case("IsNan", "isNaN", [E], torch.isnan, grad=False)
case("IsInf", "isInf", [E], torch.isinf, grad=False)
case("IsFinite", "isFinite", [E], torch.isfinite, grad=False)

# Pairs of numbers

PAIR = [-1e20, -2.5, -1.0, -1e-30, -0.0, 0.0, 1e-30, 0.5, 1.0, 3.0, 1e20, INF, -INF, NAN]
A = [a for a in PAIR for _ in PAIR]
B = [b for _ in PAIR for b in PAIR]
PAIRS = [("f", [len(A)], A), ("f", [len(B)], B)]
ROWS, COLUMN, ROW = ("f", [2, 3], [-3, 1, 2, 4, -0.5, 0.25]), ("f", [2, 1], [0.5, -2]), ("f", [3], [2, -5, 0.5])
SCALAR, NONE, NONE_BY_3 = ("f", [], [1.5]), ("f", [0], []), ("f", [0, 3], [])
I, J = ("i", [6], [-7, -1, 0, 1, 7, 2]), ("i", [6], [3, -3, 2, -2, 7, -1])


def spread(x, y):
    """A gradient summed back to its operand's shape."""
    while x.dim() > y.dim():
        x = x.sum(0)
    for axis, length in enumerate(y.shape):
        if length == 1 and x.shape[axis] != 1:
            x = x.sum(axis, keepdim=True)
    return x


def first_of_two(better):
    """Of equal ones the first has the whole gradient."""
    def fix(tensors, _):
        a, b = (t.detach() for t in tensors)
        w = weights(torch.broadcast_shapes(a.shape, b.shape))
        first, second = better(a, b)
        return [spread(w * first, a), spread(w * second, b)]
    return fix


def power_slopes(tensors, grads):
    """By the exponent 0 where the base is not above 0; PyTorch's otherwise."""
    a, b = (t.detach() for t in tensors)
    w = weights(torch.broadcast_shapes(a.shape, b.shape))
    by_exponent = torch.where(a > 0, w * (torch.pow(a, b) * torch.log(a)), 0 * w)
    base = torch.where(b == 0, 0 * w, w * (b * torch.pow(a, b - 1)))
    return [spread(base, a), spread(by_exponent, b)]


def pairs(kernel, op, f, fix=None, grad=True, edges=PAIRS, integers=True, gradients_at=None):
    if gradients_at is None:
        case(kernel, op, edges, f, grad=grad, fix=fix)
    else:
        case(kernel, op, edges, f, grad=False)
        case(kernel, op, gradients_at, f, grad=grad, fix=fix)
    for operands in ([ROWS, ROW], [ROW, ROWS], [COLUMN, ROW], [SCALAR, ROWS], [ROWS, SCALAR],
                     [NONE_BY_3, ROW], [NONE, SCALAR], [SCALAR, NONE]):
        case(kernel, op, operands, f, grad=grad, fix=fix)
    if integers:
        case(kernel, op, [I, J], f, grad=False)
        case(kernel, op, [("i", [2, 1], [5, -2]), ("i", [3], [2, 3, 4])], f, grad=False)
        case(kernel, op, [("i", [0, 3], []), ("i", [3], [2, 3, 4])], f, grad=False)


SMALL = [-40.0, -2.5, -1.0, -0.3, 0.5, 1.0, 3.0, 1e4]
SMALL_PAIRS = [("f", [64], [a for a in SMALL for _ in SMALL]), ("f", [64], [b for _ in SMALL for b in SMALL])]
pairs("Add", "add", torch.add)
pairs("Sub", "sub", torch.sub)
pairs("Multiply", "mul", torch.mul)
pairs("RealDiv", "div", torch.div, integers=False, gradients_at=SMALL_PAIRS)
pairs("SquaredDifference", "squaredDifference", lambda a, b: (a - b) ** 2, gradients_at=SMALL_PAIRS)
pairs("Maximum", "maximum", torch.maximum, first_of_two(lambda a, b: (a >= b, a < b)))
pairs("Minimum", "minimum", torch.minimum, first_of_two(lambda a, b: (a <= b, a > b)))
POWER = [-1e20, -2.0, -1e-30, 0.0, 1e-30, 0.5, 2.0, 1e20, INF]
EXPONENT = [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0]
BASES = ("f", [72], [a for a in POWER for _ in EXPONENT])
EXPONENTS = ("f", [72], [b for _ in POWER for b in EXPONENT])
pairs("Pow", "pow", torch.pow, power_slopes, edges=[BASES, EXPONENTS], integers=False, gradients_at=[
    ("f", [63], [a for a in POWER[1:8] for _ in EXPONENT] + [0.0] * 7),
    ("f", [63], [b for _ in POWER[1:8] for b in EXPONENT] + [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0])])
case("Pow", "pow", [("i", [4], [-3, -2, 0, 5]), ("i", [4], [3, 2, 0, 4])], torch.pow, grad=False)
MOD = [("f", [6], [7, -7, 6.5, 0.3, -0.7, 5]), ("f", [6], [3, 3, -2, 0.1, 0.25, -3])]
pairs("Mod", "mod", torch.remainder, edges=MOD)
pairs("FloorDiv", "floorDiv", lambda a, b: torch.div(a, b, rounding_mode="floor").to(torch.int64),
      edges=MOD, grad=False)
for kernel, op, f in (
    ("Equal", "equal", torch.eq), ("NotEqual", "notEqual", torch.ne), ("Greater", "greater", torch.gt),
    ("GreaterEqual", "greaterEqual", torch.ge), ("Less", "less", torch.lt), ("LessEqual", "lessEqual", torch.le),
):
    pairs(kernel, op, f, grad=False)
P, Q = ("b", [4], [0, 0, 1, 1]), ("b", [2, 1], [0, 1])
for kernel, op, f in (("LogicalAnd", "logicalAnd", torch.logical_and), ("LogicalOr", "logicalOr", torch.logical_or)):
    case(kernel, op, [P, ("b", [4], [0, 1, 0, 1])], f)
    case(kernel, op, [P, Q], f)
    case(kernel, op, [("b", [0], []), ("b", [1], [1])], f)
case("LogicalNot", "logicalNot", [P], torch.logical_not)
case("LogicalNot", "logicalNot", [("b", [0, 2], [])], torch.logical_not)
case("AddN", "addN", [ROWS, ROWS, ROWS], lambda *x: sum(x), listing=True)
case("AddN", "addN", [NONE, NONE], lambda *x: sum(x), listing=True)
case("AddN", "addN", [I, J], lambda *x: sum(x), listing=True)
