"""Add the sample's raw files to a built wheel; everything else is in pyproject.toml."""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSample(build_py):
    """Build command that includes the sample as `pipeline/raw/sample`."""

    def run(self) -> None:
        """Build the packages, then copy the sample beside them."""
        super().run()
        if not self.editable_mode:
            copytree(
                Path(__file__).parent / "data" / "raw" / "sample",
                Path(self.build_lib) / "pipeline" / "raw" / "sample",
                ignore=ignore_patterns("__pycache__"),
                dirs_exist_ok=True,
            )


setup(cmdclass={"build_py": BuildWithSample})
