"""Reading and cleaning of the challenge's files, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from icu_sets import HEADER, made, published, record, write_archive, write_folder

from liquid_control.study.icu import dataset, files, outcomes, patients
from liquid_control.study.icu.record import read
from liquid_control.study.icu.variables import NAMES
from liquid_control.study.sequences import DataError

NAME = 'set-a/100001.txt'


def column(one, name):
    return one.values[:, NAMES.index(name)]


def test_minus_one_is_missing():
    one = read(NAME, record(100001, '00:00,Weight,-1', '00:10,HR,80'))
    assert np.isnan(column(one, 'Weight')).all()
    assert one.missing == {'Weight': 1}
    assert not one.impossible


@pytest.mark.parametrize(
    ('name', 'value'),
    [('Temp', -17.8), ('pH', 735), ('HR', 0), ('SysABP', 0), ('Height', 13), ('Weight', 0.6)],
)
def test_impossible_values_are_missing(name, value):
    one = read(NAME, record(100001, f'00:00,{name},{value}', '01:00,GCS,15'))
    assert np.isnan(column(one, name)).all()
    assert one.impossible == {name: 1}
    assert not one.missing


def test_repeated_rows_become_their_mean():
    rows = '01:00,HR,80', '01:00,HR,90', '01:00,MAP,70', '01:00,MAP,70', '02:00,HR,100'
    one = read(NAME, record(100001, *rows))
    np.testing.assert_array_equal(column(one, 'HR')[1:], [85, 100])
    assert one.repeated == {'HR': 1, 'MAP': 1}
    assert one.conflicting == {'HR': 1}


def test_impossible_repeat_does_not_count():
    one = read(NAME, record(100001, '01:00,HR,80', '01:00,HR,0'))
    assert column(one, 'HR')[1] == 80
    assert not one.repeated


def test_steps_are_times_with_values():
    rows = '05:00,HR,80', '01:30,HR,70', '03:00,HR,0', '48:00,GCS,15'
    one = read(NAME, record(100001, *rows))
    assert one.minutes.tolist() == [0, 90, 300, 2880]
    assert column(one, 'Age')[0] == 60


@pytest.mark.parametrize(
    ('row', 'line', 'expected'),
    [
        ('01:00,Hr,80', 5, "variable 'Hr'.*HR"),
        ('1:00,HR,80', 5, 'time.*00:00 to 48:00'),
        ('01:60,HR,80', 5, 'time'),
        ('48:01,HR,80', 5, 'time'),
        ('01:00,HR,high', 5, "value: expected a number, found 'high'"),
        ('01:00,HR,nan', 5, 'value'),
        ('01:00,HR,', 5, 'value'),
        ('01:00,HR', 5, 'time, variable and value'),
        ('', 5, 'time, variable and value'),
        ('01:00,Age,60', 5, 'Age: expected at 00:00'),
        ('00:00,RecordID,7', 5, 'RecordID: expected 100001'),
    ],
)
def test_bad_row_names_file_and_line(row, line, expected):
    text = record(100001) + row + '\n'
    with pytest.raises(DataError, match=f'{NAME}, line {line}: .*{expected}'):
        read(NAME, text)


@pytest.mark.parametrize('text', ['', 'Time,Value\n', 'Time;Parameter;Value\n00:00,HR,1\n'])
def test_bad_header_is_refused(text):
    with pytest.raises(DataError, match=f'{NAME}, line 1: expected .Time,Parameter,Value'):
        read(NAME, text)


def test_record_without_number_is_refused():
    with pytest.raises(DataError, match='expected a row 00:00,RecordID,100001'):
        read(NAME, 'Time,Parameter,Value\n00:00,Age,60\n')


def test_archive_and_folder_are_alike(tmp_path):
    records, ends = made(9)
    one = patients.load(write_archive(tmp_path / 'tar', records, ends))
    for kind in ('txt', 'csv'):
        other = patients.load(write_folder(tmp_path / kind, records, ends, kind))
        assert one.sha256 == other.sha256
        assert one.cleaning == other.cleaning


def test_archive_itself_can_be_given(tmp_path):
    folder = write_archive(tmp_path, *made(9))
    assert patients.load(folder / 'set-a.tar.gz').sha256 == patients.load(folder).sha256
    inside = write_folder(tmp_path / 'more', *made(9)) / 'set-a'
    assert patients.load(inside).sha256 == patients.load(folder).sha256


def test_values_stay_until_measured_again(tmp_path):
    rows = '01:00,HR,80', '02:00,GCS,15', '03:30,HR,90'
    _, ends = made(1)
    sequences = patients.load(
        write_folder(tmp_path, {100000: record(100000, *rows)}, ends)
    ).sequences
    heart = NAMES.index('HR')
    np.testing.assert_array_equal(sequences.x[0, :, heart], [0, 80, 80, 90])
    assert sequences.observed is not None
    np.testing.assert_array_equal(sequences.observed[0, :, heart], [False, True, False, True])
    np.testing.assert_array_equal(sequences.elapsed[0, :, 0], [1, 1, 1, 1.5])


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match='nowhere: no such file'):
        files.find(tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'expected set-a\.tar\.gz'):
        files.find(tmp_path)


def test_several_sets_are_refused(tmp_path):
    write_archive(tmp_path, *made(3))
    (tmp_path / 'set-b.tar.gz').write_bytes(b'')
    with pytest.raises(DataError, match=r'set-a\.tar\.gz, set-b\.tar\.gz; name one'):
        files.find(tmp_path)


def test_missing_outcomes_are_named(tmp_path):
    write_archive(tmp_path, *made(3))
    (tmp_path / 'Outcomes-a.txt').unlink()
    with pytest.raises(DataError, match=r'expected Outcomes-a\.txt or Outcomes-a\.csv'):
        files.find(tmp_path)


@pytest.mark.parametrize('share', [0.1, 0.5, 0.99])
def test_truncated_archive_is_refused(tmp_path, share):
    path = write_archive(tmp_path, *made(60)) / 'set-a.tar.gz'
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r'set-a\.tar\.gz: not a whole \.tar\.gz archive'):
        patients.load(tmp_path)


def test_other_file_is_no_archive(tmp_path):
    path = write_archive(tmp_path, *made(3)) / 'set-a.tar.gz'
    path.write_bytes(b'Time,Parameter,Value\n')
    with pytest.raises(DataError, match=r'not a whole \.tar\.gz archive'):
        patients.load(tmp_path)


def test_altered_record_names_member_and_line(tmp_path):
    records, ends = made(3)
    records[100001] += '01:00,Pulse,80\n'
    line = records[100001].count('\n')
    write_archive(tmp_path, records, ends)
    with pytest.raises(DataError, match=f'set-a.tar.gz: {NAME}, line {line}: .*Pulse'):
        patients.load(tmp_path)


def test_bytes_that_are_not_text_are_refused():
    with pytest.raises(DataError, match=f'{NAME}, line 2: expected text'):
        files.decoded(NAME, b'Time,Parameter,Value\n\xff\xfe')


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (lambda text: text + '7,1,1,1,1,0\n', 'Outcomes-a.txt, line 5: .*no patient 7'),
        (lambda text: text.rsplit('\n', 2)[0] + '\n', '100002.txt: .*no outcome of patient 100002'),
        (lambda text: text.replace('-1,0', '-1,2', 1), 'Outcomes-a.txt, line 3: .*0 or 1'),
        (lambda text: text + '100001,1,1,1,1,0\n', 'line 5: patient 100001 is on line 3'),
        (lambda text: text + '100001,1,1\n', 'line 5: expected 6 values, found 3'),
        (lambda text: text + 'x,1,1,1,1,0\n', "line 5: RecordID: expected a number, found 'x'"),
        (lambda text: text.replace(',4,', ',four,', 1), "line 2: SOFA: .*'four'"),
        (lambda text: text.replace(HEADER, 'RecordID,Died'), 'line 1: expected RecordID,SAPS-I'),
        (lambda text: HEADER + '\n', 'expected one line a patient'),
    ],
)
def test_bad_outcomes_name_file_and_line(tmp_path, change, expected):
    records, ends = made(3)
    write_folder(tmp_path, records, change(ends))
    with pytest.raises(DataError, match=expected):
        patients.load(tmp_path)


def test_unknown_severity_is_not_a_number(tmp_path):
    path = tmp_path / 'Outcomes-a.txt'
    path.write_text(f'{HEADER}\n100000,-1,3,5,-1,0\n')
    row = outcomes.read(path)['100000']
    assert np.isnan(row.saps)
    assert row.sofa == 3
    assert not row.died


def test_folds_test_every_patient_once():
    died = np.random.default_rng(0).random(4000) < 0.14
    parts = [dataset.fold(died, number) for number in range(dataset.FOLDS)]
    tested = np.concatenate([test for _, _, test in parts])
    np.testing.assert_array_equal(np.sort(tested), np.arange(4000))
    for part in parts:
        np.testing.assert_array_equal(np.sort(np.concatenate(part)), np.arange(4000))
        for rows in part:
            assert abs(died[rows].mean() - died.mean()) < 0.003


def test_too_few_deaths_to_split():
    with pytest.raises(DataError, match='at least 25 patients who died'):
        dataset.fold(np.arange(1000) < 24, 0)


def test_fold_is_of_the_seed(tmp_path):
    data = dataset.IcuData(write_folder(tmp_path, *made(90)))
    first, again, other = data.load(), data.load(), replace(data, seed=1).load()
    assert first.test.names == again.test.names
    assert not set(first.test.names) & set(other.test.names)
    assert first.sha256 == other.sha256


def test_published_set_is_cleaned_as_stated():
    whole = patients.load(published())
    counts = whole.cleaning
    assert whole.sha256 == dataset.PUBLISHED
    assert (counts['patients'], counts['deaths'], counts['rows']) == (4000, 554, 1757980)
    assert (counts['steps'], counts['longest'], counts['descriptors_only']) == (299242, 203, 3)
    found = {rule: counts[rule]['rows'] for rule in ('missing', 'impossible', 'repeated')}
    assert found == {'missing': 2223, 'impossible': 2314, 'repeated': 3640}
    assert counts['impossible']['by_variable']['pH'] == 11
