#!/usr/bin/env python3
"""Measures lakh against its peers in one interleaved run, and prints ratios with their spread.

  bench/run.py client    client CPU per request: lakh load (with and without its ledger) against wrk, both to nginx
  bench/run.py server    server CPU per request: lakh's server and FastAPI against nginx, all driven by wrk
  bench/run.py orders    durable orders: lakh shop against FastAPI with sqlite3, both loaded by lakh load
  bench/run.py processes the same orders by worker processes, coroutines on one loop, a loop per core, and Python's requests
                         in a Pool(2): wall time, and the loader's CPU time per order
  bench/run.py memory    the loader's peak memory, by number of items and by number of users

  --rounds N     rounds (6); each round runs every contender once, in turn
  --requests N   requests of one client run (400,000), seconds of wrk follow from it
  --seconds N    seconds of one server run (5)
  --orders N     orders of one orders or processes run (100,000; FastAPI and requests get a tenth)
  --items N...   numbers of items for `memory` (100000 1000000 10000000)
  --build DIR    where the programs are (build/bench, else build/release)
  --only WORD    only contenders whose name contains the word; the baseline always runs

Client and server are pinned: the one to core 0, the other to core 1 (in `orders` and `processes` both use all cores). CPU is user +
system time: of a client by wait4, of a server from /proc over the measured stretch. All traffic stays on 127.0.0.1.
Needs scripts/setup --bench. A contender that fails ends the run with its own words: there are no partial tables.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
CLIENT_CORE, SERVER_CORE = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")

# The same order as in peers/orders.lua, byte for byte as long; lakh adds an idempotency key to it (--key auto).
ORDER = ('{"customer":{"name":"Customer {{int(10000000,99999999)}}","email":"customer.{{int(10000000,99999999)}}@example.com"},'
         '"address":{"street":"{{int(1000,9999)}} Main Street","city":"Springfield","postcode":"{{int(10000,99999)}}",'
         '"country":"US"},"lines":[{"sku":"TEA-00{{int(10,80)}}","quantity":{{int(1,9)}}},'
         '{"sku":"TEA-00{{int(10,80)}}","quantity":{{int(1,9)}}}],"note":"order {{int(10000000,99999999)}}"}')


def die(what):
    sys.exit(f"bench/run.py: {what}")


def need(name, hint="scripts/setup --bench"):
    found = shutil.which(name)
    return found or die(f"{name} is not installed: {hint}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def median(values):
    return statistics.median(values)


class lakh_programs:
    def __init__(self, folder):
        folders = [pathlib.Path(folder)] if folder else [ROOT / "build" / "bench", ROOT / "build" / "release"]
        self.folder = next((f.resolve() for f in folders if (f / "apps/lakh/lakh").is_file()), None)
        if not self.folder:
            die("lakh is not built: cmake --preset bench && cmake --build --preset bench")
        self.lakh = str(self.folder / "apps/lakh/lakh")

    def json_server(self):
        program = self.folder / "bench/lakh_json_server"
        return str(program) if program.is_file() else die(f"{program} is not built: use the preset `bench`")

    def load(self, url, items, users, *more, ledger=True):
        words = [self.lakh, "load", "-n", str(items), "--users", str(users), "--shape", f"coroutines:{users}", "--key", "auto", *more]
        if not ledger:
            words.append("--no-ledger")
        return words + ["http", "POST", url, "--json", ORDER]


class spent:
    """What a finished client used."""

    def __init__(self, wall, usage, said):
        self.wall, self.said = wall, said
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_kb = usage.ru_maxrss


def run_client(words, folder, core=CLIENT_CORE, name=None):
    pinned = ["taskset", "-c", core, *words] if core is not None else words
    log = folder / "client.log"
    with open(log, "w+") as out:
        begun = time.monotonic()
        child = subprocess.Popen(pinned, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
    said = log.read_text(errors="replace")
    if child.returncode != 0:
        die(f"{name or words[0]} ended with {child.returncode}:\n  {' '.join(words)[:400]}\n{said[-3000:]}")
    shutil.rmtree(folder / "runs", ignore_errors=True)
    return spent(wall, usage, said)


def wrk_requests(said):
    if re.search(r"Socket errors|Non-2xx", said):
        die("wrk saw errors:\n" + said)
    return int(re.search(r"(\d+) requests in", said).group(1))


class server:
    """A server process, its whole family of processes, and the CPU time that they used."""

    def __init__(self, name, words, port, folder, core=SERVER_CORE, env=None, ready="/json"):
        self.name, self.port, self.log = name, port, folder / f"{name.replace(' ', '_')}.log"
        pinned = ["taskset", "-c", core, *words] if core is not None else words
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(pinned, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while True:
            if self.process.poll() is not None:
                die(f"{name} stopped at once:\n{self.log.read_text()[-2000:]}")
            try:
                with urllib.request.urlopen(self.url + ready, timeout=1) as answer:
                    answer.read()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    self.stop()
                    die(f"{name} does not answer at {self.url}{ready}: {error}\n{self.log.read_text()[-2000:]}")
                time.sleep(0.05)

    def family(self):
        pids, children = [self.process.pid], {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    stat = pathlib.Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
                    children.setdefault(int(stat[1]), []).append(int(entry))
        for pid in pids:
            pids += children.get(pid, [])
        return pids

    def cpu(self):
        total = 0.0
        for pid in self.family():
            try:  # to the nanosecond, thread by thread
                total += sum(int(path.read_text().split()[0])
                             for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
                if pathlib.Path(f"/proc/{pid}/schedstat").exists():
                    continue
            except OSError:
                pass
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(stat[11]) + int(stat[12])) / TICK
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                die(f"{self.name} did not stop within 15 seconds of SIGTERM")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def nginx(folder, core=SERVER_CORE):
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text((PEERS / "nginx.conf").read_text().replace("@PORT@", str(port)).replace("@DIR@", str(folder)))
    return server("nginx", [need("nginx"), "-p", str(folder), "-c", str(conf), "-e", str(folder / "error.log")], port,
                  folder, core)


def fastapi(folder, core=SERVER_CORE):
    port = free_port()
    # Debian's own interpreter: its packages are not seen by another.
    return server("FastAPI", ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", str(PEERS), "fastapi_shop:app", "--loop",
                              "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--port",
                              str(port)], port, folder, core, {"SHOP_DB": str(folder / "fastapi.db")})


def rounds_of(contenders, baseline, options, unit, digits=2):
    """contenders: name → function that returns one figure. Returns name → figures; prints each as it comes."""
    chosen = {name: one for name, one in contenders.items() if name == baseline or options.only in name}
    figures = {name: [] for name in chosen}
    for name, one in chosen.items():
        print(f"# warming up: {name}", file=sys.stderr, flush=True)
        one()
    for number in range(1, options.rounds + 1):
        names = list(chosen)
        # Another one begins each round, so that nobody always follows the same neighbour.
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            figures[name].append(chosen[name]())
            print(f"# round {number}/{options.rounds}: {name}: {figures[name][-1]:.{digits}f} {unit}", file=sys.stderr,
                  flush=True)
    return figures


def table(title, figures, baseline, unit, digits=2):
    print(f"\n{title}\n")
    print(f"| contender | {unit}, median | ratio to {baseline}: min – **median** – max |")
    print("|---|---|---|")
    for name, values in figures.items():
        ratios = sorted(value / base for value, base in zip(values, figures[baseline]))
        spread = "1" if name == baseline else f"{ratios[0]:.2f} – **{median(ratios):.2f}** – {ratios[-1]:.2f}"
        print(f"| {name} | {median(values):.{digits}f} | {spread} |")
    sys.stdout.flush()


def bench_client(options, programs, folder):
    with nginx(folder) as target:
        url = target.url + "/orders"
        # wrk stops by time: about as long as the requests take at its own speed.
        seconds = str(max(2, round(options.requests / 100_000)))

        def by_wrk(users):
            used = run_client([need("wrk"), "-t1", f"-c{users}", f"-d{seconds}s", "-s", str(PEERS / "orders.lua"), url],
                              folder)
            return used.cpu / wrk_requests(used.said) * 1e6

        def by_lakh(users, ledger):
            used = run_client(programs.load(url, options.requests, users, ledger=ledger), folder)
            return used.cpu / options.requests * 1e6

        for users in (64, 256):
            contenders = {
                "wrk, Lua makes the body": lambda users=users: by_wrk(users),
                "lakh load": lambda users=users: by_lakh(users, True),
                "lakh load --no-ledger": lambda users=users: by_lakh(users, False),
            }
            figures = rounds_of(contenders, "wrk, Lua makes the body", options, "µs")
            table(f"Client CPU per POST of a unique order, {users} connections, nginx", figures,
                  "wrk, Lua makes the body", "µs")
            if {"lakh load", "lakh load --no-ledger"} <= figures.keys():
                cost = sorted(a / b for a, b in zip(figures["lakh load"], figures["lakh load --no-ledger"]))
                print(f"\nThe ledger costs {100 * (cost[0] - 1):.0f} – **{100 * (median(cost) - 1):.0f}** – "
                      f"{100 * (cost[-1] - 1):.0f} % more CPU per request.")


def bench_server(options, programs, folder):
    port = free_port()
    with contextlib.ExitStack() as servers:
        running = {"nginx return": servers.enter_context(nginx(folder))}
        if options.only in "lakh":
            running["lakh"] = servers.enter_context(server("lakh", [programs.json_server(), str(port)], port, folder))
        # lakh's route has a typed answer, which its OpenAPI document describes; FastAPI's equal to that is a response model.
        # A dict that nobody checks is less work, and is measured too.
        paths = {}
        for name, path in (("FastAPI, response model", "/typed"), ("FastAPI, plain dict", "/json")):
            if options.only in name:
                running[name] = servers.enter_context(fastapi(folder))
                paths[name] = path

        def measure(name, one):
            before = one.cpu()
            url = one.url + paths.get(name, "/json")
            used = run_client([need("wrk"), "-t1", "-c64", f"-d{options.seconds}s", url], folder)
            return (one.cpu() - before) / wrk_requests(used.said) * 1e6

        options.only = ""
        figures = rounds_of({name: lambda name=name, one=one: measure(name, one) for name, one in running.items()}, "nginx return",
                            options, "µs")
        table("Server CPU per GET of a small JSON answer, 64 connections, wrk", figures, "nginx return", "µs")


def bench_orders(options, programs, folder):
    plan = str(ROOT / "examples" / "plans" / "orders.yaml")

    def into_lakh():
        run = pathlib.Path(tempfile.mkdtemp(dir=folder))
        port_file = run / "port"
        port = free_port()
        with server("lakh shop", [programs.lakh, "shop", "--listen", f"127.0.0.1:{port}", "--db", str(run / "shop.db"),
                                  "--port-file", str(port_file)], port, run, core=None, ready="/stats") as shop:
            used = run_client([programs.lakh, "load", plan, "-n", str(options.orders), "--target", shop.url], run, None)
        shutil.rmtree(run)
        return used.wall / options.orders * 1e5

    def into_fastapi():
        run = pathlib.Path(tempfile.mkdtemp(dir=folder))
        orders = max(1, options.orders // 10)
        with fastapi(run, core=None) as shop:
            used = run_client([programs.lakh, "load", plan, "-n", str(orders), "--target", shop.url, "--no-reconcile"],
                              run, None)
            with urllib.request.urlopen(shop.url + "/stats") as answer:
                counted = int(re.search(r'"orders":(\d+)', answer.read().decode().replace(" ", "")).group(1))
        if counted != orders:
            die(f"FastAPI holds {counted} orders, not {orders}")
        shutil.rmtree(run)
        return used.wall / orders * 1e5

    figures = rounds_of({"lakh shop": into_lakh, "FastAPI, sqlite3": into_fastapi}, "lakh shop", options,
                        "s per 100,000")
    table(f"100,000 orders, each durable before it is answered; loader and shop on the same cores ({options.orders:,} "
          f"orders a run; FastAPI {options.orders // 10:,}, scaled; lakh's time includes start and reconciliation)",
          figures, "lakh shop", "s")


class measured(float):
    """A wall time that knows the CPU time that went with it."""

    cpu = 0.0


def bench_processes(options, programs, folder):
    def into_shop(words_for, orders):
        run = pathlib.Path(tempfile.mkdtemp(dir=folder))
        port_file = run / "port"
        port = free_port()
        with server("lakh shop", [programs.lakh, "shop", "--listen", f"127.0.0.1:{port}", "--db", str(run / "shop.db"),
                                  "--port-file", str(port_file)], port, run, core=None, ready="/stats") as shop:
            used = run_client(words_for(shop.url + "/orders", orders), run, None)
            with urllib.request.urlopen(shop.url + "/stats") as answer:
                counted = int(re.search(r'"orders":(\d+)', answer.read().decode().replace(" ", "")).group(1))
        if counted != orders:
            die(f"the shop holds {counted} orders, not {orders}")
        shutil.rmtree(run)
        figure = measured(used.wall / orders * 1e5)
        figure.cpu = used.cpu / orders * 1e6
        return figure

    def by_lakh(shape):
        return lambda: into_shop(
            lambda url, orders: [programs.lakh, "load", "-n", str(orders), "--shape", shape, "--key", "auto",
                                 "--no-report", "http", "POST", url, "--json", ORDER], options.orders)

    def by_requests():
        return into_shop(lambda url, orders: [sys.executable, str(PEERS / "requests_pool.py"), url, str(orders), "2"],
                         max(1, options.orders // 10))

    try:
        import requests  # noqa: F401  (what the peer needs)
    except ImportError:
        die("Python's requests is missing: apt-get install python3-requests")
    baseline = "lakh coroutines:64, one loop"
    figures = rounds_of({baseline: by_lakh("coroutines:64"), "lakh 2x1x32, two processes": by_lakh("2x1x32"),
                         "lakh auto, a loop per core": by_lakh("auto"), "requests in a Pool(2)": by_requests},
                        baseline, options, "s per 100,000")
    of = (f"{options.orders:,} durable orders into lakh shop; loader and shop on the same cores (requests: "
          f"{options.orders // 10:,}, scaled; lakh keeps its ledger, requests keeps nothing)")
    table(f"Wall time, {of}", figures, baseline, "s")
    table(f"The loader's CPU time per order, {of}",
          {name: [one.cpu for one in values] for name, values in figures.items()}, baseline, "µs")


def bench_memory(options, programs, folder):
    with nginx(folder) as target:
        url = target.url + "/orders"

        def peak(items, users):
            return [run_client(programs.load(url, items, users), folder).peak_kb for _ in range(options.rounds)]

        print("\nPeak memory (RSS) of lakh load\n\n| items | users | KB: min – **median** – max |\n|---|---|---|")
        rows = [(items, 64) for items in options.items] + [(options.items[0], 10_000)]
        medians = {}
        for items, users in rows:
            values = sorted(peak(items, users))
            medians[items, users] = median(values)
            print(f"| {items:,} | {users:,} | {values[0]:,} – **{median(values):,.0f}** – {values[-1]:,} |", flush=True)
        per_user = (medians[rows[-1]] - medians[rows[0]]) / (10_000 - 64)
        print(f"\nOne more user costs {per_user:.1f} KB.")


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    name = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return (f"{os.cpu_count()} cores ({model.group(1) if model else 'unknown'}), {name.group(1) if name else 'Linux'}, "
            f"Linux {os.uname().release.split('-')[0]}")


def main():
    kinds = {"client": bench_client, "server": bench_server, "orders": bench_orders, "processes": bench_processes,
             "memory": bench_memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--requests", type=int, default=400_000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--build", default=None)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.kind == "memory" else 6)
    if os.cpu_count() < 2:
        die("it takes two cores: one for the client, one for the server")
    need("taskset", "apt-get install util-linux")
    programs = lakh_programs(options.build)
    with tempfile.TemporaryDirectory(prefix="lakh-bench.") as folder:
        print(f"`bench/run.py {' '.join(sys.argv[1:])}`; {machine()}; {options.rounds} rounds.")
        kinds[options.kind](options, programs, pathlib.Path(folder))


if __name__ == "__main__":
    main()
