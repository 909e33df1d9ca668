#!/usr/bin/env python3
"""Measures lakh's process queue against Python's multiprocessing.Queue in one interleaved run: messages per second.

  bench/parallel/queue.py            one producer and one consumer, then two and two

  --rounds N      rounds (6); each round runs both, in turn
  --messages N    messages of one lakh run (1,000,000); Python gets a tenth
  --build DIR     where the programs are (build/bench)

Small messages (one integer), a queue of at most 1000, every producer and consumer a process of its own. Measured from
the common start, when all processes are there, to the end of the last consumer. Nothing is pinned.
"""

import sys

sys.path.pop(0)  # this folder: the standard library has a module `queue` of its own, which multiprocessing needs

import argparse
import multiprocessing
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CAPACITY = 1000


def die(what):
    sys.exit(f"bench/parallel/queue.py: {what}")


def produce(queue, start, messages):
    start.wait()
    for number in range(messages):
        queue.put(number)


def consume(queue, start, messages):
    start.wait()
    for _ in range(messages):
        queue.get()


def by_python(producers, consumers, messages):
    queue = multiprocessing.Queue(CAPACITY)
    start = multiprocessing.Barrier(producers + consumers + 1)
    crew = [multiprocessing.Process(target=produce, args=(queue, start, messages // producers)) for _ in range(producers)]
    crew += [multiprocessing.Process(target=consume, args=(queue, start, messages // consumers)) for _ in range(consumers)]
    for one in crew:
        one.start()
    start.wait()
    begun = time.monotonic()
    for one in crew:
        one.join()
    took = time.monotonic() - begun
    if any(one.exitcode != 0 for one in crew):
        die("a Python process failed")
    return messages / took


def by_lakh(program, producers, consumers, messages):
    said = subprocess.run([program, str(producers), str(consumers), str(messages)], stdout=subprocess.PIPE, text=True)
    if said.returncode != 0:
        die(f"{program} ended with {said.returncode}")
    return float(said.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench")
    options = parser.parse_args()
    program = options.build / "bench" / "lakh_queue_speed"
    if not program.is_file():
        die(f"{program} is not built: cmake --preset bench && cmake --build --preset bench --target lakh_queue_speed")
    few = max(2, options.messages // 10 // 2 * 2)
    many = max(2, options.messages // 2 * 2)

    for crew in (1, 2):
        contenders = {"multiprocessing.Queue": lambda: by_python(crew, crew, few),
                      "lakh::process_queue": lambda: by_lakh(str(program), crew, crew, many)}
        figures = {name: [] for name in contenders}
        for name, one in contenders.items():
            print(f"# warming up: {name}", file=sys.stderr, flush=True)
            one()
        for number in range(1, options.rounds + 1):
            names = list(contenders)
            if number % 2 == 0:
                names.reverse()
            for name in names:
                figures[name].append(contenders[name]())
                print(f"# round {number}/{options.rounds}: {name}: {figures[name][-1]:,.0f} per s", file=sys.stderr,
                      flush=True)
        print(f"\nMessages per second, {crew} producer(s) and {crew} consumer(s), each a process\n")
        print("| contender | messages per s, median | ratio to multiprocessing.Queue: min – **median** – max |")
        print("|---|---|---|")
        base = figures["multiprocessing.Queue"]
        for name, values in figures.items():
            ratios = sorted(value / other for value, other in zip(values, base))
            spread = "1" if values is base else (
                f"{ratios[0]:.1f} – **{statistics.median(ratios):.1f}** – {ratios[-1]:.1f}")
            print(f"| {name} | {statistics.median(values):,.0f} | {spread} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
