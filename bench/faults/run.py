#!/usr/bin/env python3
"""20,000 orders to a shop whose connections die: what each tool stored, and what it says it did.

  bench/faults/run.py [words]

  --orders N         orders that each contender is asked to place (20,000)
  --seeds N...       one run of each contender with each seed (1 2 3)
  --one-in N         of N orders one dies before it is stored, and one after (200)
  --reset            connections die with RST instead of FIN
  --only WORD        only contenders whose name contains the word; may be repeated
  --lakh PROGRAM     lakh (build/bench/apps/lakh/lakh, else build/release)
  --json FILE        each single run as a line of JSON too

Every run has a shop of its own (server.py), which is asked afterwards what it holds. Prints two Markdown tables: a shop that
knows no idempotency keys, and one that does, with the tools that can send one for each order. What a tool claims is read
from what it prints. All traffic stays on 127.0.0.1. Needs scripts/setup --bench; what is missing is named in the table.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLIENTS = HERE / "clients"
USERS = 16
BODY = '{"reference":"order","sku":"TEA-0001","quantity":1}'
LIMIT_S = 120


def die(what):
    sys.exit(f"bench/faults/run.py: {what}")


class shop:
    """A fresh fault server."""

    def __init__(self, folder, seed, one_in, keys, reset):
        port_file = folder / "port"
        words = [sys.executable, str(HERE / "server.py"), "--port-file", str(port_file), "--seed", str(seed), "--one-in", str(one_in)]
        self.process = subprocess.Popen(words + ["--keys"] * keys + ["--reset"] * reset, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                die("server.py does not start")
            time.sleep(0.02)
        self.url = f"http://127.0.0.1:{int(port_file.read_text())}"

    def ask(self, path):
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return json.load(answer)

    def references(self):
        """What is stored, as reference -> how often."""
        times, cursor = {}, "0"
        while cursor is not None:
            page = self.ask(f"/orders?limit=5000&cursor={cursor}")
            for order in page["orders"]:
                times[order["reference"]] = times.get(order["reference"], 0) + 1
            cursor = page["next"]
        return times

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class claim:
    """What a tool says became of the orders. None where it says nothing."""

    def __init__(self, fine, failed, unknown=None, named=None):
        self.fine, self.failed, self.unknown = fine, failed, unknown
        self.named = named  # references of the orders in doubt, if the tool names them


def run(words, folder, more=None):
    """Runs a tool to its end; gives its exit code and what it printed."""
    try:
        done = subprocess.run(words, cwd=folder, env={**os.environ, **(more or {})}, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace", timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        die(f"did not end within {LIMIT_S} s: {' '.join(words)}")
    return done.returncode, done.stdout, done.stderr


def found(pattern, text):
    match = re.search(pattern, text)
    if not match:
        die(f"no '{pattern}' in:\n{text[-3000:]}")
    return int(match[1])


def body_file(folder):
    file = folder / "order.json"
    file.write_text(BODY)
    return str(file)


# Each contender: run it, give its exit code and its claim. `given` has url, orders, keys, folder and the programs.


def ab(given, *more):
    code, out, err = run([given.tool, "-q", "-r", *more, "-n", str(given.orders), "-c", str(USERS), "-p", body_file(given.folder),
                          "-T", "application/json", given.url + "/orders"], given.folder)
    if code:
        return code, claim(None, None)
    complete, failed = found(r"Complete requests:\s+(\d+)", out), found(r"Failed requests:\s+(\d+)", out)
    return code, claim(complete - failed, failed)


def ab_keep_alive(given):
    return ab(given, "-k")


def hey(given):
    code, out, _ = run([given.tool, "-n", str(given.orders), "-c", str(USERS), "-m", "POST", "-T", "application/json",
                        "-D", body_file(given.folder), given.url + "/orders"], given.folder)
    statuses, _, errors = out.partition("Error distribution:")
    fine = sum(int(n) for n in re.findall(r"\[2\d\d\]\s+(\d+) responses", statuses))
    bad = sum(int(n) for n in re.findall(r"\[[^2]\d\d\]\s+(\d+) responses", statuses))
    return code, claim(fine, bad + sum(int(n) for n in re.findall(r"^\s+\[(\d+)\]", errors, re.M)))


def h2load(given, clients=str(USERS), *more):
    code, out, _ = run([given.tool, "--h1", "-n", str(given.orders), "-c", clients, *more, "-d", body_file(given.folder),
                        "-H", "content-type: application/json", given.url + "/orders"], given.folder)
    return code, claim(found(r"(\d+) succeeded", out), found(r"(\d+) failed", out))


def h2load_one_each(given):
    return h2load(given, str(given.orders), "-r", "2000")


def wrk(given):
    code, out, _ = run([given.tool, "-t1", f"-c{USERS}", f"-d{max(10, given.orders // 2000)}s", "-s", str(CLIENTS / "orders.lua"),
                        given.url + "/orders", "--", str(given.orders), *["keys"] * given.keys], given.folder)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    refused = int(bad[1]) if bad else 0
    return code, claim(found(r"(\d+) requests in", out) - refused, refused + sum(map(int, errors.groups())) if errors else refused)


def locust(given, user):
    code, out, err = run([given.tool, "-f", str(CLIENTS / "locustfile.py"), user, "--headless", "-u", str(USERS), "-r", str(USERS),
                          "--host", given.url, "--stop-timeout", "30", "--only-summary"], given.folder,
                         {"FAULTS_ORDERS": str(given.orders), "FAULTS_KEYS": str(int(given.keys)), "PYTHONDONTWRITEBYTECODE": "1"})
    asked, failed = found(r"Aggregated\s+(\d+)", out + err), found(r"Aggregated\s+\d+\s+(\d+)\(", out + err)
    return code, claim(asked - failed, failed)


def locust_fast(given):
    return locust(given, "Fast")


def locust_plain(given):
    return locust(given, "Plain")


def script(given, name, *more):
    code, out, err = run([given.tool, "-B", str(CLIENTS / name), given.url + "/orders", str(given.orders), *more, *["keys"] * given.keys],
                         given.folder)
    if "fine" not in out:
        die(f"{name} ended with {code}:\n{err[-3000:]}")
    return code, claim(found(r"fine (\d+)", out), found(r"failed (\d+)", out))


def with_requests(given):
    return script(given, "with_requests.py")


def with_aiohttp(given):
    return script(given, "with_aiohttp.py", "5")


def with_aiohttp_once(given):
    return script(given, "with_aiohttp.py", "1")


def lakh(given, words):
    code, out, err = run([given.tool, "load", "--json", "--progress", "none", *words], given.folder)
    if not out.startswith("{"):
        die(f"lakh ended with {code}:\n{(out + err)[-3000:]}")
    _, unknown, _ = run([given.tool, "runs", "show", "last", "--unknown", "--json"], given.folder)
    return code, lakh_claim(json.loads(out), unknown)


def lakh_claim(summary, unknown):
    balance = summary["balance"]
    named = [f"order-{json.loads(line)['item']}" for line in unknown.splitlines() if line]
    return claim(balance["confirmed"], balance["failed"], balance["unknown"], named)


def lakh_words(given):
    return lakh(given, ["-n", str(given.orders), "-u", str(USERS), *(["--key", "auto"] if given.keys else []), "http", "POST",
                        given.url + "/orders", "--json", BODY.replace('"order"', '"order-{{item}}"'), "-e", "201"])


def lakh_listing(given):
    return lakh(given, [str(CLIENTS / "listing.yaml"), "-n", str(given.orders), "--target", given.url])


def lakh_resumed(given):
    """What the list does not have is surely not there: going on sends it. That may be lost again, so until nothing is left."""
    code, said = lakh_listing(given)
    for _ in range(5):
        if code == 1:
            code, said = lakh(given, ["--resume", "last"])
    return code, said


class contender:
    def __init__(self, name, tool, runs, words, one_body=False, keys=None):
        self.name, self.tool, self.runs, self.words, self.one_body = name, tool, runs, words, one_body
        self.keys = keys  # the words that send a key for each order; None: it cannot


def contenders(lakh_program, python):
    scripts = "clients/"
    keys_too = "the same, and a key for each order"
    return [
        contender("ab", shutil.which("ab"), ab, f"`-r -c {USERS}`, one body for all", one_body=True),
        contender("ab, keep-alive", shutil.which("ab"), ab_keep_alive, f"`-r -k -c {USERS}`, one body for all", one_body=True),
        contender("hey", shutil.which("hey"), hey, f"`-c {USERS}`, one body for all", one_body=True),
        contender("h2load", shutil.which("h2load"), h2load, f"`--h1 -c {USERS}`, one body for all", one_body=True),
        contender("h2load, a connection for each", shutil.which("h2load"), h2load_one_each, "`--h1 -c N -r 2000`, one body for all",
                  one_body=True),
        contender("wrk", shutil.which("wrk"), wrk, f"`-t1 -c{USERS}`, `{scripts}orders.lua`", keys=keys_too),
        contender("Locust, FastHttpUser", shutil.which("locust"), locust_fast, f"`-u {USERS}`, `{scripts}locustfile.py`", keys=keys_too),
        contender("Locust, HttpUser", shutil.which("locust"), locust_plain, f"`-u {USERS}`, `{scripts}locustfile.py`", keys=keys_too),
        contender("requests with Retry", python("requests"), with_requests, f"`Retry(total=5, allowed_methods=None)`, {USERS} threads",
                  keys=keys_too),
        contender("aiohttp, tried once", python("aiohttp"), with_aiohttp_once, f"{USERS} tasks"),
        contender("aiohttp, up to 5 tries", python("aiohttp"), with_aiohttp, f"{USERS} tasks, a loop around the request", keys=keys_too),
        contender("lakh", lakh_program, lakh_words, f"`-u {USERS}`", keys=f"`-u {USERS} --key auto`"),
        contender("lakh, asking the shop's list", lakh_program, lakh_listing, f"`{scripts}listing.yaml`"),
        contender("lakh, asking, then going on", lakh_program, lakh_resumed, "then `lakh load --resume last` until its exit code is 0"),
    ]


def python_with(module):
    """A Python that has the module: the one that runs this, or Debian's own."""
    for program in (sys.executable, "/usr/bin/python3"):
        if shutil.which(program) and subprocess.run([program, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
            return program
    return None


class task:
    """One run's circumstances."""

    def __init__(self, tool, url, orders, keys, folder):
        self.tool, self.url, self.orders, self.keys, self.folder = tool, url, orders, keys, folder


def race(one, words, seed, keys):
    """One contender, one seed: what it said, and what is true."""
    with tempfile.TemporaryDirectory(prefix="lakh-faults-") as made:
        folder = pathlib.Path(made)
        with shop(folder, seed, words.one_in, keys, words.reset) as target:
            begun = time.monotonic()
            code, said = one.runs(task(one.tool, target.url, words.orders, keys, folder))
            seconds = time.monotonic() - begun
            return judge(one, words.orders, code, said, target.ask("/stats"), target.references()) | {
                "contender": one.name, "keys": keys, "seed": seed, "seconds": round(seconds, 2)}


def judge(one, asked, code, said, books, stored):
    row = {"asked": asked, "arrived": books["arrived"], "stored": books["stored"], "fine": said.fine, "failed": said.failed,
           "unknown": said.unknown, "exit": code, "died_before": books["died_before"], "died_after": books["died_after"]}
    if one.one_body:
        # With one reference for all, only what was sent once can be told apart from what was sent twice.
        sent_once = books["arrived"] <= asked
        row |= {"distinct": None, "twice": 0 if sent_once else None, "missing": asked - books["stored"] if sent_once else None}
    else:
        expected = {f"order-{number}" for number in range(asked)}
        if strangers := set(stored) - expected:
            die(f"{one.name} stored what nobody asked for: {sorted(strangers)[:3]}")
        row |= {"distinct": books["distinct"], "twice": books["twice"], "missing": len(expected - set(stored))}
    row["truth"] = truth(row, said, stored)
    return row


def truth(row, said, stored):
    """Where the claim and the books differ."""
    if said.fine is None:
        return "gave up"
    wrong = []
    unknown = said.unknown or 0
    if (silent := row["asked"] - said.fine - said.failed - unknown) > 0:
        wrong.append(f"{silent:,} not spoken of")
    if row["twice"]:
        wrong.append(f"{row['twice']:,} twice, not said")
    if row["missing"] is not None:
        if (silent := row["missing"] - said.failed - unknown) > 0:
            wrong.append(f"{silent:,} missing, not said")
        if (stored_all_the_same := said.failed - row["missing"]) > 0 and not row["twice"]:
            wrong.append(f"{stored_all_the_same:,} called failed are stored")
        elif row["twice"] and said.failed:
            wrong.append(f"{said.failed:,} called failed")
    if said.named is not None and unknown:
        named = set(said.named)
        if len(named) != unknown:
            wrong.append(f"{unknown - len(named):,} in doubt, not named")
        elif any(times > 1 for times in stored.values()) or row["distinct"] - len(named & set(stored)) != said.fine:
            wrong.append("the names of those in doubt do not fit")
        else:
            there = len(named & set(stored))
            return f"true: {unknown:,} in doubt, each named; {f'{there:,} of them are stored' if there else 'none of them is stored'}"
    return "; ".join(wrong) or "true"


def spread(rows, name):
    """A figure over the seeds: one number, or from – to."""
    values = [row[name] for row in rows]
    if any(value is None for value in values):
        return "–"
    return f"{values[0]:,}" if min(values) == max(values) else f"{min(values):,} to {max(values):,}"


def spread_text(rows):
    """The same for a sentence with figures in it."""
    texts = [row["truth"] for row in rows]
    bones = {re.sub(r"[\d,]*\d", "#", text) for text in texts}
    if len(bones) > 1:
        return " / ".join(dict.fromkeys(texts))
    figures = [[int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", text)] for text in texts]
    columns = iter([f"{min(one):,}" if min(one) == max(one) else f"{min(one):,} to {max(one):,}" for one in zip(*figures)])
    return re.sub(r"#", lambda _: next(columns), bones.pop())


def table(title, results, names):
    print(f"\n**{title}**\n\n| | words | arrived | stored | distinct | twice | missing | it says: fine | failed | unknown | exit | held against the "
          "books |\n|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
    for name, words in names:
        rows = results.get(name)
        if rows is None:
            print(f"| {name} | not run here: it is not installed (scripts/setup --bench) |" + " |" * 10)
            continue
        figures = " | ".join(spread(rows, column) for column in ("arrived", "stored", "distinct", "twice", "missing", "fine", "failed",
                                                                 "unknown", "exit"))
        print(f"| {name} | {words} | {figures} | {spread_text(rows)} |")


def main():
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--orders", type=int, default=20_000)
    said.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    said.add_argument("--one-in", type=int, default=200)
    said.add_argument("--reset", action="store_true")
    said.add_argument("--only", action="append")
    said.add_argument("--lakh")
    said.add_argument("--json")
    words = said.parse_args()

    programs = [pathlib.Path(words.lakh)] if words.lakh else [ROOT / "build" / kind / "apps/lakh/lakh" for kind in ("bench", "release")]
    program = next((str(one.resolve()) for one in programs if one.is_file()), None)
    if not program:
        die("lakh is not built: cmake --preset bench && cmake --build --preset bench")
    wanted = [one for one in contenders(program, python_with) if not words.only or any(word in one.name for word in words.only)]

    for keys, title in ((False, "A shop that takes no keys"), (True, "A shop that knows Idempotency-Key")):
        taking_part = [one for one in wanted if not keys or one.keys]
        results = {}
        for seed in words.seeds:
            for one in taking_part:
                if not one.tool:
                    continue
                row = race(one, words, seed, keys)
                results.setdefault(one.name, []).append(row)
                print(f"  seed {seed} {'keys' if keys else 'no keys'}: {one.name}: {row['seconds']} s, {row['truth']}", file=sys.stderr)
                if words.json:
                    with open(words.json, "a") as file:
                        file.write(json.dumps(row) + "\n")
        table(f"{title}: {words.orders:,} orders asked", results, [(one.name, one.keys if keys else one.words) for one in taking_part])


if __name__ == "__main__":
    main()
