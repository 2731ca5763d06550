"""Cases of make_operations.py: choices, reductions, products and shapes."""

import numpy as np
import torch

from operation_cases import CASES, INF, NAN, case, weights
from operation_numbers import COLUMN, I, J, NONE, NONE_BY_3, P, Q, ROW, ROWS, SCALAR

# Choices

C = ("b", [4], [0, 1, 1, 0])
X4, Y4 = ("f", [4], [1, NAN, -INF, 1e20]), ("f", [4], [INF, 2, NAN, -3])
case("Select", "where", [C, X4, Y4], torch.where)
case("Select", "where", [Q, ROW, SCALAR], torch.where)
case("Select", "where", [("b", [0, 1], []), ROW, SCALAR], torch.where)
case("Select", "where", [C, ("i", [4], [1, 2, 3, 4]), ("i", [], [-1])], torch.where)
case("Select", "where", [C, P, ("b", [4], [1, 1, 0, 0])], torch.where)
case("Select", "whereGreater", [("f", [4], [3, -1, 2, 5]), ("f", [4], [1, 4, -2, 6])],
     lambda a, b: torch.where(a > b, a, b))
case("Select", "whereGreater", [ROWS, ROW], lambda a, b: torch.where(a > b, a, b))


def no_nan(a, b):
    safe = torch.where(b == 0, torch.ones_like(b), b)
    return torch.where(b == 0, torch.zeros_like(a / safe), a / safe)


case("SafeDivisor", "divNoNan", [("f", [6], [1, -2, 0, 3, -1, 5]), ("f", [6], [0, 4, 0, -0.0, 0.5, 2])], no_nan)
case("SafeDivisor", "divNoNan", [ROWS, ("f", [3], [0, -5, 0.5])], no_nan)
case("SafeDivisor", "divNoNan", [("f", [3], [1, 2, 3]), ("f", [], [0])], no_nan)

# Reductions

CUBE = ("f", [2, 3, 2], [3, -1, 4, 1.5, -5, 9, 2, 6, -5.5, 0.25, 5, 8])
INTS = ("i", [2, 3, 2], [3, -1, 4, 1, -5, 9, 2, 6, -5, 3, 5, 8])
WIDE = ("f", [4], [1e20, 1e-30, 3e10, 0.5])
AXES = ([], [0], [1], [2], [-1], [-2], [0, -1], [-3, 1], [0, 1, 2])


def over(f):
    return lambda axes, keep: lambda x: f(x, axes, keep)


def reduction(kernel, op, f, of_none=True, extreme=None):
    for operand in (CUBE, INTS):
        for axes in AXES:
            for keep in (False, True):
                fix = extreme(axes, keep) if extreme and operand[0] == "f" else None
                case(kernel, op, [operand], over(f)(axes, keep), [axes, keep], fix=fix)
    case(kernel, op, [WIDE], over(f)([0], False), [0], fix=extreme and extreme([0], False))
    case(kernel, op, [SCALAR], over(f)([], False))
    none = [([0, 3], [1]), ([0, 3], [-1])] if not of_none else [([0, 3], [1]), ([0, 3], [0]), ([2, 0], [-1]), ([0], [0])]
    for shape, axes in none:
        case(kernel, op, [("f", shape, [])], over(f)(axes, False), [axes])


def product(x, axes, keep):
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


def summed(x, axes, keep):
    return x.sum(axes, keepdim=keep) if axes else x * 1


reduction("Sum", "sum", summed)
reduction("Mean", "mean", lambda x, axes, keep: (x.double().mean(axes, keepdim=keep) if axes else x.double() * 1))
reduction("Prod", "prod", product)


def ties(f):
    """Each of the equal extremes gets the whole gradient."""
    def of(axes, keep):
        def fix(tensors, _):
            x = tensors[0].detach()
            if not axes:
                return [weights(x.shape)]
            y = f(x, axes, True)
            return [(x == y) * weights(f(x, axes, keep).shape).reshape(y.shape)]
        return fix
    return of


def amax(x, axes, keep):
    return torch.amax(x, axes, keepdim=keep) if axes else x * 1


def amin(x, axes, keep):
    return torch.amin(x, axes, keepdim=keep) if axes else x * 1


