"""The figures of chapters 9 to 12."""

from svg import BLUE, GREEN, INK, LINE, PALE, PALE_BLUE, PALE_YELLOW, RED, SOFT, Figure


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
    f.box(330, 186, 120, 38, "c: tanh", PALE_BLUE)
    f.circle(480, 140, 17, "∘")
    f.arrow(480, 122, 480, 74)
    f.arrow(261, 130, 329, 73)
    f.text(306, 112, "z", color=SOFT)
    f.arrow(261, 140, 462, 140)
    f.text(380, 128, "1 − z", color=SOFT)
    f.path([(451, 205), (480, 205), (480, 176)])
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
    f.text(466, 250, "blue: the way on which", 12, BLUE, "start")
    f.text(466, 268, "nothing must be lost", 12, BLUE, "start")
    return f


FIGURES = {"gru": gru}
