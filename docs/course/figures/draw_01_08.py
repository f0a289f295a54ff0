"""The figures of chapters 1 to 8."""

import math

from svg import (
    BLUE,
    INK,
    LINE,
    PALE,
    PALE_BLUE,
    PALE_GREEN,
    PALE_RED,
    PALE_YELLOW,
    RED,
    SOFT,
    Figure,
)

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
    for x, words in [
        (94, ["shape [2, 3]", "strides [3, 1], offset 0"]),
        (336, ["shape [3, 2]", "strides [1, 3], offset 0"]),
        (559, ["shape [1, 3]", "strides [3, 1], offset 3"]),
    ]:
        f.text(x, 274, words[0], 12, SOFT)
        f.text(x, 292, words[1], 12, SOFT)
    for offset, x in [(0, 94), (0, 336), (3, 559)]:
        f.arrow(138 + 36 * offset, 76, x, 112, LINE)
    f.text(640, 66, "an arrow starts at the array's offset", 11, SOFT, "end")
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
        f.arrow(168, top + 20, 232, 105 + 10 * i, BLUE)
    given(262, "x2", x2, da * w2 + dy * h)
    f.text(176, 298, f"= {said(da * w2)} through a, and {said(dy * h)} through y", 13, RED, "start")
    f.arrow(168, 272, 258, 142, BLUE)
    f.arrow(168, 280, 534, 142, BLUE)
    nodes = [
        (234, "a", "w1 x1 + w2 x2 + b", a, da),
        (406, "h", "tanh(a)", h, dh),
        (516, "y", "h x2", y, dy),
        (626, "loss", "(y − t)² / 2", (y - t) ** 2 / 2, 1),
    ]
    widths = {"a": 142, "h": 80, "y": 80, "loss": 110}
    for i, (left, name, how, value, grad) in enumerate(nodes):
        f.box(left, 100, widths[name], 40, how, PALE, size=13)
        f.text(left + widths[name] / 2, 84, f"{name} = {said(value)}", 13, BLUE)
        f.text(
            left + widths[name] / 2, 156, said(grad) if grad != 1 else "1", 13, RED, weight="bold"
        )
        if i:
            f.arrow(nodes[i - 1][0] + widths[nodes[i - 1][1]] + 2, 114, left - 2, 114, BLUE)
            f.arrow(left - 2, 128, nodes[i - 1][0] + widths[nodes[i - 1][1]] + 2, 128, RED)
    f.text(736, 30, "blue: values, from left to right", 13, BLUE, "end")
    f.text(736, 52, "red: d loss / d of it, from right to left", 13, RED, "end")
    return f


def tape():
    """Chapter 3: who owns whom in loss = sum(t * b), t = tanh(a)."""
    f = Figure(
        720, 340, "The tape of sum(mul(tanh(a), b)): users own inputs, gradients go the same way"
    )
    nodes = {
        "a": (40, 60, "variable a", PALE_BLUE),
        "b": (40, 200, "variable b", PALE_BLUE),
        "t": (210, 60, "t = tanh(a)", PALE),
        "y": (380, 130, "y = mul(t, b)", PALE),
        "loss": (550, 130, "loss = sum(y)", PALE),
    }
    for x, y, words, fill in nodes.values():
        f.box(x, y, 130, 66, "", fill)
        f.text(x + 65, y + 16, words, 13, weight="bold")
        f.text(x + 10, y + 35, "value, grad", 11, SOFT, "start")
        f.text(
            x + 10, y + 51, "inputs, spread" if fill == PALE else "needs_grad", 11, SOFT, "start"
        )
    for start, end in [
        ((210, 93), (172, 93)),
        ((380, 152), (342, 104)),
        ((380, 176), (172, 228)),
        ((550, 163), (512, 163)),
    ]:
        f.arrow(*start, *end, INK)
    f.text(615, 84, "your handle: Tensor loss", 13)
    f.arrow(615, 96, 615, 128, INK)
    f.arrow(222, 58, 330, 58, RED, bend=27, dashed=True)
    f.text(276, 14, "a spread that owns its own node: never freed", 12, RED)
    f.text(
        40,
        298,
        "An arrow is a std::shared_ptr: the later node owns the earlier one. "
        "backward goes along the arrows,",
        13,
        SOFT,
        "start",
    )
    f.text(
        40,
        316,
        "and when the last handle is gone, the nodes are freed along the arrows too.",
        13,
        SOFT,
        "start",
    )
    return f


