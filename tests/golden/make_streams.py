"""Random streams and what is drawn from them, by value.

Nothing here shares code with the TypeScript sources. A stream is xoroshiro128+ (Blackman &
Vigna; the constants 24, 16, 37) whose two words are the first 16 bytes of the SHA-256 of
"SEED:PURPOSE", 32 bits at a time, little-endian, the high half of a word first. Of each sum
the low 32 bits are used: integers below n by rejection of what lies above the last multiple
of n, after the sign bit is turned; uniform numbers of 53 bits from the low 26 and 27 bits of
two of them. The normal distribution is Box and Muller's cosine, permutations are Fisher's and
Yates's, from the end.

Run:  pip install numpy; python tests/golden/make_streams.py

Writes streams.json beside this script: numbers of all kinds, a split with and without label
noise, codes of residues, residues in base 2, bit vectors, and the initial parameters of small networks, float32
with the fewest digits that identify them (apply Math.fround).
"""

import hashlib
import math

import numpy as np

from make_golden import write

M64, M32 = 2**64 - 1, 2**32 - 1


def shortest32(x):
    return float(str(np.float32(x)))


def rotl(x, k):
    return (x << k | x >> (64 - k)) & M64


class Stream:
    def __init__(self, seed, purpose):
        h = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
        w = [int.from_bytes(h[i:i + 4], "little") for i in (0, 4, 8, 12)]
        self.a, self.b = w[0] << 32 | w[1], w[2] << 32 | w[3]

    def bits(self):
        out = (self.a + self.b) & M32
        t = self.a ^ self.b
        self.a = rotl(self.a, 24) ^ t ^ (t << 16 & M64)
        self.b = rotl(t, 37)
        return out

    def integer(self, n):
        most = 2**32 // n * n
        while (x := self.bits() ^ 2**31) >= most:
            pass
        return x % n

    def uniform(self):
        high, low = self.bits() & (2**26 - 1), self.bits() & (2**27 - 1)
        return (high * 2**27 + low) / 2**53

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())


def permutation(n, stream):
    order = list(range(n))
    for i in reversed(range(1, n)):
        j = stream.integer(i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def sample(count, n, stream):
    """The first places of a shuffle from the front, of the whole list."""
    order = list(range(n))
    for i in range(count):
        j = i + stream.integer(n - i)
        order[i], order[j] = order[j], order[i]
    return order[:count]


def split_case(p, seed, fraction, noise):
    rows = [[a, b] for a in range(p) for b in range(p)]
    order = permutation(len(rows), Stream(seed, "split"))
    size = int(fraction * len(rows))
    take = lambda places: {"inputs": [rows[i] for i in places],
                           "labels": [sum(rows[i]) % p for i in places]}
    train, test = take(order[:size]), take(order[size:])
    stream = Stream(seed, "label-noise")
    noisy = list(train["labels"])
    for i in sample(round(noise * size), size, stream):
        noisy[i] = (noisy[i] + 1 + stream.integer(p - 1)) % p
    return {"modulus": p, "seed": seed, "trainFraction": fraction, "train": train, "test": test,
            "labelNoise": noise, "noisy": noisy}


def parity_rows(seed, bits, samples):
    """Different ones, in the order in which they first came."""
    stream, rows = Stream(seed, "data"), []
    while len(rows) < samples:
        row = [stream.integer(2) for _ in range(bits)]
        if row not in rows:
            rows.append(row)
    return rows


def codes(seed, p, bits):
    order = permutation(2**bits, Stream(seed, "data/codes"))[:p]
    return [[int(c) for c in f"{code:0{bits}b}"] for code in order]


def base_2(p):
    """All pairs, each number with the digits of p - 1, as format() writes them."""
    digits = [[int(c) for c in f"{n:0{(p - 1).bit_length()}b}"] for n in range(p)]
    return [a + b for a in digits for b in digits]


def init(seed, path, size, draw):
    stream = Stream(seed, f"init/{path}")
    return [shortest32(draw(stream)) for _ in range(size)]


def uniform_in(bound):
    return lambda s: (2 * s.uniform() - 1) * bound


def inits(seed):
    """As nn.Linear starts: U(±1/√fan_in); Nanda's: N(0, 1)/√d_model and N(0, 1)/√d_vocab."""
    return {
        "mlp": {"config": {"modulus": 3, "hidden": [4]}, "seed": seed, "params": {
            "layers.0.W": init(seed, "layers.0.W", 6 * 4, uniform_in(1 / math.sqrt(6))),
            "layers.1.W": init(seed, "layers.1.W", 4 * 3, uniform_in(1 / math.sqrt(4))),
        }},
        "transformer": {
            "config": {"model": "transformer", "modulus": 3, "dModel": 4, "heads": 2, "dMlp": 2},
            "seed": seed,
            "params": {
                path: init(seed, path, size, lambda s: s.normal() / math.sqrt(width))
                for path, size, width in [
                    ("W_E", 4 * 4, 4), ("W_pos", 3 * 4, 4), ("blocks.0.attn.W_Q", 16, 4),
                    ("blocks.0.mlp.W_out", 8, 4), ("W_U", 4 * 3, 4)]
            },
        },
    }


def numbers(draw, seed, purpose, count):
    stream = Stream(seed, purpose)
    return [draw(stream) for _ in range(count)]


if __name__ == "__main__":
    digest = hashlib.sha256(b"dropout/a").digest()
    write("streams.json", {
        "words": [int.from_bytes(digest[i:i + 4], "little") for i in (0, 4)],
        "integers": {str(n): numbers(lambda s: s.integer(n), 0, f"below {n}", 6)
                     for n in (2, 3, 10, 1000, 3_000_000_000)},
        "uniform": numbers(Stream.uniform, 3, "u", 6),
        "normal": numbers(Stream.normal, 3, "z", 6),
        "permutation": permutation(12, Stream(5, "p")),
        "sample": sample(7, 10, Stream(5, "s")),
        "split": split_case(5, 7, 0.4, 0.3),
        "parity": {"config": {"bits": 6, "parityBits": 2, "samples": 12, "seed": 2},
                   "rows": parity_rows(2, 6, 12)},
        "codes": {"modulus": 5, "codeBits": 4, "seed": 9, "codes": codes(9, 5, 4)},
        "base2": [{"modulus": p, "rows": base_2(p)} for p in (2, 4, 5, 11)],
        "init": inits(4),
    })
