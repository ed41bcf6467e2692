"""Whether two addresses take the same time, told on a busy machine too."""

import time
from statistics import median
from typing import Final

from starlette.testclient import TestClient

ROUNDS: Final = 10
PAIRS_A_ROUND: Final = 15
ALIKE: Final = 1.2
"""How many times longer one may take than the other."""


def times_apart(client: TestClient, addresses: tuple[str, str]) -> float:
    """How many times longer the slower of two addresses takes, by medians, asked in turns.

    Counted is the time that this process was at work, so that others on the machine do not count;
    while the medians are apart more pairs are asked, so only a difference that stays does.
    """
    took: tuple[list[float], list[float]] = ([], [])
    apart = 0.0
    for number in range(1, ROUNDS * PAIRS_A_ROUND + 1):
        for place in (0, 1) if number % 2 else (1, 0):
            start = time.process_time()
            client.get(addresses[place])
            took[place].append(time.process_time() - start)
        if number > PAIRS_A_ROUND and number % PAIRS_A_ROUND == 0:
            one, other = median(took[0]), median(took[1])
            apart = max(one, other) / min(one, other)
            if apart <= ALIKE:
                break
    return apart
