"""Networks of other tools whose parts have to be found without their names.

Run:  python make_foreign_maps.py

Writes foreign_maps/*.onnx, addition mod 5: perceptrons and transformers as PyTorch's
exporter or onnx.helper writes them, every weight, node and value renamed to a number.
foreign_maps.json has what belongs under which name: the weights as x @ W has them
([in, out]) and the activations of the pairs (0, 0), (1, 3) and (4, 4), from PyTorch
and NumPy.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = Path(__file__).parent
FILES = HERE / "foreign_maps"
FILES.mkdir(exist_ok=True)
P = 5
torch.manual_seed(11)
PAIRS = torch.tensor([[0, 0], [1, 3], [4, 4]])
result = {}


def anonymous(model):
    """Numbers for names, but of the input."""
    names = {model.graph.input[0].name: "input", "": ""}

    def rename(name):
        return names.setdefault(name, f"n{len(names)}")

    for node in model.graph.node:
        node.input[:] = [rename(x) for x in node.input]
        node.output[:] = [rename(x) for x in node.output]
        node.name = ""
    for entry in [*model.graph.initializer, *model.graph.output, *model.graph.input]:
        entry.name = rename(entry.name)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    return model


def keep(name, model, weights, activations):
    onnx.save(anonymous(model), FILES / f"{name}.onnx")
    numbers = lambda x: np.asarray(x.detach() if torch.is_tensor(x) else x, float)
    result[name] = {
        "weights": {
            key: {"shape": list(x.shape), "data": numbers(x).ravel().tolist()}
            for key, x in weights.items()
        },
        "activations": {
            key: {"shape": list(x.shape), "data": numbers(x).ravel().tolist()}
            for key, x in activations.items()
        },
    }


def exported(module, inputs):
    path = FILES / "partial.onnx"
    module.eval()
    torch.onnx.export(
        module, (inputs,), path, dynamo=False, opset_version=17,
        input_names=["tokens"], output_names=["scores"],
        dynamic_axes={"tokens": {0: "n"}, "scores": {0: "n"}},
    )
    model = onnx.load(path)
    path.unlink()
    return model


def perceptron(name, inputs, nodes, tensors, weights, activations):
    graph = helper.make_graph(
        nodes, name, [inputs],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", P])],
        [numpy_helper.from_array(x.astype(np.float32), k) for k, x in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    keep(name, model, weights, activations)


def drawn(*shape):
    return torch.randn(shape).numpy()


def columns():
    """The table lies [width, tokens], and is looked up along its second axis; one
    weight is turned by a node, one by Gemm, one stands as it is."""
    E, A, B, C = drawn(5, P), drawn(6, 10), drawn(6, 6), drawn(P, 6)
    bias = drawn(6)
    x = E[:, PAIRS.numpy()].transpose(1, 2, 0).reshape(3, 10)
    first = np.tanh(x @ A.T + bias)
    second = np.maximum(first @ B, 0)
    perceptron(
        "columns",
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n", 2]),
        [
            helper.make_node("Gather", ["E", "tokens"], ["rows"], axis=1),
            helper.make_node("Transpose", ["rows"], ["turned"], perm=[1, 2, 0]),
            helper.make_node("Flatten", ["turned"], ["x"]),
            helper.make_node("Gemm", ["x", "A", "bias"], ["pre"], transB=1),
            helper.make_node("Tanh", ["pre"], ["post"]),
            helper.make_node("MatMul", ["post", "B"], ["pre2"]),
            helper.make_node("Relu", ["pre2"], ["post2"]),
            helper.make_node("Transpose", ["C"], ["Ct"]),
            helper.make_node("MatMul", ["post2", "Ct"], ["scores"]),
        ],
        {"E": E, "A": A, "B": B, "C": C, "bias": bias},
        {"W_E": E.T, "layers.0.W": A.T, "layers.1.W": B, "layers.2.W": C.T},
        {"layers.0.hook_post": first, "layers.1.hook_post": second},
    )


def one_hot_rows():
    """One-hot rows times a table of vectors, of as many numbers as there are tokens."""
    E, A, B = drawn(P, P), drawn(10, 7), drawn(7, P)
    hot = np.eye(P)[PAIRS.numpy()]
    first = np.maximum((hot @ E).reshape(3, 10) @ A, 0)
    perceptron(
        "one_hot_rows",
        helper.make_tensor_value_info("hot", TensorProto.FLOAT, ["n", 2, P]),
        [
            helper.make_node("MatMul", ["hot", "E"], ["rows"]),
            helper.make_node("Flatten", ["rows"], ["x"]),
            helper.make_node("MatMul", ["x", "A"], ["pre"]),
            helper.make_node("Relu", ["pre"], ["post"]),
            helper.make_node("MatMul", ["post", "B"], ["scores"]),
        ],
        {"E": E, "A": A, "B": B},
        {"W_E": E, "layers.0.W": A, "layers.1.W": B},
        {"layers.0.hook_post": first},
    )


def side_by_side():
    """Both one-hot vectors in one row: the first layer is all there is before."""
    A, B, C = drawn(10, 10), drawn(6, 10), drawn(6, P)
    hot = np.eye(P)[PAIRS.numpy()].reshape(3, 10)
    first = np.maximum(hot @ A, 0)
    second = np.maximum(first @ B.T, 0)
    perceptron(
        "side_by_side",
        helper.make_tensor_value_info("hot", TensorProto.FLOAT, ["n", 10]),
        [
            helper.make_node("MatMul", ["hot", "A"], ["pre"]),
            helper.make_node("Relu", ["pre"], ["post"]),
            helper.make_node("Gemm", ["post", "B"], ["pre2"], transB=1),
            helper.make_node("Relu", ["pre2"], ["post2"]),
            helper.make_node("MatMul", ["post2", "C"], ["scores"]),
        ],
        {"A": A, "B": B, "C": C},
        {"layers.0.W": A, "layers.1.W": B.T, "layers.2.W": C},
        {"layers.0.hook_post": first, "layers.1.hook_post": second},
    )


def gated():
    """Two products side by side: which layer is which cannot be told."""
    E, A, B, C = drawn(P, 4), drawn(8, 6), drawn(8, 6), drawn(6, P)
    perceptron(
        "gated",
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n", 2]),
        [
            helper.make_node("Gather", ["E", "tokens"], ["rows"]),
            helper.make_node("Flatten", ["rows"], ["x"]),
            helper.make_node("MatMul", ["x", "A"], ["a"]),
            helper.make_node("MatMul", ["x", "B"], ["b"]),
            helper.make_node("Sigmoid", ["a"], ["gate"]),
            helper.make_node("Mul", ["gate", "b"], ["post"]),
            helper.make_node("MatMul", ["post", "C"], ["scores"]),
        ],
        {"E": E, "A": A, "B": B, "C": C}, {"W_E": E}, {},
    )


class Block(nn.Module):
    def __init__(self, width, heads, neurons):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (
            nn.Linear(width, width, bias=False) for _ in range(4)
        )
        self.up, self.down = nn.Linear(width, neurons), nn.Linear(neurons, width)

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = (
            f(x).view(n, length, self.heads, -1).transpose(1, 2)
            for f in (self.q, self.k, self.v)
        )
        self.pattern = (q @ k.transpose(-1, -2) / 2.0).softmax(-1)
        self.z = (self.pattern @ v).transpose(1, 2).reshape(n, length, -1)
        self.mid = x + self.o(self.z)
        self.post = torch.relu(self.up(self.mid))
        return self.mid + self.down(self.post)


class Two(nn.Module):
    """Two blocks without norms, a table of positions looked up, logits everywhere."""

    def __init__(self):
        super().__init__()
        self.table, self.places = nn.Embedding(P + 1, 6), nn.Embedding(3, 6)
        self.blocks = nn.ModuleList(Block(6, 2, 7) for _ in range(2))
        self.head = nn.Linear(6, P)

    def forward(self, tokens):
        x = self.table(tokens) + self.places(torch.arange(3))
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Encoder(nn.Module):
    """PyTorch's own encoder layer, norms behind the sums, the last position's logits."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(P, 6)
        self.layer = nn.TransformerEncoderLayer(6, 2, 9, batch_first=True)
        self.head = nn.Linear(6, P, bias=False)

    def forward(self, tokens):
        return self.head(self.layer(self.table(tokens))[:, -1])


