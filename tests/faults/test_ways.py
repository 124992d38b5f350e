"""One order of faults and the same numbers, in one world and in many, for faults of every kind."""

import numpy as np
import pytest
from support import ROBOT, arm
from ways import WALKER2D, Way, batch, streams

from liquid_control.control import Contract
from liquid_control.faults import BatchFaults, FaultError, names, parse
from liquid_control.sim.batch import WorldBatch

COUNT, STEPS = 3, 40
SPECS = (
    *names(),
    'gaussian:0.1+dropped:0.3+delay:2',
    'delay:2+dropped:0.3@7+gaussian:0.1',
    'command_delay:2+command_repeat:0.3+command_noise:0.2@9',
    'command_noise:0.2+command_repeat:0.3+command_delay:2@9',
    'jitter:0.3+period:1.5@11',
    'bias:0.2+delay_ms:20+stamp_jitter:0.2@5+frozen:1/burst:5:12',
    'stuck:0.3:3:on=*thigh*+spikes:0.2:4+random_walk/wave:9+drift/ramp:20@3',
    'dropped:0.5/wave:8+repeated:0.3:2+dropout:0.2:2+removed:1:on=rooty/cyclic:3:5',
    'command_hold:3@2+command_noise/ramp:9+command_repeat:0.5/burst:4:9',
    'period_ms:4/burst:5:11+jitter/ramp:15',
    'push:80/burst:3:7+slope:9/ramp:30+motor:0.5/cyclic:2:5+damping:3@9+mass:2:*thigh*',
    'friction:2@5+mass:0.5:thigh@5+mass:1.5@20',
    'gaussian+command_noise+jitter+friction+delay:1+command_delay:1+mass',
)
DYNAMICS = (
    'geom_friction', 'body_mass', 'body_inertia', 'dof_invweight0', 'body_subtreemass',
    'dof_damping', 'actuator_gainprm', 'actuator_biasprm', 'qpos_spring', 'jnt_stiffness',
)  # fmt: skip


@pytest.mark.parametrize('spec', SPECS)
def test_one_world_and_many_have_equal_faults(spec):
    """To the last bit, over two episodes, from the same true values."""
    ways = [Way(spec, seed) for seed in range(5, 5 + COUNT)]
    many, random = batch(spec, COUNT), streams(ways)
    for episode in range(2):
        for index, way in enumerate(ways):
            way.reset(episode)
            many.restart(index, many.has[index])
        for _ in range(STEPS):
            one = [way.step() for way in ways]
            random.at(*(each.now for each in one))
            steps = np.array([each.step for each in one])
            models = many.models(ways[0].world.nominal, steps, random)
            read, arrived = many.read(np.stack([each.true for each in one]), random)
            lengths = many.periods(steps, random)
            acting = many.act(np.stack([each.sent for each in one]), random)
            for index, each in enumerate(one):
                assert arrived[index] == each.arrived
                if each.arrived:
                    assert many.stamps[index] == each.stamp
                    assert read[index].tobytes() == each.read.tobytes()
                assert lengths[index] == each.length
                assert acting[index].tobytes() == each.acting.tobytes()
                for name in DYNAMICS:
                    found, expected = getattr(models[index], name), getattr(each.model, name)
                    assert found.tobytes() == expected.tobytes(), name
                assert models[index].opt.gravity.tobytes() == each.model.opt.gravity.tobytes()


@pytest.mark.parametrize('spec', [spec for spec in SPECS if '+' in spec])
def test_the_faults_of_worlds_differ(spec):
    """Otherwise equality would show nothing."""
    first, other, clean = Way(spec, 1), Way(spec, 2), Way('none', 1)
    for way in (first, other, clean):
        way.reset(0)
    traces = [
        [(each.read.tobytes(), each.acting.tobytes(), each.length) for each in steps]
        for steps in ([way.step() for _ in range(STEPS)] for way in (first, other, clean))
    ]
    assert traces[0] != traces[2]
    assert traces[0] != traces[1]


@pytest.mark.parametrize(
    'spec',
    [
        'friction:0.3+mass:2', 'mass:3:leg@10', 'period:0.5+friction:3', 'push:200/burst:6:15',
        'slope:10+motor:0.6', 'period_ms:4/cyclic:4:9+damping:20',
    ],
)  # fmt: skip
def test_many_worlds_move_as_one_does(spec):
    way = Way(spec, 3)
    way.reset(4)
    walkers, many, random = WorldBatch(WALKER2D, 2, 0), batch(spec, 2), streams([way, way])
    walkers.qpos[:], walkers.qvel[:] = way.world.data.qpos, way.world.data.qvel
    many.restart(1, np.zeros(len(parse(spec)), dtype=bool))
    apart = False
    for _ in range(STEPS):
        one = way.step()
        random.at(one.now, one.now)
        walkers.models = many.models(walkers.model, walkers.steps, random)
        lengths = walkers.whole(many.periods(walkers.steps, random))
        reward, fallen = walkers.step(np.stack([one.acting, one.acting]), lengths)
        assert reward[0] == pytest.approx(one.reward, abs=1e-9)
        assert fallen[0] == one.fallen
        np.testing.assert_allclose(walkers.qpos[0], way.world.data.qpos, atol=1e-9)
        apart |= abs(reward[1] - one.reward) > 1e-3
    assert apart, 'the world without faults moves otherwise'
    walkers.close()


def test_a_policy_that_reads_one_term_has_that_terms_noise():
    way, faults = Way('gaussian:0.1+dropped:0.2', 6), parse('gaussian:0.1+dropped:0.2')
    way.reset(0)
    contract, has = ROBOT.asking('joint_velocity'), np.ones((1, 2), dtype=bool)
    many, random = BatchFaults.of(faults, has, contract, ROBOT), streams([way])
    for _ in range(10):
        one = way.step()
        read, arrived = many.read(one.true[None, 8:], random.at(one.now))
        assert arrived[0] == one.arrived
        if one.arrived:
            assert read[0].tobytes() == one.read[8:].tobytes()


def test_terms_on_several_topics_are_refused():
    robot = Contract.from_dict(arm())
    with pytest.raises(FaultError, match='expected all terms on one topic, found joint_states, im'):
        BatchFaults.of((), np.ones((1, 0)), robot)
