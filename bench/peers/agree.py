"""Whether both sides compute the same: outputs, stochastic passes, and an update of training.

Weights are those of MCDROP_REFERENCE where it is set (trained networks), else PyTorch's own first
ones; shapes are the same in either case. Masks cannot be the same, so an update is compared without
dropout, and passes by their means and standard deviations.
"""

import os
import shutil

import numpy as np
import torch

import jobs
import networks

REFERENCE = {"mlp": "mlp", "lenet": "lenet", "mlp2": "mlp2-relu"}
PLAIN = {"mlp": "mlp:drop_in=0,drop=0", "lenet": "lenet:drop=0", "mlp2": "mlp2:drop=0"}
ROWS, PASSES = 12, 2000
RATE = {"mlp": 1.0, "lenet": 1.0, "mlp2": 1e-3}  # of updates that are compared: far above rounding


class Differs(Exception):
    pass


def weights_of(name, folder):
    """A file of weights, and what they are called."""
    reference = os.environ.get("MCDROP_REFERENCE")
    path = os.path.join(reference or "", REFERENCE[name] + ".safetensors")
    if reference and os.path.exists(path):
        return path, "weights of MCDROP_REFERENCE"
    path = os.path.join(folder, name + ".safetensors")
    networks.write_safetensors(path, networks.make(name).tensors())
    return path, "PyTorch's first weights"


def largest(a, b):
    """The largest difference, relative to the largest magnitude."""
    a, b = np.asarray(a, dtype="f8"), np.asarray(b, dtype="f8")
    return np.abs(a - b.reshape(a.shape)).max() / np.abs(b).max()


def expect(what, seen, limit):
    if not seen < limit:
        raise Differs("%s: %.2g, expected less than %g" % (what, seen, limit))
    return "%s %.2g" % (what, seen)


def save_inputs(name, x, folder):
    path = os.path.join(folder, name + "-x.npy")
    np.save(path, x.numpy().reshape(len(x), *((28, 28) if name != "mlp2" else (1,))))
    return path


def check_passes(program, name, folder):
    """Weight averaging to rounding; moments of the passes within their Monte-Carlo errors."""
    weights, source = weights_of(name, folder)
    x = jobs.Job(name, "pass", ROWS).inputs()
    files = ("--weights", weights, "--input", save_inputs(name, x, folder), "--model", name)
    got = program.json("predict", *files, "--passes", PASSES, "--seed", 1)
    model = networks.make(name)
    model.load(networks.read_safetensors(weights))
    with torch.inference_mode():
        averaged = model.eval()(x).numpy()
        model.train()
        samples = np.stack([model(x).numpy() for _ in range(PASSES)]).astype("f8")
    mean, sd = samples.mean(0), samples.std(0, ddof=1)
    error = sd * np.sqrt(2 / PASSES)
    other = np.reshape(got["output_mean"], mean.shape), np.reshape(got["output_std"], mean.shape)
    return source, [
        expect("outputs differ by", largest(got["deterministic"], averaged), 1e-4),
        expect("means by so many errors,", np.abs((other[0] - mean) / error).max(), 5),
        expect("deviations relatively by", np.abs(other[1] / sd - 1).max(), 0.15),
    ]


def one_update(model, before, job):
    """The parameters after another update from mcdrop's state `before`, which is after one."""
    model.load(before)
    update = jobs.optimiser(job.network, model.parameters(), lr=RATE[job.network])
    if job.network == "mlp2":
        for name, value in model.tensors().items():
            update.state[value] = {
                "step": torch.tensor(1.0),
                "exp_avg": before["optimiser.first." + name].clone(),
                "exp_avg_sq": before["optimiser.second." + name].clone(),
            }
    jobs.loss_of(job.network)(model(job.inputs()), jobs.answers(job)).backward()
    update.step()
    return model.tensors()


def check_step(program, job, folder):
    """The second update of a training without dropout, from mcdrop's state after the first."""
    first, second = (os.path.join(folder, job.network + "-" + i) for i in ("first", "second"))
    for path in (first, second):
        shutil.rmtree(path, ignore_errors=True)
    labels = os.path.join(folder, job.network + "-y.npy")
    np.save(labels, jobs.answers(job).numpy())
    data = ("--data", save_inputs(job.network, job.inputs(), folder), "--labels", labels)
    data += () if networks.IS_CLASSIFIER[job.network] else ("--no-standardise",)
    program.compute(
        *("train", "--model", PLAIN[job.network], *data, "--out", first, "--seed", 1),
        *("--epochs", 1, "--batch", job.rows, "--no-shuffle", "--rate", RATE[job.network]),
    )
    shutil.copytree(first, second)
    program.compute("train", "--resume", "--epochs", 2, "--out", second)
    before, after = (
        networks.read_safetensors(os.path.join(path, "weights.safetensors"))
        for path in (first, second)
    )
    expected = one_update(networks.make(job.network, plain=True).train(), before, job)
    worst = max(
        largest(after[name] - before[name], (value - before[name]).detach())
        for name, value in expected.items()
    )
    return expect("an update differs by", worst, 5e-3)


def check(program, folder):
    """Lines that say how well both agree; Differs where they do not."""
    lines = []
    for job in jobs.JOBS:
        if job.kind == "step":
            source, found = check_passes(program, job.network, folder)
            found.append(check_step(program, job, folder))
            lines.append("%s (%s): %s" % (job.network, source, "; ".join(found)))
    return lines
