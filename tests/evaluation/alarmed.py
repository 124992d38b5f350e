"""An arm without its IMU, and predictors of it with a calibrated alarm."""

import dataclasses

import onnx
from support import arm, make_bundle

from liquid_control.control import Bundle, Contract
from liquid_control.evaluation.alarm import Calibration


def joints_alone() -> Contract:
    data = arm()
    del data['observation'][1]
    return Contract.from_dict(data)


def alarmed(folder, robot: Contract, threshold: float, edit=None) -> Bundle:
    """An untrained predictor of a robot's angles; ``edit`` as for :func:`support.make_bundle`."""
    calibration = Calibration(
        horizon=6, every=3, window=4, scale=(0.1, 0.1), band=(0.1, 0.1), threshold=threshold,
        rate=1.0, seconds=10.0, extrapolated=False,
    )  # fmt: skip
    path = make_bundle(folder / 'predictor.onnx', robot.asking('angle'), edit=edit)
    read = Bundle.read(path)
    model = onnx.load_from_string(read.graph)
    del model.metadata_props[:]
    about = dataclasses.replace(
        read, settings={'network': 'predictor'}, scores={'alarm': calibration.to_dict()}
    )
    return about.write(path, model.SerializeToString())
