"""mcdrop's side: the program, run as a user would."""

import json
import os
import subprocess


class Failed(Exception):
    pass


class Program:
    def __init__(self, path, threads):
        self.path, self.threads = os.path.abspath(path), threads

    def run(self, *arguments):
        """Standard output of a command."""
        command = [self.path, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failed("%s: %s" % (" ".join(command), done.stderr.strip()))
        return done.stdout

    def compute(self, command, *arguments):
        return self.run(command, *arguments, "--threads", self.threads, "--quiet")

    def json(self, command, *arguments):
        return json.loads(self.compute(command, *arguments, "--format", "json"))

    def version(self):
        return self.run("--version").split()[-1]

    def backends(self):
        """The fast ones that were built, and onednn in bf16 where the CPU has it."""
        found = json.loads(self.run("list", "--format", "json"))
        names = [p["name"] for p in found if p["kind"] == "backend" and not p["problem"]]
        usual = [name for name in ("openblas", "onednn") if name in names]
        if "onednn" in usual:
            try:
                self.run("info", "onednn:precision=bf16")
                usual.append("onednn:precision=bf16")
            except Failed:
                pass
        return usual or ["reference"]

    def seconds(self, job, backends, clock):
        """Seconds of one step or pass with each backend, measured in turns."""
        size = {"step": "--batch", "pass": "--rows"}[job.kind]
        chosen = [word for backend in backends for word in ("--backend", backend)]
        how = ("--rounds", 1, "--time", 0.2, "--clock", clock)
        got = self.json("bench", "--model", job.network, size, job.rows, *how, *chosen)
        found = [
            entry["seconds"][0]
            for entry in got["jobs"]
            if entry["job"] == job.kind and not entry["op"] and entry["rows"] == job.rows
        ]
        if len(found) != len(backends):
            raise Failed("mcdrop bench: %d times for %d backends" % (len(found), len(backends)))
        return dict(zip(backends, found))
