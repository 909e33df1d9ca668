"""N orders with aiohttp, 16 at a time, each tried up to ATTEMPTS times.

with_aiohttp.py URL N ATTEMPTS [keys]
"""

import asyncio
import sys

import aiohttp

url, orders, attempts, keys = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), "keys" in sys.argv[4:]


async def place(session, reference):
    for attempt in range(1, attempts + 1):
        try:
            async with session.post(url, json={"reference": reference, "sku": "TEA-0001", "quantity": 1},
                                    headers={"Idempotency-Key": reference} if keys else {}) as answer:
                answer.raise_for_status()
                await answer.read()
                return True
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:
            if attempt == attempts:
                print(f"{reference}: {error}", file=sys.stderr)
            else:
                await asyncio.sleep(0.01 * 2**attempt)
    return False


async def main():
    numbers, fine = iter(range(orders)), 0
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:

        async def worker():
            nonlocal fine
            for number in numbers:
                stored = await place(session, f"order-{number}")
                fine += stored

        await asyncio.gather(*(worker() for _ in range(16)))
    print(f"fine {fine}, failed {orders - fine}")
    return fine != orders


sys.exit(asyncio.run(main()))
