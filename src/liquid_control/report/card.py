"""A model card: a bundle's metadata as readable Markdown."""

from collections import Counter
from typing import Any

from liquid_control.control.bundle import Bundle
from liquid_control.evaluation.suite import current, ordered, title
from liquid_control.faults import DynamicsFault, SensorFault, of_kind, parse

_ONE_SEED = 'These are the scores of one seed; how much seeds differ is not known.'


def card(bundle: Bundle) -> str:
    """The card of one bundle."""
    about, scores = bundle.provenance, bundle.scores
    conditions = {fault: scores[fault] for fault in ordered(scores) if 'falls' in scores[fault]}
    name = bundle.path.name if bundle.path else bundle.cell
    what = 'A policy for' if bundle.drives else 'A predictor of the next observation of'
    parts = [
        f'# {name}',
        f'{what} {bundle.contract.robot} with cell `{bundle.cell}`: '
        f'{bundle.counts["parameters"]:,} parameters, a hidden state of '
        f'{bundle.counts["state_size"]} values.',
        _facts(bundle),
        '## Training',
        f'```sh\n{about.get("command", "unknown")}\n```',
        _origin(about, 'step' if 'total_steps' in bundle.settings else 'round'),
        _training(bundle.settings.get('training', {})),
        _recordings(about.get('recordings', [])),
    ]
    if 'alarm' in scores:
        parts += ['## Trust alarm', alarm_text(scores['alarm'])]
    if conditions:
        parts += ['## Results', _reached(conditions)]
    if 'seeds' in scores:
        parts += [_seeds(scores['seeds'])]
    elif 'teacher_sha256' in about:
        parts += [_ONE_SEED]
    parts += ['## Known limits', _limits(bundle, conditions)]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _facts(bundle: Bundle) -> str:
    terms = ', '.join(f'{t.name} ({len(t.channels)})' for t in bundle.contract.terms)
    return (
        f'- observation: {terms}, and the measured elapsed time\n'
        f'- nominal period: {1e3 / bundle.contract.rate:g} ms\n'
        f'- sha256: `{bundle.sha256}`'
    )


def _origin(about: dict[str, Any], unit: str) -> str:
    lines = [f'- seed: {about.get("seed", "unknown")}', f'- date: {about.get("date", "unknown")}']
    if 'teacher_sha256' in about:
        lines.append(f'- teacher: `{about["teacher_sha256"]}`')
    versions = about.get('versions', {})
    if versions:
        lines.append('- versions: ' + ', '.join(f'{k} {v}' for k, v in versions.items()))
    processor = about.get('machine', {}).get('processor')
    if processor:
        lines.append(f'- machine: {processor}')
    history = about.get('history', [])
    if len(history) > 1:
        lines.append(f'- trained in parts: {_parts(history, unit)}')
    return '\n'.join(lines)


def _parts(history: list[dict[str, Any]], unit: str) -> str:
    """Where each part of a training ran, with the versions in which the parts differ."""
    names = set.intersection(*(set(part['versions']) for part in history))
    differing = sorted(n for n in names if len({part['versions'][n] for part in history}) > 1)
    described = []
    for part in history:
        named = [part[name] for name in ('processor', 'gpu') if name in part]
        where = ', '.join([*named, *(f'{n} {part["versions"][n]}' for n in differing)])
        described.append(f'from {unit} {part["from"]:,} on {where}')
    return '; '.join(described)


def _recordings(recordings: list[dict[str, Any]]) -> str:
    if not recordings:
        return ''
    lines = ['| recording | duration, s | observations | sha256 |', '|---|---|---|---|']
    for found in recordings:
        damage = ' (incomplete)' if found['damage'] else ''
        lines.append(
            f'| {found["name"]}{damage} | {found["seconds"]:.1f} | {found["observations"]:,} | '
            f'`{found["sha256"][:12]}` |'
        )
    return '\n'.join(lines)


def alarm_text(alarm: dict[str, Any]) -> str:
    """When the trust alarm of a predictor is raised, in words."""
    extrapolated = ''
    if alarm['extrapolated']:
        extrapolated = ', extrapolated: no longer recording was there'
    return (
        f'Raised when the error of predictions {alarm["horizon"]} observations ahead exceeds '
        f'{alarm["threshold"]:.3g} times its usual size on some joint. The threshold is meant for '
        f'{alarm["rate"]:.3g} false alarms per minute{extrapolated}; it was set on '
        f'{alarm["seconds"]:.0f} s of data that the model had not been trained on.'
    )


def _training(training: dict[str, Any]) -> str:
    if 'rounds' not in training:
        return ''
    steps = training['rounds'] * training['walkers'] * training['steps']
    text = (
        f'Imitation (DAgger): {steps:,} steps, all labelled by the teacher, who walks at first and '
        'hands over to the student; '
        f'{training["rounds"] * training["updates"]:,} gradient steps.'
    )
    conditions = training.get('conditions', {})
    met = [
        f'{_one_of(c["faults"])} in {c["probability"]:.0%} of the episodes'
        for c in conditions.get('chances', ())
    ]
    if conditions.get('disturbed'):
        met.append(
            f'noise of σ = {conditions["action_noise"]:g} on the actions in '
            f'{conditions["disturbed"]:.0%} (imitation only)'
        )
    if met:
        text += f' Faults during training: {"; ".join(met)}.'
    tuned = training.get('fine_tuning', {})
    if tuned.get('rounds'):
        rounds = tuned['rounds'] - tuned['warm_up']
        steps = rounds * tuned['walkers'] * tuned['steps']
        text += (
            f' Then reinforcement learning (PPO) on the return: {steps:,} steps, after '
            f'{tuned["warm_up"]} of {tuned["rounds"]} rounds in which the value function learned '
            'alone.'
        )
    if training.get('readout'):
        text += ' Last, the readout of the prediction was solved by least squares.'
    return text


