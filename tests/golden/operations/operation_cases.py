"""How the cases of make_operations.py are computed and written."""

import mpmath as mp
import numpy as np
import torch

mp.mp.dps = 50
NAN, INF = float("nan"), float("inf")

EDGES = [0.0, -0.0]
for size in (1e-300, 1e-30, 1e-12, 1e-4, 0.3, 0.5, 1, 1.5, 2.5, 6, 9.5, 20, 36, 40, 89, 104, 710,
             746, 1e20, 1e300, INF):
    EDGES += [size, -size]
EDGES += [NAN]


def plain(x):
    """A number as JSON: what has none there as text."""
    x = float(x)
    if np.isnan(x):
        return "NaN"
    return x if np.isfinite(x) else ("Infinity" if x > 0 else "-Infinity")


def listed(values, dtype):
    """Numbers rounded to a type, as short as they can be written."""
    if dtype == "float32":
        with np.errstate(over="ignore"):
            return [plain(str(x)) for x in np.asarray(values, np.float64).ravel().astype(np.float32)]
    if dtype == "float64":
        return [plain(x) for x in np.asarray(values, np.float64).ravel()]
    return [int(x) for x in np.asarray(values).ravel()]


def held(values, dtype):
    """Numbers as a type holds them, in float64."""
    with np.errstate(over="ignore"):
        rounded = np.asarray(values, np.float64).astype(dtype)
    return rounded.astype(np.float64)


def weights(shape):
    n = int(np.prod(shape, dtype=np.int64))
    return torch.tensor([((37 * i) % 17 - 8) / 8 for i in range(n)], dtype=torch.float64).reshape(shape)


CASES = {}


def add(kernel, case):
    CASES.setdefault(kernel, []).append(case)


def to_number(x):
    """mpmath's number, rounded to float64; ties and range are the conversion's."""
    if isinstance(x, mp.mpc) or x is None:
        return NAN
    return float(x)


def elementary(kernel, op, f, slope, at_ends, domain=lambda x: True, args=(), grad=True,
               edges=EDGES, only=("float32", "float64"), slope_at=()):
    """Single numbers: f and its derivative by mpmath, at_ends by PyTorch (value, derivative)."""
    case = {"op": op, "in": [["f", [len(edges)], "edges" if edges is EDGES else [plain(x) for x in edges]]],
            "args": list(args), "one": True}
    for dtype in only:
        values, slopes = [], []
        for x in held(edges, dtype):
            if np.isfinite(x) and domain(x):
                y, dy = to_number(f(mp.mpf(x))), to_number(slope(mp.mpf(x)))
                if x == 0:  # Signs of zeros, and ends of domains, are PyTorch's.
                    t = torch.tensor(x, dtype=torch.float64)
                    y = float(at_ends(t).detach())
                values.append(y)
                slopes.append(dy)
            else:
                t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
                y = at_ends(t)
                values.append(float(y.detach()))
                slopes.append(float(torch.autograd.grad(y, t)[0]) if y.requires_grad else 0.0)
            for place, other in slope_at:
                if x == place or (x != x and place != place):
                    slopes[-1] = other
        case[dtype] = {"out": [listed(values, dtype)], "shape": [[len(edges)]]}
        if grad:
            case[dtype]["grad"] = [listed(slopes, dtype)]
    add(kernel, case)


def case(kernel, op, operands, f, args=(), grad=True, only=("float32", "float64"), listing=False,
         fix=None, results=None):
    """Tensors: f by PyTorch; operands are (type, shape, values)."""
    made = {"op": op, "in": [[t, list(s), [plain(x) for x in v] if t == "f" else list(v)]
                             for t, s, v in operands], "args": list(args)}
    if listing:
        made["list"] = True
    floats = [i for i, (t, _, _) in enumerate(operands) if t == "f"]
    for dtype in only if floats else ("int32",):
        tensors = []
        for t, s, v in operands:
            if t == "f":
                x = torch.tensor(held(v, dtype).reshape(s)).requires_grad_(grad)
            elif t == "i":
                x = torch.tensor(np.asarray(v, np.int64).reshape(s))
            else:
                x = torch.tensor(np.asarray(v, bool).reshape(s))
            tensors.append(x)
        out = f(*tensors)
        outs = list(out) if isinstance(out, (list, tuple)) else [out]
        entry = {"out": [], "shape": []}
        for y in outs:
            kind = dtype.replace("int32", "float32") if y.is_floating_point() else "int"
            entry["out"].append(listed(y.detach().numpy(), kind))
            entry["shape"].append(list(y.shape))
        if grad and floats:
            total = sum((y * weights(y.shape)).sum() for y in outs if y.requires_grad)
            found = torch.autograd.grad(total, [tensors[i] for i in floats], allow_unused=True)
            grads = [torch.zeros_like(tensors[i]) if g is None else g for i, g in zip(floats, found)]
            if fix:
                grads = fix(tensors, grads)
            entry["grad"] = [listed(g.numpy(), dtype) for g in grads]
        made[dtype] = entry
    add(kernel, made)
