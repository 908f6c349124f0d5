"""95 % intervals for shares and net scores, from cells alone.

Answers of one person are alike, so what counts is not the number of answers but the *effective* number: how many
answers of strangers would vary as much. It comes from the sums of each person (ratio estimator; Cochran, Sampling
Techniques, 3rd ed. 1977, ch. 6), and every quantile is Student's t with one degree of freedom less than there are
persons. One person alone says nothing of others: there is no interval.
"""

from functools import lru_cache
from math import sqrt

from xmo_hooks import Cell
from xmo_insights.scores import ONE

LEVEL = 0.95
Interval = tuple[float, float]


@lru_cache(maxsize=1024)
def t_quantile(persons: int) -> float:
    """Return the two-sided 95 % quantile of Student's t with `persons` - 1 (1 or more) degrees of freedom."""
    from scipy.special import stdtrit  # a fraction of the import time of scipy.stats

    return float(stdtrit(persons - 1, (1 + LEVEL) / 2))


def mean(cell: Cell, column: str) -> float:
    """Return the mean of a score over the rows of a cell that has any, as a fraction instead of thousandths."""
    return cell.sums[column] / (cell.n * ONE)


def variance(cell: Cell, column: str) -> float:
    """Return the linearised variance of `mean` over the persons' sums, with the factor m/(m-1) for m persons, m > 1."""
    n, total, products = cell.n, cell.sums[column], cell.products
    # Whole numbers up to the last line: rounding must not turn "no variance" into a little, it has a rule of its own.
    spread = n * n * products[column, column] - 2 * n * total * products["n", column] + total**2 * products["n", "n"]
    return spread / (n**4 * ONE**2) * cell.persons / (cell.persons - 1)


def effective_n(single: float, variance: float, *, n: int, persons: int) -> float:
    """Return how many answers of strangers would vary as much as these `n` answers of `persons` do.

    `single` is the variance of one answer, `variance` that of the mean. Never above `n`; without any variance, the
    persons.
    """
    return min(n, single / variance) if variance else persons


def wilson(share: float, n: float, quantile: float) -> Interval:
    """Return the score interval of a share out of `n` (Wilson, JASA 22, 1927). It lies in 0..1 and holds the share."""
    z = quantile**2 / n
    middle = (share + z / 2) / (1 + z)
    reach = sqrt(z * share * (1 - share) + z * z / 4) / (1 + z)
    return max(0.0, min(middle - reach, share)), min(1.0, max(middle + reach, share))


def bonett_price(positive: float, negative: float, n: float, quantile: float) -> Interval:
    """Return the interval of a net score, as a fraction in -1..1, from the shares of positive and negative out of `n`.

    One positive and one negative answer are added (Bonett and Price, Journal of Educational and Behavioral Statistics
    37, 2012): the plain interval is too narrow for few answers, the bootstrap too.
    """
    up, down = (positive * n + 1) / (n + 2), (negative * n + 1) / (n + 2)
    reach = quantile * sqrt((up + down - (up - down) ** 2) / (n + 2))
    return max(-1.0, up - down - reach), min(1.0, up - down + reach)


def share_interval(cell: Cell, column: str) -> Interval | None:
    """Return the interval of the share that `column` indicates, 0..1, or None for fewer than two persons."""
    if cell.persons < 2:
        return None
    share = mean(cell, column)
    n = effective_n(share * (1 - share), variance(cell, column), n=cell.n, persons=cell.persons)
    return wilson(share, n, t_quantile(cell.persons))


def net_interval(cell: Cell) -> Interval | None:
    """Return the interval of the net score in points, -100..100, or None for fewer than two persons."""
    if cell.persons < 2:
        return None
    positive, negative = mean(cell, "positive"), mean(cell, "negative")
    single = positive + negative - (positive - negative) ** 2
    n = effective_n(single, variance(cell, "net"), n=cell.n, persons=cell.persons)
    low, high = bonett_price(positive, negative, n, t_quantile(cell.persons))
    return 100 * low, 100 * high


def split_interval(inside: Cell, outside: Cell) -> Interval | None:
    """Return the interval of the share of rows that lie `inside`, of two cells that have no row in common.

    Cells do not say who stands in both, so everybody is taken for two: that leaves out a term which could only make
    the variance smaller. The persons are at least those of the larger cell. None for fewer than two persons.
    """
    n, persons = inside.n + outside.n, max(inside.persons, outside.persons)
    if persons < 2:
        return None
    share = inside.n / n
    squares = [cell.products.get(("n", "n"), 0) for cell in (inside, outside)]  # nobody has no products
    spread = outside.n**2 * squares[0] + inside.n**2 * squares[1]
    above = spread / n**4 * persons / (persons - 1)
    return wilson(share, effective_n(share * (1 - share), above, n=n, persons=persons), t_quantile(persons))
