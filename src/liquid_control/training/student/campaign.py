"""All students of a comparison: one run per cell and seed, and the best seed of each cell.

One folder holds everything: ``seeds/`` one bundle per run, ``runs/`` the checkpoints of unfinished
runs, ``policies/`` and ``cards/`` the best seed of each cell, ``results.json`` all scores.
"""

import contextlib
import dataclasses
import json
import shlex
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from liquid_control.control.bundle import Bundle
from liquid_control.control.contract import Contract
from liquid_control.evaluation.seeds import overall, rescored, seed_scores
from liquid_control.evaluation.suite import SCORED, current
from liquid_control.files import write_whole
from liquid_control.jobs import Job, Progress, Report, work
from liquid_control.provenance import difference, provenance, write_json
from liquid_control.report.card import card
from liquid_control.run_folder import alone_in
from liquid_control.sim.batch import use_threads
from liquid_control.training.device import Hardware
from liquid_control.training.folder import clear
from liquid_control.training.student.publish import publish_student
from liquid_control.training.student.settings import StudentSettings
from liquid_control.training.student.train import train_student
from liquid_control.training.teacher import student_contract


@dataclass(frozen=True)
class Setup:
    """What all students of a campaign have in common, read and checked once.

    Attributes:
        robot: the robot's contract.
        teacher: the teacher's bundle.
        hardware: what each training may use.
    """

    robot: Contract
    teacher: Bundle
    hardware: Hardware


@dataclass(frozen=True)
class RunFiles:
    """Where the files of one student are."""

    bundle: Path
    checkpoints: Path
    log: Path | None = None


def run_name(settings: StudentSettings) -> str:
    """The name of a run."""
    return f'{settings.cell}-seed{settings.seed}'


def run_files(folder: Path, settings: StudentSettings, log: Path | None) -> RunFiles:
    """Where a run of a campaign keeps its files."""
    name = run_name(settings)
    return RunFiles(folder / 'seeds' / f'{name}.onnx', folder / 'runs' / name, log and log / name)


def finished(path: Path, settings: StudentSettings, setup: Setup) -> Bundle | None:
    """The bundle of a finished run; None if it has not finished.

    Raises:
        ValueError: the bundle has other settings, another robot or another teacher.
    """
    if not path.is_file():
        return None
    bundle = Bundle.read(path)
    comparisons = {
        'robot': (bundle.contract.robot, setup.robot.robot),
        'settings': (
            bundle.settings.get('training'),
            json.loads(json.dumps(dataclasses.asdict(settings))),
        ),
        'teacher': (bundle.provenance.get('teacher_sha256'), setup.teacher.sha256),
        'contract': (bundle.contract.hash, student_contract(setup.robot).hash),
    }
    for what, (own, wanted) in comparisons.items():
        if own != wanted:
            text = difference(own, wanted).strip()
            raise ValueError(f'{path} is from another run ({what}: {text}): use another --out')
    return bundle


def carry_out(settings: StudentSettings, setup: Setup, files: RunFiles, report: Report) -> None:
    """Carry out one run, from its start or where it was stopped, up to its bundle.

    Nothing is done if another process has finished it meanwhile.
    """
    import torch

    if finished(files.bundle, settings, setup) is not None:
        return
    torch.set_num_threads(1)
    use_threads(setup.hardware.threads)
    robot, teacher = setup.robot, setup.teacher
    trained = train_student(
        settings, robot, teacher, files.checkpoints, report, files.log, setup.hardware.device
    )
    report(1.0, 'scoring the bundle')
    files.bundle.parent.mkdir(parents=True, exist_ok=True)
    publish_student(files.bundle, trained.model, settings, teacher, robot, trained.history)


def _carry_out(settings: StudentSettings, setup: Setup, files: RunFiles, report: Report) -> None:
    """As :func:`carry_out`, and remove the checkpoints once everything is done."""
    with alone_in(files.checkpoints):
        carry_out(settings, setup, files, report)
        clear(files.checkpoints)


