"""The rows of make_comparison.py that enlarge, select, sort and draw."""
import torch
import torch.nn.functional as F

from comparison_cases import Expanded, ids, infinite, large, mask, plain, rows, special, ties


def enlarged(row):
    torch.manual_seed(31)
    cube = dict(cube=[plain(2, 3, 4)], empty=[plain(2, 0, 4)], ones=[plain(1, 1, 1)])
    more = dict(cube, expanded=[Expanded(plain(3, 1), 2, 3, 4)], special=[lambda t: rows(t)[None]])
    vector, point = [plain(3)], [plain()]
    whole = dict(whole=[ids([[1, 2], [3, 4]])], bits=[mask([[0, 1]])])

    def add(name, function, choices, **cases):
        for choice in choices:
            row(f"{name}/{','.join(map(str, choice))}", lambda x, c=choice: function(x, c), **cases)

    add("expand", lambda x, sizes: x.expand(sizes), [(2, -1, -1, -1), (-1, 1, 4)], **more)
    add("expand", lambda x, sizes: x.expand(sizes), [(-1, 3), (3, -1), (-1,), (-2, 3)],
        vector=vector, point=point, row=[plain(1, 3)])
    add("repeat", lambda x, n: x.repeat(n), [(1, 1, 1), (2, 1, 3)], **more, **whole, vector=vector)
    add("repeat", lambda x, n: x.repeat(n), [(1, 2, 1, 2), (0, 1, 2)], **cube, point=point)
    add("repeat", lambda x, n: x.repeat(n), [(3,), (), (1, -1)], vector=vector, point=point)
    add("pad", F.pad, [(1, 2), (-1, 2, 0, 0, 2, -1)], **more)
    add("pad", F.pad, [(0, 1, 2, 0), (-1, -1), (0, 0, -1, 1), ()], **cube)
    add("pad", F.pad, [(-2, -1), (-2, -2), (5, -3), (-4, 0), (-4, 5), (1, 1, 1, 1), (1,), (0, 0)],
        vector=vector, point=point)
    row("pad/1,1.value", lambda x: F.pad(x, (1, 1), value=2.0), **cube, whole=whole["whole"])
    row("pad/2,0,-1,1.inf", lambda x: F.pad(x, (2, 0, -1, 1), value=float("inf")), **more)
    add("chunk", lambda x, c: x.chunk(*c), [(2, 0), (3, -1), (5, 1)], **more)
    add("chunk", lambda x, c: x.chunk(*c), [(1, 0), (2, -1), (5, 0), (2, 1), (0, 0), (-1, 0)],
        vector=vector, none=[plain(0)])


