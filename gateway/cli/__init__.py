"""The command line: every act of an operator, one file per family of commands."""
