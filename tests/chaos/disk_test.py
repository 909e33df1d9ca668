"""Disks that are full or read-only under a loader and under a shop: the run ends with exit code 4 and says what to do, the
shop refuses what it cannot store, and once there is room again the run goes on where it stood."""

import contextlib
import os
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import unittest

from chaos_case import PLAN, Disks  # which also makes the path to the next
from harness import LAKH, Case, Done, stop

ITEMS = 20000


class FailingDisks(Disks, Case):
    def load(self, at, *more, items=ITEMS, **how):
        return self.limited("load", PLAN, "-n", items, "--target", at, "--key", "{{reference}}", "--progress", "none", *more,
                            **how)

    def limited(self, *words, before=None, user=None, program=LAKH):
        ran = subprocess.run([program, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120,
                             check=False, preexec_fn=before, user=user)
        return Done(ran.returncode, ran.stdout, ran.stderr)

    def the_run(self, runs="runs"):
        (run,) = (self.folder / runs).iterdir()
        return run

    def references(self):
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as opened:
            return [row[0] for row in opened.execute("SELECT reference FROM orders")]

    def assertEndsClearly(self, done, *says):
        self.assertEqual(done.code, 4, done)
        said = done.out + done.err
        for text in says:
            self.assertIn(text, said)
        self.assertNotIn("Traceback", said)

    def assertNothingUnclaimed(self, runs="runs"):
        """Every order that the shop has was claimed in the ledger."""
        run = self.the_run(runs)
        claimed = set()
        for file in run.glob("ledger-*.db"):
            with contextlib.closing(sqlite3.connect(file)) as opened, contextlib.suppress(sqlite3.OperationalError):
                for first, count in opened.execute("SELECT first_item, count FROM claim WHERE kind = 'claim'"):
                    claimed.update(range(first, first + count))
        for reference in self.references():
            self.assertIn(int(reference.removeprefix(run.name + "-")), claimed)

    def assertGoesOn(self, runs="runs"):
        run = self.the_run(runs)
        done = self.limited("load", "--resume", run.name, "--runs", runs, "--progress", "none", "--json")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], ITEMS)
        self.assertEqual(sorted(self.references()), sorted(f"{run.name}-{item}" for item in range(ITEMS)))

    def test_a_run_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(self):
        disk = self.small_disk("small", "1m")
        at, _ = self.shop()
        self.assertEndsClearly(self.load(at, "--runs", "small/runs"), "ledger-0.db", "full", "--resume")
        self.assertNothingUnclaimed("small/runs")
        self.assertLess(len(self.references()), ITEMS)
        self.grow(disk, "100m")
        self.assertGoesOn("small/runs")

    def test_a_run_that_cannot_begin_on_a_full_disk_sends_nothing(self):
        disk = self.small_disk("small", "64k")
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(b"x" * 65536)
        at, _ = self.shop()
        self.assertEndsClearly(self.load(at, "--runs", "small/runs"), "No space left", "free some space")
        self.assertEqual(self.references(), [])

    def test_a_limit_on_file_sizes_is_met_like_a_full_disk(self):
        at, _ = self.shop()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))

        self.assertEndsClearly(self.load(at, before=limit), "ledger-0.db", "disk")
        self.assertNothingUnclaimed()
        self.assertGoesOn()

    def test_a_folder_that_may_not_be_written_is_told_before_anything_is_sent(self):
        at, _ = self.shop()
        runs = self.folder / "runs"
        runs.mkdir()
        self.assertEqual(self.load(at, items=50).code, 0)
        before = self.references()
        user, program = None, LAKH
        if os.geteuid() == 0:  # whom no permission stops: somebody else tries
            user, program = 65534, self.folder / "lakh"
            shutil.copy(LAKH, program)
            self.folder.chmod(0o755)
        run = self.the_run()
        for folder in (run, runs):
            folder.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
            self.addCleanup(folder.chmod, 0o755)
        self.assertEndsClearly(self.load(at, user=user, program=program), "Permission denied", "--runs")
        resumed = self.limited("load", "--resume", run.name, "--progress", "none", user=user, program=program)
        self.assertEndsClearly(resumed, "Permission denied", "permissions")
        self.assertEqual(self.references(), before)

    def test_a_shop_whose_disk_is_full_refuses_and_stores_again_when_there_is_room(self):
        disk = self.small_disk("small", "2m")
        at, shop = self.shop(db="small/shop.db")
        done = self.load(at, "--attempts", "2", "--no-reconcile")
        self.assertEqual(done.code, 1, done)
        self.assertIn("507", done.out)
        self.grow(disk, "100m")
        run = self.the_run()
        resumed = self.limited("load", "--resume", run.name, "--retry-failed", "--progress", "none", "--json")
        self.assertEqual(resumed.code, 0, resumed)
        self.assertEqual(resumed.json()["balance"]["confirmed"], ITEMS)
        self.assertEqual(stop(shop, signal.SIGTERM).code, 0)
        self.assertEqual(self.orders_in("small/shop.db"), (ITEMS, ITEMS))


if __name__ == "__main__":
    unittest.main()
