"""mcdrop beside PyTorch: the same jobs in turns, and how many times longer PyTorch takes.

Both sides are first held against each other (agree.py). Then every round does every job with each
backend of mcdrop (mcdrop bench) and in each way of PyTorch (jobs.py), so that what else the machine
does stretches both sides alike; a ratio is of one round. Printed is the median over rounds, with
the quartiles. A backend in bf16 stands beside PyTorch's bf16 and nothing else.

With --threads 1 times are the processor's, which nothing else that runs can stretch much. Passes
end with the samples on either side, which nobody adds up.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
import warnings

# Before torch is loaded: so many threads from the beginning.
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--program", required=True, help="mcdrop")
parser.add_argument("--folder", required=True, help="where files are written")
parser.add_argument("--rounds", type=int, default=10)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--backend", action="append", help="of mcdrop, any number of times")
parser.add_argument("--only", default="", help="jobs whose name has this in it, as 'lenet, pass'")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402

import agree  # noqa: E402
import jobs  # noqa: E402
import mcdrop  # noqa: E402

CLOCK = time.process_time if options.threads == 1 else time.perf_counter
CLOCK_NAME = "cpu" if options.threads == 1 else "wall"
LEAST_SECONDS = 0.2


def seconds_of(run):
    """Of one step or pass; the first call, which compiles, does not count."""
    run()
    start, count = CLOCK(), 0
    while CLOCK() - start < LEAST_SECONDS:
        count += run()
    return (CLOCK() - start) / count


class Way:
    def __init__(self, name, precision, make):
        self.name, self.precision, self.seconds, self.failed = name, precision, [], None
        try:
            self.run = make()
            self.run()
        except Exception as e:  # whatever PyTorch cannot do here is a row that says so
            self.failed = "failed: " + (str(e).strip() or type(e).__name__).splitlines()[0][:100]

    def measure(self):
        if not self.failed:
            self.seconds.append(seconds_of(self.run))


def precision_of(backend):
    return "bf16" if "bf16" in backend else "f32"


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def measure(program, backends, chosen):
    """For each job the seconds of every backend, [rounds], and the ways of PyTorch."""
    ways = {}
    for job in chosen:
        print("bench-peers: preparing", job.name, file=sys.stderr)
        ways[job] = [Way(*way) for way in jobs.ways(job, seconds_of)]
    seconds = {job: {backend: [] for backend in backends} for job in chosen}
    for i in range(options.rounds):
        print("bench-peers: round %d of %d" % (i + 1, options.rounds), file=sys.stderr)
        for job in chosen:
            for backend, found in program.seconds(job, backends, CLOCK_NAME).items():
                seconds[job][backend].append(found)
            for way in ways[job]:
                way.measure()
    return seconds, ways


def ratio_text(way, seconds):
    middle, low, high = quartiles([a / b for a, b in zip(way.seconds, seconds)])
    return "%.2f [%.2f, %.2f]" % (middle, low, high)


def print_job(job, seconds, ways):
    times = ["%s %.3f ms" % (b, 1e3 * statistics.median(s)) for b, s in seconds.items()]
    print("\n%s; mcdrop: %s\n" % (job.name, ", ".join(times)))
    print("| PyTorch | precision | ms |", " | ".join("beside " + b for b in seconds), "|")
    print("|---" * (3 + len(seconds)) + "|")
    for way in ways:
        cells = [
            ratio_text(way, s) if way.seconds and precision_of(b) == way.precision else ""
            for b, s in seconds.items()
        ]
        taken = "%.3f" % (1e3 * statistics.median(way.seconds)) if way.seconds else way.failed
        print("|", " | ".join([way.name, way.precision, taken, *cells]), "|")


def print_slower(job, seconds, ways):
    """Says where PyTorch's fastest way beats mcdrop's fastest backend."""
    for precision in ("f32", "bf16"):
        theirs = [w for w in ways if w.seconds and w.precision == precision]
        ours = [b for b in seconds if precision_of(b) == precision]
        if not theirs or not ours:
            continue
        way = min(theirs, key=lambda w: statistics.median(w.seconds))
        backend = min(ours, key=lambda b: statistics.median(seconds[b]))
        ratio = quartiles([a / b for a, b in zip(way.seconds, seconds[backend])])[0]
        if ratio < 1:
            print(
                "\nmcdrop is slower in %s: %s takes %.2f times as long as PyTorch, %s"
                % (precision, backend, 1 / ratio, way.name)
            )


def product_milliseconds(kind):
    """Of 2048^3: what PyTorch's library makes of this CPU."""
    a, b = (torch.rand(2048, 2048).to(kind) for _ in range(2))

    def run():
        torch.mm(a, b)
        return 1

    return round(1e3 * seconds_of(run), 1)


def cpu_name():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def save(path, about, seconds, ways):
    def way_json(w):
        return {"way": w.name, "precision": w.precision, "seconds": w.seconds, "failed": w.failed}

    found = [
        {"job": job.name, "mcdrop": seconds[job], "pytorch": [way_json(w) for w in ways[job]]}
        for job in seconds
    ]
    with open(path, "w") as f:
        json.dump({**about, "jobs": found}, f, indent=2)
        f.write("\n")


def main():
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", category=FutureWarning)  # of to_mkldnn
    program = mcdrop.Program(options.program, options.threads)
    chosen = [job for job in jobs.JOBS if options.only in job.name]
    if not chosen:
        names = "; ".join(job.name for job in jobs.JOBS)
        raise SystemExit("bench-peers: --only %s: expected a part of: %s" % (options.only, names))
    backends = options.backend or program.backends()
    for line in agree.check(program, options.folder):
        print(line)
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": cpu_name(),
        "threads": options.threads,
        "clock": CLOCK_NAME,
        "pytorch": torch.__version__,
        "mcdrop": program.version(),
        "rounds": options.rounds,
        "PyTorch's product of 2048^3, ms, f32": product_milliseconds(torch.float32),
        "bf16": product_milliseconds(torch.bfloat16),
    }
    seconds, ways = measure(program, backends, chosen)
    print("\n" + ", ".join("%s %s" % item for item in about.items()))
    for job in chosen:
        print_job(job, seconds[job], ways[job])
        print_slower(job, seconds[job], ways[job])
    save(os.path.join(options.folder, "result.json"), about, seconds, ways)


try:
    main()
except (agree.Differs, mcdrop.Failed) as e:
    raise SystemExit("bench-peers: %s" % e)
