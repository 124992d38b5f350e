"""A fault of any kind is one file: the registry finds it, and every way applies it."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from ways import Way, batch, streams

from liquid_control.faults import (
    FaultError,
    clock,
    command,
    describe,
    dynamics,
    names,
    parse,
    sensor,
)
from liquid_control.faults.registry import registry

ROOT = Path(__file__).parents[2]
DOC = ROOT / 'docs' / 'faults.md'

OFFSET = '''
    """A constant offset, drawn as an episode begins."""
    from dataclasses import dataclass

    import numpy as np

    from liquid_control.faults import Memory, SensorFault, setting

    class Offsets(Memory):
        kept = ('offset',)

        def __init__(self, sigma, sources, width):
            self._sigma, self.offset = sigma, np.full((sources, width), np.nan)

        def push(self, samples, active, draws):
            new = np.isnan(self.offset) & active[:, None]
            self.offset[:] = np.where(new, self._sigma * draws.normal(), self.offset)
            return samples._replace(values=samples.values + self.offset)

        def restart(self, which):
            self.offset[which] = np.nan

    @dataclass(frozen=True)
    class Offset(SensorFault):
        name, about = 'offset', 'a constant offset'
        sigma: float = setting(0.2, 0.0, 10.0)

        def memory(self, sources, signal):
            return Offsets(self.sigma, sources, len(signal.scale))
'''
WEAK = '''
    """Weaker motors."""
    from dataclasses import dataclass

    from liquid_control.faults import CommandFault, setting

    @dataclass(frozen=True)
    class Weak(CommandFault):
        name, about = 'weak', 'commands times this'
        factor: float = setting(0.7, 0.0, 1.0)

        def corrupt(self, values, scale, draws):
            return self.factor * values
'''
STALLED = """
    from dataclasses import dataclass

    from liquid_control.faults import ClockFault

    @dataclass(frozen=True)
    class Stalled(ClockFault):
        name, about = 'stalled', 'a period without sense'

        def periods(self, draws):
            return {}
