"""What the golden files of whole models share: sentences, the loss, and steps of a training."""
import torch
import torch.nn.functional as F

PAD, BOS, EOS = 0, 2, 3


def sentences(vocabulary, lengths, width):
    """Random words ended by EOS and padded; `lengths` count the EOS."""
    words = torch.full((len(lengths), width), PAD)
    for row, length in zip(words, lengths):
        row[:length - 1] = torch.randint(4, vocabulary, (length - 1,))
        row[length - 1] = EOS
    return words


def parallel_batch(V, W, source_lengths, target_lengths):
    """Random pairs of sentences: source, what the decoder is fed, what it should say."""
    labels = sentences(W, target_lengths, max(target_lengths))
    bos, said = torch.full((len(labels), 1), BOS), labels[:, :-1]
    return {"source": sentences(V, source_lengths, max(source_lengths)),
            "lengths": torch.tensor(source_lengths),
            "target": torch.cat([bos, said.masked_fill(said == EOS, PAD)], 1), "labels": labels}


def loss_of(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=PAD,
                           label_smoothing=0.1)


def losses_of_training(model, weights, loss, steps=10):
    """The losses of some steps of Adam from these weights."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        losses.append(loss())
        losses[-1].backward()
        optimizer.step()
    return torch.stack(losses)
