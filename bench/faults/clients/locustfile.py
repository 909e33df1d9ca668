"""Locust's part: 16 users share a counter; each takes the next order until there is none, and the last one ends the run.

FAULTS_ORDERS is the number of orders, FAULTS_KEYS=1 sends keys. Two kinds of user to choose from: `Fast` (FastHttpUser, which
Locust recommends for speed) and `Plain` (HttpUser, on requests). Neither repeats anything in this file.
"""

import itertools
import os

import gevent
from locust import FastHttpUser, HttpUser
from locust.exception import StopUser

orders, keys = int(os.environ["FAULTS_ORDERS"]), os.environ.get("FAULTS_KEYS") == "1"
numbers = itertools.count()
at_work = 0


def start(user):
    global at_work
    at_work += 1


def place(user):
    global at_work
    number = next(numbers)
    if number >= orders:
        at_work -= 1
        if at_work == 0:
            gevent.spawn(user.environment.runner.quit)  # from outside: it waits for this user too
        raise StopUser
    reference = f"order-{number}"
    user.client.post("/orders", json={"reference": reference, "sku": "TEA-0001", "quantity": 1},
                     headers={"Idempotency-Key": reference} if keys else {})


class Fast(FastHttpUser):
    on_start, tasks = start, [place]


class Plain(HttpUser):
    on_start, tasks = start, [place]
