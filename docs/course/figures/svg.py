"""A few shapes of SVG, for the figures of the course. Nothing but the standard library.

A figure stands on a white card, so that it reads on dark pages too. Coordinates are pixels,
x to the right and y downwards."""

INK = "#1f2933"
SOFT = "#66717d"
LINE = "#9aa5b1"
PAPER = "#ffffff"
BLUE = "#1f6fb2"  # forward, values
RED = "#c0392b"  # backward, gradients
GREEN = "#2e7d4f"  # a third colour
# Fills, light enough for dark text.
PALE = "#f1f4f7"
PALE_BLUE = "#d8e8f6"
PALE_RED = "#f8dcd8"
PALE_GREEN = "#d8eede"
PALE_YELLOW = "#fdf1c9"


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number(value):
    """At most two digits behind the point, the same on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def said(value):
    """The value of an attribute."""
    return number(value) if isinstance(value, (int, float)) else escape(value)


class Figure:
    """A figure of a width and a height, with a sentence that says what it shows."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def add(self, name, content=None, **attributes):
        """An element; stroke_width is written stroke-width, and numbers briefly."""
        words = " ".join(
            f'{key.replace("_", "-")}="{said(value)}"'
            for key, value in attributes.items()
            if value is not None
        )
        end = "/>" if content is None else f">{content}</{name}>"
        self.parts.append(f"<{name} {words}{end}")

    def text(self, x, y, words, size=14, color=INK, anchor="middle", weight=None, style=None):
        """A line of words, whose middle in height is y."""
        self.add(
            "text",
            escape(words),
            x=x,
            y=y + 0.35 * size,
            font_size=size,
            fill=color,
            text_anchor=anchor,
            font_weight=weight,
            font_style=style,
        )

    def box(
        self,
        x,
        y,
        width,
        height,
        words="",
        fill=PALE,
        stroke=LINE,
        size=14,
        color=INK,
        round=4,
        weight=None,
        dashed=False,
    ):
        """A rectangle with words in its middle."""
        self.add(
            "rect",
            x=x,
            y=y,
            width=width,
            height=height,
            rx=round,
            fill=fill,
            stroke=stroke,
            stroke_width=1.2,
            stroke_dasharray="4 3" if dashed else None,
        )
        if words != "":
            self.text(x + width / 2, y + height / 2, words, size, color, weight=weight)

    def circle(self, x, y, radius, words="", fill=PALE, stroke=LINE, size=14, color=INK):
        self.add("circle", cx=x, cy=y, r=radius, fill=fill, stroke=stroke, stroke_width=1.2)
        if words != "":
            self.text(x, y, words, size, color)

    def line(self, x1, y1, x2, y2, color=INK, width=1.2, dashed=False):
        self.add(
            "line",
            x1=x1,
            y1=y1,
            x2=x2,
            y2=y2,
            stroke=color,
            stroke_width=width,
            stroke_dasharray="4 3" if dashed else None,
        )

    def path(self, points, color=INK, width=1.5, fill="none", dashed=False):
        """A line through points, or a closed shape where fill is a colour."""
        way = "M" + " L".join(f"{number(x)} {number(y)}" for x, y in points)
        self.add(
            "path",
            d=way + (" Z" if fill != "none" else ""),
            fill=fill,
            stroke=color,
            stroke_width=width,
            stroke_dasharray="4 3" if dashed else None,
        )

    def arrow(self, x1, y1, x2, y2, color=INK, width=1.4, bend=0, dashed=False):
        """An arrow; bend moves its middle to the left of its way by so many pixels."""
        length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1e-9)
        sideways = ((y2 - y1) / length * bend, -(x2 - x1) / length * bend)
        middle = ((x1 + x2) / 2 + 2 * sideways[0], (y1 + y2) / 2 + 2 * sideways[1])
        dx, dy = x2 - middle[0], y2 - middle[1]
        if not bend:
            dx, dy = x2 - x1, y2 - y1
        far = max((dx * dx + dy * dy) ** 0.5, 1e-9)
        dx, dy = dx / far, dy / far
        back = (x2 - 7 * dx, y2 - 7 * dy)
        turn = f"Q{number(middle[0])} {number(middle[1])} " if bend else "L"
        self.add(
            "path",
            d=f"M{number(x1)} {number(y1)} {turn}{number(back[0])} {number(back[1])}",
            fill="none",
            stroke=color,
            stroke_width=width,
            stroke_dasharray="4 3" if dashed else None,
        )
        self.path(
            [
                (x2, y2),
                (x2 - 9 * dx - 4 * dy, y2 - 9 * dy + 4 * dx),
                (x2 - 9 * dx + 4 * dy, y2 - 9 * dy - 4 * dx),
            ],
            color,
            0.5,
            color,
        )

    def grid(self, x, y, rows, size=34, fills=None, height=None, text_size=13):
        """A table of words: rows of cells, with fills[row][column] where given."""
        height = height or size
        for i, row in enumerate(rows):
            for j, words in enumerate(row):
                fill = fills[i][j] if fills else PALE
                self.box(
                    x + j * size, y + i * height, size, height, words, fill, size=text_size, round=0
                )

    def __str__(self):
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="sans-serif" role="img">'
        )
        card = (
            f'<rect x="0.5" y="0.5" width="{self.width - 1}" height="{self.height - 1}" rx="8" '
            f'fill="{PAPER}" stroke="#d5dbe1"/>'
        )
        return (
            "\n".join([head, f"<title>{escape(self.title)}</title>", card, *self.parts, "</svg>"])
            + "\n"
        )


def heat(value, low=0.0, high=1.0, color=BLUE):
    """A colour between white and `color`, for a number between low and high."""
    share = min(max((value - low) / (high - low), 0), 1)
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (c - 255) * share):02x}" for c in channels)
