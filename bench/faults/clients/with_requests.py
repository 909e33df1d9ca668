"""N orders with `requests`, from 16 threads with a session each. urllib3's Retry repeats what failed, POST too.

with_requests.py URL N [keys]
"""

import concurrent.futures
import sys
import threading

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

url, orders, keys = sys.argv[1], int(sys.argv[2]), "keys" in sys.argv[3:]
mine = threading.local()


def session():
    if not hasattr(mine, "session"):
        again = Retry(total=5, backoff_factor=0.01, allowed_methods=None, status_forcelist=[429, 502, 503, 504])
        mine.session = requests.Session()
        mine.session.mount("http://", HTTPAdapter(max_retries=again))
    return mine.session


def place(number):
    reference = f"order-{number}"
    try:
        session().post(url, json={"reference": reference, "sku": "TEA-0001", "quantity": 1}, timeout=30,
                       headers={"Idempotency-Key": reference} if keys else {}).raise_for_status()
    except requests.RequestException as error:
        print(f"{reference}: {error}", file=sys.stderr)
        return False
    return True


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    fine = sum(pool.map(place, range(orders)))
print(f"fine {fine}, failed {orders - fine}")
sys.exit(fine != orders)
