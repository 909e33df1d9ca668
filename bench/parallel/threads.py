#!/usr/bin/env python3
"""Measures lakh's thread pool against Python's ThreadPoolExecutor and Boost.Asio's thread_pool in one interleaved run.

  bench/parallel/threads.py          small tasks, submitted by one thread, on pools of 1, 2 and 8 threads

  --rounds N      rounds (6); each round runs every contender once, in turn
  --tasks N       tasks of one Python run (50,000); the others run as many as their benchmark needs
  --seconds S     of one run of the C++ benchmarks (0.5)
  --build DIR     where the programs are (build/bench)

Tasks per second: a task does next to nothing, so what is measured is the pool. `submit`: each task counts down, and the end of
all is waited for; lakh and Python make a future for each, Asio's post makes nothing. `results`: each result is taken; Asio's
post then makes a std::future. Nothing is pinned.
"""

import sys

sys.path.pop(0)  # this folder: it has a queue.py, and the standard library needs its own

import argparse
import concurrent.futures
import json
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What is measured: the benchmark's name without its contender, the threads, whether results are taken.
CASES = [("submit_small_tasks", 1, False), ("submit_small_tasks", 2, False), ("submit_small_tasks", 8, False),
         ("take_results", 2, True)]


def die(what):
    sys.exit(f"bench/parallel/threads.py: {what}")


def by_program(program, benchmark, contender, threads, seconds):
    name = f"{benchmark}_{contender}/{threads}/real_time"
    words = [program, f"--benchmark_filter=^{name}$", f"--benchmark_min_time={seconds}", "--benchmark_format=json"]
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if said.returncode != 0:
        die(f"{program} ended with {said.returncode}")
    runs = json.loads(said.stdout)["benchmarks"]
    if len(runs) != 1:
        die(f"{program} has no benchmark {name}")
    return runs[0]["items_per_second"]


def by_python(threads, tasks, take_results):
    def number(value):
        return value

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        begun = time.monotonic()
        futures = [pool.submit(number, i) for i in range(tasks)]
        if take_results:
            for one in futures:
                one.result()
        else:
            concurrent.futures.wait(futures)
        return tasks / (time.monotonic() - begun)


def print_table(title, figures, baseline):
    print(f"\n{title}\n")
    print(f"| contender | tasks per s, median | ratio to {baseline}: min – **median** – max |")
    print("|---|---|---|")
    for name, values in figures.items():
        ratios = sorted(value / other for value, other in zip(values, figures[baseline]))
        spread = "1" if name == baseline else f"{ratios[0]:.2f} – **{statistics.median(ratios):.2f}** – {ratios[-1]:.2f}"
        print(f"| {name} | {statistics.median(values):,.0f} | {spread} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--tasks", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    if options.rounds < 1 or options.tasks < 1:
        die("--rounds and --tasks must be at least 1")
    program = options.build / "lakh" / "parallel" / "lakh_thread_pool_bench"
    if not program.is_file():
        die(f"{program} is not built: cmake --preset bench && cmake --build --preset bench --target lakh_thread_pool_bench")

    for benchmark, threads, take_results in CASES:
        contenders = {
            "Python's ThreadPoolExecutor": lambda: by_python(threads, options.tasks, take_results),
            "Boost.Asio's thread_pool": lambda: by_program(program, benchmark, "asio", threads, options.seconds),
            "lakh::thread_pool": lambda: by_program(program, benchmark, "lakh", threads, options.seconds)}
        figures = {name: [] for name in contenders}
        for number in range(1, options.rounds + 1):
            names = list(contenders)
            first = (number - 1) % len(names)
            for name in names[first:] + names[:first]:
                figures[name].append(contenders[name]())
                print(f"# round {number}/{options.rounds}: {name}, {threads} threads: {figures[name][-1]:,.0f} per s",
                      file=sys.stderr, flush=True)
        what = "results taken" if take_results else "small tasks"
        title = f"Tasks per second, {what}, {threads} thread{'' if threads == 1 else 's'}"
        print_table(title, figures, "Python's ThreadPoolExecutor")
        print(f"\nlakh to Boost.Asio, round by round: {ratio_line(figures)}")


def ratio_line(figures):
    ratios = sorted(ours / theirs for ours, theirs in zip(figures["lakh::thread_pool"], figures["Boost.Asio's thread_pool"]))
    return f"{ratios[0]:.2f} – **{statistics.median(ratios):.2f}** – {ratios[-1]:.2f}"


if __name__ == "__main__":
    main()
