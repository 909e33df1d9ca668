"""Programs that must not run twice, under loaders that are killed, stopped, or have no room left on their disk: what was
claimed and never begun is not in doubt, however many sessions it takes until somebody gets to it.

    LAKH=build/release/apps/lakh/lakh python3 tests/chaos/begun_test.py
"""

import json
import signal
import subprocess
import time
import unittest

from chaos_case import Disks, children  # which also makes the path to the next
from harness import Case, stop

# A program that was marked, and was killed before its shell had written that it began: a few of those that start just then.
JUST_STARTING = 10


class Begun(Disks, Case):
    def words(self, items, users, seconds, *more):
        users = ["-u", users] if users else []
        return ["load", "-n", items, *users, "--progress", "none", *more, "exec", "--output", "discard", "--", "sh", "-c",
                f'echo "$LAKH_ITEM" >> {self.folder}/log; exec sleep {seconds}']

    def begun(self):
        """How often each item's program began."""
        times = {}
        log = self.folder / "log"
        for line in log.read_text().splitlines() if log.exists() else []:
            times[int(line)] = times.get(int(line), 0) + 1
        return times

    def wait_until_begun(self, count, process):
        for _ in range(12000):
            if len(self.begun()) >= count:
                return
            if process.poll() is not None:
                raise AssertionError(f"the load ended early: {process.communicate()}")
            time.sleep(0.005)
        raise AssertionError("nothing happens")

    def go_on(self, *more, runs="runs"):
        return self.lakh("load", "--resume", "last", "--runs", runs, "--json", "--progress", "none", *more, timeout=200)

    def assertEndsWell(self, done, items, most_lost, runs="runs"):
        """Each program began once; what is unknown began, but for a few that were killed as they started."""
        self.assertIn(done.code, (0, 1), done)
        balance = done.json()["balance"]
        self.assertBalanced(balance, items)
        self.assertEqual(balance.get("doubtful", 0) + balance.get("unclaimed", 0) + balance["failed"], 0, balance)
        begun = self.begun()
        self.assertEqual({times for times in begun.values()}, {1}, "a program was run twice")
        rows = self.lakh("runs", "export", "last", "--runs", runs, "--format", "jsonl", "--no-requests").out.splitlines()
        unknown = {row["item"] for row in map(json.loads, rows) if row["state"] == "unknown"}
        self.assertEqual(len(unknown), balance["unknown"])
        lost = unknown - begun.keys()
        self.assertLessEqual(len(lost), most_lost, "never begun, and unknown all the same")
        self.assertLessEqual(set(range(items)) - begun.keys(), lost)
        (run,) = (self.folder / runs).iterdir()
        self.assertEqual(list(run.glob("begun*")), [], "all is settled: there is nothing to tell")
        self.assertEqual(self.lakh("verify", "last", "--runs", runs).code, 0)

    def test_a_full_disk_leaves_nothing_in_doubt_that_never_began(self):
        for shape in ("1x1x8", "1x2x8", "2x1x8"):
            with self.subTest(shape=shape):
                disk = self.small_disk("small", "480k") if not (self.folder / "small").exists() else self.folder / "small"
                (self.folder / "log").unlink(missing_ok=True)
                self.grow(disk, "480k")  # and shrink it again
                done = self.lakh(*self.words(600, None, 0.02, "--shape", shape, "--runs", "small/runs"))
                self.assertEqual(done.code, 4, done)
                self.assertLess(len(self.begun()), 600)
                self.grow(disk, "50m")
                self.assertEndsWell(self.go_on(runs="small/runs"), 600, 0, "small/runs")
                subprocess.run(["rm", "-rf", str(disk / "runs")], check=True)

    def test_a_resume_that_finds_the_disk_full_forgets_nothing(self):
        disk = self.small_disk("small", "2m")
        loader = self.start(*self.words(150, 32, 0.3, "--runs", "small/runs"))
        self.wait_until_begun(40, loader)
        stop(loader, signal.SIGKILL)
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                pass
        for _ in range(2):
            self.assertEqual(self.go_on(runs="small/runs").code, 4)
        ballast.unlink()
        self.assertEndsWell(self.go_on(runs="small/runs"), 150, JUST_STARTING, "small/runs")

    def killed_with_many_users(self, items):
        loader = self.start(*self.words(items, 64, 0.5))
        self.wait_until_begun(75, loader)
        stop(loader, signal.SIGKILL)

    def test_what_a_resume_does_not_get_to_is_left_for_the_next(self):
        for how in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(how=how.name):
                self.killed_with_many_users(200)
                for more in (2, 4):
                    loader = self.start("load", "--resume", "last", "-u", 2, "--progress", "none")
                    before = len(self.begun())
                    self.wait_until_begun(before + more, loader)
                    stop(loader, how)
                self.assertEndsWell(self.go_on("-u", 64), 200, JUST_STARTING)
                subprocess.run(["rm", "-rf", str(self.folder / "runs"), str(self.folder / "log")], check=True)

    def test_a_worker_process_that_is_killed_leaves_in_doubt_what_it_had_begun_only(self):
        loader = self.start(*self.words(200, None, 0.5, "--shape", "2x1x32", "--json"))
        for at in (70, 100):
            self.wait_until_begun(at, loader)
            (server,) = children(loader.pid)
            (one, *_) = children(server)
            subprocess.run(["kill", "-9", str(one)], check=True)
        out, err = loader.communicate(timeout=100)
        self.assertEqual(loader.returncode, 1, (out, err))
        self.assertEndsWell(self.go_on(), 200, JUST_STARTING)

    def test_processes_that_are_killed_whole_leave_it_too(self):
        loader = self.start(*self.words(200, None, 0.5, "--shape", "2x1x32"))
        self.wait_until_begun(75, loader)
        stop(loader, signal.SIGKILL)
        self.assertEndsWell(self.go_on("--shape", "1x2x32"), 200, JUST_STARTING)


if __name__ == "__main__":
    unittest.main()
