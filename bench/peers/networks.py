"""The tutorial's networks in PyTorch, and files of weights that both sides read.

A network is a prefix, which no dropout touches and which needs to be computed only once for all
passes, and a body. Parameters have the names that mcdrop knows them by.
"""

import json

import numpy as np
import torch
from torch import nn

NAMES = ("mlp", "lenet", "mlp2")
INPUT = {"mlp": (784,), "lenet": (1, 28, 28), "mlp2": (1,)}
IS_CLASSIFIER = {"mlp": True, "lenet": True, "mlp2": False}


def mlp(dropout=(0.2, 0.5)):
    body = nn.Sequential()
    for name, rate, inputs in (("input", dropout[0], 784), ("hidden1", dropout[1], 800)):
        body.add_module("drop_" + name, nn.Dropout(rate))
        body.add_module(name, nn.Linear(inputs, 800))
        body.add_module("tanh_" + name, nn.Tanh())
    body.add_module("final", nn.Linear(800, 10))
    return nn.Sequential(), body


def lenet(dropout=0.5):
    prefix = nn.Sequential()
    prefix.add_module("conv1", nn.Conv2d(1, 20, 5, padding=2))
    body = nn.Sequential()
    body.add_module("dropout1", nn.Dropout2d(dropout))
    body.add_module("maxpool1", nn.MaxPool2d(2))
    body.add_module("conv2", nn.Conv2d(20, 50, 5, padding=2))
    body.add_module("dropout2", nn.Dropout2d(dropout))
    body.add_module("maxpool2", nn.MaxPool2d(2))
    body.add_module("flatten", nn.Flatten())
    body.add_module("dense3", nn.Linear(50 * 7 * 7, 500))
    body.add_module("relu3", nn.ReLU())
    body.add_module("dropout3", nn.Dropout(dropout))
    body.add_module("final", nn.Linear(500, 10))
    return prefix, body


def mlp2(dropout=0.2):
    prefix = nn.Sequential()
    prefix.add_module("input", nn.Linear(1, 1024))
    prefix.add_module("relu0", nn.ReLU())
    body = nn.Sequential()
    for i in range(1, 5):
        body.add_module("dropout%d" % i, nn.Dropout(dropout))
        body.add_module("hidden%d" % i, nn.Linear(1024, 1024))
        body.add_module("relu%d" % i, nn.ReLU())
    body.add_module("dropout5", nn.Dropout(dropout))
    body.add_module("final", nn.Linear(1024, 1))
    return prefix, body


class Network(nn.Module):
    def __init__(self, name, plain=False):
        """`plain`: without dropout."""
        super().__init__()
        self.prefix, self.body = globals()[name]()
        for layer in self.body if plain else ():
            if isinstance(layer, (nn.Dropout, nn.Dropout2d)):
                layer.p = 0.0

    def forward(self, x):
        return self.body(self.prefix(x))

    def tensors(self):
        """Parameters by mcdrop's names: model.input.weight, ..."""
        return {
            "model." + name.split(".", 1)[1]: value for name, value in self.named_parameters()
        }

    def load(self, tensors):
        with torch.no_grad():
            for name, value in self.tensors().items():
                value.copy_(tensors[name])


def make(name, **options):
    torch.manual_seed(1)
    return Network(name, **options)


def read_safetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + size + i for i in entry["data_offsets"])
            kind = {"F32": "<f4", "F64": "<f8"}[entry["dtype"]]
            value = np.frombuffer(data[start:end], kind).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(value.astype("f4"))
    return tensors


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, value in tensors.items():
        raw = value.detach().numpy().astype("<f4").tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)