def selected(row):
    torch.manual_seed(32)
    row("index/", lambda x, *i: x[i], one=[plain(4, 3), ids(2, 0, 2)],
        below=[plain(4, 3), ids(-1, -4, 1)], two=[plain(3, 4, 2), ids(2, 0, 2), ids(1, -1, 1)],
        outer=[plain(3, 4, 2), ids([0], [2]), ids(3, 1, 1)], all=[plain(2, 3), ids(1), ids(0)],
        scalar=[plain(3, 2), ids(1)[0]], scalars=[plain(3, 2), ids(1)[0], ids(-1)[0]],
        matrix=[plain(3, 2), ids([0, 1], [2, 2])], none=[plain(3, 2), ids()],
        none0=[plain(0, 2), ids()], none2=[plain(3, 0), ids(1, 1)],
        beyond=[plain(3, 2), ids(3)], under=[plain(3, 2), ids(-4)], of_none=[plain(0, 2), ids(0)],
        many=[plain(3), ids(0), ids(0)], misfit=[plain(3, 3), ids(0, 1), ids(0, 1, 2)],
        special=[lambda t: rows(t)[:4], ids(3, 0, 0)], whole=[ids([1, 2], [3, 4]), ids(1), ids(0)],
        mask=[plain(2, 3), mask([1, 0, 1], [0, 1, 1])], row_mask=[plain(3, 2), mask(1, 0, 1)],
        mask_then=[plain(3, 2), mask(1, 0, 1), ids(1, 0)], no_mask=[plain(3, 2), mask(0, 0, 0)],
        wrong_mask=[plain(3, 2), mask(1, 0)], large_mask=[plain(3), mask([1, 0, 1])],
        expanded=[Expanded(plain(1, 3), 4, 3), ids(3, 0), ids(1, 1)])
    row("masked_select/", torch.masked_select, matrix=[plain(2, 3), mask([1, 0, 1], [0, 1, 1])],
        broadcast=[plain(2, 3), mask(1, 0, 1)], larger=[plain(3), mask([1, 0, 1], [1, 1, 0])],
        outer=[plain(2, 1), mask(1, 0, 1)], scalar=[plain(), mask(1)[0]],
        point=[plain(3), mask(1)[0]], none=[plain(3), mask(0, 0, 0)], empty=[plain(2, 0), mask(1)[0]],
        misfit=[plain(3), mask(1, 0)], special=[special, mask(*[i % 3 > 0 for i in range(16)])],
        whole=[ids(4, 5, 6), mask(1, 0, 1)], expanded=[Expanded(plain(3, 1), 3, 4), mask(1, 0, 0, 1)])
    row("nonzero/", torch.nonzero, special=[special], matrix=[ties(3, 4)], cube=[ties(2, 2, 3)],
        scalar=[plain()], zero=[torch.zeros(())], empty=[plain(2, 0, 3)], vector=[ties(5)],
        bits=[mask([1, 0], [1, 1])], whole=[ids(0, 3, -2)])
    for classes in (-1, 4, 0):
        row(f"one_hot/{classes}", lambda i, c=classes: F.one_hot(i, c), vector=[ids(2, 0, 3)],
            zeros=[ids(0, 0)], matrix=[ids([1, 0], [3, 3])], scalar=[ids(2)[0]], empty=[ids()],
            empty2=[ids()[:, None]], below=[ids(1, -1)], beyond=[ids(4)])


def ordered(row):
    torch.manual_seed(33)
    for axis in (-1, 0, 1):
        for falling in (False, True):
            name = f"{axis}{',falling' if falling else ''}"
            cases = dict(cube=[plain(2, 3, 4)], ties=[ties(3, 4, 5)], special=[rows],
                         large=[large], infinite=[infinite], vector=[special], one=[plain(1, 1)],
                         empty=[plain(2, 0)], empty0=[plain(0, 2)], point=[plain()],
                         whole=[ids([3, 1, 3], [-2, 2**31 - 1, 0])], bits=[mask([1, 0, 1], [0, 0, 1])],
                         expanded=[Expanded(plain(3, 1), 2, 3, 4)])
            row(f"sort/{name}", lambda x, d=axis, f=falling: torch.sort(
                x, dim=d, descending=f, stable=True), **cases)
            row(f"argsort/{name}", lambda x, d=axis, f=falling: torch.argsort(
                x, dim=d, descending=f, stable=True), ties=cases["ties"], special=[rows])


def drawn(row):
    """What is the same for every generator."""
    one, two = [0.0, 0.0, 3.0, 0.0], [0.0, 0.5, 0.0, 0.0]
    weights = lambda *values: torch.tensor(values)
    for n, replacement in ((1, False), (1, True), (5, True)):
        row(f"multinomial/{n}{',again' if replacement else ''}",
            lambda w, n=n, r=replacement: w.detach().multinomial(n, r), row=[weights(*one)],
            rows=[weights(one, two, one)], nothing=[weights(0.0, 0.0)],
            negative=[weights(1.0, -1.0)], nan=[weights(1.0, float("nan"))],
            inf=[weights(1.0, float("inf"))], cube=[weights([one])], point=[weights(1.0)[0]],
            none=[plain(0, 4)], row_of_none=[weights(one, [0.0] * 4)], whole=[ids(1, 0)])
    for n in (5, 0, -1):
        row(f"multinomial/{n}", lambda w, n=n: w.detach().multinomial(n), row=[weights(*one)])


FAMILIES = (enlarged, selected, ordered, drawn)
