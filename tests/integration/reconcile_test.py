"""Reconciliation by look-up and by SQL: SQLite, and a PostgreSQL of the test's own."""

import contextlib
import glob
import json
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import unittest

from harness import Case

PLAN = """
items: 200
target: {target}
http:
  method: POST
  url: "{{{{target}}}}/orders"
  json:
    run: "{{{{run}}}}"
    reference: "{{{{run}}}}-{{{{item}}}}"
    customer: {{name: "王芳 {{{{name}}}}", email: "c{{{{item}}}}@example.com"}}
    address: {{street: 1 Main Street, city: Springfield, postcode: "12345", country: US}}
    lines: [{{sku: TEA-0001, quantity: "{{{{int(1,5)}}}}"}}]
key: "{{{{run}}}}-{{{{item}}}}"
users: 8
reconcile:
{reconcile}
"""

SQLITE = """
  sql:
    database: shop.db
    query: "SELECT reference, digest FROM orders WHERE run = :run -- :run"
    item: "{{run}}-{{item}}"
"""

POSTGRES = """
  sql:
    database: "{uri}"
    query: "SELECT reference, digest FROM orders WHERE run = :run AND ':run' <> run"
    item: "{{{{run}}}}-{{{{item}}}}"
"""


PASSWORD_IN_URI = "s3cr3t%20pass%2Fword"


class Reconciled(Case):
    def plan(self, target, reconcile, name="plan.yaml"):
        (self.folder / name).write_text(PLAN.format(target=target, reconcile=reconcile))
        return name

    def load(self, plan, env=None, more=""):
        if more:
            with open(self.folder / plan, "a") as file:
                file.write(more + "\n")
        before = dict(os.environ)
        os.environ.update(env or {})
        try:
            done = self.lakh("load", plan, "--quiet", "--json")
        finally:
            os.environ.clear()
            os.environ.update(before)
        return done


class Sqlite(Reconciled):
    def test_the_shops_file_is_held_against_the_ledger(self):
        at, _ = self.shop()
        done = self.load(self.plan(at, SQLITE))
        self.assertEqual(done.code, 0, done)
        both = done.json()["reconciliation"]
        self.assertEqual((both["matched"], both["listed"]), (200, 200))
        self.assertTrue(both["digests_compared"])

    def test_a_query_that_writes_is_refused_and_changes_nothing(self):
        at, _ = self.shop()
        done = self.load(self.plan(at, SQLITE.replace("SELECT reference, digest FROM orders WHERE run = :run -- :run",
                                                      "DELETE FROM orders RETURNING reference")))
        self.assertEqual(done.code, 5, done)
        self.assertIn("may only read", done.out + done.err)
        self.assertEqual(self.orders_in()[0], 200)