reduction("Max", "max", amax, False, ties(amax))
reduction("Min", "min", amin, False, ties(amin))
TIES = ("f", [2, 3], [4, 4, 1, 2, 2, 2])
case("Max", "max", [TIES], lambda x: amax(x, [1], False), [1], fix=ties(amax)([1], False))
case("Min", "min", [TIES], lambda x: amin(x, [1], False), [1], fix=ties(amin)([1], False))
# NaN at each place of rows, of columns and of a cube; before, behind and among infinities.
HOLES = [("f", [n, n], [NAN if i % (n + 1) == 0 else 1.5 * ((7 * i) % 11 - 5) for i in range(n * n)]) for n in (1, 2, 3, 9, 17)]
HOLES.append(("f", [2, 5], [INF, NAN, 1, NAN, -INF, 3, INF, -INF, 2, NAN]))
HOLES.append(("f", [3, 2, 2], [1, 2, 3, NAN, 5, 6, 7, 8, NAN, -1, -2, -3]))
for hole in HOLES:
    for kernel, op, f in (("Max", "max", amax), ("Min", "min", amin)):
        for axes in ([0], [1], [0, 1]):
            for keep in (False, True):
                case(kernel, op, [hole], over(f)(axes, keep), [axes, keep], fix=ties(f)(axes, keep))
    for kernel, op, f in (("ArgMax", "argMax", torch.argmax), ("ArgMin", "argMin", torch.argmin)):
        for axis in (0, -1):
            case(kernel, op, [hole], lambda x: f(x.detach(), axis), [axis], grad=False)
FLAGS = ("b", [2, 3], [1, 1, 1, 1, 0, 0])
for kernel, op, f in (("All", "all", torch.all), ("Any", "any", torch.any)):
    for axis in (0, 1, -1):
        case(kernel, op, [FLAGS], lambda x: f(x, axis), [axis])
    case(kernel, op, [("b", [0, 2], [])], lambda x: f(x, 0), [0])
    case(kernel, op, [("b", [2, 0], [])], lambda x: f(x, 0), [0])
for kernel, op, f in (("ArgMax", "argMax", np.argmax), ("ArgMin", "argMin", np.argmin)):
    for axis in (0, 1, -1):
        for operand in (TIES, ("i", [2, 3], [4, 4, 1, 2, 2, 2]), ("f", [2, 2], [INF, -INF, 1e20, -1e20])):
            case(kernel, op, [operand], lambda x: torch.tensor(f(x.detach().numpy(), axis)), [axis], grad=False)
    case(kernel, op, [("f", [0, 3], [])], lambda x: torch.zeros([0], dtype=torch.int64), [1], grad=False)
TALL = ("f", [2, 5], [3, -1, 4, -2, 5, 9, 2, INF, -INF, 0.5])
for k in (0, 1, 5):
    case("TopK", "topk", [TALL], lambda x: torch.topk(x, k), [k], grad=False)
    case("TopK", "topk", [("i", [1, 5], [3, -1, 4, -2, 5])], lambda x: torch.topk(x, k), [k], grad=False)


def largest(k):
    """PyTorch's order, NaN first; of equal ones the first come first."""
    def of(x):
        order = torch.sort(x.detach(), dim=-1, descending=True, stable=True)
        return order.values[..., :k], order.indices[..., :k]
    return of


for hole in HOLES:
    for k in (1, 2, hole[1][-1]):
        if k <= hole[1][-1]:
            case("TopK", "topk", [hole], largest(k), [k], grad=False)
case("TopK", "topk", [TIES], largest(3), [3], grad=False)
case("TopK", "topk", [("f", [2, 0], [])], lambda x: torch.topk(x, 0), [0], grad=False)
case("TopK", "topk", [("f", [0, 3], [])], lambda x: torch.topk(x, 2), [2], grad=False)


def running(f, identity):
    def run(axis, exclusive, reverse):
        def of(x):
            y = x.flip(axis) if reverse else x
            y = f(y, axis)
            if exclusive:
                first = torch.full_like(y.narrow(axis, 0, 1), identity)
                y = torch.cat([first, y.narrow(axis, 0, y.shape[axis] - 1)], axis)
            return y.flip(axis) if reverse else y
        return of
    return run


for kernel, op, f, identity in (("Cumsum", "cumsum", torch.cumsum, 0), ("Cumprod", "cumprod", torch.cumprod, 1)):
    for axis in (0, 1, 2, -1, -3):
        for exclusive in (False, True):
            for reverse in (False, True):
                for operand in (CUBE, INTS):
                    case(kernel, op, [operand], running(f, identity)(axis, exclusive, reverse),
                         [axis, exclusive, reverse], grad=op == "cumsum")
    case(kernel, op, [("f", [3, 3], list(range(9)))], running(f, identity)(0, False, False), [0], grad=op == "cumsum")
    case(kernel, op, [("f", [2, 0], [])], lambda x: x * 1, [1], grad=op == "cumsum")
