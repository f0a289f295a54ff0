"""Rows of the comparison with PyTorch: norms of several axes and of the root mean square."""
import torch
import torch.nn.functional as F

from comparison_cases import Expanded, ids, infinite, plain, rows


def norms(row):
    torch.manual_seed(23)
    sizes = [plain(3, 4), plain(3, 4)]
    row("layer_norm/axes", lambda x, w, b: F.layer_norm(x, w.shape, w, b),
        matrix=[plain(3, 4), *sizes], batch=[plain(2, 3, 4), *sizes],
        one=[plain(2, 1, 1), plain(1, 1), plain(1, 1)],
        empty=[plain(0, 3, 4), *sizes], misfit=[plain(2, 4, 3), *sizes], short=[plain(4), *sizes],
        expanded=[Expanded(plain(3, 1), 2, 3, 4), Expanded(plain(4), 3, 4), plain(3, 4)])
    row("rms_norm/", lambda x, w: F.rms_norm(x, x.shape[-1:], w), matrix=[plain(3, 4), plain(4)],
        vector=[plain(4), plain(4)], one=[plain(2, 1), plain(1)], empty=[plain(0, 4), plain(4)],
        misfit=[plain(3, 4), plain(3)], expanded=[Expanded(plain(4), 3, 4), Expanded(plain(1), 4)],
        whole=[ids(1, 2), ids(1, 2)])
    row("rms_norm/plain", lambda x: F.rms_norm(x, x.shape[-1:]), special=[rows],
        infinite=[infinite], matrix=[plain(2, 3, 4)], scalar=[plain()])
    row("rms_norm/0.5", lambda x, w: F.rms_norm(x, w.shape, w, 0.5), matrix=[plain(3, 4), sizes[0]],
        batch=[plain(2, 3, 4), sizes[0]], zeros=[torch.zeros(2, 4), plain(4)])
    row("rms_norm/0", lambda x, w: F.rms_norm(x, w.shape, w, 0.0), matrix=[plain(3, 4), plain(4)],
        zeros=[torch.zeros(2, 4), plain(4)])
