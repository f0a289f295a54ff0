"""The figures of chapters 9 to 12."""

import math
import pathlib

from svg import BLUE, GREEN, INK, LINE, PALE, PALE_BLUE, PALE_GREEN, PALE_YELLOW, SOFT, Figure, heat


def gru():
    """Chapter 9: one step. The state's way is straight; the gates are valves on it."""
    f = Figure(640, 300, "One step of a GRU: the old state goes straight to the new one, weighted by z")
    f.text(34, 56, "h", 16, weight="bold")
    f.arrow(48, 56, 322, 56, BLUE, 2.2)
    f.circle(340, 56, 17, "∘")
    f.arrow(358, 56, 462, 56, BLUE, 2.2)
    f.circle(480, 56, 17, "+")
    f.arrow(498, 56, 578, 56, BLUE, 2.2)
    f.text(600, 56, "h'", 16, weight="bold")
    f.box(150, 120, 110, 38, "z: sigmoid", PALE_YELLOW)
    f.box(150, 186, 110, 38, "r: sigmoid", PALE_YELLOW)
    f.box(330, 186, 136, 38, "c: tanh(x_c + r ∘ h_c)", PALE_BLUE, size=11.5)
    f.circle(480, 140, 17, "∘")
    f.arrow(480, 122, 480, 74)
    f.arrow(261, 130, 329, 73)
    f.text(306, 112, "z", color=SOFT)
    f.arrow(261, 140, 462, 140)
    f.text(380, 128, "1 − z", color=SOFT)
    f.path([(467, 205), (480, 205), (480, 176)])
    f.arrow(480, 180, 480, 158)
    f.text(494, 182, "c", color=SOFT)
    f.arrow(261, 205, 329, 205)
    f.text(294, 193, "r", color=SOFT)
    f.path([(84, 56), (84, 216)], SOFT)
    for y in (132, 196):
        f.arrow(84, y, 149, y, SOFT)
    f.path([(84, 216), (84, 244), (366, 244)], SOFT)
    f.arrow(366, 244, 366, 225, SOFT)
    f.text(34, 272, "x", 16, weight="bold")
    f.path([(48, 272), (410, 272)], SOFT)
    f.path([(112, 272), (112, 148)], SOFT)
    for y in (148, 214):
        f.arrow(112, y, 149, y, SOFT)
    f.arrow(410, 272, 410, 225, SOFT)
    for x, y in [(84, 56), (84, 132), (84, 196), (112, 272), (112, 214)]:
        f.circle(x, y, 3, fill=SOFT, stroke=SOFT)  # where a line divides; elsewhere lines only cross
    f.text(466, 250, "blue: the way on which", 12, BLUE, "start")
    f.text(466, 268, "nothing must be lost", 12, BLUE, "start")
    return f


def bottleneck():
    """Chapter 10: all that the decoder knows of the source goes through c."""
    f = Figure(760, 282, "An encoder-decoder: the source is read in both directions, c is read at every step")
    for i, word in enumerate(["4", "7", "1", "9"]):
        x = 40 + 62 * i
        f.text(x + 20, 130, f"x{i + 1} = {word}", 12, SOFT)
        f.box(x, 170, 40, 30, "→", PALE_BLUE)
        f.box(x, 60, 40, 30, "←", PALE_GREEN)
        f.arrow(x + 20, 142, x + 20, 168, SOFT)
        f.arrow(x + 20, 118, x + 20, 92, SOFT)
        if i < 3:
            f.arrow(x + 41, 185, x + 61, 185, BLUE)
            f.arrow(x + 61, 75, x + 41, 75, GREEN)
    f.text(134, 22, "encoder: two GRUs", 13, SOFT)
    f.box(334, 82, 46, 74, "c", PALE_YELLOW, size=18, weight="bold")
    f.text(357, 174, "[B, 2n]", 12, SOFT)
    f.arrow(267, 185, 332, 134, BLUE)
    f.path([(60, 59), (60, 42), (300, 42)], GREEN)
    f.arrow(300, 42, 334, 98, GREEN)
    f.path([(300, 42), (416, 42), (416, 179)], GREEN)
    f.arrow(416, 179, 439, 179, GREEN)
    f.text(424, 30, "s0", 12, GREEN)
    f.circle(300, 42, 3, fill=GREEN, stroke=GREEN)
    # Below each step the line of c, and between state and read-out its other one.
    f.path([(381, 119), (400, 119), (400, 220), (720, 220)], LINE)
    f.path([(400, 140), (720, 140)], LINE)
    f.circle(400, 140, 3, fill=LINE, stroke=LINE)
    for i, word in enumerate(["9", "1", "7", "4"]):
        decoder_step(f, 440 + 80 * i, f"s{i + 1}", f"y{i + 1} = {word}", ["begin", "9", "1", "7"][i])
        if i < 3:
            f.arrow(491 + 80 * i, 179, 519 + 80 * i, 179, BLUE)
    f.text(590, 22, "decoder: a third GRU, c at every step", 13, SOFT)
    return f