def two_blocks():
    two = Two()
    tokens = torch.cat([PAIRS, torch.full((3, 1), P)], 1)
    two(tokens)
    weights = {"W_E": two.table.weight, "W_U": two.head.weight.T, "b_U": two.head.bias}
    activations = {}
    for i, block in enumerate(two.blocks):
        weights |= {
            f"blocks.{i}.attn.W_O": block.o.weight.T,
            f"blocks.{i}.mlp.W_in": block.up.weight.T,
            f"blocks.{i}.mlp.W_out": block.down.weight.T,
            f"blocks.{i}.mlp.b_out": block.down.bias,
        }
        activations |= {
            f"blocks.{i}.attn.hook_pattern": block.pattern,
            f"blocks.{i}.attn.hook_z": block.z,
            f"blocks.{i}.hook_resid_mid": block.mid,
            f"blocks.{i}.mlp.hook_post": block.post,
        }
    keep("two_blocks", exported(two, tokens), weights, activations)


def encoder_layer():
    encoder = Encoder().eval()
    torch.backends.mha.set_fastpath_enabled(False)
    layer = encoder.layer
    x = encoder.table(PAIRS)
    mid = layer.norm1(x + layer._sa_block(x, None, None))
    post = torch.relu(layer.linear1(mid))
    weights = {
        "W_E": encoder.table.weight,
        "blocks.0.attn.W_O": layer.self_attn.out_proj.weight.T,
        "blocks.0.attn.b_O": layer.self_attn.out_proj.bias,
        "blocks.0.mlp.W_in": layer.linear1.weight.T,
        "blocks.0.mlp.W_out": layer.linear2.weight.T,
        "blocks.0.mlp.b_out": layer.linear2.bias,
        "ln_final.w": layer.norm2.weight,
        "W_U": encoder.head.weight.T,
    }
    keep(
        "encoder_layer", exported(encoder, PAIRS), weights,
        {"blocks.0.mlp.hook_post": post},
    )


for make in (
    columns, one_hot_rows, side_by_side, gated, two_blocks, encoder_layer
):
    make()
(HERE / "foreign_maps.json").write_text(json.dumps(result))
