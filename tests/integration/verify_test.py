"""What lakh says of a run's records, and what a verifier says that knows nothing but docs/formats.md: they must agree."""

import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

from harness import PLAN, ROOT, Case, Done

STRANGER = ROOT / "examples/verify.py"


class Verify(Case):
    def stranger(self, run, *more):
        ran = subprocess.run([sys.executable, "-B", STRANGER, run, *more], capture_output=True, text=True, timeout=60,
                             check=False)
        return Done(ran.returncode, ran.stdout, ran.stderr)

    def run_folder(self):
        (folder,) = (each for each in (self.folder / "runs").iterdir() if each.is_dir())
        return folder

    def keys(self):
        if not shutil.which("openssl"):
            self.skipTest("there is no openssl here")
        secret, public = self.folder / "key.pem", self.folder / "public.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", secret], check=True)
        subprocess.run(["openssl", "pkey", "-in", secret, "-pubout", "-out", public], check=True)
        return secret, public

    def assertBothFind(self, run):
        mine, theirs = self.lakh("verify", run, "-q"), self.stranger(run)
        self.assertEqual(mine.code, 7, mine)
        self.assertIn("WRONG", mine.out)
        self.assertEqual(theirs.code, 1, theirs)
        self.assertIn("WRONG", theirs.err)

    def test_both_say_that_a_signed_run_holds(self):
        secret, public = self.keys()
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 3000, "--target", at, "-q", "--sign", secret).code, 0)
        run = self.run_folder()
        done = self.lakh("verify", "last", "--key", public, "--target")
        self.assertEqual(done.code, 0, done)
        self.assertIn("3,000 matched", done.out)
        said = self.stranger(run, public)
        self.assertEqual(said.code, 0, said)
        self.assertIn("3000 requested = 3000 confirmed", said.out)
        self.assertIn("signed by", said.out)
        _, other = self.keys()
        self.assertEqual(self.lakh("verify", "last", "--key", other).code, 7)
        self.assertEqual(self.stranger(run, other).code, 1)

    def test_both_find_what_was_changed(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 500, "--target", at, "-q").code, 0)
        run = self.run_folder()
        whole = self.folder / "whole"
        shutil.copytree(run, whole)
        changes = {
            "an outcome": "UPDATE batch SET items = replace(items, ',\"confirmed\",201,1,', ',\"failed\",201,1,')",
            "a claim": "UPDATE claim SET count = count + 1 WHERE id = 1",
            "a digest": "UPDATE batch SET digest = zeroblob(32)",
            "a missing row": "DELETE FROM batch WHERE id = (SELECT max(id) FROM batch)",
            "the end": "UPDATE meta SET value = value || '0' WHERE key = 'entries'",
            "the run": "UPDATE meta SET value = 'another' WHERE key = 'run_id'",
        }
        for what, change in changes.items():
            with self.subTest(what):
                db = sqlite3.connect(run / "ledger-0.db")
                db.execute(change)
                db.commit()
                db.close()
                self.assertBothFind(run)
                shutil.copyfile(whole / "ledger-0.db", run / "ledger-0.db")
        dice = random.Random(20261122)
        for name in ("receipt.json", "plan.yaml"):
            data = (whole / name).read_bytes()
            for _ in range(8):
                place = dice.randrange(len(data))
                with self.subTest(name, place=place):
                    flipped = bytearray(data)
                    flipped[place] ^= 1 << dice.randrange(8)
                    (run / name).write_bytes(flipped)
                    self.assertBothFind(run)
            (run / name).write_bytes(data)
        (run / "ledger-0.db").unlink()
        self.assertBothFind(run)
        shutil.copyfile(whole / "ledger-0.db", run / "ledger-0.db")
        self.assertEqual(self.stranger(run).code, 0)

    def test_a_run_that_was_killed_and_resumed_holds(self):
        at, _ = self.shop("--delay", "5ms")
        process = self.start("load", PLAN, "-n", 30000, "--target", at, "-q")
        while process.poll() is None and not list(self.folder.glob("runs/*/ledger-0.db")):
            time.sleep(0.01)
        time.sleep(0.4)
        process.send_signal(signal.SIGKILL)
        process.wait()
        killed = self.lakh("verify", "last", "--json")
        self.assertEqual(killed.code, 1, killed)
        self.assertEqual(killed.json()["verdict"], "open")
        self.assertBalanced(killed.json()["balance"], 30000)
        resumed = self.lakh("load", "--resume", "last", "-q")
        self.assertEqual(resumed.code, 0, resumed)
        done = self.lakh("verify", "last", "--target")
        self.assertEqual(done.code, 0, done)
        self.assertIn("session 2", done.out)
        said = self.stranger(self.run_folder())
        self.assertEqual(said.code, 0, said)
        self.assertIn("30000 requested = 30000 confirmed", said.out)

    def test_a_run_that_goes_on_is_checked_as_far_as_it_is(self):
        at, _ = self.shop("--delay", "5ms")
        process = self.start("load", PLAN, "-n", 100000, "--target", at, "-q")
        time.sleep(0.8)
        done = self.lakh("verify", "last", "--json")
        self.assertEqual(done.code, 1, done)
        self.assertTrue(done.json()["alive"])
        self.assertBalanced(done.json()["balance"], 100000)
        self.assertIsNone(process.poll(), "verifying must not disturb the run")

    def test_a_run_by_duration_holds(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", "-d", "500ms", "-q", "http", at + "/stats").code, 0)
        done = self.lakh("verify", "last")
        self.assertEqual(done.code, 0, done)
        said = self.stranger(self.run_folder())
        self.assertEqual(said.code, 0, said)

    def test_a_copy_elsewhere_is_as_good(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 200, "--target", at, "-q").code, 0)
        copy = pathlib.Path(shutil.copytree(self.run_folder(), self.folder / "archive"))
        self.assertEqual(self.lakh("verify", f"{copy}/", "-q").code, 0)
        self.assertEqual(self.lakh("verify", "./archive", "-q").code, 0)
        self.assertEqual(self.stranger(copy).code, 0)


if __name__ == "__main__":
    unittest.main()
