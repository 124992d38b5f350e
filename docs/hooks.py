"""Pages of the site that are made while it is built: those of the root, and the API reference."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PAGES = {'contributing.md': 'CONTRIBUTING.md', 'changes.md': 'CHANGELOG.md'}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add one page for each file of the root and for each package with a docstring."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text().replace('](docs/', '](')
        files.append(File.generated(config, page, content=text))
    for init in sorted((ROOT / 'src' / 'liquid_control').glob('*/__init__.py')):
        name = init.parent.name
        text = f'# {name}\n\n::: liquid_control.{name}\n'
        files.append(File.generated(config, f'api/{name}.md', content=text))
    return files
