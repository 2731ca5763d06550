"""Files as other tools write them, and what must be found in each.

One network of addition modulo 7 (an embedding, a hidden layer with bias, a head)
is written in many ways, by onnx.helper, PyTorch's exporter and skl2onnx. What is
expected of each file comes from elsewhere than groklab:

  loss, accuracy  Python's onnxruntime on the file, softmax cross-entropy in float64
                  (of a file that ends in probabilities, −log of the label's); of
                  files that it cannot run (bfloat16) NumPy in float64
  norm            NumPy: of the effective weights, each counted once
  exponent        NumPy (PyTorch in float64 of its own networks): slope of log rms f(αθ) over log α, α = ½, 1, 2, 4
  depth, homogeneous   by hand, from the architecture

or the refusal. Each loss of onnxruntime's is held to NumPy's here.

    python make_foreign.py    # PyTorch 2.13, onnx, onnxruntime, skl2onnx
"""

import json
import pathlib

import foreign_chains  # noqa: F401  Each adds its cases.
import foreign_ends  # noqa: F401
import foreign_inputs  # noqa: F401
import foreign_networks  # noqa: F401
import foreign_others  # noqa: F401
import foreign_quantised  # noqa: F401
import foreign_scalars  # noqa: F401
import foreign_types  # noqa: F401
import foreign_weights  # noqa: F401
from foreign_cases import ALPHAS, NET, cases, mlp, np

path = pathlib.Path(__file__).with_name("foreign.json")
path.write_text(json.dumps(cases, indent=0, ensure_ascii=False) + "\n")
print(len(cases), "files,", path.stat().st_size, "bytes")

# Of the network itself: logits as some of its weights are scaled, each by α to a
# power, behind L of which it would be homogeneous.
GROUPS = {
    "E": ({"E": 1}, 1), "W": ({"W": 1}, 1), "b": ({"b": 1}, 1), "U": ({"U": 1}, 1),
    "all but biases": ({"E": 1, "W": 1, "U": 1}, 3),
    "balanced": ({"E": 1, "W": 1, "b": 2, "U": 1}, 3),
}
exact = {k: v.astype(np.float64) for k, v in NET.items()}


def group(powers, degree):
    low, at_rest, high = (
        mlp({k: a ** powers.get(k, 0) * v for k, v in exact.items()})
        for a in (ALPHAS[0], 1, 2))
    rms = [np.sqrt((f**2).mean()) for f in (low, high)]
    return {
        "exponent": float(np.log(rms[1] / rms[0]) / np.log(4)),
        "deviation": [
            float(np.linalg.norm(f - a**degree * at_rest)
                  / np.linalg.norm(a**degree * at_rest))
            for f, a in ((low, 0.5), (high, 2))],
    }


groups = {name: group(*told) for name, told in GROUPS.items()}
path.with_name("foreign_groups.json").write_text(json.dumps(groups, indent=1) + "\n")
