"""``python -m gateway`` and the ``lienthong`` script: hands over to the command line."""

from gateway.cli.root import main

if __name__ == "__main__":
    main()
