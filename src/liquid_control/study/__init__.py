"""Studies: published results, reproduced and compared, one folder each."""
