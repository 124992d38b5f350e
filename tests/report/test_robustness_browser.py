"""The report of a comparison, opened in a browser: no errors, plots drawn, buttons work."""

import html.parser
import json
import re
import shutil
import subprocess

import pytest
from made_results import FAMILIES, made_results

pytest.importorskip('plotly')
pytest.importorskip('scipy')

from liquid_control.evaluation.robustness import analyse
from liquid_control.report.robustness import write_robustness_report

BROWSER = shutil.which('chromium') or shutil.which('chromium-browser')
ACT = """
<script>addEventListener('load', () => setTimeout(() => {
  const shown = () => [...document.querySelectorAll('.drawn .grid > div > div')].map((plot) =>
    plot.data.filter((trace) => trace.visible !== false).length);
  const before = shown();
  document.querySelector('button[data-policy]').click();
  const fewer = shown();
  document.querySelector('button[data-policy]').click();
  const again = shown();
  document.getElementById('bands').click();
  const lines = shown();
  const walks = document.querySelector('button[data-walks]');
  if (walks) walks.click();
  const place = document.createElement('pre');
  place.id = 'seen';
  place.textContent = JSON.stringify({
    before, fewer, again, lines,
    opened: document.querySelectorAll('dialog[open]').length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    drawn: document.querySelectorAll('.js-plotly-plot svg.main-svg').length,
    paths: document.querySelectorAll('.js-plotly-plot path.js-line').length,
    plots: document.querySelectorAll('.drawn .grid > div > div').length,
    loaded: performance.getEntriesByType('resource').map((entry) => entry.name),
  });
  document.body.append(place);
}, 500));</script></body>
"""
"""Uses the page as a reader would, and writes what came of it into the page."""


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """Results → the path of their report."""

    def write(results):
        folder = tmp_path_factory.mktemp('report')
        return write_robustness_report(folder, results, analyse(results), video=False)

    return write


@pytest.fixture(scope='module')
def whole(report):
    return report(made_results())


class Resources(html.parser.HTMLParser):
    """Collects what a page loads or links to, outside scripts."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [v for k, v in attrs if k in ('src', 'href', 'srcset', 'action') and v]


def opened(path, width=1280):
    """Open a page and use it: messages of its console, and what its script saw."""
    page = path.with_name(f'used-{width}.html')
    page.write_text(path.read_text().replace('</body>', ACT))
    arguments = [
        BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
        '--dump-dom', '--enable-logging=stderr', '--virtual-time-budget=20000',
        f'--window-size={width},900', f'--user-data-dir={path.parent / "profile"}', page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)
    assert seen, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if ':CONSOLE' in line]
    return console, json.loads(seen.group(1).replace('&amp;', '&'))


@pytest.mark.skipif(BROWSER is None, reason='needs Chromium (Debian: chromium)')
@pytest.mark.parametrize('width', [500, 1280])
def test_a_browser_draws_every_plot(whole, width):
    console, seen = opened(whole, width)
    assert console == []
    assert seen['loaded'] == []
    assert seen['plots'] > 3 * len(FAMILIES) - 3
    assert seen['drawn'] >= seen['plots']
    assert seen['paths'] > seen['plots']
    assert seen['overflow'] <= 0


@pytest.mark.skipif(BROWSER is None, reason='needs Chromium (Debian: chromium)')
def test_buttons_hide_policies_and_intervals(whole):
    _, seen = opened(whole)
    assert seen['before'] == seen['again']
    assert seen['before'][0] > seen['fewer'][0]
    assert seen['before'][0] > seen['lines'][0]
    assert seen['lines'][0] == 4


@pytest.mark.skipif(BROWSER is None, reason='needs Chromium (Debian: chromium)')
def test_one_policy_and_one_fault_make_a_page(report):
    path = report(made_results(('cfc',), FAMILIES[-1:], oddities=False, figures=False))
    console, seen = opened(path)
    assert console == []
    assert seen['drawn'] >= seen['plots'] > 0


def test_the_page_needs_no_other_file(whole):
    text = whole.read_text()
    page = Resources()
    page.feed(re.sub(r'<script.*?</script>', '', text, flags=re.DOTALL))
    assert [found for found in page.found if not found.startswith('data:')] == []
    assert "default-src 'none'" in text, 'the browser loads nothing either'
    assert 'url(' not in re.sub(r'<script.*?</script>', '', text, flags=re.DOTALL)


def test_pictures_for_documents_are_written(whole):
    for name in ('curves.png', 'map.png'):
        assert whole.with_name(name).read_bytes().startswith(b'\x89PNG')
