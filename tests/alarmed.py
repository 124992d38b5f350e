"""An arm without its IMU, and predictors of it with an alarm."""

import dataclasses

import onnx
from support import arm, make_bundle

from liquid_control.control import Bundle, Contract
from liquid_control.replay.alarm import Calibration


def joints_alone() -> Contract:
    data = arm()
    del data['observation'][1]
    return Contract.from_dict(data)


def calibrated(size: int, threshold: float) -> Calibration:
    """A made-up alarm calibration over ``size`` channels."""
    return Calibration(
        horizon=6, every=3, window=4, scale=(0.1,) * size, band=(0.1,) * size,
        threshold=threshold, rate=1.0, seconds=10.0, extrapolated=False,
    )  # fmt: skip


def alarmed(folder, robot: Contract, threshold: float, edit=None) -> Bundle:
    """An untrained predictor of a robot's angles; ``edit`` as for :func:`support.make_bundle`."""
    path = make_bundle(folder / 'predictor.onnx', robot.asking('angle'), edit=edit)
    scores = {'alarm': calibrated(2, threshold).to_dict()}
    return changed(Bundle.read(path), path, settings={'network': 'predictor'}, scores=scores)


def changed(bundle: Bundle, path, **about) -> Bundle:
    """Rewrite a bundle with changed metadata and the same network."""
    model = onnx.load_from_string(bundle.graph)
    del model.metadata_props[:]
    return dataclasses.replace(bundle, **about).write(path, model.SerializeToString())
