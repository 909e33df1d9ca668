"""Loaders and shops killed at any moment, again and again, while the shop loses orders and answers on purpose. After each
run the shop's database is asked directly, with SQL, and every order is held against the customer it was made for.

    LAKH=build/release/apps/lakh/lakh python3 tests/chaos/kills_test.py
    … kills_test.py --kills 10000 --seed 7       as many kills as that, along another path
"""

import json
import random
import signal
import subprocess
import sys
import time

import chaos_case
from chaos_case import MISHAPS, PLAN, SEED, Blind, Chaos

SHAPES = ("auto", "coroutines:4", "coroutines:16", "threads:4", "1x2x8", "serial")
KILLS = 200


class Counted:
    """What all runs came to, said at the end."""
    runs = items = loaders = shops = sessions = 0

    @classmethod
    def kills(cls):
        return cls.loaders + cls.shops


class Loaders(Chaos):
    def load_words(self, luck, more):
        run = self.the_run()
        begin = ["--resume", run.name] if run else [*more, "--target", self.at]
        return ["load", *begin, "--shape", luck.choice(SHAPES), "--progress", "none", "--json"]

    def interrupt(self, loader):
        """Ctrl-C: what is in flight is settled, and the books are closed."""
        loader.send_signal(signal.SIGINT)
        out, err = loader.communicate(timeout=60)
        if loader.returncode == 130 and out:
            self.assertTrue(json.loads(out)["balance"]["holds"], out)
        else:
            self.assertIn(loader.returncode, (-signal.SIGINT, 0, 1, 3, 5, 130), (out, err))
        return loader.returncode

    def killed_run(self, luck, chaos, more=(), at_most=15, plan=PLAN):
        """One run, killed up to `at_most` times, then left in peace until it has ended; gives items and last exit code."""
        items = luck.randrange(1500, 4000)
        kills = luck.randrange(at_most // 2, at_most + 1)
        more = [plan, "-n", items, *more]
        self.open_shop(chaos)
        loader, code = None, None
        while kills > 0:
            if loader is None:
                loader = self.start(*self.load_words(luck, more))
                Counted.sessions += 1
            try:
                out, err = loader.communicate(timeout=luck.random() ** 2 * 0.4)
                code, loader = loader.returncode, None
                # 3, 5: it met a dead shop at its beginning, or at its end.
                self.assertIn(code, (0, 1, 3, 5), (out, err))
                if code in (0, 1):
                    break
                continue
            except subprocess.TimeoutExpired:
                pass
            victim = luck.random()
            if victim < 0.05:
                code, loader = self.interrupt(loader), None
                continue
            if victim < 0.65:
                self.kill(loader)
                code, loader = None, None
                Counted.loaders += 1
                kills -= 1
            if victim > 0.5:
                self.kill(self.shop_process)
                Counted.shops += 1
                kills -= 1
                time.sleep(luck.choice((0, 0, luck.random() * 0.2)))
                self.open_shop(chaos)
        if loader is not None:
            out, err = loader.communicate(timeout=120)
            code = loader.returncode
            self.assertIn(code, (0, 1, 3, 5), (out, err))
        if code not in (0, 1):
            Counted.sessions += 1
            done = self.lakh(*self.load_words(luck, more), timeout=120)
            code = done.code
            self.assertIn(code, (0, 1, 5), done)
        Counted.runs += 1
        Counted.items += items
        return items, code


class Kills(Loaders):
    def test_with_keys_every_order_is_there_once_and_unaltered(self):
        self.runs_until_killed(KILLS, Counted, SEED, self.one_run, self.tell)

    def one_run(self, number):
        items, code = self.killed_run(random.Random(SEED * 1000003 + number), MISHAPS, more=("--key", "{{reference}}"),
                                      at_most=15 if KILLS <= 1000 else 40)
        self.kill(self.shop_process)
        self.assertEqual(code, 0)
        self.assertThereOnce(items)

    def tell(self, begun, more=""):
        print(f"{Counted.kills()} kills ({Counted.loaders} of loaders, {Counted.shops} of shops) in {Counted.runs} runs of "
              f"{Counted.items} orders and {Counted.sessions} sessions, {time.monotonic() - begun:.0f} s{more}",
              file=sys.stderr, flush=True)


class WithoutKeys(Blind, Loaders):
    # Not 500-after: an answer is believed, and one that says "failed" of what was done is a lie.
    MISHAPS = "drop-before:2%,drop-after:2%,cut:2%,503:1%@0,429:1%@0,500:1%,delay:20%@1ms..20ms"

    def test_what_is_in_doubt_is_looked_up_and_nothing_is_there_twice(self):
        luck = random.Random(SEED)
        items, _ = self.killed_run(luck, self.MISHAPS, at_most=16)
        for _ in range(6):  # the last session's own doubts are the next one's questions
            if self.assertEnded(items)["unknown"] == 0:
                break
            self.lakh(*self.load_words(luck, []))
        balance, stored = self.assertHonest(items)
        self.assertEqual(balance["unknown"], 0, "each could be looked up")
        self.assertEqual(len(stored), balance["confirmed"])

    def test_where_the_shop_cannot_be_asked_each_doubtful_item_is_named_unknown(self):
        items, code = self.killed_run(random.Random(SEED + 1), self.MISHAPS, at_most=16, plan=self.plan_without_questions())
        self.assertEqual(code, 1)
        balance, _ = self.assertHonest(items)
        self.assertGreater(balance["unknown"], 0)
        named = self.lakh("runs", "show", self.the_run().name, "--unknown", "--json")
        self.assertEqual(named.code, 0, named)
        said, _ = self.ledger()
        for item, (state, _) in said.items():
            if state == "unknown":
                self.assertRegex(named.out, rf"\b{item}\b")

    def test_at_most_once_holds_with_keys_too(self):
        items, code = self.killed_run(random.Random(SEED + 2), self.MISHAPS, at_most=16, plan=self.plan_without_questions(),
                                      more=("--key", "{{reference}}", "--at-most-once"))
        self.assertEqual(code, 1)
        self.assertHonest(items)


class Targets(Loaders):
    """Faults of the target that no client can survive: they must not go unnoticed."""

    def test_an_answer_that_belongs_to_another_order_confirms_nothing(self):
        items, code = self.killed_run(random.Random(SEED + 3), "misanswer:3%,swallow:3%,drop-after:2%,delay:20%@1ms..20ms",
                                      at_most=8, more=("--key", "{{reference}}"))
        self.assertIn(code, (1, 5))
        balance = self.assertEnded(items)
        self.kill(self.shop_process)
        self.assertLess(balance["confirmed"], items)
        said, _ = self.ledger()
        stored = self.orders()
        for item, (state, kept) in said.items():
            if state == "confirmed":
                self.assertIn(kept, (None, stored[item][0][0]), f"item {item} is another order there")

    def test_a_shop_that_forgets_its_keys_is_told_by_its_duplicates(self):
        items, code = self.killed_run(random.Random(SEED + 4), "forget:50%,drop-after:5%,delay:20%@1ms..20ms", at_most=8,
                                      more=("--key", "{{reference}}"))
        self.assertEqual(code, 5)
        stored = self.orders()
        surplus = sum(len(orders) - 1 for orders in stored.values())
        self.assertGreater(surplus, 0)
        done = self.lakh("load", "--resume", self.the_run().name, "--progress", "none", "--json")
        self.assertEqual(done.code, 5, done)
        found = done.json()["reconciliation"]
        self.assertEqual((found["missing"], found["altered"], found["unexpected"]), (0, 0, 0), found)
        self.assertEqual(found["duplicate"], surplus, found)


class TwoLoaders(Loaders):
    def test_the_second_on_a_run_is_refused_and_the_first_goes_on(self):
        self.open_shop("delay:50%@5ms..20ms")
        first = self.start("load", PLAN, "-n", 3000, "--target", self.at, "--key", "{{reference}}", "--progress", "none", "--json",
                           "--rate", "1000/s")
        deadline = time.monotonic() + 20
        while not (self.the_run() and list(self.the_run().glob("ledger-*.db"))):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        for _ in range(3):
            second = self.lakh("load", "--resume", self.the_run().name, "--progress", "none")
            self.assertEqual(second.code, 4, second)
            self.assertIn("another lakh is loading this run", second.err)
        out, err = first.communicate(timeout=60)
        self.assertEqual(first.returncode, 0, (out, err))
        self.assertEqual(self.assertEnded(3000)["confirmed"], 3000)
        self.assertEqual([len(orders) for orders in self.orders().values()], [1] * 3000)

    def test_of_many_that_resume_a_dead_run_at_once_one_does(self):
        self.open_shop("delay:50%@5ms..20ms")
        first = self.start("load", PLAN, "-n", 2000, "--target", self.at, "--key", "{{reference}}", "--progress", "none")
        while not (self.the_run() and list(self.the_run().glob("ledger-*.db"))):
            time.sleep(0.005)
        time.sleep(0.2)
        self.kill(first)
        racing = [self.start("load", "--resume", self.the_run().name, "--progress", "none", "--json") for _ in range(6)]
        ends = []
        for loader in racing:
            out, err = loader.communicate(timeout=60)
            ends.append(loader.returncode)
            self.assertIn(loader.returncode, (0, 4), (out, err))
        self.assertGreaterEqual(ends.count(0), 1)
        self.assertEqual([len(orders) for orders in self.orders().values()], [1] * 2000)
        self.assertEqual(self.assertEnded(2000)["confirmed"], 2000)


if __name__ == "__main__":
    chaos_case.main(globals())
