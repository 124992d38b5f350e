"""Pages of the site that are made while it is built: those of the root, and the API reference."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = {'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changes.md'}
LINK = re.compile(r'\[([^\]]+)\]\(([^)#\s:]+)(#[^)]*)?\)')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add one page for each of PAGES and for each package."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    for init in sorted((ROOT / 'src' / 'liquid_control').glob('*/__init__.py')):
        name = init.parent.name
        text = f'# {name}\n\n::: liquid_control.{name}\n'
        files.append(File.generated(config, f'api/{name}.md', content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links that leave ``docs/`` to a page of the site, or else leave only their text."""
    docs = Path(config.docs_dir)
    made = page.file.src_uri in PAGES.values()
    folder = ROOT if made else (docs / page.file.src_uri).parent

    def local(link: re.Match) -> str:
        text, target, anchor = link.groups()
        path = (folder / target).resolve()
        if path.is_relative_to(docs):
            target = path.relative_to(docs).as_posix() if made else target
            return f'[{text}]({target}{anchor or ""})'
        if path.parent == ROOT and path.name in PAGES:
            up = '../' * (len(Path(page.file.src_uri).parts) - 1)
            return f'[{text}]({up}{PAGES[path.name]}{anchor or ""})'
        return text

    return LINK.sub(local, markdown)
