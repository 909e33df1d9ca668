"""Runs in several processes, whose worker processes are killed at any moment, now and then with the supervisor, the shop or
the fork server, while the shop loses orders and answers on purpose. A run that died whole is resumed in another shape.
After each run the shop's database is asked directly, with SQL, and nothing may be left: no process, no lock.

    LAKH=build/release/apps/lakh/lakh python3 tests/chaos/processes_test.py
    … processes_test.py --kills 2000 --seed 7       as many kills as that, along another path
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import chaos_case
from chaos_case import MISHAPS, PLAN, SEED, Blind, Chaos, children

SHAPES = ("2x1x8", "processes:3", "2x2x4", "3x1x4", "4x1x2")
OTHERS = ("coroutines:8", "threads:3", "serial", "auto")
KILLS = 60


class Counted:
    """What all runs came to, said at the end."""
    runs = items = sessions = workers = supervisors = servers = shops = 0

    @classmethod
    def kills(cls):
        return cls.workers + cls.supervisors + cls.servers + cls.shops


def alive(process):
    """Whether it still does anything: one that nobody reaps yet does not."""
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Processes(Chaos):
    def servers(self, loader):
        """The fork server of a run."""
        return children(loader.pid)

    def workers(self, loader):
        return [each for server in self.servers(loader) for each in children(server)]

    def family(self, loader):
        return [*self.servers(loader), *self.workers(loader)]

    def assertGone(self, processes):
        deadline = time.monotonic() + 10
        left = [each for each in processes if alive(each)]
        while left:
            self.assertLess(time.monotonic(), deadline, f"processes are left: {left}")
            time.sleep(0.005)
            left = [each for each in left if alive(each)]

    def begin(self, luck, more, shapes=SHAPES):
        run = self.the_run()
        begin = ["--resume", run.name] if run else [*more, "--target", self.at]
        Counted.sessions += 1
        return self.start("load", *begin, "--shape", luck.choice(shapes), "--progress", "none", "--json")

    def kill_one_of(self, luck, processes):
        """One of them, if it is there still; processes have numbers that nobody else gets so soon."""
        if not processes:
            return 0
        try:
            os.kill(luck.choice(processes), signal.SIGKILL)
        except ProcessLookupError:
            return 0
        return 1

    def harassed_run(self, luck, chaos, more, kills, whole=True):
        """One run, with up to `kills` kills, then left in peace until it has ended; gives items and last exit code."""
        items = luck.randrange(2000, 4000)
        more = [*more, "-n", items]
        self.open_shop(chaos)
        loader = self.begin(luck, more)
        code = None
        while kills > 0:
            try:
                out, err = loader.communicate(timeout=luck.random() ** 2 * 0.15)
                code = loader.returncode
                # 70: its fork server was killed. 3, 5: it met a dead shop.
                self.assertIn(code, (0, 1, 3, 5, 70), (out, err))
                if code in (0, 1):
                    break
                loader = self.begin(luck, more, SHAPES + OTHERS)
                continue
            except subprocess.TimeoutExpired:
                pass
            victim = luck.random()
            if victim < 0.8 or not whole:
                killed = self.kill_one_of(luck, self.workers(loader))
                Counted.workers += killed
                kills -= killed
            elif victim < 0.9:
                family = self.family(loader)
                self.kill(loader)
                Counted.supervisors += 1
                kills -= 1
                self.assertGone(family)
                loader = self.begin(luck, more, SHAPES + OTHERS)
            elif victim < 0.93:
                killed = self.kill_one_of(luck, self.servers(loader))
                Counted.servers += killed
                kills -= killed
            else:
                self.kill(self.shop_process)
                Counted.shops += 1
                kills -= 1
                self.open_shop(chaos)
        family = self.family(loader)
        if loader.returncode is None:
            out, err = loader.communicate(timeout=120)
            code = loader.returncode
            self.assertIn(code, (0, 1, 3, 5, 70), (out, err))
        self.assertGone(family)
        if code not in (0, 1):
            loader = self.begin(luck, more, SHAPES + OTHERS)
            out, err = loader.communicate(timeout=120)
            code = loader.returncode
            self.assertIn(code, (0, 1), (out, err))
        Counted.runs += 1
        Counted.items += items
        return items, code

class WorkerKills(Processes):
    def test_with_keys_every_order_is_there_once_and_unaltered(self):
        self.runs_until_killed(KILLS, Counted, SEED, self.one_run, self.tell)

    def one_run(self, number):
        luck = random.Random(SEED * 1000003 + number)
        items, code = self.harassed_run(luck, MISHAPS, [PLAN, "--key", "{{reference}}"], luck.randrange(6, 20))
        self.kill(self.shop_process)
        self.assertEqual(code, 0)
        self.assertThereOnce(items)

    def tell(self, begun, more=""):
        print(f"{Counted.kills()} kills ({Counted.workers} of worker processes, {Counted.supervisors} of supervisors, "
              f"{Counted.servers} of fork servers, {Counted.shops} of shops) in {Counted.runs} runs of {Counted.items} orders "
              f"and {Counted.sessions} sessions, {time.monotonic() - begun:.0f} s{more}", file=sys.stderr, flush=True)


class WithoutKeys(Blind, Processes):
    """Nothing tells the shop a repetition: what a dead process may have sent is asked for, or named unknown."""

    # Not so often lost on the way that most items are unknown by that alone.
    MISHAPS = "drop-after:1%,503:1%@0,delay:30%@1ms..20ms"

    def test_what_a_dead_process_left_in_doubt_is_looked_up_in_the_same_run(self):
        self.open_shop("delay:50%@5ms..30ms")
        loader = self.start("load", PLAN, "-n", 3000, "--target", self.at, "--shape", "3x1x8", "--progress", "none", "--json")
        luck = random.Random(SEED)
        killed = 0
        while killed < 4 and loader.poll() is None:
            time.sleep(0.05 + luck.random() * 0.2)
            killed += self.kill_one_of(luck, self.workers(loader))
        out, err = loader.communicate(timeout=120)
        self.assertEqual(loader.returncode, 0, (out, err))
        self.assertGreater(killed, 0)
        balance, _ = self.assertHonest(3000)
        self.assertEqual(balance["confirmed"], 3000, "what was not there was sent, what was there was found")
        verified = self.lakh("verify", self.the_run().name)
        self.assertEqual(verified.code, 0, verified)

    def test_where_nobody_can_be_asked_it_is_named_unknown(self):
        items, code = self.harassed_run(random.Random(SEED + 1), self.MISHAPS, [self.plan_without_questions()], 8, whole=False)
        self.assertEqual(code, 1)
        balance, _ = self.assertHonest(items)
        self.assertGreater(balance["unknown"], 0)

    def test_at_most_once_holds_with_keys_too(self):
        more = [self.plan_without_questions(), "--key", "{{reference}}", "--at-most-once"]
        items, code = self.harassed_run(random.Random(SEED + 2), self.MISHAPS, more, 8)
        self.assertEqual(code, 1)
        self.assertHonest(items)


class Ends(Processes):
    def long_run(self, items=50000):
        self.open_shop("delay:80%@5ms..30ms")
        loader = self.start("load", PLAN, "-n", items, "--target", self.at, "--key", "{{reference}}", "--shape", "2x2x8",
                            "--progress", "none", "--json")
        deadline = time.monotonic() + 20
        while len(self.workers(loader)) < 2 or not (self.the_run() and list(self.the_run().glob("ledger-1.db"))):
            self.assertIsNone(loader.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        return loader

    def test_ctrl_c_in_a_terminal_reaches_all_and_what_is_in_flight_is_settled(self):
        loader = self.long_run()
        time.sleep(0.3)
        family = self.family(loader)
        for each in [loader.pid, *family]:  # as a terminal does it
            os.kill(each, signal.SIGINT)
        out, err = loader.communicate(timeout=30)
        self.assertEqual(loader.returncode, 130, (out, err))
        balance = json.loads(out)["balance"]
        self.assertTrue(balance["holds"], balance)
        self.assertEqual(balance["doubtful"], 0, balance)
        self.assertGreater(balance["confirmed"], 0, balance)
        self.assertGone(family)

    def test_ctrl_c_twice_stops_at_once(self):
        loader = self.long_run()
        family = self.family(loader)
        loader.send_signal(signal.SIGINT)
        time.sleep(0.005)
        loader.send_signal(signal.SIGINT)
        out, err = loader.communicate(timeout=30)
        self.assertEqual(loader.returncode, 130, (out, err))
        self.assertTrue(json.loads(out)["balance"]["holds"])
        self.assertGone(family)

    def test_a_worker_that_hangs_does_not_hold_up_an_abort(self):
        loader = self.long_run()
        family = self.family(loader)
        os.kill(self.workers(loader)[0], signal.SIGSTOP)
        loader.send_signal(signal.SIGINT)
        time.sleep(0.05)
        loader.send_signal(signal.SIGINT)
        out, err = loader.communicate(timeout=30)
        self.assertEqual(loader.returncode, 130, (out, err))
        self.assertTrue(json.loads(out)["balance"]["holds"])
        self.assertGone(family)

    def test_no_process_outlives_the_supervisor_and_none_can_load_the_run_before_they_are_gone(self):
        loader = self.long_run(5000)
        family = self.family(loader)
        self.assertEqual(len(family), 3)
        worker = self.workers(loader)[0]
        lock = (self.the_run() / "lock").stat()
        held = [os.stat(f"/proc/{worker}/fd/{fd}") for fd in os.listdir(f"/proc/{worker}/fd") if os.path.exists(f"/proc/{worker}/fd/{fd}")]
        self.assertIn((lock.st_dev, lock.st_ino), [(each.st_dev, each.st_ino) for each in held], "the worker holds the lock")
        self.kill(loader)
        # At once: it waits for the others.
        done = self.lakh("load", "--resume", self.the_run().name, "--shape", "1x2x32", "--progress", "none", "--json", timeout=120)
        self.assertGone(family)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["shape"], "1x2x32")

    def test_without_a_ledger_a_death_ends_the_run_and_says_why(self):
        self.open_shop("delay:80%@5ms..30ms")
        loader = self.start("load", PLAN, "-n", 50000, "--target", self.at, "--key", "{{reference}}", "--shape", "2x1x8",
                            "--progress", "none", "--json", "--no-ledger")
        deadline = time.monotonic() + 20
        while len(self.workers(loader)) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        time.sleep(0.3)
        os.kill(self.workers(loader)[0], signal.SIGKILL)
        out, err = loader.communicate(timeout=30)
        self.assertEqual(loader.returncode, 70, (out, err))
        said = json.loads(out)
        self.assertEqual(said["end"], "processes_lost")
        self.assertIn("without a ledger nobody can say", said["problem"])
        self.assertTrue(said["balance"]["holds"], said["balance"])
        self.assertGreater(said["balance"]["doubtful"], 0)


if __name__ == "__main__":
    chaos_case.main(globals())
