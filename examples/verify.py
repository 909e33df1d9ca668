#!/usr/bin/env python3
"""Verifies the folder of a run without lakh, by docs/formats.md alone: the ledger's chains, what became of each item,
the balance, the receipt and its signature.

    python3 verify.py runs/20261121-235901-k7f3q2 [public.pem]

With a public key it demands that the receipt is signed by it. Says what is wrong and exits with 1, or exits with 0."""

import base64
import hashlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

STATES = ("unclaimed", "doubtful", "confirmed", "failed", "unknown")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def demand(holds, what):
    if not holds:
        raise SystemExit(f"WRONG: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    """RFC 8785, of which a receipt uses texts, whole numbers and ASCII names only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_receipt(file):
    data = file.read_bytes()
    receipt = json.loads(data)
    demand(canonical(receipt) + b"\n" == data, "receipt.json is not in its canonical form")
    demand(receipt["kind"] == "lakh receipt" and receipt["format"] == 1, "this is no receipt of format 1")
    body = canonical({name: receipt[name] for name in receipt if name not in ("digest", "public_key", "signature")})
    demand(sha256(body).hex() == receipt["digest"], "the receipt's digest does not fit")
    return receipt, body


def check_signature(receipt, body, wanted):
    key = receipt.get("public_key")
    if wanted:
        lines = [line for line in pathlib.Path(wanted).read_text().splitlines() if not line.startswith("-")]
        demand(key == "".join(lines), "the receipt is not signed by that key")
    if key is None:
        return "not signed"
    if not shutil.which("openssl"):
        demand(not wanted, "openssl is needed to check the signature")
        return "signed, but not checked: there is no openssl here"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "key").write_text(f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")
        (folder / "sig").write_bytes(base64.b64decode(receipt["signature"], validate=True))
        (folder / "body").write_bytes(body)
        ran = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "body",
                              "-sigfile", "sig"], cwd=folder, capture_output=True, check=False)
    demand(ran.returncode == 0, "the signature does not fit")
    return "signed by " + key


def read_ledger(file, asked, states):
    """Follows the chain of one file, puts what it says into `states`, and gives what the receipt should say of it."""
    db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    meta = dict(db.execute("SELECT key, value FROM meta"))
    demand(meta["format"] == "1" and meta["run_id"] == asked["run_id"] and meta["plan_digest"] == asked["plan_digest"],
           f"{file.name} is of another run, plan or format")
    names = ("run_id", "plan_digest", "session", "writer", "created_at")
    head = sha256(("lakh ledger\n1\n" + "".join(f"{meta[name]}\n" for name in names)).encode())
    rows = db.execute(
        "SELECT id, kind, first_item || '|' || count || '|' || written_at || '|', '', digest, first_item, count, "
        "written_at FROM claim UNION ALL "
        "SELECT id, 'batch', first_item || '|' || last_item || '|' || count || '|' || confirmed || '|' || failed "
        "|| '|' || unknown || '|' || written_at || '|', items, digest, NULL, count, written_at FROM batch ORDER BY 1")
    claimed, settled, entries = bytearray(len(states)), bytearray(len(states)), 0
    for number, kind, fields, items, digest, first, count, written_at in rows:
        entries += 1
        where = f"{file.name}, entry {number}"
        demand(number == entries, f"{file.name}: entry {entries} is missing")
        head = sha256(head + f"{kind}|{number}|{fields}{items}".encode())
        demand(digest == head, f"{where}: its digest does not fit")
        demand(TIME.fullmatch(written_at), f"{where}: it has no time")
        if kind == "claim":
            claimed[first:first + count] = b"\1" * count
        elif kind == "release":
            demand(all(claimed[first:first + count]) and not any(settled[first:first + count]), f"{where}: not waiting")
            claimed[first:first + count] = bytes(count)
        else:
            outcomes = json.loads(items)
            demand(len(outcomes) == count, f"{where}: not {count} outcomes")
            for item, state, *_ in outcomes:
                demand(claimed[item], f"{where}: item {item} was never claimed")
                states[item], settled[item] = STATES.index(state), 1
    for item, waits in enumerate(claimed):  # claimed, and nobody knows what became of it
        if waits and not settled[item] and states[item] != STATES.index("confirmed"):
            states[item] = STATES.index("doubtful")
    closed = "closed_at" in meta
    if closed:
        head = sha256(head + f"close|{entries}|{meta['closed_at']}|".encode())
        demand((meta["entries"], meta["head"]) == (str(entries), head.hex()), f"{file.name}: its end does not fit")
    return {"file": file.name, "session": int(meta["session"]), "writer": int(meta["writer"]), "entries": entries,
            "closed": closed, "head": head.hex()}


def size_of(file):
    db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
    return db.execute("SELECT coalesce(max(first_item + count), 0) FROM claim").fetchone()[0]


def verify(folder, wanted=None):
    receipt, body = read_receipt(folder / "receipt.json")
    asked, ledger = receipt["asked"], receipt["ledger"]
    plan = sha256((folder / "plan.yaml").read_bytes()).hex()
    demand(plan == asked["plan_digest"], "plan.yaml is not that of the run")
    names = [entry["file"] for entry in ledger["files"]]
    demand(all(re.fullmatch(r"ledger-\d+\.db", name) for name in names), "the receipt names other files")
    demand(all((folder / name).exists() for name in names), "a ledger file is gone")
    size = asked["requested"]
    if size is None:  # a run by duration asked for what it has begun
        size = max((size_of(folder / name) for name in names), default=0)
    states = bytearray(size)
    chain = sha256(f"lakh ledger files\n1\n{asked['run_id']}\n{asked['plan_digest']}\n".encode()).hex()
    for entry in ledger["files"]:
        found = read_ledger(folder / entry["file"], asked, states)
        demand(found == entry, f"{entry['file']} is not what the receipt says: {found}")
        chain = sha256(f"{chain}|{found['file']}|{found['session']}|{found['writer']}|{found['entries']}|"
                       f"{'closed' if found['closed'] else 'open'}|{found['head']}|".encode()).hex()
    demand(chain == ledger["digest"], "the digest over the ledger files does not fit")
    balance = {state: states.count(number) for number, state in enumerate(STATES)}
    if asked["requested"] is None:
        balance["unclaimed"] = 0
    balance["requested"] = size if asked["requested"] is not None else sum(balance.values())
    demand(balance == receipt["balance"], f"the ledger amounts to {balance}, the receipt says {receipt['balance']}")
    signature = check_signature(receipt, body, wanted)
    print(f"{asked['run_id']}: {balance['requested']} requested = {balance['confirmed']} confirmed + "
          f"{balance['failed']} failed + {balance['unknown']} unknown + {balance['doubtful']} in doubt + "
          f"{balance['unclaimed']} not sent; {signature}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    try:
        verify(pathlib.Path(sys.argv[1]), *sys.argv[2:])
    except (OSError, ValueError, KeyError, TypeError, IndexError, sqlite3.Error) as caught:
        raise SystemExit(f"WRONG: {type(caught).__name__}: {caught}") from caught
