"""The 41 variables of the PhysioNet/CinC Challenge 2012, their units and the values that can be.

The names and units are those of the challenge (Silva et al. 2012, Computing in Cardiology 39,
245-248). The ranges are the outlier ranges of MIMIC-Extract (Wang et al. 2020, ACM CHIL,
``variable_ranges.csv``, made from the same intensive care units), with these exceptions:

- A pressure, a heart or breathing rate, a temperature or a concentration of 0 is a sensor that is
  off, not a measurement: there, values must be above 0.
- ``pH`` takes the narrower valid range of MIMIC-Extract, 6.3 to 8.4.
- ``Height`` spans the shortest and the tallest adult on record, 54 to 272 cm, and ``Weight`` 20 to
  500 kg, since all patients are adults.
- Codes and descriptors take the values that the challenge defines.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One variable.

    Attributes:
        name: name in the files.
        unit: unit, '' for a code or a ratio.
        low: least possible value.
        high: greatest possible value.
        above: whether a value must be above ``low``, not at it.
        skewed: whether models see log(1 + value): long tails, over orders of magnitude.
    """

    name: str
    unit: str
    low: float
    high: float
    above: bool = False
    skewed: bool = False


RECORD, MISSING = 'RecordID', -1.0
"""The row that repeats the patient's number, and the value that says «not measured»."""
DESCRIPTORS = ('Age', 'Gender', 'Height', 'ICUType', 'Weight')
"""Given once, at 00:00. ``Weight`` alone is measured later too."""
LATER = ('Weight',)

VARIABLES = (
    Variable('Age', 'years', 0, 120),
    Variable('Gender', '', 0, 1),
    Variable('Height', 'cm', 54, 272),
    Variable('ICUType', '', 1, 4),
    Variable('Weight', 'kg', 20, 500),
    Variable('Albumin', 'g/dL', 0, 60, above=True),
    Variable('ALP', 'IU/L', 0, 4000, above=True, skewed=True),
    Variable('ALT', 'IU/L', 0, 11000, above=True, skewed=True),
    Variable('AST', 'IU/L', 0, 22000, above=True, skewed=True),
    Variable('Bilirubin', 'mg/dL', 0, 66, above=True, skewed=True),
    Variable('BUN', 'mg/dL', 0, 275, above=True, skewed=True),
    Variable('Cholesterol', 'mg/dL', 0, 660, above=True),
    Variable('Creatinine', 'mg/dL', 0, 66, above=True, skewed=True),
    Variable('DiasABP', 'mmHg', 0, 375, above=True),
    Variable('FiO2', '', 0.2, 1.1),
    Variable('GCS', '', 3, 15),
    Variable('Glucose', 'mg/dL', 0, 2200, above=True, skewed=True),
    Variable('HCO3', 'mmol/L', 0, 66, above=True),
    Variable('HCT', '%', 0, 100, above=True),
    Variable('HR', '1/min', 0, 390, above=True),
    Variable('K', 'mEq/L', 0, 15, above=True),
    Variable('Lactate', 'mmol/L', 0, 33, above=True, skewed=True),
    Variable('Mg', 'mmol/L', 0, 22, above=True),
    Variable('MAP', 'mmHg', 0, 375, above=True),
    Variable('MechVent', '', 0, 1),
    Variable('Na', 'mEq/L', 0, 250, above=True),
    Variable('NIDiasABP', 'mmHg', 0, 375, above=True),
    Variable('NIMAP', 'mmHg', 0, 375, above=True),
    Variable('NISysABP', 'mmHg', 0, 375, above=True),
    Variable('PaCO2', 'mmHg', 0, 220, above=True),
    Variable('PaO2', 'mmHg', 0, 770, above=True),
    Variable('pH', '', 6.3, 8.4),
    Variable('Platelets', '1000/uL', 0, 2200, above=True),
    Variable('RespRate', '1/min', 0, 330, above=True),
    Variable('SaO2', '%', 0, 100, above=True),
    Variable('SysABP', 'mmHg', 0, 375, above=True),
    Variable('Temp', '°C', 14.2, 47),
    Variable('TroponinI', 'ug/L', 0, 575, skewed=True),
    Variable('TroponinT', 'ug/L', 0, 24, skewed=True),
    Variable('Urine', 'mL', 0, 2445, skewed=True),
    Variable('WBC', '1000/uL', 0, 1100, above=True, skewed=True),
)
"""In the order of the published models' inputs."""
NAMES = tuple(variable.name for variable in VARIABLES)
