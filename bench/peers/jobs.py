"""The jobs, and the ways in which PyTorch does them.

A way is made by a function that prepares everything and returns `run`; run() does the job once or,
folded, several times, and says how often. Those called "tutorial" are as the tutorial writes it,
the others as somebody would who wants it fast.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch.utils import mkldnn

import networks

# Each way is compiled on its own: more of them than PyTorch would take for one function gone wrong.
torch._dynamo.config.recompile_limit = 64


@dataclass(frozen=True)
class Job:
    network: str
    kind: str  # "step" of training, or a Monte-Carlo "pass"
    rows: int
    folds: tuple = (1,)  # passes in one call: the fastest of these, without compiling

    @property
    def name(self):
        return "%s, %s of %d" % (self.network, self.kind, self.rows)

    def inputs(self):
        generator = torch.Generator().manual_seed(2)
        return torch.rand((self.rows, *networks.INPUT[self.network]), generator=generator)


JOBS = (
    Job("mlp", "step", 128),
    Job("lenet", "step", 128),
    Job("mlp2", "step", 272),
    Job("mlp", "pass", 12, (16, 32, 64, 128)),
    Job("lenet", "pass", 12, (8, 16, 32, 64)),
    Job("mlp2", "pass", 523, (1, 2, 4)),
    Job("mlp", "pass", 10000),
)


# ---- training ----------------------------------------------------------------------------------


def answers(job):
    if networks.IS_CLASSIFIER[job.network]:
        return torch.arange(job.rows) % 10
    return torch.cos(torch.arange(job.rows, dtype=torch.float32)).reshape(-1, 1)


def loss_of(name):
    return F.cross_entropy if networks.IS_CLASSIFIER[name] else F.mse_loss


def optimiser(name, parameters, lr=None, **options):
    """The tutorial's, with its rate where none is given."""
    lr = lr or {"mlp": 0.1, "lenet": 0.01, "mlp2": 1e-4}[name]
    if name == "mlp2":
        return torch.optim.Adam(parameters, lr=lr, weight_decay=1e-6, **options)
    return torch.optim.SGD(parameters, lr=lr, **options)


def tutorial_step(job):
    model, x, y = networks.make(job.network).train(), job.inputs(), answers(job)
    update, loss_function = optimiser(job.network, model.parameters()), loss_of(job.network)

    def run():
        update.zero_grad()
        loss = loss_function(model(x), y)
        loss.backward()
        update.step()
        loss.item()
        return 1

    return run


def compiled_step(job, layout=None, bf16=False):
    model, x, y = networks.make(job.network).train(), job.inputs(), answers(job)
    if layout:
        model, x = model.to(memory_format=layout), x.to(memory_format=layout)
    update = optimiser(job.network, model.parameters(), fused=True)
    loss_function = loss_of(job.network)

    def loss_of_batch():
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            return loss_function(model(x).float(), y)

    compiled = torch.compile(loss_of_batch, fullgraph=True)

    def run():
        update.zero_grad(set_to_none=True)
        compiled().backward()
        update.step()
        return 1

    return run


# ---- passes ------------------------------------------------------------------------------------


def tutorial_pass(job):
    model, x = networks.make(job.network).train(), job.inputs()

    def run():
        y = model(x)
        if networks.IS_CLASSIFIER[job.network]:
            F.softmax(y, dim=1).data.numpy()
        y.data.numpy()
        return 1

    return run


def folded_pass(job, fold, compiled=False, layout=None, bf16=False, onednn=False):
    """`fold` passes in one call; what no dropout touches is computed once for all of them.

    `onednn`: linear layers by oneDNN, where PyTorch takes MKL, which is slow on some CPUs.
    """
    model, x = networks.make(job.network), job.inputs()
    if onednn:
        model = mkldnn.to_mkldnn(model.eval())
    for layer in model.body:
        layer.training = True
    if bf16:
        model, x = model.to(torch.bfloat16), x.to(torch.bfloat16)
    if layout:
        model, x = model.to(memory_format=layout), x.to(memory_format=layout)

    def passes():
        y = model.prefix(x)
        return model.body(y.repeat(fold, *[1] * (y.ndim - 1))).view(fold, job.rows, -1)

    function = passes
    if compiled:  # weights are constants, packed once
        function = torch.compile(passes, fullgraph=True, options={"freezing": True})

    def run():
        with torch.inference_mode():
            function()
        return fold

    return run


# ---- all ways of a job -------------------------------------------------------------------------


def best_fold(job, seconds_of):
    """The fold with the fastest pass, not compiled; seconds_of(run) times one."""
    if len(job.folds) == 1:
        return job.folds[0]
    return min(job.folds, key=lambda fold: seconds_of(folded_pass(job, fold)))


def ways(job, seconds_of):
    """(name, precision, function that makes it) of each; bf16 is another precision, not a way."""
    last = torch.channels_last if job.network == "lenet" else None
    if job.kind == "step":
        found = [
            ("tutorial", "f32", lambda: tutorial_step(job)),
            ("compiled", "f32", lambda: compiled_step(job)),
            ("compiled", "bf16", lambda: compiled_step(job, bf16=True)),
        ]
        if last:
            found += [
                ("compiled, channels_last", "f32", lambda: compiled_step(job, last)),
                ("compiled, channels_last", "bf16", lambda: compiled_step(job, last, True)),
            ]
        return found
    fold = best_fold(job, seconds_of)
    name = "folded %d" % fold
    found = [
        ("tutorial", "f32", lambda: tutorial_pass(job)),
        (name, "f32", lambda: folded_pass(job, fold)),
        (name + ", to_mkldnn", "f32", lambda: folded_pass(job, fold, onednn=True)),
        (name + ", compiled", "f32", lambda: folded_pass(job, fold, True)),
        (name + ", compiled", "bf16", lambda: folded_pass(job, fold, True, bf16=True)),
    ]
    if last:
        found += [
            (name + ", compiled, channels_last", "f32", lambda: folded_pass(job, fold, True, last)),
            (
                name + ", compiled, channels_last",
                "bf16",
                lambda: folded_pass(job, fold, True, last, True),
            ),
        ]
    return found
