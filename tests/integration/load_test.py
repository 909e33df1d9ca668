"""Runs as a person would start them, against a real shop: they end, they balance, and both sides agree."""

import contextlib
import json
import re
import signal
import socket
import sqlite3
import time
import unittest
import urllib.request

from harness import PLAN, Case, stop


class Load(Case):
    def test_orders_arrive_once_and_both_sides_agree(self):
        at, _ = self.shop()
        done = self.lakh("load", PLAN, "-n", 3000, "--target", at, "--json")
        self.assertEqual(done.code, 0, done)
        report = done.json()
        self.assertBalanced(report["balance"], 3000)
        self.assertEqual(report["balance"]["confirmed"], 3000)
        self.assertEqual(self.orders_in(), (3000, 3000))

    def test_the_ledger_answers_to_sql(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("load", PLAN, "-n", 500, "--target", at, "-q").code, 0)
        (ledger,) = self.folder.glob("runs/*/ledger-*.db")
        with contextlib.closing(sqlite3.connect(ledger)) as opened:
            rows = opened.execute("SELECT item, state, status, kept FROM outcome ORDER BY item").fetchall()
        self.assertEqual([row[0] for row in rows], list(range(500)))
        self.assertEqual({(row[1], row[2]) for row in rows}, {("confirmed", 201)})
        self.assertTrue(json.loads(rows[0][3])["id"])

    def test_every_shape_does_the_same(self):
        at, _ = self.shop()
        shapes = ("serial", "threads:4", "coroutines:16", "1x2x8", "processes:3", "2x2x4", "auto")
        for shape in shapes:
            done = self.lakh("load", PLAN, "-n", 300, "--target", at, "--shape", shape, "--json")
            self.assertEqual(done.code, 0, (shape, done))
            self.assertEqual(done.json()["balance"]["confirmed"], 300)
            if shape != "auto":
                self.assertEqual(done.json()["shape"], shape)
        self.assertEqual(self.orders_in(), (300 * len(shapes), 300 * len(shapes)))

    def test_several_processes_are_shown_as_one_run(self):
        at, _ = self.shop()
        plan = self.folder / "plan.yaml"
        plan.write_text(PLAN.read_text().replace("../data/", f"{PLAN.parent.parent}/data/").replace("users: 64", "shape: 2x1x8"))
        done = self.lakh("load", plan, "-n", 2000, "--target", at, "--rate", "2000/s", "--progress", "plain")
        self.assertEqual(done.code, 0, done)
        self.assertIn("2 processes, each with 1 event loop and 8 in flight at most", done.err)
        self.assertRegex(done.err, r"2,000 of 2,000 +100\.0 %")
        self.assertIn("2x1x8: 2 processes × 1 thread × 8 coroutines", done.out)
        self.assertIn("201 × 2,000", done.out)
        (run,) = self.folder.glob("runs/*")
        self.assertEqual(len(list(run.glob("ledger-*.db"))), 2)
        self.assertEqual(self.lakh("verify", run.name).code, 0)
        shown = self.lakh("runs", "show", run.name, "--json")
        self.assertEqual(shown.json()["ledger_balance"]["confirmed"], 2000, shown)

    def test_a_run_goes_on_in_another_shape_both_ways(self):
        at, _ = self.shop("--chaos", "delay:100%@1ms..3ms")
        shapes = ("2x1x8", "coroutines:16", "3x1x4", "auto")
        begin = [PLAN, "--target", at, "-n", 12000]
        for number, shape in enumerate(shapes):
            loader = self.start("load", *begin, "--shape", shape, "--json", "--progress", "none")
            if number + 1 < len(shapes):
                time.sleep(0.5)
                loader.send_signal(signal.SIGINT)
            out, err = loader.communicate(timeout=60)
            if loader.returncode == 0:
                break
            self.assertEqual(loader.returncode, 130, (out, err))
            self.assertBalanced(json.loads(out)["balance"], 12000)
            begin = ["--resume", "last"]
        self.assertEqual(loader.returncode, 0, (out, err))
        self.assertEqual(self.orders_in(), (12000, 12000))
        self.assertEqual(self.lakh("verify", "last").code, 0)

    def test_the_figures_of_all_processes_are_served_while_they_work(self):
        at, _ = self.shop("--chaos", "delay:100%@5ms..10ms")
        with socket.create_server(("127.0.0.1", 0)) as free:
            metrics = f"127.0.0.1:{free.getsockname()[1]}"
        loader = self.start("load", PLAN, "--target", at, "-n", 100000, "--shape", "2x1x8", "--metrics", metrics, "--json",
                            "--progress", "none")
        deadline = time.monotonic() + 20
        seen = 0
        while seen < 100:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                text = urllib.request.urlopen(f"http://{metrics}/metrics", timeout=2).read().decode()
                seen = max([0, *map(float, re.findall(r'lakh\w*\{[^}]*confirmed[^}]*\} (\d+)', text))])
        done = stop(loader, signal.SIGINT)
        self.assertEqual(done.code, 130, done)
        self.assertBalanced(done.json()["balance"], 100000)

    def test_words_do_what_a_plan_does(self):
        at, _ = self.shop()
        order = ('{"customer":{"name":"{{name}}","email":"{{digits(6)}}@example.com"},"address":{"street":"{{int(1,99)}} Main '
                 'Street","city":"Springfield","postcode":"{{digits(5)}}","country":"US"},"lines":[{"sku":"TEA-0001",'
                 '"quantity":{{int(1,5)}}}],"reference":"{{run}}-{{item}}"}')
        done = self.lakh("load", "-n", 200, "--rate", "2000/s", "--key", "{{run}}-{{item}}", "--json", "http", "POST",
                         at + "/orders", "--json", order, "--expect", 201, "--keep", "id=$.id")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.orders_in(), (200, 200))

    def test_ctrl_c_finishes_what_is_in_flight(self):
        at, _ = self.shop()
        process = self.start("load", PLAN, "-n", 1000000, "--target", at, "--json")
        time.sleep(1)
        done = stop(process, signal.SIGINT)
        self.assertEqual(done.code, 130, done)
        report = done.json()
        self.assertBalanced(report["balance"], 1000000)
        self.assertEqual(report["balance"].get("doubtful", 0), 0)
        self.assertEqual(self.orders_in()[0], report["balance"]["confirmed"])

    def test_a_loader_that_is_killed_leaves_a_ledger_that_knows_what_is_in_doubt(self):
        at, _ = self.shop()
        process = self.start("load", PLAN, "-n", 1000000, "--target", at, "-q")
        time.sleep(1)
        process.kill()
        process.wait()
        shown = self.lakh("runs", "show", "last", "--json")
        self.assertEqual(shown.code, 0, shown)
        balance = shown.json()["ledger_balance"]
        self.assertBalanced(balance, 1000000)
        self.assertGreater(balance["confirmed"], 0)
        stored = self.orders_in()[0]
        self.assertLessEqual(balance["confirmed"], stored)
        self.assertLessEqual(stored, balance["confirmed"] + balance["doubtful"])

    def test_a_shop_that_dies_and_comes_back_costs_nothing_but_time(self):
        at, process = self.shop()
        port = at.rsplit(":", 1)[1]
        load = self.start("load", PLAN, "-n", 20000, "--target", at, "--json", "--attempts", 50)
        time.sleep(0.4)
        process.kill()
        process.wait()
        time.sleep(0.2)
        self.start("shop", "--listen", f"127.0.0.1:{port}", "--db", "shop.db")
        out, err = load.communicate(timeout=120)
        self.assertEqual(load.returncode, 0, (out, err))
        report = json.loads(out)
        self.assertEqual(report["balance"]["confirmed"], 20000)
        self.assertEqual(self.orders_in(), (20000, 20000))

    def test_a_later_step_uses_what_an_earlier_one_kept(self):
        at, _ = self.shop()
        done = self.lakh("load", PLAN.parent / "two-steps.yaml", "-n", 300, "--target", at, "--json")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 300)
        (ledger,) = self.folder.glob("runs/*/ledger-*.db")
        with contextlib.closing(sqlite3.connect(ledger)) as opened:
            kept = opened.execute("SELECT kept FROM outcome").fetchall()
        self.assertTrue(all(json.loads(row[0])["look"]["total"] > 0 for row in kept))

    def test_a_run_by_duration_asks_for_what_it_began(self):
        at, _ = self.shop()
        done = self.lakh("load", "-d", "500ms", "--rate", "200/s", "--json", "http", at + "/stats")
        self.assertEqual(done.code, 0, done)
        balance = done.json()["balance"]
        self.assertBalanced(balance, balance["confirmed"])
        self.assertLess(abs(balance["confirmed"] - 100), 20)

    def test_runs_are_listed_and_shown(self):
        at, _ = self.shop()
        self.lakh("load", PLAN, "-n", 10, "--target", at, "-q")
        listed = self.lakh("runs", "--json")
        self.assertEqual(listed.code, 0, listed)
        shown = self.lakh("runs", "show", "last")
        self.assertEqual(shown.code, 0, shown)
        self.assertIn("confirmed", shown.out)


