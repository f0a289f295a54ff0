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
    f.text(372, 30, "reshape to [T, H, d_k]", 12, INK, weight="bold")
    for t in range(4):
        f.grid(286, 52 + 24 * t, [numbers[t][:3]], 24, [row[:3]], text_size=11)
        f.grid(376, 52 + 24 * t, [numbers[t][3:]], 24, [row[3:]], text_size=11)
    f.text(372, 166, "[4, 2, 3]: nothing moves", 12, SOFT)
    f.arrow(460, 100, 502, 100, LINE)
    f.text(610, 30, "transpose to [H, T, d_k]", 12, INK, weight="bold")
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


def transformer():
    """Chapter 14: the two stacks, with what goes from one to the other, and the causal mask."""
    f = Figure(760, 500, "One layer of the encoder and one of the decoder, and the causal mask")

    def column(left, parts, title, below, above):
        width, bottom = 170, 400
        f.text(left + width / 2, 26, title, 14, INK, weight="bold")
        f.box(left, bottom, width, 32, "embedded", PALE_GREEN, size=13)
        f.text(left + width / 2, 462, below, 12, SOFT)
        f.arrow(left + width / 2, 452, left + width / 2, 434, LINE)
        y, places = bottom, []
        for words, fill in parts:
            f.arrow(left + width / 2, y + (8 if places else 0), left + width / 2, y - 24, LINE)
            f.box(left, y - 56, width, 32, words, fill, size=13)
            f.arrow(left + width / 2, y - 56, left + width / 2, y - 66, LINE)
            f.box(left + 20, y - 88, width - 40, 22, "add, norm", PALE, size=12)
            f.path([(left + width / 2, y - 9), (left + width + 16, y - 9),
                    (left + width + 16, y - 77)], LINE, 1.2)
            f.arrow(left + width + 16, y - 77, left + width - 18, y - 77, LINE, 1.2)
            places.append(y - 40)
            y -= 96
        f.arrow(left + width / 2, y + 8, left + width / 2, y - 8, LINE)
        f.text(left + width / 2, y - 18, above, 12, SOFT)
        return places

    column(30, [("self-attention", PALE_BLUE), ("feed-forward", PALE_YELLOW)], "encoder",
           "source words [B, S]", "norm: memory [B, S, D]")
    places = column(300, [("causal self-attention", PALE_BLUE), ("attention to memory", PALE_BLUE),
                          ("feed-forward", PALE_YELLOW)], "decoder", "target so far [B, T]",
                    "norm, generator: [B, T, V]")
    f.path([(192, 190), (262, 190), (262, places[1])], BLUE, 1.6)
    f.arrow(262, places[1], 298, places[1], BLUE)
    f.text(236, 178, "keys, values", 12, BLUE)
    f.text(618, 76, "causal_keep(4)", 14, INK, weight="bold")
    f.text(624, 98, "looks at s =", 12, SOFT)
    f.grid(566, 130, [["1" if j <= i else "0" for j in range(4)] for i in range(4)], 30,
           [[PALE_BLUE if j <= i else PALE for j in range(4)] for i in range(4)])
    for i in range(4):
        f.text(581 + 30 * i, 118, str(i), 12, SOFT)
        f.text(552, 145 + 30 * i, f"t = {i}", 12, SOFT, "end")
    f.text(626, 274, "word t sees none after it", 12, SOFT)
    return f


def beam():
    """Chapter 15: greedy goes wrong at the first word, a beam of two does not."""
    f = Figure(720, 330, "Greedy search and a beam of two on one small model")
    f.text(60, 17, "step 0", 12, SOFT)
    for i in range(3):
        f.text(230 + 190 * i, 17, f"step {i + 1}", 12, SOFT)

    def node(x, y, words, p, fill, note="", ends=False):
        f.box(x - 62, y - 17, 124, 34, "", fill, stroke=GREEN if ends else LINE)
        f.text(x - 54, y, words, 13, INK, "start")
        f.text(x + 54, y, p, 13, SOFT, "end")
        if note:
            f.text(x, y + 28, note, 11, SOFT)

    def edge(x1, y1, x2, y2, p, kept):
        f.line(x1 + 62, y1, x2 - 62, y2, BLUE if kept else LINE, 1.8 if kept else 1, not kept)
        f.text((x1 + x2) / 2, (y1 + y2) / 2 - 10, p, 11, SOFT)

    edge(20, 150, 230, 80, "0.6", True)
    edge(20, 150, 230, 220, "0.4", True)
    f.circle(60, 150, 18, "", PALE)
    f.text(60, 150, "begin", 11, INK)
    edge(230, 80, 420, 50, "0.4", True)
    edge(230, 80, 420, 110, "0.3", False)
    edge(230, 80, 420, 165, "0.3", False)
    edge(230, 220, 420, 220, "0.9", True)
    edge(230, 220, 420, 275, "0.1", False)
    node(230, 80, "a", "0.60", PALE_BLUE)
    node(230, 220, "the", "0.40", PALE_BLUE)
    node(420, 50, "a cat", "0.24", PALE_BLUE)
    node(420, 110, "a dog", "0.18", PALE)
    node(420, 165, "a cow", "0.18", PALE)
    node(420, 220, "the cat", "0.36", PALE_BLUE)
    node(420, 275, "the dog", "0.04", PALE)
    edge(420, 50, 610, 50, "0.9", True)
    edge(420, 220, 610, 220, "0.9", True)
    node(610, 50, "a cat .", "0.22", PALE_GREEN, "found by greedy", True)
    node(610, 220, "the cat .", "0.32", PALE_GREEN, "found by a beam of two", True)
    f.text(360, 314, "numbers in boxes: probability of all words so far; blue: kept by a beam of two", 12, SOFT)
    return f


