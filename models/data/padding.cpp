#include "padding.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "../../core/views.hpp"

namespace heed {

namespace {

/// keep [B, T] for these lengths, T the longest of them.
Array keep_of(const std::vector<int64_t>& lengths) {
  const int64_t B = static_cast<int64_t>(lengths.size());
  const int64_t T = lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
  Array keep = Array::zeros({B, T}, boolean);
  for (int64_t b = 0; b < B; ++b) {
    std::fill_n(keep.data<bool>() + b * T, lengths[static_cast<std::size_t>(b)], true);
  }
  return keep;
}

void check_alike(const std::vector<Tensor>& sequences) {
  if (sequences.empty()) {
    throw ShapeError("pad_sequence: no tensors; it needs one to know the other sizes");
  }
  const Tensor& first = sequences[0];
  for (const Tensor& x : sequences) {
    const bool alike =
        x.rank() > 0 && x.rank() == first.rank() &&
        std::equal(x.shape().begin() + 1, x.shape().end(), first.shape().begin() + 1);
    if (!alike) {
      throw ShapeError("pad_sequence: sequences are [T, ...] and differ in T alone, not " +
                       to_string(first.shape()) + " and " + to_string(x.shape()));
    }
    if (x.dtype() == first.dtype()) continue;
    throw TypeError(std::string("pad_sequence: sequences are ") + to_string(first.dtype()) +
                    " and " + to_string(x.dtype()) + "; convert some with .to()");
  }
}

}  // namespace

PaddedSequences pad_sequence(const std::vector<std::span<const int32_t>>& sequences,
                             int32_t padding_value) {
  std::vector<int64_t> lengths;
  for (const auto& sequence : sequences) lengths.push_back(static_cast<int64_t>(sequence.size()));
  const Array keep = keep_of(lengths);
  Array values = Array::full(keep.shape(), padding_value, int32);
  int32_t* row = values.data<int32_t>();
  for (const auto& sequence : sequences) {
    std::copy(sequence.begin(), sequence.end(), row);
    row += keep.size(1);
  }
  return {Tensor(values), Tensor(keep)};
}

PaddedSequences pad_sequence(const std::vector<std::vector<int32_t>>& sequences,
                             int32_t padding_value) {
  return pad_sequence(std::vector<std::span<const int32_t>>(sequences.begin(), sequences.end()),
                      padding_value);
}

PaddedSequences pad_sequence(const std::vector<Tensor>& sequences, double padding_value) {
  check_alike(sequences);
  std::vector<int64_t> lengths;
  for (const Tensor& x : sequences) lengths.push_back(x.size(0));
  const Array keep = keep_of(lengths);
  std::vector<Tensor> rows;
  for (const Tensor& x : sequences) {
    Shape rest = x.shape();
    rest[0] = keep.size(1) - x.size(0);
    rows.push_back(rest[0] == 0 ? x : cat({x, Tensor::full(rest, padding_value, x.dtype())}, 0));
  }
  return {stack(rows, 0), Tensor(keep)};
}

}  // namespace heed
