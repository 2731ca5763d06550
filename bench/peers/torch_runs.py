"""Whole training runs in PyTorch: the same recipe as a run of groklab's sweep.

Usage: torch_runs.py CONFIG FOLDER THREADS SEED[,SEED...] [vmap]

CONFIG is a config of groklab's as JSON: modular addition, a perceptron without
biases, StableMax in float32, perp-grad per tensor, AdamW. One seed is trained
eagerly; with `vmap` all seeds at once, their gradients by torch.vmap over
torch.func.grad. Each seed's metrics.jsonl, checkpoint and optimizer state are
written to FOLDER/SEED. Prints one JSON object.

Left out, to PyTorch's favour: all metrics but loss and accuracy, the fsync of what
is written, hashes, the split's file. The logits of the train rows are those of the
step itself, in groklab as here. (bench/README.md has the rest.)
"""

import json
import sys
import time
from pathlib import Path

import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

TINY = 1e-30


def stablemax_terms(z, y):
    """The loss of each row, of logits [n, classes] and labels [n]."""
    s = torch.where(z >= 0, z + 1, 1 / (1 - z.clamp(max=0)))
    return -torch.log(s.gather(1, y[:, None])[:, 0] / s.sum(1))


def perp(w, g):
    """The gradient of a tensor without its part along the weights, as long as it."""
    rest = g - (w * g).sum() / ((w * w).sum() + TINY) * w
    return rest * g.norm() / (rest.norm() + TINY)


def loss_of(z, y):
    return stablemax_terms(z, y).mean()


def accuracy(z, y):
    return (z.argmax(1) == y).float().mean()


class Perceptron(torch.nn.Module):
    """Layers without biases, weights U(±1/sqrt(fan in)), ReLU between."""

    def __init__(self, widths):
        super().__init__()
        self.layers = torch.nn.ModuleList(
            torch.nn.Linear(*pair, bias=False) for pair in zip(widths, widths[1:])
        )
        for layer in self.layers:
            bound = layer.in_features**-0.5
            torch.nn.init.uniform_(layer.weight, -bound, bound)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def data_of(modulus, fraction):
    """Train and test rows, (x, y) each, of all pairs in an order drawn now."""
    pairs = torch.randperm(modulus**2)
    a, b = pairs // modulus, pairs % modulus
    one_hot = torch.nn.functional.one_hot
    x = torch.cat([one_hot(a, modulus), one_hot(b, modulus)], 1).float()
    y = (a + b) % modulus
    cut = int(fraction * modulus**2)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def optimizer_of(config, params):
    return torch.optim.AdamW(
        params,
        lr=config["lr"],
        betas=(config["beta1"], config["beta2"]),
        eps=config["eps"],
        weight_decay=config["weightDecay"],
        fused=True,
    )


class Alone:
    """One run, eagerly."""

    def __init__(self, config, models, data):
        self.model = models[0]
        (self.x, self.y), (self.test_x, self.test_y) = data[0]
        self.optimizer = optimizer_of(config, self.model.parameters())

    def forward(self):
        """Logits, and loss and accuracy of the train rows, a number for each run."""
        z = self.model(self.x)
        self.loss = loss_of(z, self.y)
        return z

    def train_figures(self, z):
        return [self.loss.item()], [accuracy(z.detach(), self.y).item()]

    def test_figures(self):
        with torch.no_grad():
            z = self.model(self.test_x)
            return [loss_of(z, self.test_y).item()], [accuracy(z, self.test_y).item()]

    def update(self):
        self.optimizer.zero_grad()
        self.loss.backward()
        with torch.no_grad():
            for w in self.model.parameters():
                w.grad = perp(w, w.grad)
        self.optimizer.step()

    def states(self):
        return [(self.model.state_dict(), self.optimizer.state_dict())]


