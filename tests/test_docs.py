"""What the documentation says can be done: its commands are valid, and its links lead somewhere."""

import csv
import re
import shlex
from pathlib import Path

import pytest
from test_layers import FLOORS

from liquid_control import paths
from liquid_control.cli import main as cli
from liquid_control.control import Bundle
from liquid_control.evaluation.suite import SCORES

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *sorted((ROOT / 'docs').rglob('*.md'))]
PAGES = [page for page in PAGES if 'cards' not in page.parts]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FAULTS = {condition.label: condition.fault for condition in SCORES.conditions}
README_FAULTS = (
    ('robustness', 'none'), ('robustness', 'gaussian:0.1'), ('robustness', 'dropped:0.1'),
    ('robustness', 'bias:0.1'), ('robustness', 'delay:3'), ('generalization', 'period_ms:12'),
    ('generalization', 'mass:1.3'),
)  # fmt: skip


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every fenced block of a page."""
    return re.findall(r'^```(\w*)\n(.*?)^```', page.read_text(), re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """Lines of shell blocks that call the command, and those that a ``$`` marks elsewhere."""
    found = []
    for language, block in blocks(page):
        for line in block.replace('\\\n', ' ').splitlines():
            marked = line.startswith('$ ')
            line = line.removeprefix('$ ').split('  #')[0].strip()
            if line.startswith('liquid-control ') and (language == 'sh' or marked):
                found.append(line)
    return found


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_every_command_is_valid(page):
    for line in commands(page):
        _, verb, *rest = shlex.split(line.split('>')[0].split('|')[0])
        try:
            cli.command_line(verb).parse_args([verb, *rest])
        except SystemExit:
            pytest.fail(f'{page.name}: {line}')


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r'\]\(([^)\s]+)\)', page.read_text()):
        if re.match(r'https?:', target):
            continue
        name, _, anchor = target.partition('#')
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f'{page.name}: {target}'
        if anchor:
            headings = re.findall(r'^#+ (.*)$', there.read_text(), re.MULTILINE)
            known = [re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in headings]
            assert anchor in known, f'{page.name}: {target}'


@pytest.mark.parametrize('page', PAGES, ids=NAMES)
def test_named_files_exist(page):
    """Paths from the root in code font; those with a NAME or a star stand for several."""
    folders = 'config|docs|examples|launch|sim|src|tests'
    for name in re.findall(rf'`((?:{folders})/[\w./-]+(?:\.\w+|/))`', page.read_text()):
        if not re.search(r'NAME|BUDGET|ROBOT', name):
            assert (ROOT / name).exists() or (ROOT / 'src/liquid_control' / name).exists(), name


PRINTED = [page for page in PAGES if page.name == 'README.md' or 'tutorials' in page.parts]


@pytest.mark.parametrize('page', PRINTED, ids=lambda page: page.name)
def test_printed_output_fits_80_columns(page):
    for language, block in blocks(page):
        if language in ('', 'text'):
            for line in block.splitlines():
                assert len(line) <= 80, f'{page.name}: {line}'


def test_every_picture_is_small():
    for picture in (ROOT / 'docs' / 'tutorials').rglob('*.png'):
        assert picture.stat().st_size <= 150_000, picture


def rows_of(page: Path) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the page's table of policies."""
    text = page.read_text()
    table = text[text.index('| policy |') :].split('\n\n')[0]
    header, _, *rows = [
        [cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines()
    ]
    return header, rows


def test_table_of_what_ships():
    """Returns, falls and prediction errors in the table are those of the bundles."""
    columns, rows = rows_of(ROOT / 'docs' / 'policies.md')
    written = {}
    for row in rows:
        name = re.fullmatch(r'\[`(\w+)`\]\(cards/\1\.md\)', row[0])
        if name:
            written[name[1]] = dict(zip(columns, row, strict=True))
    bundles = {n: p for n, p in paths.policies('walker2d').items() if n != paths.EXPERT}
    assert written.keys() == bundles.keys()
    for name, path in bundles.items():
        scores = Bundle.read(path).scores
        for heading, fault in FAULTS.items():
            falls = f' ({scores[fault]["falls"]})' if scores[fault]['falls'] else ''
            expected = f'{scores[fault]["percent"]:.0f}{falls}'
            assert written[name][heading] == expected, (name, heading)
        assert written[name]['prediction'] == f'{scores["none"]["prediction_ratio"]:.3f}'


def test_table_of_the_readme():
    """Its returns are those of the measured comparisons."""
    measured = {}
    for benchmark in ('robustness', 'generalization'):
        with open(ROOT / 'docs' / 'results' / f'{benchmark}.csv', newline='') as file:
            for row in csv.DictReader(file):
                if row['elapsed'] == 'measured':
                    measured[benchmark, row['policy'], row['fault']] = float(row['percent'])
    columns, rows = rows_of(ROOT / 'README.md')
    assert len(columns) == 1 + len(README_FAULTS)
    assert len(rows) >= 4
    for row in rows:
        policy = row[0].split('`')[1]
        for text, (benchmark, fault) in zip(row[1:], README_FAULTS, strict=True):
            assert abs(float(text) - measured[benchmark, policy, fault]) <= 0.551, (policy, fault)


def test_tables_of_the_measured_comparisons():
    """Returns without a fault and falls are those of the files beside them."""
    page = (ROOT / 'docs' / 'robustness_results.md').read_text().split('\n## ')
    for benchmark, part in zip(('robustness', 'generalization'), page[1:], strict=True):
        with open(ROOT / 'docs' / 'results' / f'{benchmark}.csv', newline='') as file:
            rows = [row for row in csv.DictReader(file) if row['elapsed'] == 'measured']
        lines = [line for line in part.splitlines() if line.startswith('| `')]
        assert len(lines) == len({row['policy'] for row in rows})
        for line in lines:
            policy, _, _, clean, _, fallen = (cell.strip() for cell in line.strip('|').split('|'))
            own = [row for row in rows if row['policy'] == policy.strip('`')]
            faulty = [row for row in own if row['family']]
            assert abs(float(clean) - float(own[0]['percent'])) <= 0.551
            falls, episodes = (
                sum(int(row[key]) for row in faulty) for key in ('falls', 'episodes')
            )
            assert fallen == f'{falls} of {episodes}'


def test_floors_of_the_architecture():
    """The table of floors is that of the test of the layers."""
    text = (ROOT / 'docs' / 'architecture.md').read_text()
    rows = re.findall(r'^\| (\d+) \| (.*) \|$', text, re.MULTILINE)
    written = {int(number): tuple(re.findall(r'`(\w+)`', parts)) for number, parts in rows}
    assert written == dict(enumerate(FLOORS, 1))


def test_every_page_is_in_the_site():
    """The navigation names every page, and every package of the API reference."""
    text = (ROOT / 'mkdocs.yml').read_text()
    named = set(re.findall(r': ([\w/]+\.md)$', text, re.MULTILINE))
    pages = {str(page.relative_to(ROOT / 'docs')) for page in (ROOT / 'docs').rglob('*.md')}
    packages = (ROOT / 'src' / 'liquid_control').glob('*/__init__.py')
    made = {f'api/{init.parent.name}.md' for init in packages}
    assert named == pages | made | {'contributing.md', 'changes.md'}
