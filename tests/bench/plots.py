"""One curve as a drawing."""

from pathlib import Path
from statistics import median

import matplotlib as mpl

from tests.bench.results import Curve

mpl.use("svg")
mpl.rcParams |= {"svg.hashsalt": "chorale", "font.size": 9, "axes.spines.top": False}
mpl.rcParams |= {"axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3}

from matplotlib import pyplot as plt  # noqa: E402  # it asks at once what it is to draw on

FEW = 5


def draw(curve: Curve, file: Path) -> None:
    """The median of each point, and between its least and greatest a shade."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for name, points in curve.lines.items():
        xs, values = zip(*points, strict=True)
        mark = "o" if len(points) <= FEW + 3 else ""
        axes.plot(xs, [median(one) for one in values], marker=mark, label=name)
        axes.fill_between(xs, [*map(min, values)], [*map(max, values)], alpha=0.15)
    if curve.bound is not None:
        axes.axhline(curve.bound, color="black", linestyle=":", linewidth=1)
    if curve.stretched:
        axes.set_xscale("log")
    if curve.across == "percentile":
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(title=curve.title, xlabel=curve.across, ylabel=curve.upwards)
    if len(curve.lines) > 1:
        axes.legend(frameon=False, fontsize=8)
    figure.savefig(file, metadata={"Date": None, "Creator": None})
    plt.close(figure)
