"""The fault server of bench/faults does what it says, and lakh ends right in front of it: a small form of that comparison."""

import json
import pathlib
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

from harness import ROOT, Case

SERVER = ROOT / "bench/faults/server.py"
ORDER = '{"reference":"order-{{item}}"}'


class naive_client:
    """What people write first: a socket, and the same again when the connection is lost."""

    def __init__(self, port, keys=False, attempts=20):
        self.port, self.keys, self.attempts, self.socket = port, keys, attempts, None
        self.lost = 0

    def exchange(self, request):
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer or b"}" not in answer:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed before an answer")
            answer += got
        return int(answer.split(b" ", 2)[1])

    def place(self, reference):
        body = json.dumps({"reference": reference}).encode()
        key = f"Idempotency-Key: {reference}\r\n" if self.keys else ""
        head = f"POST /orders HTTP/1.1\r\nHost: shop\r\n{key}Content-Length: {len(body)}\r\n\r\n"
        for _ in range(self.attempts):
            try:
                return self.exchange(head.encode() + body)
            except OSError:
                self.lost += 1
                self.close()
        return None

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None


class Faults(Case):
    def server(self, *more):
        """Starts a fault server in which 2 of 20 orders lose their connection; gives its port."""
        port_file = pathlib.Path(self.folder) / f"port-{time.monotonic_ns()}"
        process = subprocess.Popen([sys.executable, "-B", str(SERVER), "--one-in", "20", "--port-file", str(port_file), *more],
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(500):
            if port_file.exists():
                return int(port_file.read_text())
            self.assertIsNone(process.poll(), "the fault server ended at once")
            time.sleep(0.02)
        raise AssertionError("the fault server did not start")

    def ask(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return json.load(answer)

    def stored(self, port):
        """reference -> how often, from all pages of the listing."""
        times, cursor = {}, "0"
        while cursor is not None:
            page = self.ask(port, f"/orders?limit=100&cursor={cursor}")
            for order in page["orders"]:
                times[order["reference"]] = times.get(order["reference"], 0) + 1
            cursor = page["next"]
        return times

    def naive(self, port, orders, **more):
        client = naive_client(port, **more)
        self.addCleanup(client.close)
        return client, [client.place(f"order-{number}") for number in range(orders)]

    def test_who_repeats_nothing_finds_as_many_stored_as_did_not_die_before(self):
        port = self.server()
        client, answers = self.naive(port, 400, attempts=1)
        books = self.ask(port, "/stats")
        self.assertEqual((books["arrived"], books["died_before"], books["died_after"]), (400, 20, 20))
        self.assertEqual((client.lost, answers.count(None), answers.count(201)), (40, 40, 360))
        self.assertEqual((books["stored"], books["distinct"], books["twice"]), (380, 380, 0))
        self.assertEqual(self.stored(port).keys(), {f"order-{number}" for number in range(400)} - self.dead_before(port, answers))

    def dead_before(self, port, answers):
        """Of the unanswered ones, those that are not there when looked up."""
        dead = set()
        for number, answer in enumerate(answers):
            if answer is None:
                try:
                    self.assertEqual(self.ask(port, f"/orders/order-{number}")["stored"], 1)
                except urllib.error.HTTPError as error:
                    self.assertEqual(error.code, 404)
                    error.close()
                    dead.add(f"order-{number}")
        self.assertEqual(len(dead), 20)
        return dead

    def test_who_repeats_everything_stores_twice_what_died_after(self):
        port = self.server()
        client, answers = self.naive(port, 400)
        books = self.ask(port, "/stats")
        self.assertEqual(answers, [201] * 400)
        self.assertEqual(client.lost, books["died_before"] + books["died_after"])
        self.assertEqual(books["distinct"], 400)
        self.assertGreater(books["twice"], 0)
        self.assertEqual(books["twice"], books["died_after"])

    def test_who_repeats_under_a_key_stores_nothing_twice(self):
        port = self.server("--keys")
        _, answers = self.naive(port, 400, keys=True)
        books = self.ask(port, "/stats")
        self.assertEqual(answers, [201] * 400)
        self.assertEqual((books["stored"], books["distinct"], books["twice"]), (400, 400, 0))
        self.assertGreater(books["repeated"], 0)
        self.assertEqual(books["arrived"], 400 + books["died_before"] + books["died_after"])

    def test_a_key_with_another_order_is_refused(self):
        port = self.server("--keys")
        client = naive_client(port)
        self.addCleanup(client.close)
        answers = []
        for reference in ("one", "two"):
            body = json.dumps({"reference": reference}).encode()
            head = f"POST /orders HTTP/1.1\r\nHost: shop\r\nIdempotency-Key: same\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            for _ in range(20):
                try:
                    answers.append(client.exchange(head + body))
                    break
                except OSError:
                    client.close()
        self.assertEqual(answers, [201, 422])
        self.assertEqual(self.stored(port), {"one": 1})

    def test_the_seed_alone_decides_who_dies(self):
        places = []
        for seed in ("7", "7", "8"):
            _, answers = self.naive(self.server("--seed", seed), 100, attempts=1)
            places.append([number for number, answer in enumerate(answers) if answer is None])
        self.assertEqual(places[0], places[1])
        self.assertNotEqual(places[0], places[2])

    def load(self, port, *more):
        return self.lakh("load", "-n", 500, "-u", 16, *more, "--json", "http", "POST", f"http://127.0.0.1:{port}/orders",
                         "--json", ORDER, "-e", 201)

    def test_lakh_with_keys_ends_exact(self):
        for how in ((), ("--reset",)):
            with self.subTest(how=how):
                port = self.server("--keys", *how)
                done = self.load(port, "--key", "auto", "--attempts", 20)
                self.assertEqual(done.code, 0, done)
                balance = done.json()["balance"]
                self.assertBalanced(balance, 500)
                self.assertEqual(balance["confirmed"], 500)
                self.assertEqual(self.stored(port), {f"order-{item}": 1 for item in range(500)})
                self.assertGreater(self.ask(port, "/stats")["repeated"], 0)

    def test_lakh_without_keys_stores_at_most_once_and_names_every_doubt(self):
        for how in ((), ("--reset",)):
            with self.subTest(how=how):
                port = self.server(*how)
                done = self.load(port)
                self.assertEqual(done.code, 1, done)
                balance = done.json()["balance"]
                self.assertBalanced(balance, 500)
                stored = self.stored(port)
                self.assertEqual(set(stored.values()), {1})
                shown = self.lakh("runs", "show", "last", "--unknown", "--json")
                self.assertEqual(shown.code, 0, shown)
                named = {f"order-{json.loads(line)['item']}" for line in shown.out.splitlines()}
                self.assertEqual(len(named), balance["unknown"])
                missing = {f"order-{item}" for item in range(500)} - stored.keys()
                self.assertGreater(len(missing), 0)
                self.assertLessEqual(missing, named)
                self.assertEqual(len(stored.keys() - named), balance["confirmed"])
                self.assertEqual(balance["failed"], 0)


if __name__ == "__main__":
    unittest.main()
