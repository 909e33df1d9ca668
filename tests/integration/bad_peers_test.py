"""Targets that are slow, rude, broken or gone: a clear error once, a right balance many times, and nothing hangs."""

import random
import struct
import socket
import threading
import time
import unittest

from harness import Case

OK = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{\"id\":42}"


class Once(Case):
    def ask(self, answer, *words, close=True):
        def handle(connection, _request):
            if answer:
                connection.sendall(answer)
            if close:
                return False
            time.sleep(30)
            return False

        return self.lakh("http", *words, self.scripted(handle))

    def test_each_kind_of_broken_answer_is_told_apart(self):
        for answer, says in (
                (b"", "closed"),
                (b"HTTP/1.1 200 OK\r\nContent-Le", "closed"),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "closed"),
                (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"),
                (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "malformed"),
                (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", "malformed"),
                (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "malformed")):
            done = self.ask(answer)
            self.assertEqual(done.code, 3, (answer[:60], done))
            self.assertIn(says, done.err, answer[:60])

    def test_silence_ends_at_the_time_limit(self):
        done = self.ask(b"", "--timeout", "300ms", close=False)
        self.assertEqual(done.code, 3, done)
        self.assertIn("in time", done.err)

    def test_an_endless_answer_ends_at_the_limit(self):
        def handle(connection, _request):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x" * 65536)

        done = self.lakh("http", "--answer-limit", "1MiB", self.scripted(handle))
        self.assertEqual(done.code, 3, done)
        self.assertIn("limit", done.err)


class Many(Case):
    """1 connection in 50 dies before the order is stored, 1 in 50 after it is stored and before the answer."""

    def faulty(self, keyed):
        dice = random.Random(7)
        lock = threading.Lock()
        stored = []
        keys = {}

        def handle(connection, request):
            key = next((line.split(b":", 1)[1].strip() for line in request.split(b"\r\n")
                        if line.lower().startswith(b"idempotency-key:")), None)
            with lock:
                fate = dice.random()
                if fate < 0.02:
                    self.reset(connection)
                    return False
                if not keyed or key not in keys:
                    keys[key] = True
                    stored.append(request.partition(b"\r\n\r\n")[2])
                if fate < 0.04:
                    self.reset(connection)
                    return False
            connection.sendall(OK)
            return True

        return self.scripted(handle), stored

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def load(self, at, *words):
        return self.lakh("load", "-n", 3000, "--users", 16, "--json", *words, "http", "POST", at + "/orders", "--json",
                         '{"ref":"{{run}}-{{item}}"}', "--expect", 201)

    def test_with_keys_every_order_is_stored_exactly_once(self):
        at, stored = self.faulty(keyed=True)
        done = self.load(at, "--key", "{{run}}-{{item}}")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 3000)
        self.assertEqual((len(stored), len(set(stored))), (3000, 3000))

    def test_without_keys_at_most_once_and_every_doubtful_item_is_named(self):
        at, stored = self.faulty(keyed=False)
        done = self.load(at, "--key", "none")
        balance = done.json()["balance"]
        self.assertEqual(done.code, 1, done)
        self.assertBalanced(balance, 3000)
        self.assertGreater(balance["unknown"], 0)
        self.assertEqual(len(stored), len(set(stored)))
        self.assertLessEqual(balance["confirmed"], len(stored))
        self.assertLessEqual(len(stored), balance["confirmed"] + balance["unknown"])

    def test_a_target_that_is_busy_is_left_alone_for_as_long_as_it_asks(self):
        lock = threading.Lock()
        seen = {}

        def handle(connection, request):
            body = request.partition(b"\r\n\r\n")[2]
            with lock:
                seen[body] = seen.get(body, 0) + 1
                first = seen[body] == 1
            connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n" if first else OK)
            return True

        done = self.lakh("load", "-n", 200, "--json", "http", "POST", self.scripted(handle), "--json",
                         '{"ref":"{{item}}"}', "--expect", 201)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["balance"]["confirmed"], 200)
        self.assertEqual(set(seen.values()), {2})

    def test_refusals_are_failures_with_their_reason(self):
        def handle(connection, _request):
            body = b'{"title":"No","detail":"the stars are wrong"}'
            connection.sendall(b"HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n%s"
                               % (len(body), body))
            return True

        done = self.lakh("load", "-n", 100, "http", "POST", self.scripted(handle), "--json", '{"n":{{item}}}')
        self.assertEqual(done.code, 1, done)
        self.assertIn("the stars are wrong", done.out + done.err)

    def test_a_target_that_never_answers_makes_unknown_items_not_lost_ones(self):
        at = self.scripted(lambda connection, request: time.sleep(5) or False)
        done = self.lakh("load", "-n", 8, "--users", 8, "--timeout", "300ms", "--attempts", 2, "--key", "none", "--json",
                         "http", "POST", at, "--json", '{"n":{{item}}}')
        balance = done.json()["balance"]
        self.assertEqual(done.code, 1, done)
        self.assertBalanced(balance, 8)
        self.assertEqual(balance["unknown"], 8)


if __name__ == "__main__":
    unittest.main()
