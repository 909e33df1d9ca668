"""The shop, spoken to by curl and by raw sockets."""

import json
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness import Case, stop

ORDER = {"customer": {"name": "王芳", "email": "wang@example.com"},
         "address": {"street": "1 Main Street", "city": "Springfield", "postcode": "12345", "country": "US"},
         "lines": [{"sku": "TEA-0001", "quantity": 2}]}


@unittest.skipUnless(shutil.which("curl"), "curl is not installed")
class Curl(Case):
    def curl(self, *words, stdin=None):
        ran = subprocess.run(["curl", "-sS", "--max-time", "20", *words], input=stdin and stdin.encode(),
                             capture_output=True, check=True)
        return ran.stdout.decode()

    def status(self, *words):
        return int(self.curl("-o", "/dev/null", "-w", "%{http_code}", *words))

    def post(self, at, order, *words):
        return self.curl("-i", "-H", "Content-Type: application/json", "-d", json.dumps(order), *words, at + "/orders")

    def test_an_order_is_stored_and_found_again(self):
        at, _ = self.shop()
        answer = self.post(at, ORDER, "-H", 'Idempotency-Key: "k1"')
        self.assertIn("HTTP/1.1 201 Created", answer)
        order = json.loads(answer.partition("\r\n\r\n")[2])
        self.assertEqual(json.loads(self.curl(f"{at}/orders/{order['id']}"))["total"], order["total"])
        self.assertEqual(self.orders_in()[0], 1)

    def test_a_repetition_gets_the_stored_answer_and_another_body_is_refused(self):
        at, _ = self.shop()
        first = self.post(at, ORDER, "-H", 'Idempotency-Key: "k1"').partition("\r\n\r\n")[2]
        again = self.post(at, ORDER, "-H", 'Idempotency-Key: "k1"')
        self.assertEqual(again.partition("\r\n\r\n")[2], first)
        self.assertIn("201", again.split("\r\n")[0])
        other = dict(ORDER, note="another")
        self.assertIn(" 422 ", self.post(at, other, "-H", 'Idempotency-Key: "k1"').split("\r\n")[0])
        self.assertEqual(self.orders_in()[0], 1)

    def test_what_is_wrong_is_named(self):
        at, _ = self.shop()
        order = dict(ORDER, lines=[{"sku": "TEA-0001", "quantity": 0}, {"sku": "TEA-0001"}])
        answer = self.post(at, order)
        self.assertIn(" 422 ", answer.split("\r\n")[0])
        self.assertIn("application/problem+json", answer)
        self.assertIn("quantity", answer)
        self.assertEqual(self.orders_in()[0], 0)

    def test_methods_paths_and_types_get_their_own_refusals(self):
        at, _ = self.shop()
        self.assertEqual(self.status(f"{at}/nowhere"), 404)
        self.assertEqual(self.status("-X", "DELETE", f"{at}/orders"), 405)
        self.assertEqual(self.status("-H", "Content-Type: text/plain", "-d", "x", f"{at}/orders"), 415)
        self.assertEqual(self.status("-H", "Content-Type: application/json", "-d", "{", f"{at}/orders"), 400)
        self.assertEqual(self.status("-I", f"{at}/stats"), 200)
        self.assertEqual(self.status("--http1.0", f"{at}/stats"), 200)
        self.assertEqual(json.loads(self.curl(f"{at}/openapi.json"))["openapi"][:3], "3.1")

    def test_a_body_may_be_chunked_or_wait_for_100_continue(self):
        at, _ = self.shop()
        body = json.dumps(ORDER)
        for words in (["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]):
            answer = self.curl("-i", "-H", "Content-Type: application/json", *words, "-d", "@-", f"{at}/orders",
                               stdin=body)
            self.assertIn("201 Created", answer, words)

    def test_requests_in_one_packet_are_answered_in_order(self):
        at, _ = self.shop()
        host, port = at[len("http://"):].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /stats HTTP/1.1\r\nHost: a\r\n"
                               b"Connection: close\r\n\r\n")
            got = b""
            while piece := connection.recv(65536):
                got += piece
        self.assertEqual(re.findall(rb"HTTP/1\.1 (\d+)", got), [b"404", b"200"])

    def test_it_ends_cleanly_and_keeps_its_orders(self):
        at, process = self.shop()
        self.post(at, ORDER)
        ended = stop(process, signal.SIGTERM)
        self.assertEqual(ended.code, 0, ended)
        self.shop()
        self.assertEqual(self.orders_in()[0], 1)


if __name__ == "__main__":
    unittest.main()
