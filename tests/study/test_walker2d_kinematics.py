"""The papers' protocol, to the exact window, and folders that are not the published set."""

from pathlib import Path

import numpy as np
import pytest
from kinematics import make_up, names, published, waves

from liquid_control.study.walker2d_kinematics import dataset as data


@pytest.fixture(scope='module')
def made_up(tmp_path_factory):
    return make_up(tmp_path_factory.mktemp('rollouts'))


@pytest.fixture
def folder(tmp_path):
    """Small rollouts under the right names, for tests to spoil."""
    rng = np.random.default_rng(0)
    frames = waves(rng, 3)
    for name in names():
        np.save(tmp_path / name, frames)
    return tmp_path


def test_published_data_gives_published_baselines():
    windows = data.protocol(data.load(published()))
    assert (len(windows.train), len(windows.validation), len(windows.test)) == (9684, 1272, 1937)
    found = data.baselines(windows)
    assert round(found['persistence_mse'], 2) == 4.54
    assert round(found['linear_mse'], 2) == 3.13


def test_parts_share_no_rollout_and_hold_all(made_up):
    rollouts = data.load(made_up)
    parts = rollouts.train, rollouts.validation, rollouts.test
    assert [len(part) for part in parts] == [300, 40, 60]
    assert sorted(name for part in parts for name in part) == names()


def test_frames_match_the_digest(folder, monkeypatch):
    before, read_bytes = data.load(folder), Path.read_bytes

    def read_and_change(path):
        content = read_bytes(path)
        np.save(path, np.zeros((3, 17)))
        return content

    monkeypatch.setattr(Path, 'read_bytes', read_and_change)
    after = data.load(folder)
    assert after.sha256 == before.sha256
    for name, frames in before.test.items():
        assert np.array_equal(after.test[name], frames)


def test_only_rollouts_of_known_lengths_pass(made_up):
    rollouts = data.load(made_up)
    assert len(data.protocol(rollouts).train) == 9684
    first = next(iter(rollouts.train))
    rollouts.train[first] = rollouts.train[first][:70]
    with pytest.raises(
        data.DataError, match=r'train: the protocol gives 9684 windows, found 9[0-6]'
    ):
        data.protocol(rollouts)


def test_elapsed_sums_and_targets_are_right():
    frames = np.arange(100.0, dtype=np.float32)[:, None].repeat(17, axis=1)
    x, elapsed, target = data.drop_frames(frames, np.random.RandomState(3))
    assert np.array_equal(np.cumsum(elapsed), x[:, 0] + 1)
    assert np.array_equal(target, x + 1)
    assert 1 < elapsed.max() < 5
    assert elapsed.dtype == x.dtype == np.float32


@pytest.mark.parametrize(('kept', 'windows'), [(64, 0), (65, 1), (80, 1), (81, 2), (97, 3)])
def test_windows_need_a_next_frame(kept, windows):
    series = tuple(np.zeros((kept, width), np.float32) for width in (17, 1, 17))
    if not windows:
        with pytest.raises(data.DataError, match='keeps more than 64 frames'):
            data.cut({'a': series})
    else:
        assert len(data.cut({'a': series})) == windows


def test_drawn_windows_follow_the_seed():
    rng = np.random.default_rng(1)
    rollouts = {name: waves(rng, 120).astype(np.float32) for name in 'abc'}
    found, again, other = (
        data.draw(rollouts, np.random.RandomState(seed), count=50) for seed in (0, 0, 1)
    )
    assert np.array_equal(found.x, again.x)
    assert not np.array_equal(found.x, other.x)
    assert found.x.shape == (50, 64, 17)
    for window in range(50):
        frames = rollouts[found.rollouts[found.source[window, 0]]]
        place = int(np.flatnonzero((frames == found.x[window, 0]).all(axis=1))[0])
        passed = found.elapsed[window, 1:, 0].cumsum().astype(int)
        assert np.array_equal(frames[place + passed], found.x[window, 1:])
        assert np.array_equal(frames[place + 1 + passed], found.target[window, 1:])


def spoil_missing(folder):
    (folder / 'rollout_007.npy').unlink()
    return r'missing: rollout_007\.npy'


def spoil_many_missing(folder):
    for name in names()[:7]:
        (folder / name).unlink()
    return r'missing: rollout_000\.npy, .* and 2 more'


def spoil_extra(folder):
    np.save(folder / 'rollout_400.npy', np.zeros((3, 17)))
    return r'unexpected: rollout_400\.npy'


def spoil_truncated(folder):
    path = folder / 'rollout_003.npy'
    path.write_bytes(path.read_bytes()[:-8])
    return r'rollout_003\.npy: '


def spoil_empty(folder):
    (folder / 'rollout_003.npy').write_bytes(b'')
    return r'rollout_003\.npy: '


def spoil_text(folder):
    (folder / 'rollout_003.npy').write_text('version https://git-lfs.github.com/spec/v1')
    return r'rollout_003\.npy: '


def spoil_pickle(folder):
    np.save(folder / 'rollout_003.npy', np.array([{}], dtype=object), allow_pickle=True)
    return r'rollout_003\.npy: .*allow_pickle'


def spoil_archive(folder):
    with (folder / 'rollout_003.npy').open('wb') as file:
        np.savez(file, a=np.zeros(3))
    return r'rollout_003\.npy: expected shape \(T, 17\), found NpzFile'


def spoil_width(folder):
    np.save(folder / 'rollout_003.npy', np.zeros((5, 16)))
    return r'rollout_003\.npy: expected shape \(T, 17\), found \(5, 16\)'


def spoil_length(folder):
    np.save(folder / 'rollout_003.npy', np.zeros((1, 17)))
    return r'rollout_003\.npy: expected at least 2 frames, found 1'


def spoil_kind(folder):
    np.save(folder / 'rollout_003.npy', np.zeros((5, 17), dtype=int))
    return r'rollout_003\.npy: expected floats, found int64'


def spoil_values(folder):
    frames = np.zeros((5, 17))
    frames[2, 3], frames[4, 4] = np.nan, 1e300
    np.save(folder / 'rollout_003.npy', frames)
    return r'rollout_003\.npy: nan in frame 2, channel 3 \(2 values'


SPOILS = [value for name, value in list(globals().items()) if name.startswith('spoil_')]


@pytest.mark.parametrize('spoil', SPOILS, ids=lambda spoil: spoil.__name__)
def test_wrong_folder_names_the_file(folder, spoil):
    says = spoil(folder)
    with pytest.raises(data.DataError, match=says):
        data.load(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(data.DataError, match=r'nowhere: no such folder'):
        data.load(tmp_path / 'nowhere')
