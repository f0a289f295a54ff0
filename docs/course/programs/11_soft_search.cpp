// Optimised: it trains for seconds.
// The task of chapter 10 for both models: the same training, the same rows; then where the one that
// searches has looked. With an argument it prints the attention weights in thousandths instead.
#include "attention.hpp"
#include "reverse.hpp"

using namespace course;

namespace {

/// alpha [T, S] of one row, while its right text is read.
Array looked(const RNNsearch& model, const Sentences& x) {
  const Sentences before = shifted(x, reversed(x));
  return search(model, annotate(model, x), before).weights.value();
}

char digit(int64_t id) { return static_cast<char>('0' + id - 2); }

/// A row for each digit that is written, a column for each that is read; the darker the more.
void print_picture(const Sentences& x, const Array& alpha) {
  const char shades[] = ".:-=+*#%@";
  std::printf("\n     read ");
  for (int64_t j = 0; j < x.S; ++j) std::printf(" %c", digit(x.ids[j]));
  std::printf("\n");
  for (int64_t i = 0; i < x.S; ++i) {
    std::printf("  write %c ", digit(x.ids[x.S - 1 - i]));
    for (int64_t j = 0; j < x.S; ++j) {
      std::printf(" %c", shades[std::min(8, static_cast<int>(alpha.at({0, i, j}) * 14))]);
    }
    std::printf("\n");
  }
}

void print_numbers(const Sentences& x, const Array& alpha) {
  for (int64_t j = 0; j < x.S; ++j) std::printf("%c%c", digit(x.ids[j]), j + 1 < x.S ? ' ' : '\n');
  for (int64_t i = 0; i < x.S; ++i) {
    for (int64_t j = 0; j < x.S; ++j) {
      std::printf("%4d%c", static_cast<int>(std::lround(1000 * alpha.at({0, i, j}))),
                  j + 1 < x.S ? ' ' : '\n');
    }
  }
}

}  // namespace

int main(int arguments, char**) {
  RNNsearch model;
  Adam adam{.parameters = draw(parameters(model, sizes, sizes.n), 1), .rate = 1e-2};
  EncoderDecoder other;
  Adam other_adam{.parameters = draw(parameters(other, sizes), 1), .rate = 1e-2};
  train(model, adam);
  const Sentences x = padded({{5, 9, 3, 11, 2, 6, 8}});  // 3 7 1 9 0 4 6
  if (arguments > 1) {
    print_numbers(x, looked(model, x));
    return 0;
  }
  train(other, other_adam);
  std::printf("exactly right, of 100\n\ndigits   one vector   soft search\n");
  for (const int64_t S : lengths) {
    std::printf("%6d   %10d   %11d\n", static_cast<int>(S), exact(other, S), exact(model, S));
  }
  print_picture(x, looked(model, x));
}
