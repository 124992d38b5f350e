"""Tables, plots, videos and HTML pages of what was measured."""