def broadcasting():
    """Chapter 4: a column and a row stretched to [3, 4], and a gradient summed back."""
    f = Figure(
        720, 330, "A column is used as a table by stride 0; its gradient is the sum of each row"
    )
    rows = ["0.1", "0.2", "0.3"]
    f.text(190, 26, "forward: broadcast_to(a, [3, 4])", 14, BLUE, weight="bold")
    f.grid(40, 60, [[r] for r in rows], 46, [[PALE_BLUE]] * 3, 40)
    f.text(63, 198, "a [3, 1]", 13)
    f.text(63, 216, "strides [1, 1]", 12, SOFT)
    f.arrow(94, 120, 132, 120, BLUE)
    f.grid(140, 60, [[r] * 4 for r in rows], 46, [[PALE_BLUE] + [PALE] * 3] * 3, 40)
    f.text(232, 198, "[3, 4], strides [1, 0]", 13)
    f.text(232, 216, "grey: the same three numbers", 12, SOFT)
    f.text(540, 26, "backward: sum_to(g, [3, 1])", 14, RED, weight="bold")
    g = [[1, 2, 0, 1], [0, 1, 3, 1], [2, 2, 1, 0]]
    f.grid(400, 60, g, 40, [[PALE_RED] * 4] * 3, 40)
    f.text(480, 198, "g [3, 4]", 13)
    for i in range(3):
        f.arrow(562, 80 + 40 * i, 608, 80 + 40 * i, RED)
    f.grid(616, 60, [[sum(row)] for row in g], 46, [[PALE_RED]] * 3, 40)
    f.text(639, 198, "d a [3, 1]", 13)
    f.text(480, 216, "along the stretched axis", 12, SOFT)
    f.line(24, 244, 696, 244, LINE)
    f.text(
        40,
        268,
        "An element of a that is copied four times moves four elements of the result:",
        13,
        anchor="start",
    )
    f.text(
        40,
        288,
        "its gradient is the sum of four. The axis that the forward pass stretches is the one",
        13,
        anchor="start",
    )
    f.text(
        40,
        308,
        "that the backward pass sums, and the other way round: sum stretches its gradient.",
        13,
        anchor="start",
    )
    return f


def products():
    """Chapter 5: what the innermost loop of three orders touches."""
    f = Figure(720, 300, "What the innermost loop touches in three orders of the loops")
    cell = 18

    def matrix(x, y, name, touched, fill):
        for i in range(4):
            for j in range(4):
                f.box(
                    x + cell * j,
                    y + cell * i,
                    cell,
                    cell,
                    "",
                    fill if touched(i, j) else PALE,
                    round=0,
                )
        f.text(x - 16, y + 2 * cell, name, 15)

    row, column, one = (lambda i, j: i == 1), (lambda i, j: j == 2), (lambda i, j: (i, j) == (1, 2))
    first = lambda i, j: j == 1
    orders = [
        (
            "m k n",
            "both along rows",
            row,
            lambda i, j: (i, j) == (1, 2),
            lambda i, j: i == 2,
            PALE_GREEN,
        ),
        ("m n k", "one along a row, one down a column", one, row, column, PALE_YELLOW),
        ("n k m", "both down columns", column, first, lambda i, j: (i, j) == (1, 2), PALE_RED),
    ]
    for n, (order, words, of_c, of_a, of_b, fill) in enumerate(orders):
        y = 22 + 90 * n
        f.text(24, y + 26, order, 16, INK, "start", weight="bold")
        f.text(24, y + 50, words, 12, SOFT, "start")
        for x, name, touched in [(270, "c", of_c), (430, "a", of_a), (590, "b", of_b)]:
            matrix(x, y, name, touched, fill)
        f.text(382, y + 2 * cell, "+=", 15)
        f.text(540, y + 2 * cell, "·", 18)
    return f


def softmax():
    """Chapter 6: scores, probabilities, target and p - y of one row, the program's."""
    f = Figure(720, 286, "Scores become probabilities; the gradient of each score is p - y")
    scores, target = [2, 1, 0, -1], 1
    total = sum(math.exp(s) for s in scores)
    p = [math.exp(s) / total for s in scores]
    y = [1.0 if i == target else 0.0 for i in range(4)]
    panels = [
        ("scores x", scores, 30, PALE_BLUE, "{:g}"),
        ("p = softmax(x)", p, 90, PALE_BLUE, "{:.2f}"),
        ("y, the target", y, 90, PALE_GREEN, "{:g}"),
        ("d loss / d x = p − y", [a - b for a, b in zip(p, y)], 90, PALE_RED, "{:+.2f}"),
    ]
    for n, (title, values, unit, fill, form) in enumerate(panels):
        left, base = 26 + 174 * n, 150
        f.text(left + 72, 28, title, 14, weight="bold")
        for i, value in enumerate(values):
            height = abs(value) * unit
            top = base - height if value > 0 else base
            if height:
                f.box(left + 36 * i + 4, top, 28, height, "", fill, round=0)
            f.text(
                left + 36 * i + 18,
                top - 10 if value >= 0 else top + height + 10,
                form.format(value).replace("-", "−"),
                11,
            )
        f.line(left, base, left + 148, base, SOFT)
        if n < 3:
            f.text(left + 160, base - 40, ["→", "−", "="][n], 18, SOFT)
    f.text(
        360,
        264,
        "A step against the gradient lowers each wrong score by its p, "
        "and raises the target's by what is missing.",
        12,
        SOFT,
    )
    return f