"""
SHOVE = '''
    """Sideways gravity of random strength for three periods in every eight."""
    from dataclasses import dataclass

    from liquid_control.faults import DynamicsFault, setting

    @dataclass(frozen=True)
    class Shove(DynamicsFault):
        name, about = 'shove', 'pushes of this strength'
        strength: float = setting(3.0, 0.0, 100.0)

        def active(self, count):
            return (count >= self.start) & (count % 8 < 3)

        def change(self, model, rng):
            model.opt.gravity[0] += self.strength * rng.standard_normal()
'''


@pytest.fixture
def add(tmp_path, monkeypatch):
    """add(package, source) puts one more module into the folder of a kind."""

    def added(package, source):
        folder = tmp_path / package.__name__.rpartition('.')[2]
        folder.mkdir()
        name = f'added_to_{tmp_path.name}'  # unlike that of any other test
        (folder / f'{name}.py').write_text(textwrap.dedent(source))
        monkeypatch.setattr(package, '__path__', [*package.__path__, str(folder)])
        registry.cache_clear()

    yield added
    monkeypatch.undo()
    registry.cache_clear()


def test_one_more_file_is_one_more_fault(add):
    with pytest.raises(FaultError, match="unknown fault 'offset'"):
        parse('offset:0.3')
    add(sensor, OFFSET)
    (fault,) = parse('offset:0.3@2')
    assert (fault.name, fault.sigma, fault.start) == ('offset', 0.3, 2)
    assert any(line.startswith('offset:SIGMA') for line in describe('sensor'))


def test_an_added_fault_with_memory_is_the_same_in_one_world_and_many(add):
    add(sensor, OFFSET)
    ways = [Way('offset:0.3@2+delay:1', seed) for seed in (1, 2)]
    many, random = batch('offset:0.3@2+delay:1', 2), streams(ways)
    for way in ways:
        way.reset(0)
    offsets = []
    for _ in range(8):
        one = [way.step() for way in ways]
        random.at(*(each.now for each in one))
        read, _ = many.read(np.stack([each.true for each in one]), random)
        assert read.tobytes() == np.stack([each.read for each in one]).tobytes()
        offsets.append(read)
    assert not np.array_equal(offsets[-1][0], offsets[-1][1])


def test_an_added_command_fault_acts_in_its_place(add):
    add(command, WEAK)
    way = Way('weak:0.5+command_delay:1', 0)
    way.reset(0)
    first, second = way.step(), way.step()
    assert np.array_equal(second.acting, 0.5 * first.sent)


def test_a_command_that_a_fault_spoils_is_refused(add):
    add(command, WEAK.replace('self.factor * values', 'values / 0.0'))
    way = Way('command_delay:1+weak+command_repeat:0', 0)
    way.reset(0)
    with (
        np.errstate(all='ignore'),
        pytest.raises(FaultError, match=r'weak: expected command .* nan'),
    ):
        way.step()


@pytest.mark.parametrize('length', ['-1.0', '0.0', "float('nan')", "float('inf')"])
def test_a_period_without_sense_is_refused(add, length):
    add(clock, STALLED.format(length))
    way = Way('jitter+stalled', 0)
    way.reset(0)
    with pytest.raises(FaultError, match='stalled: expected periods of a finite length above 0'):
        way.step()


def test_an_added_dynamics_fault_may_end_and_begin_again(add):
    add(dynamics, SHOVE)
    ways = [Way('friction:0.5+shove:2@4', seed) for seed in (1, 2)]
    many, random = batch('friction:0.5+shove:2@4', 2), streams(ways)
    for way in ways:
        way.reset(0)
    nominal, forces = ways[0].world.nominal, []
    for _ in range(20):
        one = [way.step() for way in ways]
        random.at(*(each.now for each in one))
        models = many.models(nominal, np.array([each.step for each in one]), random)
        forces.append([each.model.opt.gravity[0] for each in one])
        assert [model.opt.gravity[0] for model in models] == forces[-1]
        assert all((m.geom_friction == 0.5 * nominal.geom_friction).all() for m in models)
    pushed = [bool(force[0]) for force in forces]
    assert pushed == [step >= 4 and step % 8 < 3 for step in range(20)]
    assert len({force for step in forces for force in step}) == 5, (
        'two pushes of two robots, or none'
    )


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (("'weak'", "'gaussian'"), r"added_.*py: Weak: .* 'gaussian' is taken by .*gaussian.py: G"),
        (('CommandFault', 'SensorFault'), 'Weak: expected a CommandFault in the folder command'),
        (('CommandFault', 'Fault'), 'Weak: expected a CommandFault in the folder command'),
        (("name, about = 'weak',", 'about ='), "Weak: name: expected a text, found ''"),
        (('setting(0.7, 0.0, 1.0)', '0.7'), r'Weak: factor: expected a setting\(.*, found 0.7'),
        (('= setting(0.7, 0.0, 1.0)', ''), r'Weak: factor: expected a setting\(.*, found nothing'),
        (('@dataclass(frozen=True)', ''), r'Weak: factor: expected @dataclass\(frozen=True\)'),
        (('class Weak', 'class weak F'), r'line 8: expected a fault, found SyntaxError'),
        (('import CommandFault', 'import Falt'), r'line 5: expected a fault, found Imp.*: .*Falt'),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_named(add, change, said):
    add(command, WEAK.replace(*change))
    with pytest.raises(FaultError, match=said):
        parse('gaussian')


def test_the_example_is_found_in_the_folder_of_its_kind(add):
    example = (ROOT / 'examples' / 'my_fault.py').read_text()
    add(sensor, example.replace("'gain'", "'example'"))  # whoever tries it has a gain already
    way = Way('example:1.5@2', 0)
    way.reset(0)
    steps = [way.step() for _ in range(4)]
    assert [each.read[:8].tolist() for each in steps] == [
        ((1.5 if number >= 2 else 1.0) * each.true[:8]).tolist()
        for number, each in enumerate(steps)
    ]


def test_every_fault_stands_in_the_documentation():
    text = DOC.read_text()
    for name in names():
        assert f'| `{name}:' in text, name


def test_the_documented_example_is_the_one_in_the_folder():
    (block,) = re.findall(r'^```python\n(.*?)^```', DOC.read_text(), re.DOTALL | re.MULTILINE)
    example = (ROOT / 'examples' / 'my_fault.py').read_text()
    documented = block[block.index('@dataclass') :]
    assert example[example.index('@dataclass') :].startswith(documented)


def test_the_documentation_says_which_faults_are_on_or_off():
    text = re.search(r'On or off\nonly[^:]*: (.*?)\.', DOC.read_text(), re.DOTALL)
    assert text is not None
    expected = sorted(name for name, kind in registry().items() if not kind.graded)
    assert re.findall(r'`([a-z_]+)`', text[1]) == expected
