#!/usr/bin/env python3
"""Draws the figures of the course: each draw_*.py beside it has a dictionary FIGURES of names and
functions that return a svg.Figure.

  draw.py            writes NAME.svg beside it
  draw.py --check    says whether the files that lie there are what would be written
"""

import importlib
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(FOLDER))


def figures():
    """The text of each figure, by its file's name."""
    drawn = {}
    for path in sorted(FOLDER.glob("draw_*.py")):
        for name, draw in importlib.import_module(path.stem).FIGURES.items():
            if f"{name}.svg" in drawn:
                raise SystemExit(f"two figures are called {name}")
            drawn[f"{name}.svg"] = str(draw())
    return drawn


def check(drawn):
    lying = {path.name: path.read_text() for path in FOLDER.glob("*.svg")}
    wrong = [
        f"{name} is not drawn by any draw_*.py" for name in sorted(lying.keys() - drawn.keys())
    ]
    wrong += [f"{name} is missing" for name in sorted(drawn.keys() - lying.keys())]
    wrong += [
        f"{name} is not what is drawn"
        for name in sorted(drawn.keys() & lying.keys())
        if drawn[name] != lying[name]
    ]
    return wrong


def main():
    drawn = figures()
    if sys.argv[1:] not in ([], ["--check"]):
        raise SystemExit(__doc__)
    if sys.argv[1:]:
        for line in (wrong := check(drawn)):
            print(line, file=sys.stderr)
        return 1 if wrong else 0
    for name, text in drawn.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
