"""Folders as learners have them, and what tools/course says of them."""

import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COURSE = ROOT / "docs" / "course"
HERE = ROOT / "tests" / "course"
TOOL = ROOT / "tools" / "course"


class Workspace:
    """A learner's folder, with the solutions of all chapters, or others in place of some."""

    def __init__(self, files=None, built=None, grader=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="course "))
        for solution in (HERE / "solutions").glob("*.hpp"):
            shutil.copy(solution, self.folder)
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.build = self.folder / ".build"
        self.build.mkdir()
        if built:
            self.take_grader(built.build)
        elif grader:
            self.take_grader(pathlib.Path(grader))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def take_grader(self, build):
        """What another folder has compiled for all."""
        for path in build.glob("grader.*"):
            (self.build / path.name).symlink_to(path.resolve())

    def start(self, *arguments, **environment):
        """tools/course in this folder, not waited for."""
        return subprocess.Popen(
            [TOOL, *arguments],
            env={**os.environ, "COURSE_DIR": str(self.folder), "COURSE_SECONDS": "4", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def course(self, *arguments, timeout=300, **environment):
        """Exit code and output of tools/course in this folder."""
        started = self.start(*arguments, **environment)
        try:
            said = started.communicate(timeout=timeout)[0]
        finally:
            started.kill()  # which does nothing to what has ended
        return started.returncode, said.replace(str(self.folder) + "/", "course/")

    def close(self):
        shutil.rmtree(self.folder)


def changed(text, old, new, where):
    if text.count(old) != 1:
        raise SystemExit(f"{where}: found {text.count(old)} times, must be once:\n{old}")
    return text.replace(old, new)
