"""Gradient-boosted trees of one depth for yes-or-no questions, in plain numpy."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_Bins = NDArray[np.uint8]
_BINS: Final = 32
_LEAST_WEIGHT: Final = 2.0
"""Of the second derivatives in a leaf, about eight undecided examples."""
_SHRINK: Final = 1.0
"""L2 on leaf values, as in arXiv 1603.02754, eq. 5."""


@dataclass(frozen=True)
class Tree:
    """A full tree: `features[node]` below `thresholds[node]` goes left; leaves left to right."""

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    leaves: tuple[float, ...]


def boost(
    facts: _Floats, truth: _Floats, weights: _Floats, *, trees: int, depth: int, rate: float
) -> list[Tree]:
    """Trees whose leaf values add up to the log-odds of `truth`.

    Args:
        facts: float64[N, F].
        truth: float64[N], 0 or 1.
        weights: float64[N], how much each example counts.
        trees: how many.
        depth: questions from root to leaf.
        rate: the share of each step that is taken.
    """
    edges = [
        np.unique(np.quantile(column, np.linspace(0, 1, _BINS + 1)[1:-1])) for column in facts.T
    ]
    bins = np.stack(
        [np.searchsorted(e, c, side="right") for e, c in zip(edges, facts.T, strict=True)], 1
    )
    score, grown = np.zeros(len(facts)), []
    for _ in range(trees):
        chance = 1 / (1 + np.exp(-score))
        slope, bend = weights * (truth - chance), weights * chance * (1 - chance)
        tree, step = _grow(bins.astype(np.uint8), edges, slope, bend, depth)
        tree = Tree(tree.features, tree.thresholds, tuple(rate * leaf for leaf in tree.leaves))
        score = score + rate * step
        grown.append(tree)
    return grown


def _grow(
    bins: _Bins, edges: list[_Floats], slope: _Floats, bend: _Floats, depth: int
) -> tuple[Tree, _Floats]:
    place = np.zeros(len(bins), dtype=np.int64)
    features: list[int] = []
    thresholds: list[float] = []
    for level in range(depth):
        chosen = []
        for node in range(2**level):
            here = place == node
            feature, cut = _best_cut(bins[here], slope[here], bend[here])
            usable = cut < len(edges[feature])
            features.append(feature)
            thresholds.append(float(edges[feature][cut]) if usable else float("inf"))
            chosen.append((feature, cut if usable else _BINS))
        cuts = np.array(chosen)[place]
        place = 2 * place + (bins[np.arange(len(bins)), cuts[:, 0]] > cuts[:, 1])
    count = 2**depth
    sums = np.bincount(place, slope, count), np.bincount(place, bend, count)
    leaves = sums[0] / (sums[1] + _SHRINK)
    return Tree(tuple(features), tuple(thresholds), tuple(map(float, leaves))), leaves[place]


def _best_cut(bins: _Bins, slope: _Floats, bend: _Floats) -> tuple[int, int]:
    """The feature and the last bin of its left side that gain most (arXiv 1603.02754, eq. 7)."""
    best, found = 1e-9, (0, _BINS)
    for feature in range(bins.shape[1]):
        left = np.cumsum(np.bincount(bins[:, feature], slope, _BINS))
        heavy = np.cumsum(np.bincount(bins[:, feature], bend, _BINS))
        right, rest = left[-1] - left, heavy[-1] - heavy
        gain = left**2 / (heavy + _SHRINK) + right**2 / (rest + _SHRINK)
        gain = gain - left[-1] ** 2 / (heavy[-1] + _SHRINK)
        gain[(heavy < _LEAST_WEIGHT) | (rest < _LEAST_WEIGHT)] = 0
        if gain.max() > best:
            best, found = float(gain.max()), (feature, int(gain.argmax()))
    return found