def _one_of(faults: list[str]) -> str:
    """Faults as text; one listed several times is that many times as likely."""
    return ' or '.join(
        fault if count == 1 else f'{fault} ({count} times as likely)'
        for fault, count in Counter(faults).items()
    )


def _reached(conditions: dict[str, dict]) -> str:
    first = next(iter(conditions.values()))
    percent = all('percent' in score for score in conditions.values())
    lines = [
        f'{first["episodes"]} fresh episodes per fault, in process, from seed {first["seed"]} on '
        '(`liquid-control train score`).'
        + (
            f' The teacher returns {first["teacher_return"]:.0f} without faults.' if percent else ''
        ),
        '',
        '| fault | mean return | standard deviation | worst | falls | prediction error |'
        + (' % of the teacher |' if percent else ''),
        '|---|---|---|---|---|---|' + ('---|' if percent else ''),
    ]
    for fault, score in conditions.items():
        ratio = score.get('prediction_ratio')
        row = [
            _title(fault, score),
            score_text(score, 'return'),
            f'{score["return_std"]:.0f}' if 'return_std' in score else '',
            f'{score["return_min"]:.0f}',
            str(score['falls']),
            'none' if ratio is None else f'{ratio:.3f}',
        ]
        if percent:
            row.append(score_text(score, 'percent'))
        lines.append(f'| {" | ".join(row)} |')
    lines += ['', 'The prediction error is relative to that of persistence. Under noise, both are '
              'scored against noisy readings, so that where noise outweighs motion no prediction '
              'comes far below 0.5.']  # fmt: skip
    if any('return_low' in score for score in conditions.values()):
        lines[-1] += ' Brackets give the 95 % bootstrap interval of a mean over the episodes.'
    return '\n'.join(lines)


def _title(fault: str, score: dict[str, Any]) -> str:
    """What a fault is, and was when a score was measured."""
    if current(fault, score):
        return title(fault)
    return f'{title(fault)}, the first messages withheld'


def score_text(score: dict[str, Any], name: str) -> str:
    """``return`` or ``percent`` of one fault's scores, with its interval if it has one."""
    mean = score['return_mean' if name == 'return' else name]
    if f'{name}_low' not in score:
        return f'{mean:.0f}'
    return f'{mean:.0f} [{score[f"{name}_low"]:.0f}, {score[f"{name}_high"]:.0f}]'


def _seeds(seeds: dict[str, Any]) -> str:
    if len(seeds['seeds']) == 1:
        return _ONE_SEED
    numbers = ', '.join(map(str, seeds['seeds']))
    lines = [
        f'This is the best of seeds {numbers}, by these episodes. All of them, in percent of the '
        'teacher, with the bootstrap interval of the mean (for two or three seeds, their range):',
        '',
        '| fault | each | mean | interval |',
        '|---|---|---|---|',
    ]
    for fault, found in seeds.items():
        if fault == 'seeds' or 'percent' not in found:
            continue
        percent = found['percent']
        each = ', '.join(f'{value:.0f}' for value in percent['values'])
        spread = f'{percent["low"]:.0f} to {percent["high"]:.0f}'
        lines.append(f'| {_title(fault, found)} | {each} | {percent["mean"]:.0f} | {spread} |')
    return '\n'.join(lines)


def _limits(bundle: Bundle, conditions: dict[str, dict]) -> str:
    if not bundle.drives:
        return (
            '- It has no action of its own and never drives.\n'
            '- It knows what the recordings above show, and takes that for normal; anything else '
            'it has not seen.'
        )
    lines = [
        '- Trained and measured in simulation only; no robot has run it.',
        f'- {_not_met(bundle.settings)}',
    ]
    for fault, score in conditions.items():
        if score['falls']:
            lines.append(
                f'- Falls in {score["falls"]} of {score["episodes"]} episodes '
                f'({"without faults" if fault == "none" else _title(fault, score)}).'
            )
    if bundle.settings.get('prediction') == 'persistence':
        lines.append('- It has no prediction of its own: it predicts the current observation.')
    return '\n'.join(lines)


def _not_met(settings: dict[str, Any]) -> str:
    if settings.get('robust'):
        return 'Trained with commands up to two periods late, and with readings on time.'
    chances = settings.get('training', {}).get('conditions', {}).get('chances', ())
    faults = [fault for chance in chances for text in chance['faults'] for fault in parse(text)]
    delays = [fault.lag for _, fault in of_kind(faults, SensorFault) if fault.lag]
    late = f'delays of more than {max(delays)} samples' if delays else 'delays'
    if of_kind(faults, DynamicsFault):
        return f'Not trained with {late}.'
    return f'Not trained with {late}, nor with changed dynamics.'
