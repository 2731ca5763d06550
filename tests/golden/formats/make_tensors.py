"""Writes tensors.json: tensors, and what safetensors and NumPy make of them.

    pip install numpy safetensors
    python tests/golden/formats/make_tensors.py

Made with numpy 2.4.6 and safetensors 0.8.0.
"""

import base64
import io
import json
import pathlib

import numpy as np
from safetensors.numpy import save

tensors = {
    "blocks.0.W": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "α": np.array([0.1, -1e300, np.inf], dtype=np.float64),
    "half": np.array([[1.5], [-0.0], [6e-8]], dtype=np.float16),
    "scalar": np.array(2.5, dtype=np.float32),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "count": np.array([-(2**53) + 1, 0], dtype=np.int64),
    "small": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "natural": np.array([2**32 - 1], dtype=np.uint32),
    "mask": np.array([[True, False], [True, True]]),
    "long": np.zeros((1,) * 15 + (3,), dtype=np.float32),
}


def text(data):
    return base64.b64encode(data).decode()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return text(file.getvalue())


golden = {
    "tensors": {
        name: {
            "dtype": str(array.dtype),
            "shape": array.shape,
            "bytes": text(array.tobytes()),
            "npy": npy(array),
        }
        for name, array in tensors.items()
    },
    # Of one key: the package writes several in no order.
    "safetensors": text(save(tensors, metadata={"step": '"α"'})),
    "without_metadata": text(save(tensors)),
    "of_nothing": text(save({})),
}
path = pathlib.Path(__file__).parent / "tensors.json"
path.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
