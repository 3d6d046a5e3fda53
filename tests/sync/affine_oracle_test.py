#!/usr/bin/env python3
"""AffineCalibration against the same regression in exact fractions.

    affine_oracle_test.py AFFINE_ANSWERS
"""

import math
import random
import subprocess
import sys
from fractions import Fraction

FEMTO = 10**15


def windows(count):
    """(observations, a local time): clocks of every rate, magnitude, spacing and noise, from fixed seeds."""
    dice = random.Random(2059)
    for _ in range(count):
        n = dice.choice([2, 3, 4, 10, 64, 300, 1024])
        base = dice.choice([0, -9 * 10**18, 1_790_000_000 * 10**9, 9 * 10**18])
        local = dice.choice([0, 5, 10**15, 9 * 10**18])
        step = dice.choice([2, 1000, 10**6, 10**9, 2 * 10**11])
        rate = Fraction(dice.randrange(-99_999, 100_000), 10**6) if dice.random() < 0.2 else \
            Fraction(dice.randrange(-500_000, 500_001), 10**9)
        noise = dice.choice([0, 1, 100, 10**6])
        noise = min(noise, step // 8)
        at, observations = 0, []
        for _ in range(n):
            at += dice.randrange(step // 2 + 1, step + 1)
            if at > 2 * 10**14:
                break
            error = dice.randrange(noise + 1)
            reference = at + math.floor(at * rate) + dice.randrange(-noise, noise + 1)
            observations.append((local + at, base + reference, error))
        yield observations, local + dice.randrange(-10**12, 2 * at + 10**12)


def fit(observations):
    """(mean local, mean reference, gain of the reference a unit of local), exactly."""
    n = len(observations)
    x0, y0 = observations[0][:2]
    xs = [x - x0 for x, _, _ in observations]
    ys = [y - y0 for _, y, _ in observations]
    mean_x, mean_y = Fraction(sum(xs), n), Fraction(sum(ys), n)
    spread = sum((x - mean_x)**2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread
    return x0 + mean_x, y0 + mean_y, slope, spread


def check(observations, asked, answer):
    mean_x, mean_y, slope, spread = fit(observations)
    increasing = all(a[0] < b[0] and a[1] < b[1] for a, b in zip(observations, observations[1:]))
    if len(observations) < 2 or not increasing or abs(slope - 1) > Fraction(1, 10):
        assert answer == "refused", (slope, answer)
        return False
    local, reference, rate, bound, growth, utc, utc_bound = map(int, answer.split())
    assert abs(rate - (slope - 1) * FEMTO) <= 1, (rate, float((slope - 1) * FEMTO))
    assert abs(local - mean_x) <= 1 and abs(reference - mean_y) <= 2

    def line(x):
        return mean_y + (x - mean_x) * slope
    off = 2  # the rounding of the point and of the conversion
    off_at = off + abs(asked - mean_x) / FEMTO  # and of the rate
    if -2**63 < line(asked) < 2**63 - 1:
        assert abs(utc - line(asked)) <= off_at, (utc, float(line(asked)))
    residuals = [abs(y - line(x)) for x, y, _ in observations]
    # The bound: no less than what the observations allow, and no more than its rounding.
    must = max(r + e for r, (_, _, e) in zip(residuals, observations))
    assert must <= bound <= must + 2 * off, (float(must), bound)
    span = observations[-1][0] - observations[0][0]
    assert 2 * must / span <= Fraction(growth, 10**9) <= 2 * (must + 2 * off) / span + Fraction(1, 10**9)
    outside = max(observations[0][0] - asked, asked - observations[-1][0], 0)
    assert utc_bound == bound + math.ceil(Fraction(outside * growth, 10**9))
    return True


def main():
    cases = list(windows(1_500))
    asked = "".join(f"{len(o)} {' '.join(f'{x} {y} {e}' for x, y, e in o)} {at}\n" for o, at in cases
                    if all(-2**63 < v < 2**63 for x, y, _ in o for v in (x, y)) and -2**63 < at < 2**63)
    kept = [(o, at) for o, at in cases
            if all(-2**63 < v < 2**63 for x, y, _ in o for v in (x, y)) and -2**63 < at < 2**63]
    answers = subprocess.run([sys.argv[1]], input=asked, capture_output=True, text=True, check=True).stdout
    answers = answers.splitlines()
    assert len(answers) == len(kept), (len(answers), len(kept))
    fitted = sum(check(o, at, answer) for (o, at), answer in zip(kept, answers))
    print(f"{len(kept)} windows, {fitted} fitted")
    assert fitted > 1_000


main()
