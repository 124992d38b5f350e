"""Tables, plots, videos and HTML pages of measurements."""