class LookUp(Reconciled):
    """A target of the test's own that answers for one item at a time."""

    def target(self, lie):
        stored = {}

        def handle(connection, request):
            head, _, body = request.partition(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            if head.startswith(b"POST"):
                stored[json.loads(body)["reference"]] = body
                status, answer = "201 Created", "{}"
            else:
                reference = path.rpartition("/")[2]
                status, answer = lie(reference, stored)
            data = answer.encode()
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n"
                               f"Content-Type: application/json\r\n\r\n".encode() + data)
            return True

        return self.scripted(handle)

    WORDS = """
  lookup:
    url: "{{target}}/by/{{run}}-{{item}}"
    reference: $.reference
    item: "{{run}}-{{item}}"
    users: 16
"""

    def reconciled(self, lie, words=WORDS):
        return self.load(self.plan(self.target(lie), words))

    @staticmethod
    def number(reference):
        return int(reference.rpartition("-")[2])

    def honest(self, reference, stored):
        if reference not in stored:
            return "404 Not Found", "{}"
        return "200 OK", json.dumps({"reference": reference})

    def test_all_are_found(self):
        done = self.reconciled(self.honest)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["reconciliation"]["matched"], 200)

    def test_what_is_gone_is_missing(self):
        done = self.reconciled(lambda r, s: ("410 Gone", "") if self.number(r) == 7 else self.honest(r, s))
        self.assertEqual(done.code, 5, done)
        self.assertEqual(done.json()["reconciliation"]["missing"], 1)

    def test_an_answer_about_another_item_does_not_count_for_this_one(self):
        def lie(reference, stored):
            other = reference.replace("-7", "-8") if reference.endswith("-7") else reference
            return self.honest(other, stored)
        done = self.reconciled(lie)
        self.assertEqual(done.code, 5, done)
        both = done.json()["reconciliation"]
        self.assertEqual((both["missing"], both["unexpected"]), (1, 1), both)

    def test_an_answer_may_be_a_list(self):
        def lie(reference, stored):
            times = {7: 0, 8: 3}.get(self.number(reference), 1)
            return "200 OK", json.dumps({"orders": [{"reference": reference}] * times})
        done = self.reconciled(lie, self.WORDS + "    entries: $.orders\n")
        self.assertEqual(done.code, 5, done)
        both = done.json()["reconciliation"]
        self.assertEqual((both["missing"], both["duplicate"], both["matched"]), (1, 2, 199), both)

    def test_a_server_in_trouble_is_asked_again(self):
        asked = set()
        def lie(reference, stored):
            if reference in asked:
                return self.honest(reference, stored)
            asked.add(reference)
            return "503 Busy", ""
        done = self.reconciled(lie)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["reconciliation"]["matched"], 200)

    def test_an_answer_that_says_neither_ends_it(self):
        done = self.reconciled(lambda r, s: ("403 Forbidden", "{}") if self.number(r) == 7 else self.honest(r, s))
        self.assertEqual(done.code, 5, done)
        self.assertIsNone(done.json().get("reconciliation"))


