"""Runs that were stopped or killed go on, and nothing is done twice: with keys, with a look-up, and with neither."""

import contextlib
import csv
import json
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import LAKH, PLAN, Case, stop

ORDERS = 20000


class Resume(Case):
    def begin(self, at, *words, orders=ORDERS, until=500, how=signal.SIGKILL):
        """Starts a load and ends it with a signal once some orders have arrived."""
        process = self.start("load", PLAN, "-n", orders, "--target", at, "--progress", "none", *words)
        self.wait_for_orders(until, process)
        return stop(process, how)

    def wait_for_orders(self, number, process):
        for _ in range(2000):
            if process.poll() is not None:
                raise AssertionError(f"the load ended early: {process.communicate()}")
            with contextlib.suppress(sqlite3.OperationalError):
                if self.orders_in()[0] >= number:
                    return
            time.sleep(0.005)
        raise AssertionError("nothing arrived")

    def go_on(self, *words, run="last"):
        return self.lakh("load", "--resume", run, "--json", "--progress", "none", *words)

    def run_folder(self):
        (folder,) = self.folder.glob("runs/*")
        return folder

    def assertAllOnce(self, done, orders=ORDERS):
        self.assertEqual(done.code, 0, done)
        self.assertBalanced(done.json()["balance"], orders)
        self.assertEqual(done.json()["balance"]["confirmed"], orders)
        self.assertEqual(self.orders_in(), (orders, orders))

    def test_after_ctrl_c_the_printed_command_goes_on(self):
        at, _ = self.shop()
        done = self.begin(at, how=signal.SIGINT)
        self.assertEqual(done.code, 130, done)
        command = next(line for line in done.out.splitlines() if line.startswith("to go on: ")).split()[4:]
        self.assertEqual(command[:2], ["load", "--resume"])
        self.assertAllOnce(self.lakh(*command, "--json"))

    def test_after_kill_9_it_goes_on_under_the_same_keys(self):
        at, _ = self.shop()
        self.begin(at)
        done = self.go_on()
        self.assertAllOnce(done)
        self.assertEqual(done.json()["session"], 2)
        self.assertTrue(done.json()["reconciliation"]["clean"])

    def test_killed_again_and_again_and_resumed_in_other_shapes(self):
        at, _ = self.shop()
        self.begin(at)
        for shape, until in (("serial", 800), ("threads:4", 1500), ("1x2x8", 4000)):
            process = self.start("load", "--resume", "last", "--shape", shape, "--progress", "none")
            self.wait_for_orders(until, process)
            stop(process, signal.SIGKILL)
        self.assertAllOnce(self.go_on("--users", 7))

    def test_a_finished_run_sends_nothing_more(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 300, "--target", at, "-q").code, 0)
        done = self.go_on()
        self.assertAllOnce(done, 300)
        self.assertEqual(done.json()["attempts"], 0)
        self.assertIsNone(done.json()["resume"])

    def test_two_loaders_on_one_run(self):
        at, _ = self.shop()
        process = self.start("load", PLAN, "-n", ORDERS, "--target", at, "--progress", "none")
        self.wait_for_orders(100, process)
        refused = self.lakh("load", "--resume", "last")
        self.assertEqual(refused.code, 4, refused)
        self.assertIn("another lakh is loading this run", refused.err)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, (out, err))
        self.assertEqual(self.orders_in(), (ORDERS, ORDERS))

    def test_without_a_key_the_target_is_asked(self):
        at, _ = self.shop()
        self.begin(at, "--key", "none")
        self.assertAllOnce(self.go_on())

    def test_at_most_once_what_was_not_found_is_not_sent_again(self):
        at, _ = self.shop()
        self.begin(at, "--at-most-once")
        done = self.go_on()
        balance = done.json()["balance"]
        self.assertBalanced(balance, ORDERS)
        self.assertEqual(balance["unknown"], 0, done)
        self.assertEqual(self.orders_in(), (balance["confirmed"], balance["confirmed"]))
        self.assertEqual(done.code, 0 if balance["failed"] == 0 else 1, done)

    def test_without_key_and_look_up_what_may_have_happened_is_named(self):
        at, _ = self.shop()
        text = PLAN.read_text().replace("../data", str(PLAN.parent.parent / "data"))
        plan = self.folder / "plan.yaml"
        plan.write_text(text[: text.index("# The key under which")] + "users: 64\n")
        process = self.start("load", plan, "-n", ORDERS, "--target", at, "--progress", "none")
        self.wait_for_orders(500, process)
        stop(process, signal.SIGKILL)
        done = self.go_on()
        self.assertEqual(done.code, 1, done)
        balance = done.json()["balance"]
        self.assertBalanced(balance, ORDERS)
        self.assertEqual(balance["failed"], 0)
        self.assertGreater(balance["unknown"], 0)
        there, distinct = self.orders_in()
        self.assertEqual(there, distinct)
        self.assertGreaterEqual(there, balance["confirmed"])
        self.assertLessEqual(there, balance["confirmed"] + balance["unknown"])
        named = self.lakh("runs", "show", "last", "--unknown", "--json").out.splitlines()
        self.assertEqual(len(named), balance["unknown"])
        # What a person needs to settle them by hand.
        self.assertEqual(self.lakh("runs", "export", "last", "--unknown", "-o", "unknown.csv").code, 0)
        with open(self.folder / "unknown.csv", newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        self.assertEqual(len(rows), balance["unknown"])
        for row in rows:
            self.assertEqual(row["state"], "unknown")
            self.assertIn(f'"reference":"{self.run_folder().name}-{row["item"]}"', row["request"])
            self.assertTrue(row["request"].startswith(f"POST {at}/orders\n"), row)
        # Nobody knows more the next time.
        again = self.go_on()
        self.assertEqual(again.json()["balance"], balance)
        self.assertEqual(again.json()["attempts"], 0)

    def test_what_the_target_lost_is_sent_again_on_request(self):
        at, shop = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 500, "--target", at, "-q").code, 0)
        stop(shop)
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as opened:
            tables = [row[0] for row in opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in tables:
                columns = [row[1] for row in opened.execute(f"PRAGMA table_info({table})")]
                if "reference" in columns:
                    opened.execute(f"DELETE FROM {table} WHERE CAST(substr(reference, -1) AS INTEGER) = 3")
            if "idempotency" in tables:
                opened.execute("DELETE FROM idempotency WHERE key LIKE '%3'")
            opened.commit()
        lost = 500 - self.orders_in()[0]
        self.assertEqual(lost, 50)
        at2, _ = self.shop(listen=at.removeprefix("http://"))
        self.assertEqual(at2, at)
        found = self.go_on()
        self.assertEqual(found.json()["reconciliation"]["missing"], lost, found)
        self.assertEqual(found.code, 5, found)
        self.assertAllOnce(self.go_on("--repair"), 500)

    def test_items_that_failed_are_tried_again_on_request(self):
        good = [False]

        def answer(connection, request):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" if good[0] else
                               b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

        at = self.scripted(answer)
        self.assertEqual(self.lakh("load", "-n", 20, "-q", "http", at + "/x").code, 1)
        good[0] = True
        self.assertEqual(self.go_on().json()["balance"]["failed"], 20)
        done = self.go_on("--retry-failed")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 20)

    def test_a_file_that_is_sent_must_be_what_it_was(self):
        (self.folder / "body.txt").write_text("order {{item}}")
        bodies = []

        def answer(connection, request):
            bodies.append(request.partition(b"\r\n\r\n")[2])
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

        at = self.scripted(answer)
        http = ("http", "POST", at + "/x", "-d", "@body.txt")
        program = ("exec", "--stdin", "@body.txt", "--", "grep", "-q", "nothing")
        for words in (http, program):
            with self.subTest(words=words):
                (self.folder / "body.txt").write_text("order {{item}}")
                self.assertEqual(self.lakh("load", "-n", 3, "-q", "--key", "auto", *words).code, 1)
                sent = len(bodies)
                (self.folder / "body.txt").write_text("order {{item}}, another one")
                refused = self.lakh("load", "--resume", "last", "--retry-failed")
                self.assertEqual(refused.code, 2, refused)
                self.assertIn("has changed", refused.err)
                self.assertIn("bring the file back", refused.err)
                self.assertEqual(len(bodies), sent)
                (self.folder / "body.txt").write_text("order {{item}}")
                again = self.go_on("--retry-failed")
                self.assertEqual(again.json()["balance"]["failed"], 3, again)
        self.assertEqual(sorted(bodies), sorted([f"order {item}".encode() for item in (0, 1, 2)] * 2))

    def test_at_most_once_means_also_that_what_failed_is_not_sent_again(self):
        sent = []

        def answer(connection, request):
            sent.append(request)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

        at = self.scripted(answer)
        self.assertEqual(self.lakh("load", "-n", 20, "-q", "--at-most-once", "http", at + "/x").code, 1)
        for more in ("--retry-failed", "--repair"):
            refused = self.lakh("load", "--resume", "last", more)
            self.assertEqual(refused.code, 2, refused)
        self.assertIn("at_most_once", self.lakh("load", "--resume", "last", "--retry-failed").err)
        self.assertEqual(self.go_on().json()["balance"]["failed"], 20)
        self.assertEqual(len(sent), 20)

    def test_a_schedule_goes_on_where_it_was(self):
        at, _ = self.shop()
        self.begin(at, "--rate", "2000/s", orders=3000, until=1000)
        began = time.monotonic()
        self.assertAllOnce(self.go_on(), 3000)
        self.assertLess(time.monotonic() - began, 30)

    def test_something_else_is_not_resumed(self):
        at, _ = self.shop()
        feed = self.folder / "names.csv"
        feed.write_text("name\n" + "".join(f"n{i}\n" for i in range(5000)))
        plan = self.folder / "plan.yaml"
        plan.write_text(f"items: 5000\ntarget: {at}\nfeeds:\n  people: {{csv: names.csv}}\n"
                        "http: {method: GET, url: '{{target}}/stats?n={{people.name}}'}\nusers: 4\n")
        process = self.start("load", plan, "--rate", "500/s", "--progress", "none")
        time.sleep(1)
        self.assertEqual(stop(process, signal.SIGINT).code, 130)
        feed.write_text(feed.read_text().replace("n7\n", "m7\n"))
        changed_feed = self.go_on()
        self.assertEqual(changed_feed.code, 2, changed_feed)
        self.assertIn("has changed", changed_feed.err)
        feed.write_text(feed.read_text().replace("m7\n", "n7\n"))
        for words, says in ((("-n", "10"), "--items"), (("--target", at), "--target"), (("--seed", "4"), "--seed"),
                            (("--rate", "1/s for 10s"), "schedule ends")):
            refused = self.go_on(*words)
            self.assertEqual(refused.code, 2, refused)
            self.assertIn(says, refused.err)
        frozen = self.run_folder() / "plan.yaml"
        text = frozen.read_text()
        frozen.write_text(text.replace("/stats", "/statz"))
        changed_plan = self.go_on()
        self.assertEqual(changed_plan.code, 4, changed_plan)
        self.assertIn("the plan is not the one of this run", changed_plan.err)
        frozen.write_text(text)
        self.assertEqual(self.go_on("--rate", "5000/s").json()["balance"]["confirmed"], 5000)

    def test_a_name_that_is_no_text_is_refused_before_anything_is_made(self):
        refused = subprocess.run([LAKH, "load", "-n", "5", "--name", b"caf\xff", "http", "http://127.0.0.1:1/"],
                                 cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(refused.returncode, 2, refused)
        self.assertIn(b"not UTF-8", refused.stderr)
        self.assertFalse((self.folder / "runs").exists())

    def test_words_for_a_resume_need_one(self):
        refused = self.lakh("load", "-n", 5, "--repair", "http", "http://127.0.0.1:1/")
        self.assertEqual(refused.code, 2)
        self.assertIn("--resume", refused.err)
        none = self.lakh("load", "--resume", "last")
        self.assertEqual(none.code, 2)
        self.assertIn("no run", none.err)
        self.assertEqual(json.loads(self.lakh("runs", "--json").out), [])


if __name__ == "__main__":
    unittest.main()
