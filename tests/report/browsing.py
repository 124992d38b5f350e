"""Opens a report in a headless browser and uses it as a reader would."""

import json
import re
import shutil
import subprocess

import pytest

BROWSER = shutil.which('chromium') or shutil.which('chromium-browser')
ACT = """
<script>const use = () => {
  if (!document.documentElement.dataset.drawn) return setTimeout(use, 200);
  const shown = () => [...document.querySelectorAll('.drawn .grid > div > div')].map((plot) =>
    plot.data.filter((trace) => trace.visible !== false).length);
  const before = shown();
  const policy = document.querySelector('button[data-policy]');
  policy?.click();
  const fewer = shown();
  policy?.click();
  const again = shown();
  document.getElementById('bands')?.click();
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
};
addEventListener('load', use);</script></body>
"""
"""Uses the page as a reader would, and writes what came of it into the page."""

needs_browser = pytest.mark.skipif(BROWSER is None, reason='needs Chromium (Debian: chromium)')


def opened(path, width=1280):
    """Open a page and use it: messages of its console, and what its script saw."""
    page = path.with_name(f'used-{width}.html')
    page.write_text(path.read_text().replace('</body>', ACT))
    arguments = [
        BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
        '--dump-dom', '--enable-logging=stderr', '--virtual-time-budget=6000',
        f'--window-size={width},900', f'--user-data-dir={path.parent / "profile"}', page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    seen = re.search(r'<pre id="seen">(.*?)</pre>', done.stdout)
    assert seen, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if ':CONSOLE' in line]
    return console, json.loads(seen.group(1).replace('&amp;', '&'))
