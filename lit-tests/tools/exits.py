"""Runs a command and fails unless it ends with the given exit code: `exits.py CODE COMMAND...`."""

import subprocess
import sys

result = subprocess.run(sys.argv[2:], stdin=subprocess.DEVNULL)
if result.returncode != int(sys.argv[1]):
    sys.exit("expected exit code %s, got %d" % (sys.argv[1], result.returncode))