SOFT = ("f", [3, 3], [1, 2, 3, -1e20, 0, 710, -700, -710, -746])
case("Softmax", "softmax", [SOFT], lambda x: torch.softmax(x, -1), [-1])
case("Softmax", "logSoftmax", [SOFT], lambda x: torch.log_softmax(x, -1), [-1])
case("Softmax", "softmax", [NONE_BY_3], lambda x: torch.softmax(x, -1), [-1])
case("Softmax", "logSumExp", [SOFT], lambda x: torch.logsumexp(x, 1), [1],
     fix=lambda x, _: [torch.softmax(x[0].detach(), 1) * weights([3])[:, None]])

# Matrices

M = ("f", [2, 3], [1, 2, -3, 0.5, 4, -1])
N = ("f", [3, 4], [1, 0, 2, -1, 3, 0.5, -2, 1, 0, 1, 1, 2])
BATCHES = ("f", [2, 3, 4], [((7 * i) % 11 - 5) / 2 for i in range(24)])
for left, right, ta, tb in (
    (M, N, False, False), (("f", [3, 2], M[2]), N, True, False), (M, ("f", [4, 3], N[2]), False, True),
    (("f", [3, 2], M[2]), ("f", [4, 3], N[2]), True, True), (M, BATCHES, False, False),
    (("f", [3, 2], M[2]), BATCHES, True, False), (("f", [1, 2, 4], M[2] + [1, 1]), BATCHES, False, True),
    (BATCHES, ("f", [4, 2], M[2] + [3, -1]), False, False), (BATCHES, ("f", [1, 2, 4], M[2] + [3, -1]), False, True),
    (BATCHES, ("f", [3, 2], M[2]), True, False), (("f", [2, 1, 2, 3], M[2] * 2), ("f", [2, 3, 1], M[2]), False, False),
    (("f", [0, 3], []), N, False, False), (("f", [2, 0], []), ("f", [0, 4], []), False, False),
    (("f", [2, 1, 0], []), ("f", [0, 3], []), False, False), (("f", [0, 2, 3], []), N, False, False),
    (("i", [2, 3], [1, 2, 3, 4, 5, 6]), ("i", [3, 1], [1, -1, 2]), False, False),
):
    case("BatchMatMul", "matMul", [left, right],
         lambda a, b: (a.mT if ta else a) @ (b.mT if tb else b), [ta, tb])

# Shapes

SMALL_CUBES = (CUBE, INTS, ("f", [0, 3, 2], []))
for x in SMALL_CUBES:
    n = x[1][0]
    case("Reshape", "reshape", [x], lambda x: x.reshape([n * 3, 2]) * 1, [[n * 3, 2]])
    for axis in (0, 1, -1, 3):
        case("ExpandDims", "expandDims", [x], lambda x: x.unsqueeze(axis) * 1, [axis])
    case("Transpose", "transpose", [x], lambda x: x.permute([2, 0, 1]) * 1, [[2, 0, 1]])
    case("Tile", "tile", [x], lambda x: x.tile([2, 1, 3]), [[2, 1, 3]])
    case("Tile", "tile", [x], lambda x: x.tile([0, 1, 1]), [[0, 1, 1]])
    case("Slice", "slice", [x], lambda x: x[:, 1:, :1] * 1, [[0, 1, 0], [-1, -1, 1]])
    case("Slice", "slice", [x], lambda x: x[:, 1:1] * 1, [[0, 1, 0], [-1, 0, -1]])
    case("PadV2", "pad", [x], lambda x: torch.nn.functional.pad(x, [0, 1, 2, 0, 1, 1], value=7),
         [[[1, 1], [2, 0], [0, 1]], 7])
    for axis in (0, 1, -1):
        case("Concat", "concat", [x, x, x], lambda *x: torch.cat(x, axis), [axis], listing=True)
        case("Pack", "stack", [x, x], lambda *x: torch.stack(x, axis), [axis], listing=True)
    case("Unpack", "unstack", [x], lambda x: [y * 1 for y in x.unbind(1)], [1])
    case("Unpack", "unstack", [x], lambda x: [y * 1 for y in x.unbind(-1)], [-1])
    case("SplitV", "split", [x], lambda x: [y * 1 for y in x.split([1, 0, 2], 1)], [[1, 0, 2], 1])
    case("SplitV", "split", [x], lambda x: [y * 1 for y in x.split(1, -1)], [2, -1])
case("Concat", "concat", [("f", [2, 0], []), ROWS, ("f", [2, 1], [1, 2])], lambda *x: torch.cat(x, 1), [-1], listing=True)
case("Concat", "concat", [("b", [2], [0, 1]), ("b", [1], [1])], lambda *x: torch.cat(x), [0], listing=True)
IDS = ("i", [2, 2], [2, 0, 2, 1])
for axis in (0, 1, -2):
    case("GatherV2", "gather", [("f", [3, 3, 2], [i / 2 for i in range(18)]), IDS],
         lambda x, i: (x[i] if axis == 0 else x[:, i]) * 1, [axis])
