"""Reference values of every traced operation on ordinary and on extreme operands.

Elementary functions and their derivatives are mpmath's with 50 digits where the operand is a
finite number, and PyTorch's at infinities and NaN; everything else, and its gradients, is PyTorch's
in float64. Each is computed from the operands as the type holds them and rounded to it once, so
the values of float32 owe nothing to float32's arithmetic. PyTorch's gradients are replaced where
TensorFlow.js has another convention (ties, kinks), which docs/library.md lists.

Run:  pip install torch==2.13.0 numpy mpmath; python tests/golden/operations/make_operations.py

Writes operations.json: cases by kernel. A case names TensorFlow.js's function, its operands (type,
shape and values; `f` stands for either floating type) and what follows them, and has the
results, and the gradients with respect to the floating operands of sum(result * dy), where dy is
1 for functions of single numbers and (37 i mod 17 - 8)/8 by place i for others.
"""

import json
from pathlib import Path

import operation_numbers  # noqa: F401  They add their cases.
import operation_tensors  # noqa: F401
from operation_cases import CASES, EDGES, plain

path = Path(__file__).with_name("operations.json")
lines = [f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False, separators=(',', ':'))}" for k, v in CASES.items()]
head = json.dumps([plain(x) for x in EDGES], separators=(",", ":"))
path.write_text('{"edges":' + head + ',\n "kernels":{\n' + ",\n".join(lines) + "\n }}\n")
print(path, path.stat().st_size, sum(len(v) for v in CASES.values()), "cases of", len(CASES), "kernels")
