"""Each experiment as a study of its own: the same config with its data sets, starts and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from study.config.methods import MethodRuns

if TYPE_CHECKING:
    from study.config.experiments import Networks, Remedies
    from study.config.model import Config

__all__ = ["View", "views"]


class View(NamedTuple):
    """One part of an experiment.

    Attributes
    ----------
    experiment
        Key of the config: ``remedies`` or ``networks``.
    flipped
        Share of each class whose label is flipped before training.
    config
        What the functions of a study read.
    """

    experiment: str
    flipped: float
    config: Config


def views(config: Config) -> dict[str, View]:
    """The parts of every experiment that has methods, by a name for files; to add one, add an entry here."""
    found = {}
    if config.remedies.methods:
        for share in config.remedies.flipped:
            found[f"remedies_{share:g}"] = View("remedies", share, _config(config, config.remedies))
    if config.networks.methods:
        found["networks"] = View("networks", 0.0, _config(config, config.networks))
    return found


def _config(config: Config, experiment: Remedies | Networks) -> Config:
    """The config with data sets, methods and starts of an experiment in place of its own."""
    where = MethodRuns.model_construct(
        datasets=tuple(entry.name for entry in experiment.datasets),
        seeds=experiment.seeds,
        initialisations=experiment.initialisations,
        learning_rates=experiment.learning_rates,
        lengths=experiment.lengths,
    )
    seeds = config.seeds[: experiment.seeds]
    return config.model_copy(
        update={
            "seeds": seeds,
            "datasets": experiment.datasets,
            "initialisations": experiment.initialisations,
            "methods": experiment.methods,
            "comparisons": experiment.comparisons,
            "method_runs": where,
            "max_steps": experiment.max_steps,
            "max_steps_above": experiment.max_steps,
            "statistics": config.statistics.model_copy(
                update={"folds": max(2, min(config.statistics.folds, len(seeds)))}
            ),
        }
    )
