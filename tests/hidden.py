"""``python hidden.py MODULES VERB …``: the command line where some modules are not installed."""

import importlib.abc
import sys


class Hide(importlib.abc.MetaPathFinder):
    """Says that some modules cannot be found."""

    def __init__(self, names: list[str]):
        self.names = names

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition('.')[0] in self.names:
            raise ModuleNotFoundError(f'No module named {fullname!r}', name=fullname)


if __name__ == '__main__':
    sys.meta_path.insert(0, Hide(sys.argv[1].split(',')))
    from liquid_control.cli.main import main

    sys.exit(main(sys.argv[2:]))
