"""Files as other tools write them, and what must be found in each.

One network of addition modulo 7 (an embedding, a hidden layer with bias, a head)
is written in many ways, by onnx.helper, PyTorch's exporter and skl2onnx. What is
expected of each file comes from elsewhere than groklab:

  loss, accuracy  Python's onnxruntime on the file, softmax cross-entropy in float64
                  (of a file that ends in probabilities, −log of the label's); of
                  files that it cannot run (bfloat16) NumPy in float64
  norm            NumPy: of the effective weights, each counted once
  exponent        NumPy: slope of log rms f(αθ) over log α, α = ½, 1, 2, 4
  depth, homogeneous   by hand, from the architecture

or the refusal. Each loss of onnxruntime's is held to NumPy's here.

    python make_foreign.py    # PyTorch 2.13, onnx, onnxruntime, skl2onnx
"""

import json
import pathlib

import foreign_ends  # noqa: F401  Each adds its cases.
import foreign_inputs  # noqa: F401
import foreign_others  # noqa: F401
import foreign_types  # noqa: F401
import foreign_weights  # noqa: F401
from foreign_cases import cases

path = pathlib.Path(__file__).with_name("foreign.json")
path.write_text(json.dumps(cases, indent=0, ensure_ascii=False) + "\n")
print(len(cases), "files,", path.stat().st_size, "bytes")
