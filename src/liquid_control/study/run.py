"""A training run as data: what is trained and how, and where its result is kept."""

import glob
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from liquid_control.files import from_json
from liquid_control.provenance import difference, write_json

FORMAT = 1
COMPARISON, TUNING = 'comparison', 'tuning'
"""The parts of the same footing."""
_COSTS = 'seconds', 'seconds_update', 'seconds_round', 'saved_mb', 'peak_resident_mb'
_FIGURES = *_COSTS, 'state_bytes', 'parameters'
_SCORES = 'train_', 'validation_', 'test_', 'outside_'
"""How the names of scores begin."""
_RARE = {'rare': True}
"""Marks settings that are written only where they differ from their default."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained on sequences, with Adam."""

    updates: int
    """Gradient steps."""
    learning_rate: float
    batch: int = 64
    """Sequences per gradient step."""
    every: int = 50
    """Gradient steps between validations, each of which is followed by a checkpoint."""
    schedule: str = 'cosine'
    """``cosine``: warm-up over 5 %, decay to 2 %; ``exponential``: evenly × ``decay`` per round;
    ``steps``: × ``decay`` after each round."""
    decay: float = 0.95
    """Factor per round of the other schedules."""
    clip: float = 1.0
    """Maximum gradient norm; 0: gradients are not clipped."""
    clip_variables: bool = False
    """Whether to clip the gradient of each Keras variable separately, or all together."""
    epsilon: float = 1e-8
    """Adam's ε."""
    best_round: bool = False
    """Whether the weights of the round with the best validation score are kept, or the last."""
    penalty: float = 0.0
    """Weight of the squared kernels that the model names in ``penalised()``."""
    weight_decay: float = field(default=0.0, metadata=_RARE)
    """Share of each weight that a step of size 1 takes away (AdamW)."""
    by_length: bool = field(default=False, metadata=_RARE)
    """Whether sequences of about as many steps go together in a batch."""

    def to_dict(self) -> dict[str, Any]:
        """The settings, without rare ones at their default."""
        rare = {one.name: one.default for one in fields(self) if one.metadata.get('rare')}
        whole = asdict(self)
        return {name: value for name, value in whole.items() if rare.get(name, self) != value}


@dataclass(frozen=True)
class Run:
    """One training run of a study."""

    name: str
    """Name, also used for its files."""
    part: str
    """The part of the study that builds its model."""
    cell: str
    seed: int
    recipe: Recipe
    model: dict[str, Any] = field(default_factory=dict)
    """What that part needs to build the model."""

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), 'recipe': self.recipe.to_dict()}

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> 'Run':
        """The run that a result is of."""
        settings = dict(result['run'])
        return cls(recipe=Recipe(**settings.pop('recipe')), **settings)


