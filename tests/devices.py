"""Tests that run on the CPU, and on a CUDA GPU if there is one."""

import pytest
import torch

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA GPU')
on_every_device = pytest.mark.parametrize('device', ['cpu', pytest.param('cuda', marks=on_gpu)])
