"""What the tests of this folder share: a run in a folder of its own, the shop that it sends to, what its ledger and the shop's
database say, read with SQL, and disks that are small."""

import contextlib
import csv
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from harness import ROOT, Case  # noqa: E402  (the path to it is made above)

PLAN = HERE / "orders.yaml"
MISHAPS = "drop-before:2%,drop-after:2%,cut:2%,500:1%,500-after:1%,503:1%@0,429:1%@0,delay:10%@1ms..20ms"
SEED = 20261122

with open(ROOT / "examples/data/customers.csv", encoding="utf-8", newline="") as _file:
    CUSTOMERS = list(csv.DictReader(_file))


def children(parent):
    """The children of a process, of all its threads."""
    found = []
    for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:  # it has just ended
            pass
    return found


class Chaos(Case):
    """A run in a folder of its own, and a shop that comes back at the same address."""

    def setUp(self):
        super().setUp()
        self.at = self.shop_process = None
        self.shop_starts = 0

    def open_shop(self, chaos):
        self.shop_starts += 1
        words = ["--chaos", f"{chaos},seed:{self.shop_starts}"] if chaos else []
        listen = self.at.removeprefix("http://") if self.at else "127.0.0.1:0"
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        self.shop_process = self.start("shop", "--listen", listen, "--db", "shop.db", "--port-file", port_file, *words)
        deadline = time.monotonic() + 20
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.shop_process.poll() is not None:
                self.fail(f"the shop ended: {self.shop_process.communicate()}")
            self.assertLess(time.monotonic(), deadline, "the shop did not start")
            time.sleep(0.002)
        self.at = f"http://127.0.0.1:{int(port_file.read_text())}"

    def kill(self, process):
        process.kill()
        process.communicate()

    def the_run(self):
        """The folder of the run, once there is one."""
        begun = [found.parent for found in self.folder.glob("runs/*/run.json")]
        self.assertLessEqual(len(begun), 1, "a run was begun twice")
        return begun[0] if begun else None

    def ledger(self):
        """What the ledger says of each item, read with SQL: its latest outcome, and what was claimed."""
        said, claimed = {}, set()
        files = []
        for file in self.the_run().glob("ledger-*.db"):
            opened = sqlite3.connect(file)
            self.addCleanup(opened.close)
            meta = {}
            with contextlib.suppress(sqlite3.OperationalError):  # killed before it had made its tables
                meta = dict(opened.execute("SELECT key, value FROM meta"))
            if meta:
                files.append((int(meta["session"]), int(meta["writer"]), opened))
        for _, _, opened in sorted(files, key=lambda each: each[:2]):
            for kind, first, count in opened.execute("SELECT kind, first_item, count FROM claim ORDER BY id"):
                (claimed.update if kind == "claim" else claimed.difference_update)(range(first, first + count))
            for item, state, attempts, kept in opened.execute("SELECT item, state, attempts, kept FROM outcome ORDER BY batch"):
                said[item] = (state, json.loads(kept)["id"] if kept else None)
                # What was learnt by asking has no answer to keep anything of.
                self.assertEqual(kept is not None, state == "confirmed" and attempts > 0, (item, state, attempts, kept))
        return said, claimed

    def orders(self):
        """The shop's rows by item, asked in its own database."""
        run = self.the_run().name
        found = {}
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as opened:
            self.assertEqual(opened.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            rows = opened.execute("SELECT id, run, reference, answer FROM orders").fetchall()
        for order, of, reference, answer in rows:
            self.assertEqual(of, run)
            self.assertTrue(reference.startswith(run + "-"), reference)
            found.setdefault(int(reference[len(run) + 1:]), []).append((order, json.loads(answer)))
        return found

    def assertNotAltered(self, item, order):
        row = CUSTOMERS[item % len(CUSTOMERS)]
        self.assertEqual(order["customer"]["name"], row["name"])
        self.assertEqual(order["customer"]["email"], row["email"].lower())
        for part in ("street", "city", "postcode", "country"):
            self.assertEqual(order["address"][part], row[part], (item, part))

    def assertEnded(self, items):
        shown = self.lakh("runs", "show", self.the_run().name, "--json")
        self.assertEqual(shown.code, 0, shown)
        balance = shown.json()["ledger_balance"]
        self.assertEqual(balance["requested"], items)
        self.assertEqual(balance["confirmed"] + balance["failed"] + balance["unknown"], items, balance)
        return balance

    def assertThereOnce(self, items):
        balance = self.assertEnded(items)
        self.assertEqual(balance["confirmed"], items, balance)
        said, claimed = self.ledger()
        stored = self.orders()
        self.assertEqual(sorted(stored), list(range(items)), "missing or unexpected")
        self.assertEqual(claimed, set(range(items)))
        for item, orders in stored.items():
            self.assertEqual(len(orders), 1, f"item {item} was ordered {len(orders)} times")
            self.assertNotAltered(item, orders[0][1])
            self.assertEqual(said[item][0], "confirmed", item)
            self.assertIn(said[item][1], (None, orders[0][0]), f"item {item} is another order there")
        verified = self.lakh("verify", self.the_run().name)
        self.assertEqual(verified.code, 0, verified)

    def runs_until_killed(self, kills, counted, seed, one_run, tell):
        """One run after the other, each in an empty folder, until there were so many kills; keeps what goes wrong."""
        begun = time.monotonic()
        while counted.kills() < kills:
            number = counted.runs + 1
            for stale in self.folder.iterdir():
                shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
            self.at = None
            try:
                one_run(number)
            except BaseException:
                kept = shutil.copytree(self.folder, tempfile.mkdtemp(prefix="lakh-killed-"), dirs_exist_ok=True)
                print(f"run {number} of seed {seed} went wrong; it is kept in {kept}", file=sys.stderr, flush=True)
                raise
            if number % 50 == 0:
                tell(begun)
        tell(begun, ": 0 missing, 0 duplicate, 0 altered")


class Blind:
    """Nothing tells the shop a repetition, so nothing that may have arrived is sent again."""

    def assertHonest(self, items):
        """Nothing twice, and whatever is not surely as the ledger says is named unknown."""
        balance = self.assertEnded(items)
        self.kill(self.shop_process)
        said, _ = self.ledger()
        stored = self.orders()
        self.assertEqual([item for item, orders in stored.items() if len(orders) > 1], [], "ordered twice")
        for item in range(items):
            state, kept = said[item]
            if state == "confirmed":
                self.assertIn(item, stored, f"item {item} is confirmed and not there")
                self.assertIn(kept, (None, stored[item][0][0]), f"item {item} is another order there")
            elif item in stored:
                self.assertEqual(state, "unknown", f"item {item} is there")
            else:
                self.assertIn(state, ("failed", "unknown"), item)
        for item, orders in stored.items():
            self.assertNotAltered(item, orders[0][1])
        return balance, stored

    def plan_without_questions(self):
        """A plan that does not say how the shop can be asked."""
        plan = self.folder / "blind.yaml"
        plan.write_text(PLAN.read_text().partition("\nreconcile:")[0].replace("../../examples", str(ROOT / "examples")) + "\n")
        return plan


class Disks:
    def small_disk(self, name, size):
        """A folder on a disk of its own, or a skipped test."""
        folder = self.folder / name
        folder.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True,
                              check=False)
        if made.returncode:
            self.skipTest("no small disk can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(folder)], check=False)
        return folder

    def grow(self, folder, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)


def main(settings):
    """As unittest.main(), with --kills and --seed, which replace the module's own."""
    words = sys.argv[1:]
    for name in ("--kills", "--seed"):
        if name in words:
            at = words.index(name)
            settings[name[2:].upper()] = int(words[at + 1])
            del words[at:at + 2]
    unittest.main(argv=[sys.argv[0], *words])