class Stacked:
    """Several runs at once: everything has a first axis more, the runs'."""

    def __init__(self, config, models, data):
        self.count = len(models)
        self.params, _ = stack_module_state(models)
        stacked = [[torch.stack(one) for one in zip(*part)] for part in zip(*data)]
        (self.x, self.y), (self.test_x, self.test_y) = stacked
        self.optimizer = optimizer_of(config, self.params.values())
        skeleton = models[0]

        def logits(params, x):
            return functional_call(skeleton, params, (x,))

        def loss_and_logits(params, x, y):
            z = logits(params, x)
            return loss_of(z, y), z

        self.gradients = vmap(grad_and_value(loss_and_logits, has_aux=True))
        self.logits, self.loss_of = vmap(logits), vmap(loss_of)
        self.accuracy, self.perp = vmap(accuracy), vmap(perp)

    def forward(self):
        self.grads, (self.loss, z) = self.gradients(self.params, self.x, self.y)
        return z

    def train_figures(self, z):
        return self.loss.tolist(), self.accuracy(z.detach(), self.y).tolist()

    def test_figures(self):
        with torch.no_grad():
            z = self.logits(self.params, self.test_x)
            losses = self.loss_of(z, self.test_y)
            return losses.tolist(), self.accuracy(z, self.test_y).tolist()

    def update(self):
        with torch.no_grad():
            for name, w in self.params.items():
                w.grad = self.perp(w, self.grads[name])
        self.optimizer.step()

    def states(self):
        state = self.optimizer.state_dict()
        return [
            (
                {name: w[i].detach().clone() for name, w in self.params.items()},
                {
                    number: {
                        key: v[i].clone() if v.ndim > 0 else v for key, v in held.items()
                    }
                    for number, held in state["state"].items()
                },
            )
            for i in range(self.count)
        ]


def train(config, runs, folders):
    """Trains, and gives each run's metrics and the seconds of all steps."""
    steps, every = config["steps"], config["evalEvery"]
    rows = [[] for _ in folders]
    files = [open(folder / "metrics.jsonl", "w") for folder in folders]
    started = time.perf_counter()
    for step in range(steps + 1):
        z = runs.forward()
        if step % every == 0 or step == steps:
            figures = zip(*runs.train_figures(z), *runs.test_figures())
            names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
            for kept, file, values in zip(rows, files, figures):
                kept.append({"step": step, **dict(zip(names, values))})
                file.write(json.dumps(kept[-1]) + "\n")
                file.flush()
        if step < steps:
            runs.update()
    seconds = time.perf_counter() - started
    for file in files:
        file.close()
    for folder, (weights, optimizer) in zip(folders, runs.states()):
        torch.save(weights, folder / "checkpoint.pt")
        torch.save(optimizer, folder / "optimizer.pt")
    return rows, seconds


def reached(rows, name):
    """The first evaluated step with an accuracy of 99 % or more, None without."""
    return next((row["step"] for row in rows if row[name] >= 0.99), None)


def checked(config):
    """Refuses what is trained otherwise here."""
    same = {
        "task": "add", "model": "mlp", "loss": "stablemax", "optimizer": "adamw",
        "perpGrad": True, "perpScope": "tensor", "perpRenormalise": True,
        "precision": "float32", "lossPrecision": "float32", "weightDecay": 0,
        "batchSize": None, "schedule": "constant", "warmup": 0, "checkpointEvery": None,
    }
    for key, value in same.items():
        if config[key] != value:
            raise SystemExit(f"{key} must be {value}, got {config[key]}")
    return config


def main():
    started = time.perf_counter()
    config = checked(json.loads(sys.argv[1]))
    folder, threads = Path(sys.argv[2]), int(sys.argv[3])
    seeds = [int(seed) for seed in sys.argv[4].split(",")]
    stacked = sys.argv[5:] == ["vmap"]
    torch.set_num_threads(threads)
    widths = [2 * config["modulus"], *config["hidden"], config["modulus"]]
    models, data, folders = [], [], []
    for seed in seeds:
        torch.manual_seed(seed)
        data.append(data_of(config["modulus"], config["trainFraction"]))
        models.append(Perceptron(widths))
        folders.append(folder / str(seed))
        folders[-1].mkdir(parents=True)
    runs = (Stacked if stacked else Alone)(config, models, data)
    rows, seconds = train(config, runs, folders)
    print(json.dumps({
        "peer": f"PyTorch {torch.__version__}",
        "stepping": seconds,
        "seconds": time.perf_counter() - started,
        "runs": [
            {
                "memorised_at": reached(kept, "train_accuracy"),
                "grokked_at": reached(kept, "test_accuracy"),
                "test_accuracy": kept[-1]["test_accuracy"],
            }
            for kept in rows
        ],
    }))


if __name__ == "__main__":
    main()
