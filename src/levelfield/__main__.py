"""Run the command line as ``python -m levelfield``."""

from levelfield.cli import main

if __name__ == "__main__":
    main()
