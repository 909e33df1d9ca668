"""lakh and nginx: a server of the world as the target, and as the proxy in front of a shop."""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import PLAN, Case

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

CONFIG = """
%(user)s
daemon off;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log;
worker_processes 2;
events { worker_connections 512; }
http {
  log_format seen '$connection $connection_requests $request_method $uri $status $http_idempotency_key';
  access_log %(folder)s/access.log seen;
  client_body_temp_path %(folder)s/client_body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  default_type text/plain;
  limit_req_zone $binary_remote_addr zone=slow:1m rate=200r/s;
  upstream behind { server %(upstream)s; keepalive 16; }
  server {
    listen 127.0.0.1:%(port)d backlog=1024;
    root %(folder)s/files;
    absolute_redirect off;
    client_max_body_size 64m;
    %(more)s
    location = /ok { return 200 "ok"; }
    location /chunked/ { alias %(folder)s/files/; ssi on; ssi_types *; }
    location = /first { return 301 /second; }
    location = /second { return 307 /ok?behind=two; }
    location = /away { return 303 /ok; }
    location = /circle { return 302 /circle; }
    location = /small { client_max_body_size 1k; return 200; }
    location = /limited { limit_req zone=slow burst=5 nodelay; try_files /file =404; }
    location /behind/ { proxy_pass http://behind/; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
"""


