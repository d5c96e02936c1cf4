"""Steps and passes of the tutorial's networks in PyTorch on this machine's card, one line a job.

Networks are those of bench/peers/networks.py, beside this file in a bundle. A way that PyTorch
cannot take here is a cell that says so.
"""

import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "bench", "peers")]

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import networks  # noqa: E402

LEAST_SECONDS = 0.3
STEPS = (("mlp", 128), ("lenet", 128), ("mlp2", 272))
PASSES = (
    ("mlp", 12, 64),
    ("lenet", 12, 64),
    ("mlp2", 523, 8),
    ("mlp", 10000, 1),
    ("lenet", 10000, 1),
)


def milliseconds(run):
    """Of one step or pass, the first few not counted."""
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < LEAST_SECONDS:
        for _ in range(10):
            count += run()
        torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start) / count


def inputs(name, rows):
    return torch.rand((rows, *networks.INPUT[name]), device="cuda")


def step(name, rows, compiled):
    model, x = networks.make(name).cuda().train(), inputs(name, rows)
    if networks.IS_CLASSIFIER[name]:
        y, loss_of = torch.arange(rows, device="cuda") % 10, F.cross_entropy
    else:
        y, loss_of = torch.zeros(rows, 1, device="cuda"), F.mse_loss
    if name == "mlp2":
        update = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=1e-6, fused=True)
    else:
        update = torch.optim.SGD(model.parameters(), lr=0.01, fused=True)

    def loss():
        return loss_of(model(x), y)

    function = torch.compile(loss, mode="reduce-overhead", fullgraph=True) if compiled else loss

    def run():
        update.zero_grad(set_to_none=True)
        function().backward()
        update.step()
        return 1

    return run


def passes(name, rows, fold, compiled):
    model, x = networks.make(name).cuda().train(), inputs(name, rows)

    def folded():
        y = model.prefix(x)
        return model.body(y.repeat(fold, *[1] * (y.ndim - 1)))

    mode = "reduce-overhead"
    function = torch.compile(folded, mode=mode, fullgraph=True) if compiled else folded

    def run():
        with torch.no_grad():
            function()
        return fold

    return run


def product():
    a, b = (torch.rand(8192, 8192, device="cuda") for _ in range(2))

    def run():
        torch.mm(a, b)
        return 1

    return run


def cell(name, make):
    try:
        return "%s %.4g ms" % (name, milliseconds(make()))
    except Exception as e:
        return "%s failed: %s" % (name, (str(e).strip() or type(e).__name__).splitlines()[0][:80])


def ways(make):
    """Plain and compiled into a CUDA graph, in f32 and with tf32."""
    cells = []
    for precision in ("f32", "tf32"):
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        for compiled in (False, True):
            torch._dynamo.reset()
            name = precision + (" compiled" if compiled else "")
            cells.append(cell(name, lambda: make(compiled)))
    return "; ".join(cells)


def main():
    print("PyTorch %s, CUDA %s" % (torch.__version__, torch.version.cuda), file=sys.stderr)
    torch.backends.cuda.matmul.allow_tf32 = False
    print("product of 8192^3\t%s" % cell("f32", product), flush=True)
    for name, rows in STEPS:
        print("%s, step of %d\t%s" % (name, rows, ways(lambda c: step(name, rows, c))), flush=True)
    for name, rows, fold in PASSES:
        made = ways(lambda c: passes(name, rows, fold, c))
        print("%s, pass of %d\t%s" % (name, rows, made), flush=True)


main()