def campaign(
    runs: Sequence[StudentSettings],
    setup: Setup,
    folder: Path,
    workers: int,
    log: Path | None = None,
) -> Generator[Progress]:
    """Carry out all unfinished runs, yielding progress from time to time.

    Args:
        runs: settings of all runs.
        setup: what they have in common.
        folder: folder of the campaign.
        workers: runs at a time.
        log: folder for the logs of losses and returns.

    Raises:
        ValueError: the folder holds results with other settings, another robot or another teacher.
    """
    done = _all_finished(runs[0], folder, setup)  # before anything starts
    progress, jobs = Progress(workers), []
    for settings in runs:
        name = run_name(settings)
        progress.add(name)
        if name in done:
            progress.keep(name)
        else:
            files = run_files(folder, settings, log)
            jobs.append(Job(name, _carry_out, (settings, setup, files)))
    yield progress
    states = work(jobs, workers, (__name__, 'torch'), progress)
    with contextlib.closing(states):
        yield from states


def conclude(
    runs: Sequence[StudentSettings], setup: Setup, folder: Path, failed: dict[str, str]
) -> dict[str, Bundle]:
    """Write the best seed of each cell with its card, and results.json; returns cell → bundle.

    All finished runs in the folder count, also those of earlier commands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = _all_finished(runs[0], folder, setup)
    by_cell: dict[str, list[Bundle]] = {}
    for bundle in done.values():
        by_cell.setdefault(bundle.cell, []).append(bundle)
    best = {}
    for cell, bundles in by_cell.items():
        first = max(bundles, key=overall)
        scores = {**first.scores, 'seeds': seed_scores(bundles)}
        best[cell] = rescored(first, folder / 'policies' / f'{cell}.onnx', scores)
        cards = folder / 'cards'
        cards.mkdir(parents=True, exist_ok=True)
        write_whole(cards / f'{cell}.md', card(best[cell]))
    write_json(
        folder / 'results.json',
        {
            'format': 1,
            'provenance': provenance(teacher_sha256=setup.teacher.sha256),
            'complete': all(run_name(settings) in done for settings in runs),
            'failed': failed,
            'cells': {cell: bundle.scores for cell, bundle in best.items()},
        },
    )
    return best


def _all_finished(settings: StudentSettings, folder: Path, setup: Setup) -> dict[str, Bundle]:
    """The bundle of every finished run in a folder by its name, sorted by cell and seed.

    Raises:
        ValueError: one differs from ``settings`` in more than cell and seed, has another robot or
            another teacher, lacks a score, or was scored over other episodes than the first.
    """
    runs = []
    measured: dict[tuple[int, int], Path] = {}
    for path in sorted((folder / 'seeds').glob('*.onnx')):
        trained = Bundle.read(path).settings.get('training', {})
        own = {key: trained[key] for key in ('cell', 'seed') if key in trained}
        run = dataclasses.replace(settings, **own)
        bundle = finished(path, run, setup)
        if bundle is None:  # it was there a moment ago
            continue
        again = shlex.join(
            ['liquid-control', 'train', 'score', str(path), '--teacher', str(setup.teacher.path),
             '--robot', str(setup.robot.source), '--out', str(path)]
        )  # fmt: skip
        missing = [fault for fault in SCORED if not current(fault, bundle.scores.get(fault))]
        if missing:
            raise ValueError(
                f'{path} has no score of today under {missing[0]}; measure it again: {again}'
            )
        for fault in SCORED:
            score = bundle.scores[fault]
            measured.setdefault((score['episodes'], score['seed']), path)
        if len(measured) > 1:
            (many, first), (others, start), *_ = measured
            raise ValueError(
                f'{path} is scored over {others} episodes from seed {start} on, and '
                f'{next(iter(measured.values()))} over {many} from {first}; measure it again: '
                f'{again} --episodes {many} --seed {first}'
            )
        runs.append((run, bundle))
    runs.sort(key=lambda each: (each[0].cell, each[0].seed))
    return {run_name(run): bundle for run, bundle in runs}