@unittest.skipUnless(NGINX, "nginx is not installed")
class Nginx(Case):
    def nginx(self, upstream="127.0.0.1:1", more=""):
        """Starts one with its own folder; gives its address and process."""
        home = self.folder / "nginx"
        (home / "files").mkdir(parents=True)
        (home / "files/file").write_text("a file\n")
        self.large = os.urandom(20_000_000)
        (home / "files/large").write_bytes(self.large)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (home / "nginx.conf").write_text(CONFIG % {
            "folder": home, "port": port, "upstream": upstream.removeprefix("http://"), "more": more,
            "user": "user root;" if os.geteuid() == 0 else ""})
        process = subprocess.Popen([NGINX, "-p", home, "-c", home / "nginx.conf"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)

        def end():
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()

        self.addCleanup(end)
        for _ in range(500):
            if process.poll() is not None:
                raise AssertionError(f"nginx ended: {process.communicate()} {self.read(home / 'error.log')}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return f"http://127.0.0.1:{port}", process
            except OSError:
                time.sleep(0.01)
        raise AssertionError("nginx did not start")

    def read(self, path):
        return path.read_text() if path.exists() else ""

    def seen(self):
        """What nginx answered: connection, requests on it so far, method, path, status, key."""
        return [line.split() for line in self.read(self.folder / "nginx/access.log").splitlines()]

    def once(self, *words, code=0):
        done = self.lakh("http", "--format", "json", *words)
        self.assertEqual(done.code, code, done)
        return done.json()

    def load(self, *words, code=0):
        done = self.lakh("load", "--json", "--progress", "none", *words, timeout=120)
        self.assertEqual(done.code, code, done)
        return done.json()

    def reload(self, process, workers_before):
        """As an administrator does it; waits until the new workers are there."""
        process.send_signal(signal.SIGHUP)
        for _ in range(300):
            if set(self.workers(process)) - set(workers_before):
                return
            time.sleep(0.01)
        raise AssertionError("nginx did not reload")

    def workers(self, process):
        return pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


class Once(Nginx):
    def test_answers_of_every_framing(self):
        at, _ = self.nginx()
        whole = self.once(at + "/file")
        self.assertEqual((whole["status"], whole["text"]), (200, "a file\n"))
        chunked = self.once(at + "/chunked/file")
        self.assertIn({"name": "Transfer-Encoding", "value": "chunked"}, chunked["headers"])
        self.assertEqual(chunked["text"], "a file\n")
        head = self.once("HEAD", at + "/file")
        self.assertIn({"name": "Content-Length", "value": "7"}, head["headers"])
        self.assertEqual(head["size"], 0)
        self.assertEqual(self.once(at + "/nowhere", code=1)["status"], 404)

    def test_redirects_are_followed_counted_and_left_alone_if_told(self):
        at, _ = self.nginx()
        answer = self.once(at + "/first")
        self.assertEqual((answer["status"], answer["redirects"], answer["url"]), (200, 2, at + "/ok?behind=two"))
        self.assertEqual(self.once("--redirects", 0, at + "/first")["status"], 301)
        self.assertEqual(self.once("POST", at + "/away", "-d", "x")["text"], "ok")
        self.assertEqual([line[2:4] for line in self.seen()][-2:], [["POST", "/away"], ["GET", "/ok"]])
        endless = self.lakh("http", at + "/circle")
        self.assertNotEqual(endless.code, 0)
        self.assertIn("redirects", endless.err)

    def test_large_bodies_go_both_ways_whole(self):
        got = []

        def take(connection, request):
            got.append(request.partition(b"\r\n\r\n")[2])
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        at, _ = self.nginx(upstream=self.scripted(take))
        down = self.lakh("http", at + "/large", "-o", "copy")
        self.assertEqual(down.code, 0, down)
        self.assertEqual(hashlib.sha256((self.folder / "copy").read_bytes()).digest(), hashlib.sha256(self.large).digest())
        up = self.once("PUT", at + "/behind/x", "-d", f"@{self.folder}/nginx/files/large")
        self.assertEqual(up["status"], 200)
        self.assertEqual(hashlib.sha256(got[0]).digest(), hashlib.sha256(self.large).digest())
        expecting = self.once("PUT", at + "/behind/x", "-H", "Expect: 100-continue", "-d",
                              f"@{self.folder}/nginx/files/large")
        self.assertEqual(expecting["status"], 200)
        self.assertTrue(got[1] == self.large)

    def test_a_body_that_is_refused_is_not_a_broken_connection(self):
        at, _ = self.nginx()
        self.assertEqual(self.once("PUT", at + "/small", "-d", f"@{self.folder}/nginx/files/large", code=1)["status"], 413)


class Load(Nginx):
    def test_lanes_keep_their_connections_and_change_them_when_nginx_says_so(self):
        at, _ = self.nginx(more="keepalive_requests 100;")
        report = self.load("-n", 2000, "-u", 4, "http", at + "/ok")
        self.assertEqual((report["balance"]["confirmed"], report["retries"]), (2000, 0))
        connections = {line[0] for line in self.seen()}
        self.assertGreaterEqual(len(connections), 20)
        self.assertLessEqual(len(connections), 26)

    def test_connections_that_nginx_closes_while_they_are_idle_leave_no_item_in_doubt(self):
        at, _ = self.nginx(more="keepalive_timeout 50ms;")
        # Each lane waits 80 ms between two items: its connection is closed before every one of them.
        report = self.load("-n", 100, "-u", 2, "--rate", "25/s", "--at-most-once", "http", "POST", at + "/ok", "-d", "x")
        self.assertEqual((report["balance"]["confirmed"], report["balance"]["unknown"]), (100, 0), report)

    def test_what_limit_req_sends_away_comes_back_until_it_is_done(self):
        at, _ = self.nginx()
        report = self.load("-n", 300, "-u", 16, "--attempts", 50, "http", at + "/limited")
        self.assertEqual(report["balance"]["confirmed"], 300, report)
        self.assertGreater(report["statuses"]["503"], 0)
        self.assertEqual(report["statuses"]["200"], 300)
        self.assertEqual(report["retries"], report["statuses"]["503"])

    def test_nothing_is_lost_when_nginx_is_reloaded_in_the_middle(self):
        at, process = self.nginx()
        load = self.start("load", "--json", "--progress", "none", "-n", 40000, "-u", 32, "http", at + "/ok")
        for _ in range(4):
            time.sleep(0.15)
            self.reload(process, self.workers(process))
        out, err = load.communicate(timeout=120)
        self.assertEqual(load.returncode, 0, (out, err))
        self.assertEqual(json.loads(out)["balance"]["confirmed"], 40000)


class InFrontOfTheShop(Nginx):
    def test_orders_go_through_with_their_keys_and_both_sides_agree(self):
        shop, _ = self.shop()
        at, _ = self.nginx(upstream=shop)
        report = self.load(PLAN, "-n", 3000, "--target", at + "/behind")
        self.assertEqual(report["balance"]["confirmed"], 3000)
        self.assertEqual(self.orders_in(), (3000, 3000))
        self.assertTrue(report["reconciliation"], report)
        keys = {line[5] for line in self.seen() if line[2] == "POST"}
        self.assertEqual(len(keys), 3000)

    def test_orders_survive_reloads_of_the_proxy(self):
        shop, _ = self.shop()
        at, process = self.nginx(upstream=shop)
        load = self.start("load", PLAN, "--json", "--progress", "none", "-n", 10000, "--target", at + "/behind")
        for _ in range(4):
            time.sleep(0.2)
            self.reload(process, self.workers(process))
        out, err = load.communicate(timeout=120)
        self.assertEqual(load.returncode, 0, (out, err))
        self.assertEqual(json.loads(out)["balance"]["confirmed"], 10000)
        self.assertEqual(self.orders_in(), (10000, 10000))

    def test_a_proxy_that_is_killed_leaves_no_order_twice_and_every_doubt_named(self):
        shop, _ = self.shop()
        at, process = self.nginx(upstream=shop)
        load = self.start("load", PLAN, "--json", "--progress", "none", "-n", 10000, "--target", at + "/behind",
                          "--at-most-once", "--attempts", 3, "--no-reconcile")
        time.sleep(0.4)
        for worker in self.workers(process):  # the master starts others
            os.kill(int(worker), signal.SIGKILL)
        out, err = load.communicate(timeout=120)
        report = json.loads(out)
        balance = report["balance"]
        self.assertTrue(report["errors"], "the kill met nothing in flight")
        self.assertBalanced(balance, 10000)
        self.assertTrue(balance["holds"])
        stored, distinct = self.orders_in()
        self.assertEqual(stored, distinct)
        self.assertLessEqual(balance["confirmed"], stored)
        self.assertLessEqual(stored, balance["confirmed"] + balance["unknown"], (out, err))


if __name__ == "__main__":
    unittest.main()
