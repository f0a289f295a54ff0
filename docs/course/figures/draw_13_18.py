"""The figures of chapters 13 to 18."""

from svg import (BLUE, GREEN, INK, LINE, PALE, PALE_BLUE, PALE_GREEN, PALE_RED, PALE_YELLOW, RED, SOFT,
                 Figure, heat)

HEADS = [PALE_BLUE, PALE_YELLOW]


def heads():
    """Chapter 13: one axis becomes two, and two axes change places."""
    f = Figure(720, 330, "Splitting a word's six numbers into two heads of three")
    words = ["the", "cat", "sat", "down"]
    row = [HEADS[0]] * 3 + [HEADS[1]] * 3
    numbers = [[f"{6 * t + i}" for i in range(6)] for t in range(4)]
    f.text(138, 30, "x: [T, D] = [4, 6]", 12, INK, weight="bold")
    f.grid(66, 52, numbers, 24, [row] * 4, text_size=11)
    for t, word in enumerate(words):
        f.text(58, 64 + 24 * t, word, 12, SOFT, "end")
    f.text(138, 166, "a word's numbers lie in one row", 12, SOFT)
    f.arrow(220, 100, 262, 100, LINE)
    f.text(372, 30, "reshape to [T, H, K] = [4, 2, 3]", 12, INK, weight="bold")
    for t in range(4):
        f.grid(286, 52 + 24 * t, [numbers[t][:3]], 24, [row[:3]], text_size=11)
        f.grid(376, 52 + 24 * t, [numbers[t][3:]], 24, [row[3:]], text_size=11)
    f.text(372, 166, "nothing moves", 12, SOFT)
    f.arrow(460, 100, 502, 100, LINE)
    f.text(610, 30, "transpose to [H, T, K] = [2, 4, 3]", 12, INK, weight="bold")
    f.grid(526, 52, [r[:3] for r in numbers], 24, [row[:3]] * 4, text_size=11)
    f.grid(622, 52, [r[3:] for r in numbers], 24, [row[3:]] * 4, text_size=11)
    f.text(562, 166, "head 0", 12, SOFT)
    f.text(658, 166, "head 1", 12, SOFT)
    f.line(24, 194, 696, 194, "#d5dbe1")
    f.text(24, 216, "A reshape alone to [2, 4, 3] cuts the row elsewhere:", 13, INK, "start")
    flat = sum(numbers, [])
    fills = [row[i % 6] for i in range(24)]
    for h in range(2):
        left = 430 + 110 * h
        part = flat[12 * h:12 * h + 12]
        color = fills[12 * h:12 * h + 12]
        f.grid(left, 208, [part[3 * i:3 * i + 3] for i in range(4)], 24,
               [color[3 * i:3 * i + 3] for i in range(4)], text_size=11)
    f.text(24, 244, '"head 0" holds all that "the" and "cat" have,', 13, RED, "start")
    f.text(24, 264, '"head 1" the rest: words, not heads, were split.', 13, RED, "start")
    return f


FIGURES = {"heads": heads}
