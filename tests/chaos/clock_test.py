"""Clocks that are set while a load runs, forth and back, by seconds and by years: latencies and balance stay what they are,
ids stay unique, a run goes on from before its own beginning."""

import json
import os
import pathlib
import random
import sqlite3
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
from harness import LAKH, Case, Done  # noqa: E402  (the path to it is made above)

PLAN = pathlib.Path(__file__).resolve().parent / "orders.yaml"
CLOCK = os.environ.get("LAKH_WALL_CLOCK", "")
HOUR, YEAR = 3600, 365 * 86400


@unittest.skipUnless(pathlib.Path(CLOCK).is_file(), "LAKH_WALL_CLOCK names no library to be preloaded")
class Clock(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.folder / "clock"
        self.set_clock(0)

    def set_clock(self, seconds):
        """For every program that runs under it, from now on."""
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def start(self, *words):
        process = subprocess.Popen([LAKH, *map(str, words)], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=os.environ | {"LD_PRELOAD": CLOCK, "LAKH_TEST_CLOCK": str(self.clock)})

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def lakh(self, *words, stdin=None, timeout=60):
        process = self.start(*words)
        out, err = process.communicate(timeout=timeout)
        return Done(process.returncode, out, err)

    def load(self, at, items, *more):
        return self.start("load", PLAN, "-n", items, "--target", at, "--key", "{{reference}}", "--progress", "none", "--json",
                          *more)

    def ended(self, process, code=0):
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, (out, err))
        return json.loads(out) if out else None

    def ids(self):
        opened = sqlite3.connect(self.folder / "shop.db")
        self.addCleanup(opened.close)
        return [row[0] for row in opened.execute("SELECT id FROM orders ORDER BY number")]

    def test_the_library_sets_the_clock(self):
        at, _ = self.shop()
        self.set_clock(-20 * YEAR)
        self.ended(self.load(at, 10))
        (run,) = (self.folder / "runs").iterdir()
        self.assertEqual(run.name[:4], str(time.gmtime(time.time() - 20 * YEAR).tm_year))

    def test_latencies_ids_and_balance_do_not_notice(self):
        at, _ = self.shop()
        begun = time.monotonic()
        load = self.load(at, 6000, "--rate", "3000/s")
        luck = random.Random(20261122)
        while load.poll() is None and time.monotonic() - begun < 60:
            self.set_clock(luck.choice((-1, 1)) * luck.choice((1, 60, HOUR, YEAR, 10 * YEAR)))
            time.sleep(0.02)
        report = self.ended(load)
        took = time.monotonic() - begun
        self.assertBalanced(report["balance"], 6000)
        self.assertEqual(report["balance"]["confirmed"], 6000)
        self.assertLess(report["seconds"], took)
        self.assertGreater(report["seconds"], 1.9, "6,000 starts at 3,000 a second")
        (ledger,) = self.folder.glob("runs/*/ledger-0.db")
        opened = sqlite3.connect(ledger)
        self.addCleanup(opened.close)
        low, start, latency, service = opened.execute(
            "SELECT min(min(start_us, latency_us, service_us)), max(start_us), max(latency_us), max(service_us) FROM outcome"
        ).fetchone()
        self.assertGreaterEqual(low, 0)
        for most in (start, latency, service):
            self.assertLess(most, took * 1e6)
        self.assertEqual(len(set(self.ids())), 6000)

    def test_a_run_goes_on_although_its_beginning_lies_ahead(self):
        at, _ = self.shop("--delay", "2ms")
        for seconds in (HOUR, -YEAR, 3 * YEAR):
            self.set_clock(0)
            load = self.load(at, 3000)
            time.sleep(0.4)
            load.kill()
            load.communicate()
            run = max((self.folder / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime)
            self.set_clock(seconds)
            begun = time.monotonic()
            done = self.lakh("load", "--resume", run.name, "--progress", "none", "--json")
            self.assertEqual(done.code, 0, done)
            self.assertEqual(done.json()["balance"]["confirmed"], 3000)
            self.assertLess(time.monotonic() - begun, 30)
            self.assertEqual(self.lakh("verify", run.name).code, 0)
        self.assertEqual(len(set(self.ids())), 9000)

    def test_a_run_without_keys_does_not_wait_for_a_clock_that_was_set_back(self):
        at, _ = self.shop("--delay", "2ms")
        self.set_clock(HOUR)
        load = self.start("load", PLAN, "-n", 3000, "--target", at, "--progress", "none", "--json")
        time.sleep(0.4)
        load.kill()
        load.communicate()
        self.set_clock(0)
        done = self.lakh("load", "--resume", "last", "--progress", "none", "--json")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 3000)
        self.assertEqual(self.orders_in(), (3000, 3000))

    def test_runs_of_the_same_second_have_names_of_their_own(self):
        at, _ = self.shop()
        loads = [self.load(at, 20) for _ in range(8)]
        for load in loads:
            self.ended(load)
        self.set_clock(-1)
        self.ended(self.load(at, 20))
        self.assertEqual(len(list((self.folder / "runs").iterdir())), 9)
        self.assertEqual(self.orders_in(), (180, 180))


if __name__ == "__main__":
    unittest.main()
