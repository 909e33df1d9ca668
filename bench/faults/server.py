#!/usr/bin/env python3
"""A shop whose connections die, and whose books say what really arrived.

  bench/faults/server.py [--port 0] [--port-file FILE] [--seed 1] [--one-in 200] [--keys] [--reset]

  POST /orders        {"reference": "..."}: 201 with an id. Of every ONE-IN orders that arrive, one loses its connection
                      before it is stored, and another one after it is stored and before the answer
  GET /orders/REF     is it there? 200 with how often, or 404
  GET /orders         pages of what is stored: ?limit=1000&cursor=0
  GET /stats          the books: see order_book.stats

Nothing else goes wrong, and looking never fails: what the loader says can be held against /stats.

Which of them, --seed alone decides (a repetition is one more arrival): each loader meets the same faults at the same
places. A dying connection is closed as the kernel closes those of a process
that dies after it has read the request (FIN); --reset sends RST, as a load balancer or a firewall does.

With --keys the shop knows an Idempotency-Key again: the same key brings the first answer again, and stores nothing; the same
key with other bytes is refused with 422. Without --keys it takes no notice of the header.

Standard library only. Listens on 127.0.0.1 alone, and ends with SIGTERM or SIGINT.
"""

import argparse
import asyncio
import json
import pathlib
import random
import re
import signal
import socket
import struct
import urllib.parse

LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,7})\r\n", re.I)
KEY = re.compile(rb"\r\nidempotency-key: *([^\r\n]{1,200}?) *\r\n", re.I)
CLOSE = re.compile(rb"\r\nconnection: *close\r\n", re.I)
KEEP = re.compile(rb"\r\nconnection: *keep-alive\r\n", re.I)
REFERENCE = re.compile(rb'"reference" *: *"([^"\\]{1,200})"')
HEAD_LIMIT, BODY_LIMIT = 16 * 1024, 1024 * 1024
REASON = {200: "OK", 201: "Created", 400: "Bad Request", 404: "Not Found", 413: "Content Too Large", 422: "Unprocessable Content"}


class order_book:
    """What is stored, and which connection dies next."""

    def __init__(self, seed, one_in, keys):
        self.random, self.one_in, self.dying = random.Random(seed), one_in, ()
        self.keys = {} if keys else None
        self.orders = []  # a reference for each stored order, in the order of storing
        self.times = {}  # reference -> how often it is stored
        self.arrived = self.repeated = self.died_before = self.died_after = 0

    def place(self, body, key):
        """The answer to an order, or None if its connection dies instead."""
        place = self.arrived % self.one_in if self.one_in else None
        if place == 0:
            self.dying = self.random.sample(range(self.one_in), 2)  # before, after
        self.arrived += 1
        if place is not None and place == self.dying[0]:
            self.died_before += 1
            return None
        answer = self.store(body, key)
        if place is not None and place == self.dying[1]:
            self.died_after += 1
            return None
        return answer

    def store(self, body, key):
        found = REFERENCE.search(body)
        if not found:
            return 400, b'{"detail":"an order needs a reference"}'
        if self.keys is not None and key:
            if key in self.keys:
                self.repeated += 1
                first_body, answer = self.keys[key]
                return answer if first_body == hash(body) else (422, b'{"detail":"this key came with another order"}')
        reference = found[1]
        self.orders.append(reference)
        self.times[reference] = self.times.get(reference, 0) + 1
        answer = 201, b'{"id":"%08d"}' % len(self.orders)
        if self.keys is not None and key:
            self.keys[key] = hash(body), answer
        return answer

    def look(self, path):
        url = urllib.parse.urlsplit(path.decode("latin-1"))
        if url.path == "/stats":
            return 200, as_json(self.stats())
        if url.path == "/orders":
            asked = dict(urllib.parse.parse_qsl(url.query))
            begin, limit = number(asked.get("cursor"), 0), max(1, number(asked.get("limit"), 1000))
            page = [{"reference": one.decode()} for one in self.orders[begin:begin + limit]]
            more = begin + limit < len(self.orders)
            return 200, as_json({"orders": page, "next": str(begin + limit) if more else None})
        if url.path.startswith("/orders/"):
            reference = urllib.parse.unquote(url.path[len("/orders/"):])
            times = self.times.get(reference.encode(), 0)
            return (200 if times else 404), as_json({"reference": reference, "stored": times})
        return 404, b'{"detail":"there are /orders and /stats"}'

    def stats(self):
        return {
            "arrived": self.arrived,  # orders asked for, repetitions too
            "stored": len(self.orders),
            "distinct": len(self.times),  # different references among them
            "twice": len(self.orders) - len(self.times),  # stored more often than once, counted by the surplus
            "repeated": self.repeated,  # answered again because the key was known
            "died_before": self.died_before,
            "died_after": self.died_after,
        }


class connection(asyncio.Protocol):
    """HTTP/1.1, as much as an order needs: no chunked bodies, answers in the order of the requests."""

    def __init__(self, book, reset):
        self.book, self.reset, self.pending, self.transport = book, reset, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.pending += data
        while self.pending and not self.transport.is_closing():
            end = self.pending.find(b"\r\n\r\n")
            if end < 0:
                if len(self.pending) > HEAD_LIMIT:
                    self.transport.abort()
                return
            head = self.pending[:end + 2]
            length = LENGTH.search(head)
            size = int(length[1]) if length else 0
            if size > BODY_LIMIT:
                self.answer(413, b"{}", close=True)
                return
            if len(self.pending) < end + 4 + size:
                return
            body, self.pending = self.pending[end + 4:end + 4 + size], self.pending[end + 4 + size:]
            self.serve(head, body)

    def serve(self, head, body):
        words = head[:head.find(b"\r\n")].split(b" ")
        if len(words) != 3:
            self.answer(400, b'{"detail":"that is not HTTP"}', close=True)
            return
        method, path, version = words
        close = CLOSE.search(head) is not None or (version == b"HTTP/1.0" and KEEP.search(head) is None)
        if method == b"POST" and path == b"/orders":
            key = KEY.search(head)
            placed = self.book.place(body, key[1] if key else None)
            if placed is None:
                self.die()
            else:
                self.answer(*placed, close)
        elif method == b"GET":
            self.answer(*self.book.look(path), close)
        else:
            self.answer(404, b'{"detail":"POST /orders, or GET"}', close)

    def answer(self, status, body, close):
        self.transport.write(b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s" % (
            status, REASON[status].encode(), len(body), b"close" if close else b"keep-alive", body))
        if close:
            self.transport.close()

    def die(self):
        if self.reset:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()


def as_json(value):
    return json.dumps(value).encode()


def number(text, otherwise):
    return int(text) if text and text.isdigit() else otherwise


async def main(words):
    book = order_book(words.seed, words.one_in, words.keys)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stopped.set)
    server = await loop.create_server(lambda: connection(book, words.reset), "127.0.0.1", words.port, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    if words.port_file:
        # In one step: who waits for the file finds it whole.
        beside = pathlib.Path(f"{words.port_file}.new")
        beside.write_text(f"{port}\n")
        beside.rename(words.port_file)
    else:
        print(f"http://127.0.0.1:{port}/orders", flush=True)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--port", type=int, default=0)
    said.add_argument("--port-file")
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--one-in", type=int, default=200, help="at least 2; 0: nothing dies")
    said.add_argument("--keys", action="store_true")
    said.add_argument("--reset", action="store_true")
    given = said.parse_args()
    if given.one_in < 0 or given.one_in == 1:
        said.error("--one-in takes 0, or 2 and more: one of them dies before and one after")
    asyncio.run(main(given))
