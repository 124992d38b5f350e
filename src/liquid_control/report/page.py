"""HTML pages from the package's templates."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from liquid_control import __version__
from liquid_control.files import write_whole


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fill a template, which also gets ``version`` and ``written``, and write the page.

    Raises:
        OSError: the file cannot be written.
    """
    environment = Environment(
        loader=PackageLoader('liquid_control.report'),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(template).render(
        version=__version__,
        written=datetime.now(timezone.utc).strftime('%Y-%m-%d %H:%M UTC'),
        **values,
    )
    write_whole(path, html)