def rollout():
    """Chapter 16: the weights of two layers, and what they make of each word together."""
    words = ["my", "old", "dog", "barks"]
    first = [[0.1, 0.1, 0.8, 0], [0, 0.1, 0.8, 0.1], [0.3, 0.6, 0.1, 0], [0, 0, 1, 0]]
    second = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.2, 0.1, 0.6, 0.1], [0.1, 0, 0.8, 0.1]]
    half = lambda w: [[(x + (i == j)) / 2 for j, x in enumerate(row)] for i, row in enumerate(w)]
    a, b = half(first), half(second)
    both = [[sum(b[i][k] * a[k][j] for k in range(4)) for j in range(4)] for i in range(4)]
    f = Figure(740, 250, "Weights of two layers of self-attention and their rollout")
    for left, title, rows in [(70, "W of layer 1", first), (300, "W of layer 2", second),
                              (560, "rollout: A2 A1", both)]:
        f.text(left + 76, 24, title, 14, INK, weight="bold")
        f.grid(left, 66, [[f"{x:.2f}".lstrip("0") if x < 1 else "1" for x in row] for row in rows], 38,
               [[heat(0.8 * x) for x in row] for row in rows], text_size=12)
        for j, word in enumerate(words):
            f.text(left + 19 + 38 * j, 52, word, 12, SOFT)
    for i, word in enumerate(words):
        f.text(62, 85 + 38 * i, word, 12, SOFT, "end")
    f.arrow(478, 142, 540, 142, LINE)
    f.text(508, 122, "A = (W + I) / 2", 12, SOFT)
    f.text(370, 238, "a row: what the word looks at; after two layers \"barks\" holds \"old\", at which no "
           "weight of its own points", 12, SOFT)
    return f


def tiles():
    """Chapter 17: one query, its keys tile by tile, and what is carried from one to the next."""
    f = Figure(740, 300, "A row of scores in three tiles, and what is carried along")
    scores = [[1, 3, 2, 0], [5, 2, 4, 1], [3, 0, 5, 2]]
    f.text(24, 34, "scores of one query", 13, SOFT, "start")
    top, largest, total = 52, None, 0.0
    said = lambda v: f"{v:.2f}"
    for i, part in enumerate(scores):
        left = 170 + 190 * i
        fill = [PALE_BLUE, PALE_YELLOW, PALE_GREEN][i]
        f.grid(left, 20, [[str(x) for x in part]], 36, [[fill] * 4])
        new = max(part) if largest is None else max(largest, *part)
        factor = None if largest is None else 2.718281828459045 ** (largest - new)
        own = sum(2.718281828459045 ** (x - new) for x in part)
        total = own if factor is None else total * factor + own
        f.arrow(left + 72, 60, left + 72, 92, LINE)
        f.text(left + 72, 108, f"largest {new}", 13, INK)
        f.text(left + 72, 130, "factor " + ("-" if factor is None else f"exp({largest} - {new}) = {said(factor)}"), 13,
               RED if factor is not None and factor < 1 else SOFT)
        f.text(left + 72, 152, f"total {said(total)}", 13, INK)
        f.box(left + 12, 176, 120, 34, "context so far", PALE, size=13)
        if i:
            f.arrow(left - 56, 193, left + 10, 193, BLUE)
            f.text(left - 24, 178, "times factor", 10, BLUE)
        largest = new
    f.arrow(694, 193, 726, 193, BLUE)
    f.text(24, 108, "Running", 13, SOFT, "start")
    f.text(24, 193, "sum of exp(...) value", 13, SOFT, "start")
    f.text(370, 244, "When a larger score appears, all that was summed before was measured by the old largest:", 13)
    f.text(370, 264, "multiplied by the factor it is as if the new one had been known from the beginning.", 13)
    return f


def folders():
    """Chapter 18: heed's folders in reading order, and the chapters that live in each."""
    f = Figure(740, 360, "heed's folders, what each includes, and the chapters that each holds")

    def row(left, y, width, name, what, chapters, fill):
        f.box(left, y, width, 62, "", fill)
        f.text(left + width / 2, y + 14, name, 14, INK, weight="bold")
        f.text(left + width / 2, y + 32, what, 12, INK)
        f.text(left + width / 2, y + 50, chapters, 12, SOFT)

    row(40, 24, 660, "core/", "arrays, the tape, operations; in kernels/ what they compute, in loops/ number by number",
        "chapters 1 to 7 and 17, the loops of 8 and 9", PALE_GREEN)
    row(40, 116, 420, "layers/", "linear, GRU, scores, heads, norms, positions", "chapters 9, 11, 12, 13", PALE_BLUE)
    row(490, 116, 210, "optim/", "Adam, schedules, clipping", "chapter 8", PALE_BLUE)
    row(40, 208, 660, "models/", "the papers' models; text, training and search in folders of their own",
        "chapters 10, 14, 15, 16", PALE_YELLOW)
    row(40, 286, 660, "tools/", "programs on the command line", "", PALE)
    for x, y in [(250, 116), (595, 116), (250, 208), (595, 208), (370, 286)]:
        f.arrow(x, y, x, y - (15 if y == 286 else 29), LINE)
    return f


FIGURES = {"heads": heads, "transformer": transformer, "beam": beam, "rollout": rollout, "tiles": tiles,
           "folders": folders}
