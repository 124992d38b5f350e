"""All that a person sees of results: tables, plots, videos, pages and model cards."""