def decoder_step(f, x, state, says, before):
    """The word before and c go into the state, and with it into the read-out above."""
    f.box(x, 164, 50, 30, state, PALE_BLUE)
    f.box(x, 88, 50, 26, "read-out", PALE_GREEN, size=11)
    f.text(x + 25, 56, says, 12, SOFT)
    f.arrow(x + 25, 87, x + 25, 66, INK)
    f.arrow(x + 25, 163, x + 25, 115, INK)
    for bottom, top in [(220, 195), (140, 115)]:
        f.arrow(x + 40, bottom, x + 40, top, LINE)
        f.circle(x + 40, bottom, 3, fill=LINE, stroke=LINE)
    f.text(x + 12, 262, before, 12, SOFT)
    f.arrow(x + 12, 250, x + 12, 195, SOFT)
    f.path([(x + 12, 236), (x - 10, 236), (x - 10, 101)], SOFT)
    f.arrow(x - 10, 101, x - 1, 101, SOFT)
    f.circle(x + 12, 236, 3, fill=SOFT, stroke=SOFT)


def soft_search():
    """Chapter 11: the weights of soft_search.txt, which `tools/course run 11 numbers` prints."""
    lines = (pathlib.Path(__file__).parent / "soft_search.txt").read_text().splitlines()
    read = lines[0].split()
    alpha = [[int(number) / 1000 for number in line.split()] for line in lines[1:]]
    size, left, top = 40, 96, 64
    f = Figure(left + size * len(read) + 210, top + size * len(read) + 24,
               "The weights alpha of a model that writes seven digits backwards")
    f.text(left + size * len(read) / 2, 20, "read", 13, SOFT)
    f.text(36, top + size * len(read) / 2, "write", 13, SOFT)
    for j, word in enumerate(read):
        f.text(left + size * (j + 0.5), 46, word, 15, weight="bold")
        f.text(left - 20, top + size * (j + 0.5), read[-1 - j], 15, weight="bold")
    for i, row in enumerate(alpha):
        for j, value in enumerate(row):
            f.box(left + size * j, top + size * i, size, size, f"{value:.2f}"[1:] if value >= 0.005 else "",
                  heat(value, high=1.25), size=12, color=INK, round=0)
    x = left + size * len(read) + 24
    for i, words in enumerate(["each row sums to 1", "", "darker: more of this", "annotation in the context"]):
        f.text(x, top + 20 + 20 * i, words, 13, SOFT, "start")
    return f


def mask():
    """Chapter 12: a sentence of four words, one of two, and one of none."""
    scores = [[1, 2, 0, 1], [2, 1, 3, 0], [1, 0, 2, 1]]
    keep = [[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]]
    weights = []
    for e, kept in zip(scores, keep):
        powers = [math.exp(x) if k else 0 for x, k in zip(e, kept)]
        weights.append([p / (sum(powers) or 1) for p in powers])
    f = Figure(720, 216, "An additive mask: scores, with -infinity on what is hidden, and their softmax")
    size, top = 42, 56
    tables = [("scores e", 24, [[str(x) for x in row] for row in scores], None),
              ("mask m", 216, [["0" if k else "−∞" for k in row] for row in keep],
               [[PALE_BLUE if k else PALE for k in row] for row in keep]),
              ("softmax(e + m)", 428, [[f"{w:.2f}"[1:] if w else "0" for w in row] for row in weights],
               [[heat(w, high=1.25) for w in row] for row in weights])]
    for title, x, rows, fills in tables:
        f.text(x + 2 * size, 28, title, 14, weight="bold")
        f.grid(x, top, rows, size, fills)
    f.text(204, top + 1.5 * size, "+", 18)
    f.arrow(390, top + 1.5 * size, 418, top + 1.5 * size)
    for i, words in enumerate(["four words", "two words", "none: zeros"]):
        f.text(608, top + size * (i + 0.5), words, 13, SOFT, "start")
    f.text(24, 202, "A hidden word has no part in the sum: the second row is the softmax of (2, 1).", 13, SOFT,
           "start")
    return f


FIGURES = {"gru": gru, "bottleneck": bottleneck, "soft_search": soft_search, "mask": mask}
