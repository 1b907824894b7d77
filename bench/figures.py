# SPDX-License-Identifier: Apache-2.0
"""figures: the median of what rounds measured, and how sure it is. For the programs of bench/."""
import random
import statistics

RESAMPLES = 2000


def interval(values):
    """The median, and the interval that holds it with 95 % (bootstrap)."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return {"median": statistics.median(values), "low": medians[int(RESAMPLES * 0.025)],
            "high": medians[int(RESAMPLES * 0.975)]}