def steps():
    """Chapter 7: the error of a central difference of x^3 by its step, measured here."""
    f = Figure(640, 330, "A central difference is best at a step that is neither large nor small")
    left, top, width, height = 90, 30, 500, 220
    x = [0.7, -1.3, 1.1]

    def error(step):
        cube = lambda v: v * v * v
        found = [(cube(v + step) - cube(v - step)) / (2 * step) for v in x]
        return max(abs(d - 3 * v * v) / max(1, 3 * v * v) for d, v in zip(found, x))

    place = lambda digits, log: (left + width * (digits - 1) / 11, top + height * (-log) / 12)
    for digits in range(1, 13):
        f.text(place(digits, 0)[0], top + height + 18, f"1e-{digits}", 11, SOFT)
        f.line(place(digits, 0)[0], top, place(digits, 0)[0], top + height, "#e3e8ed", 1)
    for log in range(0, -13, -2):
        f.text(left - 10, place(1, log)[1], f"1e{log}" if log else "1", 11, SOFT, "end")
        f.line(left, place(1, log)[1], left + width, place(1, log)[1], "#e3e8ed", 1)
    points = [place(d, math.log10(error(float(f"1e-{d}")))) for d in range(1, 13)]
    f.path(points, BLUE, 2)
    for point in points:
        f.circle(*point, 3.5, fill=BLUE, stroke=BLUE)
    f.text(left + width / 2, top + height + 42, "step", 13)
    f.text(24, top - 12, "error", 13, anchor="start")
    f.text(left + 130, top + 60, "too large: the curve bends", 13, SOFT, "start")
    f.text(left + width - 10, top + 190, "too small: rounding", 13, SOFT, "end")
    f.line(left, top + height, left + width, top + height, LINE)
    f.text(
        left,
        top + height + 62,
        "The mistakes of this course lie at 1e-3 and above: the gap is wide.",
        12,
        SOFT,
        "start",
    )
    return f


def valley():
    """Chapter 8: gradient descent and Adam on (x^2 + 30 y^2) / 2, from the same start."""
    f = Figure(680, 330, "Gradient descent swings across a narrow valley, Adam goes along it")
    place = lambda x, y: (520 + 55 * x, 150 + 70 * y)
    for level in (0.5, 2, 5, 10, 18, 30):
        ring = [
            (
                math.sqrt(2 * level) * math.cos(a / 40 * math.pi),
                math.sqrt(2 * level / 30) * math.sin(a / 40 * math.pi),
            )
            for a in range(81)
        ]
        f.path([place(*p) for p in ring if place(*p)[0] < 650], "#dfe5ea", 1)
    x, y = -8, 1.2
    descent = [(x, y)]
    for _ in range(24):
        x, y = x - 0.06 * x, y - 0.06 * 30 * y
        descent.append((x, y))
    p, m, v, adam = [-8, 1.2], [0, 0], [0, 0], [(-8, 1.2)]
    for step in range(1, 25):
        for i, g in enumerate((p[0], 30 * p[1])):
            m[i] = 0.9 * m[i] + 0.1 * g
            v[i] = 0.999 * v[i] + 0.001 * g * g
            size = math.sqrt(v[i] / (1 - 0.999**step))
            p[i] -= 0.4 * m[i] / (1 - 0.9**step) / (size + 1e-8)
        adam.append(tuple(p))
    for way, color in [(descent, RED), (adam, BLUE)]:
        f.path([place(*p) for p in way], color, 1.6)
        for p in way:
            f.circle(*place(*p), 2.4, fill=color, stroke=color)
    f.circle(*place(0, 0), 4, fill=INK, stroke=INK)
    f.text(place(0, 0)[0] + 12, 150, "minimum", 12, SOFT, "start")
    f.text(
        40,
        278,
        "red: 24 steps of gradient descent; its rate is limited by the steep direction",
        13,
        RED,
        "start",
    )
    f.text(
        40,
        300,
        "blue: 24 steps of Adam; each direction is measured in units of its own gradient",
        13,
        BLUE,
        "start",
    )
    return f


FIGURES = {
    "views": views,
    "neuron": neuron,
    "tape": tape,
    "broadcasting": broadcasting,
    "products": products,
    "softmax": softmax,
    "steps": steps,
    "valley": valley,
}
