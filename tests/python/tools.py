"""Programs that tests need from outside Python."""

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; without it skip the test, or fail it in CI."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(f"{message}, and CI must have it")
        pytest.skip(message)
    return path
