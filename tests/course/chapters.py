"""The course's chapters, and the solutions of each: right ones, wrong ones, and what is handed out."""

import pathlib
import re

from workspace import COURSE, HERE, changed


def chapters():
    """(number, name, header, title) of each chapter."""
    return [line.split(None, 3) for line in (COURSE / "chapters.txt").read_text().splitlines()]


def chapter(number):
    for one in chapters():
        if int(one[0]) == number:
            return one
    raise SystemExit(f"there is no chapter {number}")


def wrong_solutions(number, name, header):
    """(what is wrong, the files, what the grader must say) for each of those in tests/course/wrong:

    == what is wrong
    <<<            (or "<<< FILE", where it is not the chapter's header)
    lines of the solution
    ===
    lines in their place
    >>>
    says: words of the answer
    """
    path = HERE / "wrong" / f"{number}_{name}.txt"
    found = []
    for part in re.split(r"^== ", path.read_text(), flags=re.M)[1:]:
        title = part.splitlines()[0]
        says = re.findall(r"^says: (.*)$", part, flags=re.M)
        files = {}
        for file, old, new in re.findall(r"^<<<(.*)\n([^\0]*?)^===\n([^\0]*?)^>>>$", part, flags=re.M):
            file = file.strip() or header
            text = files.get(file) or (HERE / "solutions" / file).read_text()
            files[file] = changed(text, old, new, f"{path.name}: {title}")
        if not says or not files:
            raise SystemExit(f"{path.name}: {title}: needs a change and what is said")
        found.append((title, files, says))
    return found


def other_solutions(header):
    """Other right solutions: the files of tests/course/other with the header's name, or with a letter more before
    its ending."""
    stem = pathlib.Path(header).stem
    return [(path.name, {header: path.read_text()})
            for path in sorted((HERE / "other").glob(f"{stem}*.hpp"))
            if re.fullmatch(re.escape(stem) + r"(\.[a-z])?\.hpp", path.name)]
