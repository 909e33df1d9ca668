#!/usr/bin/env python3
"""Runs one small program many times: lakh load … exec against xargs -P and GNU parallel, in turns, and prints ratios of time
and of CPU (user + system, of the runner and of all that it has run) with their spread.

  bench/parallel/exec.py              `true`, 10,000 times
  bench/parallel/exec.py echo         `echo`: each writes a line, which lakh and parallel capture
  bench/parallel/exec.py ids          as `true`, with the item's number as an argument

  --rounds N     rounds (5); each runs every contender once, in another order
  --items N      programs of one run (10,000; GNU parallel gets a tenth, and its figures are per program)
  --jobs N       at once (the number of processors)
  --build DIR    where lakh is (build/bench, else build/release)
  --only WORD    only contenders whose name contains the word; the baseline always runs

The baseline is xargs -P, which keeps no output and no record; it gets the items' numbers from a file, as parallel does. lakh runs
with its ledger, as a user would run it, and once without. A contender that fails ends the run with its own words. Needs
scripts/setup --bench.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = "xargs -P"


def die(what):
    sys.exit(f"bench/parallel/exec.py: {what}")


def need(name):
    return shutil.which(name) or die(f"{name} is not installed: scripts/setup --bench")


def lakh_in(folder):
    folders = [pathlib.Path(folder)] if folder else [ROOT / "build/bench", ROOT / "build/release"]
    for one in folders:
        if (one / "apps/lakh/lakh").is_file():
            return str((one / "apps/lakh/lakh").resolve())
    die("lakh is not built: cmake --preset bench && cmake --build --preset bench")


class Contender:
    def __init__(self, name, words, items, numbers=None):
        self.name, self.words, self.items, self.numbers = name, words, items, numbers
        self.wall, self.cpu = [], []

    def run(self, folder):
        source = open(folder / self.numbers, "rb") if self.numbers else subprocess.DEVNULL
        log = folder / "log"
        with open(log, "wb") as out:
            begun = time.monotonic()
            child = subprocess.Popen(self.words, cwd=folder, stdin=source, stdout=out, stderr=subprocess.STDOUT)
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.monotonic() - begun
            child.returncode = os.waitstatus_to_exitcode(status)
        if self.numbers:
            source.close()
        if child.returncode != 0:
            die(f"{self.name} ended with {child.returncode}:\n  {' '.join(self.words)}\n{log.read_text(errors='replace')[-3000:]}")
        shutil.rmtree(folder / "runs", ignore_errors=True)
        self.wall.append(wall / self.items)
        self.cpu.append((usage.ru_utime + usage.ru_stime) / self.items)


def contenders(what, lakh, items, jobs):
    few = max(items // 10, 1)
    program, argument = {"true": ("true", []), "echo": ("echo", ["item"]), "ids": ("true", ["N"])}[what]
    load = [lakh, "load", "-n", str(items), "--users", str(jobs), "--quiet", "--no-report"]
    of_lakh = [word.replace("N", "{{item}}") for word in argument]
    xargs = [need("xargs"), f"-P{jobs}", "-n1"]
    # Without a word of its own each program would still get the number that it is started for.
    if what == "ids":
        xargs += [need(program)]
        parallel = [need("parallel"), f"-j{jobs}", program]
    else:
        xargs += [need(program), *argument]
        parallel = [need("parallel"), f"-j{jobs}", "-N0", program, *argument]
    return [
        Contender(BASELINE, xargs, items, "numbers"),
        Contender("lakh load", [*load, "exec", "--", program, *of_lakh], items),
        Contender("lakh load, output discarded", [*load, "exec", "--output", "discard", "--", program, *of_lakh], items),
        Contender("lakh load --no-ledger", [*load, "--no-ledger", "exec", "--", program, *of_lakh], items),
        Contender("GNU parallel", parallel, few, "few"),
    ]


def ratios(values, base):
    each = [value / other for value, other in zip(values, base)]
    return f"{min(each):.2f} – {statistics.median(each):.2f} – {max(each):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("true", "echo", "ids"), default="true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--build")
    parser.add_argument("--only")
    given = parser.parse_args()
    if given.rounds < 1 or given.items < 1 or given.jobs < 1:
        parser.error("rounds, items and jobs are at least 1")
    all_of_them = contenders(given.what, lakh_in(given.build), given.items, given.jobs)
    if given.only:
        all_of_them = [one for one in all_of_them if one.name == BASELINE or given.only in one.name]
    with tempfile.TemporaryDirectory(prefix="lakh-bench-exec-") as name:
        folder = pathlib.Path(name)
        for file, count in (("numbers", given.items), ("few", max(given.items // 10, 1))):
            (folder / file).write_text("".join(f"{number}\n" for number in range(count)))
        for round_number in range(given.rounds):
            turn = round_number % len(all_of_them)
            for one in all_of_them[turn:] + all_of_them[:turn]:
                one.run(folder)
                print(f"round {round_number + 1}: {one.name}: {one.wall[-1] * 1e6:.0f} µs, CPU {one.cpu[-1] * 1e6:.0f} µs",
                      file=sys.stderr)
    base = all_of_them[0]
    print(f"`{given.what}`, {given.items:,} programs, {given.jobs} at once, {given.rounds} interleaved rounds; ratios are "
          "min – median – max\n")
    print("| | per program | time, by xargs' | CPU per program | CPU, by xargs' |")
    print("|---|---|---|---|---|")
    for one in all_of_them:
        print(f"| {one.name} | {statistics.median(one.wall) * 1e6:.0f} µs | {ratios(one.wall, base.wall)} | "
              f"{statistics.median(one.cpu) * 1e6:.0f} µs | {ratios(one.cpu, base.cpu)} |")
    by_name = {one.name: one for one in all_of_them}
    if "GNU parallel" in by_name and "lakh load" in by_name:
        print(f"\nGNU parallel takes {ratios(by_name['GNU parallel'].wall, by_name['lakh load'].wall)} times as long as lakh load")


if __name__ == "__main__":
    main()
