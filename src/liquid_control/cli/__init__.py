"""The command line: one file a verb, with ``add_arguments(parser)`` and ``main(args)``."""
