"""What runs on the robot: NumPy and ONNX Runtime (plus onnx for recordings), no torch, no ROS."""

from liquid_control.control.bundle import Bundle, BundleError
from liquid_control.control.commands import (
    CommandCodec,
    CommandError,
    CommandReader,
    command_codec,
    command_reader,
)
from liquid_control.control.contract import Contract, ContractError
from liquid_control.control.controller import Command, Controller
from liquid_control.control.gate import Gate, Reason
from liquid_control.control.observe import ObservationError, Observer
from liquid_control.control.runtime import Decision, PolicyRunner

__all__ = [
    'Bundle',
    'BundleError',
    'Command',
    'CommandCodec',
    'CommandError',
    'CommandReader',
    'Contract',
    'ContractError',
    'Controller',
    'Decision',
    'Gate',
    'ObservationError',
    'Observer',
    'PolicyRunner',
    'Reason',
    'command_codec',
    'command_reader',
]