class ResultStore:
    """The folder of a study: results, checkpoints and weights, each under its run's name.

    Args:
        folder: created if it does not exist.
        data_sha256: digest of the data, which all results must match.
        criterion: name of the test score that every result must have unless its run failed; None:
            any result may lack it.
    """

    def __init__(self, folder: str | Path, data_sha256: str, criterion: str | None = None):
        self.folder, self.data_sha256, self.criterion = Path(folder), data_sha256, criterion
        for name in ('runs', 'checkpoints', 'weights'):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def checkpoint(self, run: Run) -> Path:
        return self.folder / 'checkpoints' / f'{run.name}.safetensors'

    def weights(self, run: Run) -> Path:
        return self.folder / 'weights' / f'{run.name}.safetensors'

    def under_way(self, run: Run, what: str) -> Path:
        """Where a run keeps some other work under way than its checkpoint."""
        return self.folder / 'checkpoints' / f'{run.name}-{what}.npz'

    def origin(self, run: Run) -> dict[str, Any]:
        """The origin that a checkpoint of a run must have, plain JSON."""
        return {'run': json.loads(json.dumps(run.to_dict())), 'data_sha256': self.data_sha256}

    def keep(self, run: Run, result: dict[str, Any]) -> None:
        """Write the result of a finished run atomically, and remove its work under way."""
        write_json(self._path(run), {'format': FORMAT, **self.origin(run), **result})
        self.checkpoint(run).unlink(missing_ok=True)
        for path in self.under_way(run, '').parent.glob(f'{glob.escape(run.name)}-*.npz'):
            path.unlink()

    def result(self, run: Run, any_step_size: bool = False) -> dict[str, Any] | None:
        """The result of a finished run; None if it has not finished.

        Args:
            run: its settings, which those of the result must be.
            any_step_size: whether the result may have another step size.

        Raises:
            ValueError: the file is broken, or of a run with other settings or data.
        """
        path = self._path(run)
        if not path.is_file():
            return None
        try:
            result = from_json(path.read_text())
        except ValueError as error:
            raise ValueError(f'{path}: not a valid run result: {error!r}; remove it') from None
        return self._checked(result, run, any_step_size, f'{path}', 'use another --out')

    def adopt(
        self, found: Mapping[str, Any], runs: Iterable[Run], any_step_size: bool, origin: Path
    ) -> int:
        """Keep results from elsewhere of runs that have none; returns how many runs are there.

        Args:
            found: run name → result.
            runs: their settings, which those of the results must be.
            any_step_size: as for :meth:`result`.
            origin: where the results are from, for messages.

        Raises:
            ValueError: a result is broken, or of a run with other settings or data.
        """
        known = [run for run in runs if run.name in found]
        missing = [run for run in known if not self._path(run).exists()]
        for run in missing:
            where = f'{origin}: {run.name}'
            self._checked(found[run.name], run, any_step_size, where, 'ask for the same runs')
        for run in missing:
            write_json(self._path(run), found[run.name])
        return len(known)

    def _checked(
        self, result: Any, run: Run, any_step_size: bool, where: str, advice: str
    ) -> dict[str, Any]:
        """The result, if it is one of this run."""
        try:
            own = result['run'], result['data_sha256'], result['format']
            if any_step_size:
                recipe = result['run']['recipe']
                run = replace(
                    run, recipe=replace(run.recipe, learning_rate=recipe['learning_rate'])
                )
        except (TypeError, KeyError) as error:
            raise ValueError(f'{where}: not a valid run result: {error!r}; remove it') from None
        wanted = *self.origin(run).values(), FORMAT
        for kind, is_, should in zip(('run', 'data', 'format'), own, wanted, strict=True):
            if is_ != should:
                text = difference(is_, should) if kind == 'run' else f'{kind} {is_}, now {should}'
                raise ValueError(f'{where} is from another run ({text}): {advice}')
        needed = dict.fromkeys(self._needed(run) if not result.get('failed') else ())
        for name, value in {'seconds': None, **needed, **result}.items():
            lacking = name in needed and not isinstance(value, int | float)
            if lacking or (_is_figure(name) and not _valid(name, value, result)):
                raise ValueError(
                    f'{where}: not a valid run result: {name}: expected a number, '
                    f'found {value!r}; remove it'
                )
        return result

    def _needed(self, run: Run) -> list[str]:
        """The figures that the result of a run on the same footing must have."""
        if self.criterion is None or run.part not in (COMPARISON, TUNING):
            return []
        scored = [f'test_{self.criterion}'] if run.part == COMPARISON else []
        return [*_COSTS, *scored]

    def _path(self, run: Run) -> Path:
        return self.folder / 'runs' / f'{run.name}.json'


def _is_figure(name: str) -> bool:
    return name in _FIGURES or name.startswith(_SCORES)


def _valid(name: str, value: Any, result: Mapping[str, Any]) -> bool:
    """Whether a figure is a number, several, or not known; only a failed run has no time."""
    if value is None:
        return name != 'seconds' or bool(result.get('failed'))
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return math.isfinite(value) and (name.startswith(_SCORES) or value >= 0)
    several = list | dict if name.startswith(_SCORES) else list
    return isinstance(value, several) and not name.startswith('validation_')
