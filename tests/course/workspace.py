"""Folders as learners have them, and what tools/course says of them."""

import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COURSE = ROOT / "docs" / "course"
HERE = ROOT / "tests" / "course"
TOOL = ROOT / "tools" / "course"

# Of a processor. What must end has some to spare on a machine that does other things as well; a loop that does not
# end is waited for no longer than it takes to see that.
SECONDS, SECONDS_OF_ENDLESS = "4", "1"


def seconds_until(says):
    """How long a program may compute of which this must be said."""
    return SECONDS_OF_ENDLESS if any("a loop that does not end?" in words for words in says or []) else SECONDS


class Workspace:
    """A learner's folder, with the solutions of all chapters, or others in place of some."""

    def __init__(self, files=None, built=None, grader=None, name="course"):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="a learner's "))
        self.folder = self.place / name
        self.folder.mkdir()
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
            env={**os.environ, "COURSE_DIR": str(self.folder), "COURSE_SECONDS": SECONDS, **environment},
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
        shutil.rmtree(self.place)


class Terminal:
    """tools/course in a folder as one types it: it has a terminal of its own."""

    def __init__(self, work, *arguments, **environment):
        self.said = ""
        self.screen, self.side = os.openpty()
        # Who leads a session has the first terminal that it opens, and its Ctrl-C.
        self.started = subprocess.Popen(
            ["bash", "-c", 'exec <"$0" >"$0" 2>&1; exec "$@"', os.ttyname(self.side), TOOL, *arguments],
            env={**os.environ, "COURSE_DIR": str(work.folder), "COURSE_SECONDS": SECONDS, **environment},
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.started.poll() is None:
            os.killpg(self.started.pid, signal.SIGKILL)
            self.started.wait()
        os.close(self.side)
        os.close(self.screen)

    def shows(self, words, seconds):
        """Whether these words come in time."""
        until = time.monotonic() + seconds
        while words not in self.said and select.select([self.screen], [], [], max(0, until - time.monotonic()))[0]:
            self.said += os.read(self.screen, 1000).decode()
        return words in self.said

    def type(self, keys):
        os.write(self.screen, keys.encode())

    def ends(self, seconds):
        """Whether it ends in time."""
        try:
            return self.started.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False


def changed(text, old, new, where):
    if text.count(old) != 1:
        raise SystemExit(f"{where}: found {text.count(old)} times, must be once:\n{old}")
    return text.replace(old, new)