class Once(Case):
    def test_http_reads_sends_and_fails_as_documented(self):
        at, _ = self.shop()
        self.assertEqual(self.lakh("http", at + "/stats").code, 0)
        self.assertEqual(self.lakh("http", at + "/nowhere").code, 1)
        self.assertEqual(self.lakh("http", "http://127.0.0.1:1/").code, 3)
        self.assertEqual(self.lakh("http", "--nonsense").code, 2)
        timed = self.lakh("http", "-T", at + "/stats")
        self.assertIn("first byte", timed.err)


class BadWords(Case):
    def refused(self, code, *words, says):
        done = self.lakh(*words)
        self.assertEqual(done.code, code, done)
        self.assertIn(says, done.err)
        self.assertNotIn("Traceback", done.err)

    def test_plans_and_feeds_are_refused_with_their_place(self):
        def plan(name, text):
            (self.folder / name).write_text(text)
            return name

        self.refused(2, "load", "missing.yaml", says="missing.yaml")
        self.refused(2, "load", plan("a.yaml", "itmes: 5\nhttp: {url: http://127.0.0.1:1/}\n"), says="a.yaml:1")
        self.refused(2, "load", plan("b.yaml", "items: 5\nhttp: {url: \"http://127.0.0.1:1/{{itme}}\"}\n"), says="b.yaml:2")
        self.refused(2, "load", plan("c.yaml", "items: [\n"), says="c.yaml")
        (self.folder / "ragged.csv").write_text("name,city\na,b\nc\n")
        self.refused(2, "load", plan("d.yaml", "items: 2\nfeeds: {f: {csv: ragged.csv}}\n"
                                     "http: {url: \"http://127.0.0.1:1/{{f.name}}\"}\n"), says="ragged.csv:3")
        (self.folder / "bytes.csv").write_bytes(b"name\nok\n\xff\xfe\n")
        self.refused(2, "load", plan("e.yaml", "items: 2\nfeeds: {f: {csv: bytes.csv}}\n"
                                     "http: {url: \"http://127.0.0.1:1/{{f.name}}\"}\n"), says="bytes.csv:3")
        (self.folder / "few.csv").write_text("name\na\n")
        self.refused(2, "load", plan("f.yaml", "items: 5\nfeeds: {f: {csv: few.csv}}\n"
                                     "http: {url: \"http://127.0.0.1:1/{{f.name}}\"}\n"), says="1 row")
        self.refused(2, "load", plan("g.yaml", "items: 5\nfeeds: {f: {csv: few.csv, order: cycle}}\n"
                                     "http: {url: \"http://127.0.0.1:1/{{f.nmae}}\"}\n"), says="name")
        self.refused(3, "load", "-n", 5, "http", "http://127.0.0.1:1/", says="127.0.0.1:1")
        self.refused(2, "laod", says="load")


if __name__ == "__main__":
    unittest.main()
