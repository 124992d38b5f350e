"""Name, version, dependencies, entry points and shared files, for pip and for colcon.

Ranges say what the code was written for; ``constraints.txt`` says what it was tested with.
"""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'liquid_control'


def shared(*folders):
    """(destination, files) of whole folders, under share/liquid_control."""
    for folder in folders:
        for path in sorted(Path(folder).rglob('*')):
            if path.is_file() and '__pycache__' not in path.parts:
                yield f'share/{NAME}/{path.parent}', [str(path)]


CORE = [
    'numpy>=1.24', 'onnx>=1.16', 'onnxruntime>=1.18', 'PyYAML>=6', 'rosbags>=0.10', 'lz4>=4',
    'zstandard>=0.19', 'rich>=13', 'matplotlib>=3.6', 'Jinja2>=3.0', 'shtab>=1.6',
]  # fmt: skip
# ROS 2 from PyPI, for machines without one; never beside a sourced ROS 2.
ROS = [
    'ros-rclpy[fastrtps]>=9.1', 'ros-rcl-interfaces', 'ros-lifecycle-msgs',
    'ros-builtin-interfaces', 'ros-rosgraph-msgs', 'ros-std-msgs', 'ros-std-srvs',
    'ros-sensor-msgs', 'ros-geometry-msgs', 'ros-nav-msgs', 'ros-diagnostic-msgs',
]  # fmt: skip
SIM = ['mujoco>=3.2', 'gymnasium>=1.0', 'imageio-ffmpeg>=0.5', 'Pillow>=10', 'plotly>=6',
       'scipy>=1.15']  # fmt: skip
TRAIN = [
    *SIM, 'torch>=2.4', 'ncps>=1.0', 'stable-baselines3>=2.4', 'safetensors>=0.4',
    'onnxscript>=0.2',
]  # fmt: skip
RAY = ['ray>=2.9']
LOG = ['tensorboard>=2.14']  # beside train; without it --log writes lines of JSON alone
# Gymnasium's own Walker2d, which ours is held against, imports imageio.
TEST = [
    *SIM, 'imageio>=2.14', 'mcap>=1.2', 'pytest>=8', 'pytest-xdist>=3',
    'hypothesis>=6',
]  # fmt: skip
LINT = ['ruff>=0.12', 'ty>=0.0.100']
DOCS = ['mkdocs>=1.6', 'mkdocs-material>=9.5', 'mkdocstrings[python]>=0.30', 'ruff>=0.12']

setup(
    name=NAME,
    version='0.1.0',
    description='Liquid and gated recurrent controllers for robots: train, run and measure alike',
    license='Apache-2.0',
    maintainer='liquid_control contributors',
    package_dir={'': 'src'},
    packages=find_packages('src'),
    package_data={NAME: ['py.typed'], f'{NAME}.report': ['templates/*']},
    python_requires='>=3.10',
    install_requires=CORE,
    extras_require={
        'ros': ROS,
        'sim': SIM,
        'train': TRAIN,
        'log': LOG,
        'ray': RAY,
        'test': TEST,
        'lint': LINT,
        'docs': DOCS,
    },
    entry_points={
        'console_scripts': [
            'liquid-control = liquid_control.cli.main:main',
            'sim_node = liquid_control.nodes.start:sim_node',
            'fault_node = liquid_control.nodes.start:fault_node',
            'policy_node = liquid_control.nodes.start:policy_node',
            'monitor_node = liquid_control.nodes.start:monitor_node',
            'bag_node = liquid_control.nodes.start:bag_node',
        ]
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml', 'constraints.txt']),
        *shared('launch', 'config', 'sim'),
    ],
    zip_safe=False,
)
