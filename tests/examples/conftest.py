"""The examples are scripts, not a package: let the tests import them by their file names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "debian"))