class Listing(Reconciled):
    """A target of the test's own: it stores what is posted, and lists it as `pages` says."""

    WORDS = """
  list:
    url: "{{target}}/list"
    entries: $.orders
    next: $.next
    cursor: after
    reference: $.reference
    item: "{{run}}-{{item}}"
"""

    def reconciled(self, pages, words=WORDS):
        """`pages(after, references, nth)` gives a page as (references, next), or bytes to send as they are."""
        stored = []
        lock = threading.Lock()
        self.asked = 0

        def handle(connection, request):
            head, _, body = request.partition(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            if head.startswith(b"POST"):
                with lock:
                    stored.append(json.loads(body)["reference"])
                connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
                return True
            self.asked += 1
            answer = pages(path.partition("after=")[2], stored, self.asked)
            if isinstance(answer, bytes):
                connection.sendall(answer)
                return False
            listed, after = answer
            data = json.dumps({"next": after, "orders": [{"reference": one} for one in listed]}).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                               + str(len(data)).encode() + b"\r\n\r\n" + data)
            return True

        return self.load(self.plan(self.scripted(handle), words),
                         more="retry: {attempts: 3, backoff: {first: 1ms, most: 5ms}}")

    @staticmethod
    def fifty(after, stored, *_):
        start = int(after or 0)
        return stored[start:start + 50], (str(start + 50) if start + 50 < len(stored) else None)

    def agreed(self, pages, words=WORDS):
        done = self.reconciled(pages, words)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["reconciliation"]["matched"], 200)

    def differs(self, pages, **counts):
        done = self.reconciled(pages)
        self.assertEqual(done.code, 5, done)
        both = done.json()["reconciliation"]
        wanted = {"missing": 0, "duplicate": 0, "altered": 0, "unexpected": 0, **counts}
        self.assertEqual({part: both[part] for part in wanted}, wanted)

    def inconclusive(self, pages, said, words=WORDS):
        done = self.reconciled(pages, words)
        self.assertEqual(done.code, 5, done)
        self.assertIsNone(done.json()["reconciliation"])
        self.assertIn(said, done.json()["problem"])
        self.assertLess(self.asked, 5000)

    def test_pages_are_read_to_the_end(self):
        self.agreed(self.fifty)

    def test_the_next_page_may_be_a_url(self):
        words = self.WORDS.replace("    cursor: after\n", "")
        def pages(after, stored, nth):
            listed, mark = self.fifty(after, stored)
            return listed, mark and ("/list?after=" + mark if nth % 2 else "?after=" + mark)
        self.agreed(pages, words)

    def test_a_url_of_another_server_is_not_followed(self):
        self.inconclusive(lambda *_: ([], "http://127.0.0.1:1/list"), "another server",
                          self.WORDS.replace("    cursor: after\n", ""))

    def test_a_target_that_forgets_doubles_and_invents_is_found_out(self):
        self.differs(lambda a, s, n: self.fifty(a, s[:100] + s[101:]), missing=1)
        self.differs(lambda a, s, n: self.fifty(a, s + s[:3]), duplicate=3)
        self.differs(lambda a, s, n: self.fifty(a, s + ["", "another-1", s[0] + "0000"]), unexpected=3)
        self.differs(lambda a, s, n: ([], None), missing=200)

    def test_a_listing_that_grows_while_it_is_read_is_read_to_its_new_end(self):
        def pages(after, stored, nth):
            if nth == 2:
                stored.extend([stored[0], "another-1"])
            return self.fifty(after, stored)
        self.differs(pages, duplicate=1, unexpected=1)

    def test_a_listing_that_shrinks_while_it_is_read_is_missing_what_it_lost(self):
        def pages(after, stored, nth):
            if nth == 3:
                del stored[150:]
            return self.fifty(after, stored)
        self.differs(pages, missing=50)

    def test_a_cursor_that_comes_again_ends_it(self):
        self.inconclusive(lambda *_: ([], "same"), "circles")
        self.inconclusive(lambda a, s, n: (s[:5], str(n % 7)), "circles")

    def test_pages_without_entries_and_without_end_end_it(self):
        self.inconclusive(lambda a, s, n: ([], str(n)), "does not end")

    def test_an_answer_cut_in_the_middle_is_asked_for_again_and_never_taken_for_the_end(self):
        cut = b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"next":null,"orders":[]}'
        self.agreed(lambda a, s, n: cut if n in (1, 3) else self.fifty(a, s))
        self.inconclusive(lambda a, s, n: cut if n > 2 else self.fifty(a, s), "")

    def test_a_page_cut_before_it_was_sent_is_no_page(self):
        half = b'HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{"orders":[{"reference":"a'
        self.inconclusive(lambda a, s, n: half, "not JSON")
        self.inconclusive(lambda a, s, n: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "no array at $.orders")
        self.inconclusive(lambda a, s, n: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "")

    def test_a_server_in_trouble_is_asked_again_as_often_as_the_plan_says(self):
        def trouble(status, more=b""):
            return b"HTTP/1.1 " + status + b"\r\n" + more + b"Content-Length: 0\r\n\r\n"
        for refusal in (trouble(b"500 Oops"), trouble(b"503 Busy", b"Retry-After: 0\r\n"), trouble(b"429 Slow"), b""):
            with self.subTest(refusal):
                self.agreed(lambda a, s, n, r=refusal: r if n % 3 else self.fifty(a, s))
        self.inconclusive(lambda a, s, n: trouble(b"500 Oops") if n > 1 else self.fifty(a, s), "500")
        self.assertEqual(self.asked, 4)  # one page, and three attempts at the second

    def test_a_refusal_is_not_asked_again(self):
        self.inconclusive(lambda a, s, n: b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "403")
        self.assertEqual(self.asked, 1)


