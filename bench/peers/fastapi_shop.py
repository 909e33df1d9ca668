"""The shop's order API as one would write it in Python: FastAPI, pydantic, sqlite3.

    uvicorn fastapi_shop:app --loop uvloop --http httptools --no-access-log      with SHOP_DB=/path/to/orders.db

POST /orders checks the body, computes the total, honours Idempotency-Key (same key and body: the stored answer; same
key, other body: 422), and answers after a commit of its own (WAL, synchronous=FULL). GET /json is a small constant, GET /typed the same
by a response model, so that it is checked and described in the OpenAPI document.
Handlers are coroutines, which is FastAPI's fastest way: a thread pool would add a hand-over to each request.
"""

import hashlib
import json
import os
import sqlite3
from datetime import datetime
from typing import List, Optional

from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

# The shop's two hundred products; the prices are made up.
PRICES = {f"{shelf}-{number:04}": 390 + 17 * number
          for shelf, count in (("TEA", 80), ("COF", 60), ("CUP", 30), ("POT", 30)) for number in range(1, count + 1)}


class Line(BaseModel):
    sku: str = Field(min_length=1, max_length=64)
    quantity: int = Field(ge=1, le=1000)


class Address(BaseModel):
    street: str = Field(min_length=1, max_length=200)
    city: str = Field(min_length=1, max_length=100)
    postcode: str = Field(min_length=1, max_length=20)
    country: str = Field(min_length=2, max_length=60)


class Customer(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    email: str = Field(min_length=3, max_length=200)
    phone: Optional[str] = None


class NewOrder(BaseModel):
    run: Optional[str] = Field(None, max_length=100)
    reference: Optional[str] = Field(None, max_length=100)
    customer: Customer
    address: Address
    lines: List[Line] = Field(min_items=1, max_items=100)
    note: Optional[str] = None


def open_database():
    db = sqlite3.connect(os.environ.get("SHOP_DB", "orders.db"), isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, run TEXT, total INTEGER NOT NULL,"
               " answer TEXT NOT NULL)")
    db.execute("CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, body BLOB NOT NULL, answer TEXT NOT NULL)"
               " WITHOUT ROWID")
    return db


app = FastAPI(title="Shop", version="1.0")
database = open_database()


@app.get("/json")
async def small_json():
    return {"message": "Hello, World!", "items": [1, 2, 3]}


@app.post("/orders", status_code=201)
async def create(order: NewOrder, request: Request, idempotency_key: Optional[str] = Header(None)):
    digest = hashlib.sha256(await request.body()).digest()
    if idempotency_key:
        known = database.execute("SELECT body, answer FROM keys WHERE key = ?", (idempotency_key,)).fetchone()
        if known:
            if known[0] != digest:
                raise HTTPException(422, "this key was used with another body")
            return Response(known[1], 201, media_type="application/json")
    unknown = [line.sku for line in order.lines if line.sku not in PRICES]
    if unknown:
        raise HTTPException(422, f"no such product: {unknown[0]}")
    view = order.dict(exclude_none=True)
    for line in view["lines"]:
        line["unit_price"] = PRICES[line["sku"]]
        line["line_total"] = line["unit_price"] * line["quantity"]
    subtotal = sum(line["line_total"] for line in view["lines"])
    tax = round(subtotal * 0.19)
    view.update(status="accepted", created_at=datetime.utcnow().isoformat(timespec="milliseconds") + "Z",
                subtotal=subtotal, tax=tax, total=subtotal + tax, currency="EUR", digest=digest.hex()[:16])
    database.execute("BEGIN IMMEDIATE")
    try:
        number = database.execute("SELECT coalesce(max(number), 0) + 1 FROM orders").fetchone()[0]
        view.update(id=f"ord_{number:010}", number=number)
        answer = json.dumps(view, ensure_ascii=False)
        database.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", (number, order.run, view["total"], answer))
        if idempotency_key:
            database.execute("INSERT INTO keys VALUES (?, ?, ?)", (idempotency_key, digest, answer))
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    return Response(answer, 201, media_type="application/json")


class Greeting(BaseModel):
    message: str
    items: List[int]


@app.get("/typed")
async def typed() -> Greeting:
    return Greeting(message="Hello, World!", items=[1, 2, 3])


@app.get("/stats")
async def stats():
    return {"orders": database.execute("SELECT count(*) FROM orders").fetchone()[0]}