case("GatherV2", "gather", [("f", [2, 3, 2], CUBE[2]), IDS],
     lambda x, i: torch.stack([row[j] for row, j in zip(x, i)]), [1, 1])
case("GatherV2", "gather", [("f", [2, 3], ROWS[2]), ("i", [2], [2, 0])],
     lambda x, i: torch.stack([row[j] for row, j in zip(x, i)]), [1, 1])
case("GatherV2", "gather", [("f", [2, 3], ROWS[2]), ("i", [0], [])], lambda x, i: x[i] * 1, [0])
case("GatherV2", "gather", [INTS, IDS], lambda x, i: x[:, i], [1])
case("TensorScatterUpdate", "tensorScatterUpdate", [ROWS, ("i", [2, 2], [0, 1, 1, 2]), ("f", [2], [7, -8])],
     lambda x, i, u: x.detach().index_put((i[:, 0], i[:, 1]), u.detach()), grad=False)
case("TensorScatterUpdate", "tensorScatterUpdate", [ROWS, ("i", [1, 1], [1]), ("f", [1, 3], [7, -8, NAN])],
     lambda x, i, u: x.detach().index_put((i[:, 0],), u.detach()), grad=False)
case("TensorScatterUpdate", "tensorScatterUpdate", [ROWS, ("i", [0, 1], []), ("f", [0, 3], [])],
     lambda x, i, u: x.detach() * 1, grad=False)


def one_hot(i, depth):
    return (i[..., None] == torch.arange(depth)).to(torch.int64)


case("OneHot", "oneHot", [("i", [5], [-1, 0, 2, 3, 7])], lambda i: one_hot(i, 3), [3])
case("OneHot", "oneHot", [("i", [0], [])], lambda i: one_hot(i, 3), [3])


def segments(x, ids, n):
    keep = (ids >= 0) & (ids < n)
    return torch.zeros([n, *x.shape[1:]], dtype=x.dtype).index_add(0, ids[keep], x[keep])


SEGMENTS = ("f", [4, 2], [1, 2, 3, 4, 5, 6, 0.5, -8])
case("UnsortedSegmentSum", "unsortedSegmentSum", [SEGMENTS, ("i", [4], [2, 0, 2, -1])], lambda x, i: segments(x, i, 4), [4])
case("UnsortedSegmentSum", "unsortedSegmentSum", [("f", [0, 2], []), ("i", [0], [])], lambda x, i: segments(x, i, 2), [2])
case("UnsortedSegmentSum", "unsortedSegmentSum", [("i", [3], [5, 6, 7]), ("i", [3], [1, 1, 0])], lambda x, i: segments(x, i, 3), [3])
case("Cast", "cast", [("f", [5], [-2.7, -0.5, 0.0, 0.9, 3])], lambda x: x.detach().trunc().to(torch.int64), ["int32"], grad=False)
case("Cast", "cast", [("f", [5], [-2.7, -0.0, 0.0, 0.9, NAN])], lambda x: x.detach() != 0, ["bool"], grad=False)
case("Cast", "cast", [("f", [0], [])], lambda x: x.detach().to(torch.int64), ["int32"], grad=False)
case("Cast", "cast", [("b", [3], [0, 1, 1])], lambda x: x.to(torch.int64), ["int32"])
for kernel, op, f in (("Neg", "neg", torch.neg), ("Abs", "abs", torch.abs), ("Sign", "sign", torch.sign),
                      ("Square", "square", torch.square), ("Relu", "relu", torch.relu),
                      ("ZerosLike", "zerosLike", torch.zeros_like), ("OnesLike", "onesLike", torch.ones_like),
                      ("Identity", "clone", torch.clone)):
    case(kernel, op, [I], f)
case("ClipByValue", "clipByValue", [I], lambda x: torch.clamp(x, -1, 2), [-1, 2])
for kernel in ("Exp", "Expm1", "Log", "Log1p", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Sigmoid", "Softplus",
               "Elu", "LeakyRelu", "Sqrt", "Rsqrt", "Reciprocal", "Square", "Neg", "Abs", "Sign", "Floor", "Ceil",
               "Round", "Relu", "Relu6", "Step", "Identity", "ZerosLike", "OnesLike", "IsNan", "IsInf", "IsFinite"):
    first = CASES[kernel][0]
    truth = kernel.startswith("Is")
    case(kernel, first["op"], [("f", [0, 2], [])], (lambda x: x.detach() != 0) if truth else (lambda x: x * 1),
         first["args"], grad=kernel not in ("ZerosLike", "OnesLike", "IsNan", "IsInf", "IsFinite"))
