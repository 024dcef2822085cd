"""Amounts as people read them: src/report/figures.cpp has the same."""

from __future__ import annotations

import math


def dollars(amount: float) -> str:
    """``"$12.50"``, ``"$0.001230"``, ``"$0.000000012"``: of what is small two digits at least."""
    if amount >= 1:
        return "$%.2f" % amount
    decimals = max(6, 1 - math.floor(math.log10(amount))) if amount > 0 else 6
    return "$%.*f" % (decimals, amount)
