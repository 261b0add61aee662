"""The command line: what operators, testers and integrators type.

Commands print facts and decide nothing: they open an Office or speak the wire like any system, and call the
same walks. Everything heavy is imported inside the commands, so that ``--help`` answers at once. root.py
lists the commands; each family has its file.
"""
