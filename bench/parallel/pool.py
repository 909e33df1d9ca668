#!/usr/bin/env python3
"""Measures lakh's process pool against Python's multiprocessing.Pool in one interleaved run: microseconds per item.

  bench/parallel/pool.py             map, map and imap_unordered item by item, apply, submit (apply_async)

  --rounds N      rounds (6); each round runs both, in turn, for each way of calling
  --items N       items of one run of `map` (1,000,000); the others take less, see WAYS
  --workers N     worker processes (2)
  --build DIR     where the programs are (build/bench)
  --only WORD     only the ways whose name contains the word

Each item squares a small number. Measured with the pool warm, from the first call to the last result. Nothing is
pinned. Python is the interpreter that runs this script, with its default start method (fork).
"""

import sys

sys.path.pop(0)  # this folder: its queue.py would stand before the standard library's, which multiprocessing needs

import argparse
import multiprocessing
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# name, lakh's words, share of the items that it takes
WAYS = [
    ("map, automatic chunks", ["map"], 1.0),
    ("map, item by item", ["map", "1"], 0.05),
    ("imap_unordered, item by item", ["imap", "1"], 0.05),
    ("apply, one after the other", ["apply"], 0.02),
    ("submit (apply_async), all at once", ["submit"], 0.05),
]


def die(what):
    sys.exit(f"bench/parallel/pool.py: {what}")


def square(n):
    return n * n


def by_python(workers, items, words):
    with multiprocessing.Pool(workers) as pool:
        pool.map(square, range(1000), 1)
        begun = time.monotonic()
        if words[0] == "map":
            total = sum(pool.map(square, range(items), int(words[1]) if len(words) > 1 else None))
        elif words[0] == "imap":
            total = sum(pool.imap_unordered(square, range(items), int(words[1])))
        elif words[0] == "apply":
            total = sum(pool.apply(square, (n,)) for n in range(items))
        else:
            results = [pool.apply_async(square, (n,)) for n in range(items)]
            total = sum(one.get() for one in results)
        took = time.monotonic() - begun
    if total != sum(n * n for n in range(items)):
        die("Python's results are wrong")
    return took / items * 1e6


def by_lakh(program, workers, items, words):
    said = subprocess.run([program, str(workers), str(items), *words], text=True, capture_output=True)
    if said.returncode != 0:
        die(f"{program} ended with {said.returncode}: {said.stderr}")
    return float(said.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--build", default=str(ROOT / "build" / "bench"))
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    program = pathlib.Path(options.build) / "bench" / "lakh_pool_speed"
    if not program.is_file():
        die(f"{program} is not built: cmake --preset bench && cmake --build --preset bench --target lakh_pool_speed")
    ways = [way for way in WAYS if options.only in way[0]]
    if not ways:
        die(f"no way of calling has \"{options.only}\" in its name")
    print("| calls | items | multiprocessing.Pool, µs/item | lakh::process_pool, µs/item | times as fast: min – median – max |")
    print("|---|---|---|---|---|")
    for name, words, share in ways:
        items = max(1, int(options.items * share))
        contenders = {"Python": lambda: by_python(options.workers, items, words),
                      "lakh": lambda: by_lakh(program, options.workers, items, words)}
        figures = {who: [] for who in contenders}
        for number in range(1, options.rounds + 1):
            for who in contenders if number % 2 else reversed(contenders):
                figures[who].append(contenders[who]())
                print(f"# {name}, round {number}/{options.rounds}: {who}: {figures[who][-1]:.3f} µs per item",
                      file=sys.stderr, flush=True)
        ratios = sorted(python / lakh for python, lakh in zip(figures["Python"], figures["lakh"]))
        print(f"| {name} | {items:,} | {statistics.median(figures['Python']):.2f} | "
              f"{statistics.median(figures['lakh']):.2f} | "
              f"{ratios[0]:.1f} – **{statistics.median(ratios):.1f}** – {ratios[-1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
