"""The report of a comparison, opened in a browser: no errors, plots drawn, buttons work."""

import html.parser
import re

import pytest
from browsing import needs_browser, opened
from made_results import FAMILIES, made_results

pytest.importorskip('plotly')
pytest.importorskip('scipy')

from liquid_control.evaluation.robustness import analyse
from liquid_control.report.robustness import write_robustness_report


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


@needs_browser
@pytest.mark.parametrize('width', [500, 1280])
def test_a_browser_draws_every_plot(whole, width):
    console, seen = opened(whole, width)
    assert console == []
    assert seen['loaded'] == []
    assert seen['plots'] > 3 * len(FAMILIES) - 3
    assert seen['drawn'] >= seen['plots']
    assert seen['paths'] > seen['plots']
    assert seen['overflow'] <= 0


@needs_browser
def test_buttons_hide_policies_and_intervals(whole):
    _, seen = opened(whole)
    assert seen['before'] == seen['again']
    assert seen['before'][0] > seen['fewer'][0]
    assert seen['before'][0] > seen['lines'][0]
    assert seen['lines'][0] == 4


@needs_browser
def test_one_policy_and_one_fault_make_a_page(report):
    path = report(made_results(('cfc',), FAMILIES[-1:], oddities=False, figures=False))
    console, seen = opened(path)
    assert console == []
    assert seen['drawn'] >= seen['plots'] > 0


@needs_browser
def test_a_comparison_without_faults_makes_a_page(report):
    path = report(made_results(('cfc', 'gru'), (), oddities=False))
    console, seen = opened(path)
    assert console == []
    assert seen['plots'] == seen['drawn'] == 0
    assert 'Without a fault, cfc ' in path.read_text()
    assert not path.with_name('curves.png').exists()


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