def tool(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else shutil.which(name)


@unittest.skipUnless(tool("initdb") and tool("pg_ctl") and shutil.which("psql"), "PostgreSQL is not installed")
class Postgres(Reconciled):
    """A cluster in a folder of its own, on a Unix socket and on 127.0.0.1, gone afterwards."""

    PASSWORD = "s3cr3t pass/word"  # PASSWORD_IN_URI, decoded

    @classmethod
    def setUpClass(cls):
        # A server refuses to run as root.
        cls.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        cls.cluster = pathlib.Path(tempfile.mkdtemp(prefix="lakh-pg-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.cluster, ignore_errors=True)
        (cls.cluster / "password").write_text(cls.PASSWORD)
        if cls.as_user:
            shutil.chown(cls.cluster, "postgres", "postgres")
            shutil.chown(cls.cluster / "password", "postgres", "postgres")
        cls.run_tool("initdb", "-D", cls.cluster / "data", "-U", "owner", "--pwfile", cls.cluster / "password",
                     "--auth", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync")
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as one:
            cls.port = one.getsockname()[1]
        options = (f"-c listen_addresses=127.0.0.1 -c port={cls.port} -c unix_socket_directories={cls.cluster} "
                   "-c fsync=off")
        cls.run_tool("pg_ctl", "-D", cls.cluster / "data", "-w", "-t", "60", "-l", cls.cluster / "log", "-o", options,
                     "start")
        cls.addClassCleanup(cls.run_tool, "pg_ctl", "-D", cls.cluster / "data", "-m", "immediate", "stop")
        cls.sql("CREATE TABLE orders(reference text, digest text, run text);")

    @classmethod
    def run_tool(cls, name, *words):
        ran = subprocess.run([*cls.as_user, tool(name), *map(str, words)], cwd="/", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        if ran.returncode:
            raise AssertionError(f"{name}: {ran.stdout}")

    @classmethod
    def sql(cls, text):
        return subprocess.run(["psql", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
                               f"postgresql://owner@127.0.0.1:{cls.port}/postgres"], input=text, text=True,
                              capture_output=True, check=True, env=dict(os.environ, PGPASSWORD=cls.PASSWORD)).stdout

    def uri(self, user="owner", database="postgres"):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def loaded(self, uri=None, lie="", env=None, reconcile=POSTGRES):
        """A run through a target that passes all on to the shop, and copies the shop's orders to PostgreSQL before the
        last one is answered."""
        at, _ = self.shop()
        host, _, port = at[len("http://"):].partition(":")
        self.sql("TRUNCATE orders;")
        lock = threading.Lock()
        count = 0

        def handle(connection, request):
            nonlocal count
            with socket.create_connection((host, int(port)), timeout=20) as shop:
                shop.sendall(request)
                answer = b""
                while b"\r\n\r\n" not in answer:
                    answer += shop.recv(65536)
                head, _, body = answer.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
                while len(body) < length:
                    body += shop.recv(65536)
            with lock:
                count += 1
                if count == 200:
                    self.copy_orders()
                    self.sql(lie)
            connection.sendall(head + b"\r\n\r\n" + body)
            return True

        plan = self.plan(self.scripted(handle), reconcile.format(uri=uri or self.uri()))
        return self.load(plan, env={"PGPASSWORD": self.PASSWORD} if env is None else env)

    def test_what_was_loaded_is_there(self):
        done = self.loaded()
        self.assertEqual(done.code, 0, done)
        both = done.json()["reconciliation"]
        self.assertEqual((both["matched"], both["listed"]), (200, 200))
        self.assertTrue(both["digests_compared"])

    def test_every_lie_is_found(self):
        done = self.loaded(lie="""
            DELETE FROM orders WHERE reference LIKE '%-17';
            INSERT INTO orders SELECT * FROM orders WHERE reference LIKE '%-20';
            UPDATE orders SET digest = '0123456789abcdef' WHERE reference LIKE '%-21';
            UPDATE orders SET digest = NULL WHERE reference LIKE '%-22';
            INSERT INTO orders SELECT 'somebody''s', digest, run FROM orders LIMIT 1;
            INSERT INTO orders SELECT NULL, digest, run FROM orders LIMIT 1;
            INSERT INTO orders SELECT reference, digest, 'another run' FROM orders LIMIT 5;""")
        self.assertEqual(done.code, 5, done)
        both = done.json()["reconciliation"]
        self.assertEqual([both[part] for part in ("missing", "duplicate", "altered", "unexpected", "matched")],
                         [1, 1, 1, 2, 198], both)

    def refused(self, *said, **how):
        done = self.loaded(**how)
        self.assertEqual(done.code, 5, done)
        text = done.out + done.err
        for word in said:
            self.assertIn(word, text)
        self.assertNotIn(self.PASSWORD, text)
        self.assertNotIn(PASSWORD_IN_URI, text)
        for file in self.folder.rglob("*"):
            if file.is_file():
                self.assertNotIn(self.PASSWORD.encode(), file.read_bytes(), file)
                self.assertNotIn(PASSWORD_IN_URI.encode(), file.read_bytes(), file)

    def test_the_password_may_come_from_the_environment_by_its_name(self):
        done = self.loaded(uri=f"postgresql://owner:{{{{env.SHOP_PASSWORD}}}}@127.0.0.1:{self.port}/postgres",
                           env={"SHOP_PASSWORD": PASSWORD_IN_URI})
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.json()["reconciliation"]["matched"], 200)

    def test_a_whole_address_may_come_from_the_environment(self):
        done = self.loaded(uri="{{env.SHOP_DATABASE}}",
                           env={"SHOP_DATABASE": f"postgresql://owner:{PASSWORD_IN_URI}@127.0.0.1:{self.port}/postgres"})
        self.assertEqual(done.code, 0, done)

    def test_a_password_file_is_read(self):
        file = self.folder / "pgpass"
        file.write_text(f"127.0.0.1:{self.port}:*:owner:{self.PASSWORD}\n")
        file.chmod(0o600)
        done = self.loaded(env={"PGPASSFILE": str(file)})
        self.assertEqual(done.code, 0, done)

    def test_a_missing_password_is_asked_for(self):
        self.refused("password", env={"PGPASSWORD": ""})

    def test_a_wrong_password_is_not_repeated(self):
        self.refused("password", uri=f"postgresql://owner:{{{{env.P}}}}@127.0.0.1:{self.port}/postgres",
                     env={"P": PASSWORD_IN_URI + "x"})

    def test_a_malformed_address_does_not_show_its_password(self):
        self.refused("malformed", uri="{{env.P}}", env={"P": f"postgresql://owner:{PASSWORD_IN_URI}@[::1/x"})
        self.refused("malformed", uri="{{env.P}}", env={"P": f"postgresql://owner:{PASSWORD_IN_URI}%zz@h/x"})

    def test_a_password_in_the_plan_is_refused_before_anything_is_sent(self):
        at, _ = self.shop()
        done = self.load(self.plan(at, POSTGRES.format(uri="postgresql://owner:hunter2@127.0.0.1/x")))
        self.assertEqual(done.code, 2, done)
        self.assertIn("plan.yaml:", done.err)
        self.assertIn("password", done.err)
        self.assertEqual(self.orders_in()[0], 0)

    def test_a_query_that_writes_is_refused_by_the_server(self):
        self.refused("read-only", reconcile=POSTGRES.replace(
            "SELECT reference, digest FROM orders WHERE run = :run AND ':run' <> run",
            "DELETE FROM orders WHERE run = :run RETURNING reference"))
        self.assertEqual(self.sql("SELECT count(*) FROM orders").strip(), "200")

    def test_statements_and_columns_that_are_no_listing_are_refused(self):
        for query, said in (("SELECT 1; DROP TABLE orders", "multiple commands"),
                            ("COMMIT", "gives no rows"),
                            ("COPY orders TO STDOUT", "a query that gives rows"),
                            ("SELECT 1, 2, 3", "3 columns"),
                            ("SELECT nothing FROM orders", "42703"),
                            ("SELECT 1/0", "22012")):
            with self.subTest(query):
                self.refused(said, reconcile=POSTGRES.replace(
                    "SELECT reference, digest FROM orders WHERE run = :run AND ':run' <> run", query))

    def test_a_server_that_is_not_there_and_a_database_that_is_not_are_told(self):
        self.refused("Connection refused", uri="postgresql://owner@127.0.0.1:1/postgres")
        self.refused("nowhere", uri=self.uri(database="nowhere"))

    def test_a_connection_that_dies_in_the_middle_concludes_nothing(self):
        self.refused("", reconcile=POSTGRES.replace(
            "SELECT reference, digest FROM orders WHERE run = :run AND ':run' <> run",
            "SELECT reference, CASE WHEN row_number() OVER () = 150 AND pg_terminate_backend(pg_backend_pid()) "
            "THEN digest END FROM orders"))

    def copy_orders(self):
        with contextlib.closing(sqlite3.connect(self.folder / "shop.db")) as opened:
            rows = opened.execute("SELECT reference, digest, run FROM orders").fetchall()
        self.sql("COPY orders FROM STDIN;\n" + "".join("\t".join(row) + "\n" for row in rows) + "\\.\n")


if __name__ == "__main__":
    unittest.main()
