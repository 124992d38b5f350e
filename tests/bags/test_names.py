"""A topic recorded under another name is found, however the name is written."""

import pytest

from liquid_control.bags.names import check_renamed, recorded_name, renaming


@pytest.mark.parametrize('topic', ['joint_states', '/joint_states'])
@pytest.mark.parametrize('name', ['joint_states', '/joint_states'])
def test_slashes_do_not_count(topic, name):
    assert recorded_name(topic, {name: '/robot/joint_states'}) == 'robot/joint_states'
    assert recorded_name(topic, {}) == 'joint_states'


def test_what_the_contract_reads_can_be_renamed(robot):
    check_renamed(
        dict(map(renaming, ['/joint_states=a', 'commands=b', 'policy/prediction=c'])), robot
    )
    with pytest.raises(ValueError, match="unknown topic 'odom'; there are: commands, joint_states"):
        check_renamed({'odom': 'a'}, robot)


@pytest.mark.parametrize('text', ['joint_states', '=a', 'a='])
def test_a_renaming_has_two_names(text):
    with pytest.raises(ValueError, match=f'expected TOPIC=RECORDED, found {text}'):
        renaming(text)
