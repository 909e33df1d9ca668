"""The same orders as a Python programmer would send them: requests, in a multiprocessing.Pool.

    python3 requests_pool.py http://127.0.0.1:8080/orders ORDERS PROCESSES

A session per process, so that connections are kept; a key per order, so that nothing is doubled; every answer must be 201.
There is no ledger, no retry and no resume. Prints the number of orders that were answered.
"""

import multiprocessing
import random
import sys

import requests

SKUS = [f"TEA-{number:04}" for number in range(10, 81)]
session = None
target = None


def begin(url):
    global session, target
    session, target = requests.Session(), url


def send(number):
    dice = random.Random(number)
    answer = session.post(target, headers={"Idempotency-Key": f"requests-{number}"}, json={
        "customer": {"name": f"Customer {dice.randrange(10**7, 10**8)}",
                     "email": f"customer.{dice.randrange(10**7, 10**8)}@example.com"},
        "address": {"street": f"{dice.randrange(1000, 10000)} Main Street", "city": "Springfield",
                    "postcode": str(dice.randrange(10000, 100000)), "country": "US"},
        "lines": [{"sku": dice.choice(SKUS), "quantity": dice.randrange(1, 10)} for _ in range(2)],
        "note": f"order {dice.randrange(10**7, 10**8)}"})
    if answer.status_code != 201:
        raise SystemExit(f"order {number}: {answer.status_code} {answer.text[:200]}")
    return 1


if __name__ == "__main__":
    url, orders, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with multiprocessing.Pool(processes, begin, (url,)) as pool:
        print(sum(pool.imap_unordered(send, range(orders), chunksize=64)))
        # Closed and joined, so that what the processes used is counted.
        pool.close()
        pool.join()
