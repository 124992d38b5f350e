"""The page of a study, from its results.json."""

from pathlib import Path

TITLES = {
    'walker2d-kinematics': 'Walker2d kinematics',
    'synthetic': 'Synthetic series',
    'icu': 'In-hospital mortality',
    'memory': 'Accuracy for memory',
}


def write_report(folder: Path) -> list[Path]:
    """Write ``report.html`` beside ``results.json`` if there is something to compare.

    Returns the page, or nothing.

    Raises:
        ValueError: results.json is not that of a study.
        OSError: the page cannot be written.
    """
    from liquid_control.files import from_json
    from liquid_control.report.study.compared import baselines, write_compared
    from liquid_control.report.study.icu import write_icu
    from liquid_control.report.study.memory import write_memory
    from liquid_control.report.study.synthetic import write_synthetic
    from liquid_control.study.claims.reading import read
    from liquid_control.study.synthetic.scores import THRESHOLD

    path = folder / 'results.json'
    groups = read([path], folder)
    if not groups:
        return []
    whole = from_json(path.read_text())
    title = TITLES.get(whole['study']) or ', '.join(
        data['title'] for data in whole['data'].values()
    )
    origin = {**whole.get('provenance', {}), 'results': groups[0].source.sha256}
    if whole['study'] == 'icu':
        return [write_icu(folder, title, groups[0], whole, origin)]
    if whole['study'] == 'memory':
        (data,) = whole['data'].values()
        title = f'{title}: {data["title"]}'
        updates = whole['footing']['updates']
        return write_memory(folder, title, groups, origin, whole['failed'], updates)
    if whole['study'] == 'synthetic':
        return write_synthetic(folder, title, groups, whole, origin, THRESHOLD)
    failed, tables = whole.get('failed') or {}, baselines(whole)
    return [write_compared(folder, title, groups, origin, failed, tables=tables)]
