"""The figures of chapters 1 to 8."""

import math

from svg import (BLUE, GREEN, INK, LINE, PALE, PALE_BLUE, PALE_GREEN, PALE_RED, PALE_YELLOW, RED, SOFT,
                 Figure, heat)

SIX = [PALE_BLUE, PALE_BLUE, PALE_BLUE, PALE_YELLOW, PALE_YELLOW, PALE_YELLOW]


def views():
    f = Figure(680, 310, "One row of six numbers and three arrays that look at it")
    f.text(30, 38, "memory", color=SOFT, anchor="start")
    f.grid(120, 20, [[str(i) for i in range(6)]], 36, [SIX])
    for i in range(6):
        f.text(138 + 36 * i, 66, str(i), 11, SOFT)
    f.text(30, 66, "number", 11, SOFT, anchor="start")
    f.text(350, 38, "written once, shared by all three", 13, SOFT, anchor="start")
    top = 146
    f.grid(40, top, [["0", "1", "2"], ["3", "4", "5"]], 36, [SIX[:3], SIX[3:]])
    f.grid(300, top, [["0", "3"], ["1", "4"], ["2", "5"]], 36, [[SIX[0], SIX[3]]] * 3)
    f.grid(505, top, [["3", "4", "5"]], 36, [SIX[3:]])
    for x, title in [(94, "a"), (336, "transpose(a, 0, 1)"), (559, "slice(a, 0, 1, 2)")]:
        f.text(x, 126, title, 14, INK, weight="bold")
    for x, words in [(94, ["shape [2, 3]", "strides [3, 1], offset 0"]),
                     (336, ["shape [3, 2]", "strides [1, 3], offset 0"]),
                     (559, ["shape [1, 3]", "strides [3, 1], offset 3"])]:
        f.text(x, 274, words[0], 12, SOFT)
        f.text(x, 292, words[1], 12, SOFT)
    for x in (94, 336, 559):
        f.arrow(min(max(x, 150), 310), 76, x, 112, LINE)
    return f


def neuron():
    """Chapter 2: the page's numbers, forward above and backward below each arrow."""
    w1, w2, b, x1, x2, t = 0.5, -1, 0.25, 2, 1.5, 1
    a = w1 * x1 + w2 * x2 + b
    h = math.tanh(a)
    y = h * x2
    dy = y - t
    dh = dy * x2
    da = dh * (1 - h * h)
    f = Figure(760, 330, "The neuron as a graph: values go right, gradients come back")
    said = lambda v: f"{v:.2f}".replace("-", "−")
    inputs = [("w1", w1, da * x1), ("x1", x1, da * w1), ("w2", w2, da * x2), ("b", b, da)]

    def given(top, name, value, grad):
        f.box(24, top, 142, 40, "", PALE_BLUE)
        f.text(36, top + 20, f"{name} = {value:g}".replace("-", "−"), anchor="start")
        f.text(156, top + 20, said(grad), 13, RED, "end", weight="bold")

    for i, (name, value, grad) in enumerate(inputs):
        top = 24 + 50 * i
        given(top, name, value, grad)
        f.arrow(168, top + 20, 232, 112 + 4 * i, BLUE)
    given(262, "x2", x2, da * w2 + dy * h)
    f.text(176, 298, f"= {said(da * w2)} through a, and {said(dy * h)} through y", 13, RED, "start")
    f.arrow(168, 272, 258, 142, BLUE)
    f.arrow(168, 280, 534, 142, BLUE)
    nodes = [(234, "a", "w1 x1 + w2 x2 + b", a, da), (406, "h", "tanh(a)", h, dh),
             (516, "y", "h x2", y, dy), (626, "loss", "(y − t)² / 2", (y - t) ** 2 / 2, 1)]
    widths = {"a": 142, "h": 80, "y": 80, "loss": 110}
    for i, (left, name, how, value, grad) in enumerate(nodes):
        f.box(left, 100, widths[name], 40, how, PALE, size=13)
        f.text(left + widths[name] / 2, 84, f"{name} = {said(value)}", 13, BLUE)
        f.text(left + widths[name] / 2, 156, said(grad) if grad != 1 else "1", 13, RED, weight="bold")
        if i:
            f.arrow(nodes[i - 1][0] + widths[nodes[i - 1][1]] + 2, 114, left - 2, 114, BLUE)
            f.arrow(left - 2, 128, nodes[i - 1][0] + widths[nodes[i - 1][1]] + 2, 128, RED)
    f.text(736, 30, "blue: values, from left to right", 13, BLUE, "end")
    f.text(736, 52, "red: d loss / d of it, from right to left", 13, RED, "end")
    return f


FIGURES = {"views": views, "neuron": neuron}
