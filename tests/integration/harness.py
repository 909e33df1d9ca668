"""What the integration tests share: the program, a shop of one's own, and servers that do what a script says."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

LAKH = os.environ.get("LAKH", str(pathlib.Path(__file__).resolve().parents[2] / "build/release/apps/lakh/lakh"))
ROOT = pathlib.Path(__file__).resolve().parents[2]
PLAN = ROOT / "examples/plans/orders.yaml"


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Case(unittest.TestCase):
    """Each test has a folder of its own, in which the program runs."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lakh-it-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def lakh(self, *words, stdin=None, timeout=60):
        ran = subprocess.run([LAKH, *map(str, words)], cwd=self.folder, input=stdin, capture_output=True, text=True,
                             timeout=timeout, check=False)
        return Done(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *words):
        process = subprocess.Popen([LAKH, *map(str, words)], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def shop(self, *more, db="shop.db", listen="127.0.0.1:0"):
        """Starts a shop; gives its address and process."""
        port_file = self.folder / "port"
        with contextlib.suppress(FileNotFoundError):
            port_file.unlink()
        process = self.start("shop", "--listen", listen, "--db", db, "--port-file", port_file, *more)
        for _ in range(500):
            if port_file.exists() and port_file.read_text().strip():
                return f"http://127.0.0.1:{int(port_file.read_text())}", process
            if process.poll() is not None:
                raise AssertionError(f"the shop ended: {process.communicate()}")
            time.sleep(0.01)
        raise AssertionError("the shop did not start")

    def orders_in(self, db="shop.db"):
        with contextlib.closing(sqlite3.connect(self.folder / db)) as opened:
            return opened.execute("SELECT count(*), count(DISTINCT reference) FROM orders").fetchone()

    def assertBalanced(self, balance, requested):
        self.assertEqual(balance["requested"], requested)
        parts = sum(balance.get(part, 0) for part in ("confirmed", "failed", "unknown", "doubtful", "unclaimed"))
        self.assertEqual(parts, requested, balance)

    def scripted(self, handle):
        """A TCP server that calls handle(connection, bytes of the request) for each request head it reads."""
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.addCleanup(listening.close)

        def serve(connection):
            with connection, contextlib.suppress(OSError):
                pending = b""
                while True:
                    while b"\r\n\r\n" not in pending:
                        got = connection.recv(65536)
                        if not got:
                            return
                        pending += got
                    head, _, rest = pending.partition(b"\r\n\r\n")
                    length = 0
                    for line in head.split(b"\r\n"):
                        if line.lower().startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    while len(rest) < length:
                        got = connection.recv(65536)
                        if not got:
                            return
                        rest += got
                    pending = rest[length:]
                    if handle(connection, head + b"\r\n\r\n" + rest[:length]) is False:
                        return

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listening.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def stop(process, how=signal.SIGTERM, timeout=20):
    process.send_signal(how)
    out, err = process.communicate(timeout=timeout)
    return Done(process.returncode, out, err)
