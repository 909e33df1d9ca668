"""Loads against a shop that fails on purpose, and through a proxy that does: every order once, or the proof says so."""

import contextlib
import json
import re
import signal
import socket
import sqlite3
import time
import unittest

from harness import PLAN, Case, stop

# Everything that a client with keys survives. Shares are high, so that 2,000 orders meet all of it, often twice over.
SURVIVABLE = ("drop-before:3%,drop-after:3%,cut:3%,500:2%,500-after:2%,503:2%@0s..1s,429:2%@0s,misanswer:1%,"
              "delay:5%@1ms..50ms,seed:7")
CONNECTIONS = ("refuse:10%,up.cut:10%@0..2KiB,down.cut:10%@0..4KiB,up.reset:10%@0..2KiB,down.reset:10%@0..4KiB,"
               "hole:3%@0..4KiB,up.half-close:10%@0..2KiB,delay:10%@1ms..20ms,down.split:10%@1..100,"
               "up.throttle:5%@100KiB/s,seed:7")


class Chaos(Case):
    def plan(self, *more_statuses):
        """The plan of the examples, with the patience that such a target needs."""
        plan = PLAN.read_text()
        plan = plan.replace("../data/", str(PLAN.parent.parent / "data") + "/")
        plan = re.sub(r"^timeouts:.*$", "timeouts: {connect: 2s, total: 2s}", plan, flags=re.M)
        plan = re.sub(r"^retry:\n(  .*\n)+", "retry:\n  attempts: 40\n  backoff: {first: 5ms, most: 200ms}\n"
                      f"  statuses: {[429, 500, 503, *more_statuses]}\n  budget: 10\n", plan, flags=re.M)
        file = self.folder / "chaos.yaml"
        file.write_text(plan)
        return file

    def proxy(self, target, spec, *more):
        port_file = self.folder / "proxy-port"
        process = self.start("chaos", "127.0.0.1:0", target[len("http://"):], spec, "--port-file", port_file, *more)
        for _ in range(500):
            if port_file.exists():
                return f"http://127.0.0.1:{int(port_file.read_text())}", process
            time.sleep(0.01)
        raise AssertionError("the proxy did not start")

    def stored(self):
        """How many orders, distinct references among them, and those whose digest is not what came first."""
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as opened:
            return opened.execute("SELECT count(*), count(DISTINCT reference), count(DISTINCT digest) FROM orders").fetchone()

    def assertClean(self, report, items):
        self.assertBalanced(report["balance"], items)
        self.assertEqual(report["balance"]["confirmed"], items)
        found = report["reconciliation"]
        for what in ("missing", "duplicate", "altered", "unexpected"):
            self.assertEqual(found[what], 0, found)
        self.assertEqual(self.stored(), (items, items, items))

    def test_a_shop_with_every_mishap_that_keys_survive_has_each_order_once(self):
        at, shop = self.shop("--chaos", SURVIVABLE)
        done = self.lakh("load", self.plan(), "-n", 2000, "--target", at, "--key", "auto", "--json")
        self.assertEqual(done.code, 0, done)
        self.assertClean(done.json(), 2000)
        ended = stop(shop)
        self.assertEqual(ended.code, 0, ended)
        self.assertIn(f"shop: fails on purpose: {SURVIVABLE}", ended.out)
        counted = dict(re.findall(r"([a-z0-9-]+) ([0-9,]+)", ended.out.split("failed on purpose:")[1]))
        self.assertEqual(set(counted), {word.split(":")[0] for word in SURVIVABLE.split(",")} - {"seed"})
        for what, count in counted.items():
            self.assertGreater(int(count.replace(",", "")), 2, (what, counted))

    def test_connections_that_fail_in_every_way_lose_and_double_nothing(self):
        at, _ = self.shop()
        through, proxy = self.proxy(at, CONNECTIONS, "--json")
        # A request of which the end is missing is answered 400 (RFC 9112, section 8): not the order's fault.
        done = self.lakh("load", self.plan(400), "-n", 2000, "--target", through, "--key", "auto", "--no-reconcile",
                         "--json", timeout=120)
        self.assertEqual(done.code, 0, done)
        self.assertBalanced(done.json()["balance"], 2000)
        self.assertEqual(done.json()["balance"]["confirmed"], 2000)
        self.assertEqual(self.stored(), (2000, 2000, 2000))
        ended = stop(proxy)
        self.assertEqual(ended.code, 0, ended)
        counts = json.loads(ended.out.splitlines()[-1])
        self.assertEqual(counts["event"], "ended")
        for effect, count in counts["harmed"].items():
            self.assertGreater(count, 0, (effect, counts))

    def test_a_shop_that_forgets_keys_is_found_out_by_the_reconciliation(self):
        at, _ = self.shop("--chaos", "forget:50%,drop-after:20%,seed:7")
        done = self.lakh("load", self.plan(), "-n", 300, "--target", at, "--key", "auto", "--json")
        self.assertEqual(done.code, 5, done)
        orders, references, _ = self.stored()
        self.assertEqual(references, 300)
        self.assertGreater(orders, 300)
        found = done.json()["reconciliation"]
        self.assertGreater(found["duplicate"], 0, found)
        self.assertEqual(found["missing"], 0, found)

    def test_a_shop_that_swallows_orders_is_found_out_by_the_reconciliation(self):
        at, _ = self.shop("--chaos", "swallow:5%,seed:7")
        done = self.lakh("load", self.plan(), "-n", 300, "--target", at, "--key", "auto", "--json")
        self.assertEqual(done.code, 5, done)
        orders = self.stored()[0]
        self.assertLess(orders, 300)
        self.assertEqual(done.json()["reconciliation"]["missing"], 300 - orders)

    def test_the_same_seed_does_the_same_to_the_same_orders(self):
        lives = []
        for life in range(2):
            at, shop = self.shop("--chaos", "drop-before:10%,500:10%,503:10%@0s,seed:11", db=f"shop-{life}.db")
            done = self.lakh("load", self.plan(), "-n", 100, "--target", at, "--key", "auto", "--shape", "serial", "--json")
            self.assertEqual(done.code, 0, done)
            lives.append(stop(shop).out.split("failed on purpose:")[1])
        self.assertEqual(lives[0], lives[1])

    def test_the_proxy_carries_a_thousand_connections_at_once(self):
        at, _ = self.shop("--delay", "200ms")
        through, proxy = self.proxy(at, "delay:10%@1ms..5ms", "--json")
        done = self.lakh("load", self.plan(), "-n", 4000, "--target", through, "--users", 2000, "--key", "auto",
                         "--no-reconcile", "--json", timeout=120)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(self.stored()[:2], (4000, 4000))
        ended = stop(proxy, signal.SIGINT)
        self.assertEqual(ended.code, 0, ended)
        self.assertGreaterEqual(json.loads(ended.out.splitlines()[-1])["connections"], 1000)

    def test_the_proxy_ends_at_once_with_connections_open(self):
        at, _ = self.shop()
        for how in (signal.SIGINT, signal.SIGTERM):
            through, proxy = self.proxy(at, "hole", "-v")
            host, port = through[len("http://"):].split(":")
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(b"GET /stats HTTP/1.1\r\nHost: a\r\n\r\n")
                time.sleep(0.2)
                ended = stop(proxy, how)
            self.assertEqual(ended.code, 0, ended)
            self.assertRegex(ended.out, r"#1 127\.0\.0\.1:\d+ hole up after 0 B\n")
            self.assertIn("chaos: ended after 1 connections", ended.out)
            (self.folder / "proxy-port").unlink()


if __name__ == "__main__":
    unittest.main()
