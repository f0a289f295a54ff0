"""Many solutions of a chapter as one program: compiling takes seconds, running does not."""

import re

from workspace import HERE


def parts(text):
    """A solution's lines as [(number of the first, lines)]: outside of blanks, inside, outside, ... The lines
    "// blank: what to do" and "// end" are outside."""
    found, inside, marks = [(1, [])], False, False
    for number, line in enumerate(text.splitlines(), 1):
        if marks and not re.match(r" *// blank: ", line):
            found.append((number, []))
            inside, marks = True, False
        elif re.match(r" *// blank: ", line):
            marks = True
        if inside and re.match(r" *// end$", line):
            found.append((number, []))
            inside = False
        found[-1][1].append(line)
    return found


def known(file):
    """The parts of the chapter's own solution."""
    return parts((HERE / "solutions" / file).read_text())


def known_line(file, part):
    return known(file)[part][0]


def marked(file):
    """The numbers of its parts that are blanks."""
    return range(1, len(known(file)), 2)


class Variants:
    """Solutions that differ from the chapter's in their blanks alone, each with a number from 1 on."""

    def __init__(self):
        self.count = 0
        self.changes = {}  # file -> {part: {number: (line of the first, lines)}}

    def add(self, files):
        """The number of a solution, None if it differs elsewhere as well."""
        new = {}
        for file, text in files.items():
            old, now = known(file), parts(text)
            if [lines for _, lines in now[::2]] != [lines for _, lines in old[::2]]:
                return None
            new[file] = {i: now[i][1] for i in marked(file) if now[i][1] != old[i][1]}
        self.count += 1
        for file, changed in new.items():
            for part, lines in changed.items():
                self.change(file, part, known_line(file, part), lines)
        return self.count

    def change(self, file, part, line, lines):
        self.changes.setdefault(file, {}).setdefault(part, {})[self.count] = (line, lines)

    def handed_out(self, header, exercise):
        """The number of an exercise, all of whose parts are blank: its own lines are named."""
        self.count += 1
        lines = [number for number, line in enumerate(exercise.splitlines(), 1) if line.strip() == "BLANK;"]
        for line, part in zip(lines, marked(header), strict=True):
            self.change(header, part, line, ["BLANK;"])
        return self.count

    def blanks(self, header):
        """Each marked part left blank: {number: the line that BLANK stands in}."""
        found = {}
        for part in marked(header):
            self.count += 1
            found[self.count] = known_line(header, part)
            self.change(header, part, found[self.count], ["BLANK;"])
        return found

    def files(self):
        """Headers that hold all of them, of which COURSE_VARIANT chooses one."""
        return {"choice.hpp": (HERE / "choice.hpp").read_text(), **{file: self.merged(file) for file in self.changes}}

    def merged(self, file):
        lines = []
        for part, (first, solution) in enumerate(known(file)):
            for number, (line, changed) in self.changes[file].get(part, {}).items():
                lines += [f"if (::course::chosen({number})) {{", f"#line {line}", *changed, "} else"]
            inside = part % 2 == 1
            lines += ["{"] * inside + [f"#line {first}", *solution] + ["}"] * inside
        return "\n".join(lines).replace("#pragma once", '#pragma once\n#include "choice.hpp"\n#line 2', 1) + "\n"
