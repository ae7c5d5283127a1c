"""The programs of the README run."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "breadth" / "README.md"


def test_readme_programs_run() -> None:
    programs = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(programs) == 2
    for program in programs:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
