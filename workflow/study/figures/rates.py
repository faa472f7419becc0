"""The effect of the learning rate on the slowdown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study import wording
from study.figures.choice import (
    chosen,
    first_and_last,
    lacking,
    named,
    setting_name,
    target_name,
    wrong_cells,
)
from study.figures.style import (
    COLOURS,
    MARKERS,
    MUTED,
    NAMES,
    POLICY_NAMES,
    RATIO,
    SIZE,
    WIDTH,
    Entry,
    Frames,
    at_least,
    bars,
    bound_key,
    bound_note,
    draw_medians,
    legend,
    log_axis,
    loss_style,
    panel_name,
    series_style,
)


def _rate_cells(frames: Frames) -> list[tuple[str, pd.DataFrame]]:
    """Choose the cells of the figure: zero starts and middle wrong starts in the headline setting."""
    headline = chosen(frames)
    rows = headline.in_setting(frames["slowdown"])
    rows = rows[(rows["policy"] == "equal") & (rows["target"] == headline.target)]
    out = [("zero start", rows[rows["initialisation"] == "zero"])]
    wrong = rows[rows["initialisation"] == "wrong"]
    if len(wrong):
        scales = np.unique(wrong["scale"])
        scale = float(scales[len(scales) // 2])
        out.append((f"wrong start, a = {wording.number(scale)}", wrong[wrong["scale"] == scale]))
    return [(label, group.sort_values("rate")) for label, group in out if len(group)]


def _missed(cells: pd.DataFrame) -> bool:
    """Whether a median of either loss was not reached."""
    return bool(np.isinf(cells[["mse_median", "bce_median"]]).any(axis=None))


def _draw_rates(frames: Frames) -> Figure:
    groups = _rate_cells(frames)
    figure = Figure(figsize=(WIDTH, 0.9 + 2 * len(groups)), layout="constrained")
    panels = figure.subplots(len(groups), sharex=True, squeeze=False)[:, 0].tolist()
    for axes, (label, cells) in zip(panels, groups, strict=True):
        axes.set(xscale="log", yscale="log")
        for loss, marker in zip(COLOURS, MARKERS, strict=False):
            rate, middle = cells["rate"].to_numpy(float), cells[f"{loss}_median"].to_numpy(float)
            there = np.isfinite(middle) & (middle > 0)
            low, high = (cells[f"{loss}_median_{end}"].to_numpy(float) for end in ("low", "high"))
            budget = cells["budget"].to_numpy(float)
            axes.plot(rate, np.where(there, middle, np.nan), marker=marker, **loss_style(loss))
            bars(axes, rate[there], low[there], np.minimum(high, budget)[there], COLOURS[loss])
            missed = np.isinf(middle)
            axes.plot(rate[missed], budget[missed], **at_least({"marker": marker, "color": COLOURS[loss]}))
        if _missed(cells):  # room for arrows below the panel's name
            axes.set_ylim(top=3 * float(cells["budget"].max()))
        panel_name(axes, label)
        rates = np.unique(cells["rate"])
        log_axis(axes.xaxis, rates[:: 1 + rates.size // 10])
        log_axis(axes.yaxis)
    bound_key(panels[0], [_missed(cells) for _, cells in groups])
    panels[-1].set_xlabel("learning rate, in units of 1/L of BCE")
    figure.supylabel("median steps to the target", fontsize=10)
    legend(panels[0])
    return figure


def _describe_rates(frames: Frames) -> str:
    parts = []
    for label, cells in _rate_cells(frames):
        for loss in COLOURS:
            best = cells.sort_values([f"{loss}_median", "rate"]).iloc[0]
            steps = wording.steps(float(best[f"{loss}_median"]), int(best["budget"]))
            parts.append(
                f"{label}, {NAMES[loss]}: fewest steps at rate {wording.number(float(best['rate']))}: {steps}"
            )
    return (
        f"Median steps to the target ({target_name(frames)}) against the learning rate, "
        f"{setting_name(frames)}. " + "; ".join(parts) + "."
    )


def _no_rates(frames: Frames) -> str:
    none = "no zero start and no wrong start at equal rates in this study"
    return lacking(frames) or ("" if _rate_cells(frames) else none)


def _rates_named(frames: Frames) -> dict[str, str]:
    missed = [_missed(cells) for _, cells in _rate_cells(frames)]
    return named(frames) | {
        "bounds": bound_note(missed, "says that the median was not reached within the budget")
    }


def _policy_rows(frames: Frames) -> pd.DataFrame:
    return chosen(frames).in_setting(wrong_cells(frames, policy=None))


def _draw_policies(frames: Frames) -> Figure:
    rows = _policy_rows(frames)
    figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=SIZE, ylabel=RATIO)
    for index, (policy, label) in enumerate(POLICY_NAMES.items()):
        group = rows[rows["policy"] == policy]
        if len(group):
            draw_medians(axes, group, "scale", series_style(index), label, shift=index - 1.5)
    bound_key(axes, rows["slowdown_bound"])
    axes.axhline(1, color=MUTED, linewidth=1, label="1: as many steps")
    log_axis(axes.xaxis, np.unique(rows["scale"]))
    log_axis(axes.yaxis)
    legend(axes, columns=2)
    return figure


def _describe_policies(frames: Frames) -> str:
    rows = _policy_rows(frames)
    series = "; ".join(
        f"{POLICY_NAMES[str(name)]}: {first_and_last(group)}"
        for name, group in rows.groupby("policy", sort=True)
    )
    return (
        "Steps with MSE divided by steps with BCE against the scale of a wrong start under each "
        f"learning-rate policy, {setting_name(frames)}, target: {target_name(frames)}, both axes "
        f"logarithmic. {series}. A line at 1 marks equal numbers of steps."
    )


def _no_policies(frames: Frames) -> str:
    none = "no wrong start on a data set with a separability in this study"
    return lacking(frames) or (none if _policy_rows(frames).empty else "")


def _policies_named(frames: Frames) -> dict[str, str]:
    return named(frames) | {"bounds": bound_note(_policy_rows(frames)["slowdown_bound"], "is a lower bound")}


RATES = Entry(
    "rates",
    "Steps against the learning rate",
    "Kaplan-Meier median of the steps to the target ({target}) with its interval, both losses at the same "
    "rate, {setting}.{bounds}",
    ("slowdown", "headline"),
    _draw_rates,
    _describe_rates,
    _no_rates,
    _rates_named,
)


POLICIES = Entry(
    "policies",
    "What a better learning rate buys back",
    "Steps with MSE divided by steps with BCE, median over paired starts with its interval, from a "
    "confidently wrong start ({setting}), until the target ({target}), under four policies: the same rate "
    "for both losses, MSE with its factor 1/2 and without, each at its own 1/L, each at the rate that "
    "was best on the other seeds.{bounds}",
    ("slowdown", "headline"),
    _draw_policies,
    _describe_policies,
    _no_policies,
    _policies_named,
)
