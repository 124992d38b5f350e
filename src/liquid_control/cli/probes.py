"""Doctor's probes, each run in its own process: ``python -m liquid_control.cli.probes``.

A probe prints one JSON object. A broken driver or library crashes the probe, not doctor.
"""

import json
import sys
import time

_TALK_S = 38.0
"""Longest time to talk; doctor ends the talker once the listener is done."""
_WAIT_S = 20.0
_DISCOVERY_S = 1.0


def talk(topic: str) -> dict:
    """Publish on a topic for a while."""
    import rclpy
    from std_msgs.msg import String

    rclpy.init()
    node = rclpy.create_node(f'doctor_talks_{topic}')
    publisher = node.create_publisher(String, topic, 10)
    end = time.monotonic() + _TALK_S
    while time.monotonic() < end:
        publisher.publish(String(data=topic))
        rclpy.spin_once(node, timeout_sec=0.05)
    return {}


def listen(topic: str) -> dict:
    """Receive one message from another process, and report which other nodes there are."""
    import rclpy
    from std_msgs.msg import String

    rclpy.init()
    node = rclpy.create_node(f'doctor_listens_{topic}')
    heard: list[str] = []
    node.create_subscription(String, topic, lambda message: heard.append(message.data), 10)
    started = time.monotonic()
    seconds = None
    while time.monotonic() - started < (_DISCOVERY_S if heard else _WAIT_S):
        rclpy.spin_once(node, timeout_sec=0.05)
        if heard and seconds is None:
            seconds = time.monotonic() - started
    others = {
        f'{space.rstrip("/")}/{name}'
        for name, space in node.get_node_names_and_namespaces()
        if not name.endswith(topic)
    }
    return {
        'heard': heard[:1] == [topic],
        'seconds': seconds,
        'rmw': rclpy.get_rmw_implementation_identifier(),
        'others': sorted(others),
    }


def schedule() -> dict:
    """Ask for a real-time priority for this process, and say why it was refused, if it was."""
    import os

    if not hasattr(os, 'SCHED_FIFO'):
        return {'refused': 'this system has none'}
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    except OSError as error:
        return {'refused': f'{error.strerror}'}
    return {'refused': ''}


def simulate() -> dict:
    """Take one step of the simulation."""
    import mujoco
    import numpy as np

    from liquid_control.sim import simulated_robot
    from liquid_control.sim.world import World

    try:
        world = World(simulated_robot('walker2d'))
    except ValueError as error:  # the file of some robot, which it names
        return {'version': mujoco.__version__, 'wrong': str(error)}
    world.reset(seed=0)
    reward, _ = world.step(np.zeros(6))
    return {'version': mujoco.__version__, 'reward': reward}


def render() -> dict:
    """Draw one small frame off screen, with the backend that ``MUJOCO_GL`` names."""
    import mujoco

    from liquid_control.sim import simulated_robot

    model = simulated_robot('walker2d').load_model()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 48, 64) as renderer:
        renderer.update_scene(data)
        return {'mean': float(renderer.render().mean())}


def main() -> int:
    probes = {probe.__name__: probe for probe in (talk, listen, schedule, simulate, render)}
    print(json.dumps(probes[sys.argv[1]](*sys.argv[2:])), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
