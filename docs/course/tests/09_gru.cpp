#include "composed.hpp"
#include "gru.hpp"

using namespace grade;
using course::Tensor;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// What a step may do wrong.
enum class Slip {
  none,
  swapped,
  no_reset,
  reset_all,
  gates_exchanged,
  inputs_exchanged,
  sigmoid_candidate,
  no_weight,
  only_candidate
};

double stepped(const std::vector<double>& x, Slip slip) {
  double r = sigmoid(x[0] + x[3]), z = sigmoid(x[1] + x[4]);
  const double h = x[6];
  if (slip == Slip::gates_exchanged) std::swap(r, z);
  if (slip == Slip::no_reset) r = 1;
  double inner = x[2] + r * x[5];
  if (slip == Slip::inputs_exchanged) inner = x[5] + r * x[2];
  if (slip == Slip::reset_all) inner = r * (x[2] + x[5]);
  const double c = slip == Slip::sigmoid_candidate ? sigmoid(inner) : std::tanh(inner);
  if (slip == Slip::swapped) return z * c + (1 - z) * h;
  if (slip == Slip::no_weight) return c + z * h;
  if (slip == Slip::only_candidate) return (1 - z) * c;
  return (1 - z) * c + z * h;
}

Values step(const Values& gates_x, const Values& gates_h, const Values& h, Slip slip) {
  const int64_t n = h.shape.back();
  std::vector<Values> parts;
  for (const Values* gates : {&gates_x, &gates_h}) {
    for (int64_t k = 0; k < 3; ++k) parts.push_back(last_axis(*gates, k * n, (k + 1) * n));
  }
  parts.push_back(h);
  return each(parts, [slip](const std::vector<double>& x) { return stepped(x, slip); });
}

Mistakes mistakes_of_step(const Case& one) {
  const auto with = [&](Slip slip) { return step(one["gates_x"], one["gates_h"], one["h"], slip); };
  return {
      {"z says how much of the old state stays: h' = (1 - z) c + z h", with(Slip::swapped)},
      {"the reset gate is missing: c = tanh(x_c + r h_c)", with(Slip::no_reset)},
      {"the reset gate acts on the state's part alone: tanh(x_c + r h_c), not tanh(r (x_c + h_c))",
       with(Slip::reset_all)},
      {"r and z have changed places: block 0 is r, block 1 is z", with(Slip::gates_exchanged)},
      {"gates_x and gates_h have changed places in the candidate: the reset gate acts on h_c",
       with(Slip::inputs_exchanged)},
      {"the candidate is a tanh, not a sigmoid: a state may be negative",
       with(Slip::sigmoid_candidate)},
      {"the candidate counts 1 - z times, so that the two shares make 1", with(Slip::no_weight)},
      {"the old state is missing: z h", with(Slip::only_candidate)}};
}

/// What a sequence may do wrong.
enum class Way {
  right,
  ignores_keep,
  zeros_padding,
  forgets,
  gates_of_first,
  one_way,
  other_order,
  no_first,
  no_bias_x,
  no_bias_h,
  no_bias,
  weights_exchanged,
  biases_exchanged,
  gates_exchanged
};

/// The parameters of a GRU: W, U, b, b'.
struct Parameters {
  Values W, U, b_x, b_h;
};

/// Those of a case, as `way` uses them.
Parameters parameters_of(const Case& one, Way way) {
  Parameters p{one["weight_ih"], one["weight_hh"], one["bias_ih"], one["bias_hh"]};
  const auto forget = [](Values& b) { b.numbers.assign(b.numbers.size(), 0); };
  if (way == Way::no_bias_x || way == Way::no_bias) forget(p.b_x);
  if (way == Way::no_bias_h || way == Way::no_bias) forget(p.b_h);
  if (way == Way::weights_exchanged) std::swap(p.W, p.U);
  if (way == Way::biases_exchanged) std::swap(p.b_x, p.b_h);
  return p;
}

/// x W^T + b for rows of x.
Values affine(const Values& x, const Values& weight, const Values& bias) {
  const int64_t I = weight.shape[1], O = weight.shape[0];
  Values y{x.shape, {}};
  y.shape.back() = O;
  for (int64_t r = 0; r < count(x.shape) / I; ++r) {
    for (int64_t o = 0; o < O; ++o) {
      double sum = bias.numbers[o];
      for (int64_t i = 0; i < I; ++i) {
        sum += x.numbers[r * I + i] * weight.numbers[o * I + i];
      }
      y.numbers.push_back(sum);
    }
  }
  return y;
}

/// Row t of each sentence of [B, S, I]: [B, I].
Values word(const Values& x, int64_t t) {
  const int64_t B = x.shape[0], S = x.shape[1], I = x.shape[2];
  Values y{{B, I}, {}};
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t i = 0; i < I; ++i) y.numbers.push_back(x.numbers[(b * S + t) * I + i]);
  }
  return y;
}

Values sequence(const Case& one, bool backward, Way way) {
  const Values &x = one["x"], &keep = one["keep"];
  const int64_t B = x.shape[0], S = x.shape[1], n = one["first"].shape[1];
  Values y{{B, S, n}, std::vector<double>(B * S * n)};
  const Parameters p = parameters_of(one, way);
  Values h = one["first"];
  if (way == Way::no_first) h.numbers.assign(h.numbers.size(), 0);
  for (int64_t i = 0; i < S; ++i) {
    const int64_t t = backward && way != Way::one_way ? S - 1 - i : i;
    Values gates_x = affine(word(x, t), p.W, p.b_x);
    Values gates_h = affine(way == Way::gates_of_first ? one["first"] : h, p.U, p.b_h);
    if (way == Way::gates_exchanged) std::swap(gates_x, gates_h);
    const Values fresh = step(gates_x, gates_h, h, Slip::none);
    const Values old = h;
    for (int64_t k = 0; k < B * n; ++k) {
      const bool kept = keep.numbers[k / n * S + t] != 0 || way == Way::ignores_keep;
      h.numbers[k] = kept ? fresh.numbers[k] : way == Way::zeros_padding ? 0 : old.numbers[k];
      const int64_t place = way == Way::other_order ? i : t;
      y.numbers[(k / n * S + place) * n + k % n] = h.numbers[k];
    }
    if (way == Way::forgets) h = one["first"];
  }
  return y;
}

Mistakes mistakes_of_sequence(const Case& one, bool backward) {
  const auto with = [&](Way way) { return sequence(one, backward, way); };
  Mistakes known = {
      {"padding is read like words: use keep_rows", with(Way::ignores_keep)},
      {"at padding the state stays as it is; here it becomes 0", with(Way::zeros_padding)},
      {"each step starts from `first`: hand the state on from word to word", with(Way::forgets)},
      {"U h + b' is made of `first` at each word: it belongs into the loop, with the state h",
       with(Way::gates_of_first)},
      {"`backward` is ignored: it reads from the last word to the first", with(Way::one_way)},
      {"the state of word t is number t in both directions: here they lie in the order in which "
       "they were read",
       with(Way::other_order)},
      {"`first` is ignored: the state before all words is given", with(Way::no_first)},
      {"bias_ih is missing: W x + b", with(Way::no_bias_x)},
      {"bias_hh is missing: U h + b'", with(Way::no_bias_h)},
      {"both biases are missing: W x + b and U h + b'", with(Way::no_bias)},
      {"bias_ih and bias_hh have changed places", with(Way::biases_exchanged)},
      {"W x + b and U h + b' have changed places: gru_step takes gates_x first",
       with(Way::gates_exchanged)}};
  if (one["weight_ih"].shape == one["weight_hh"].shape) {
    known.push_back(
        {"W and U have changed places: W, weight_ih, belongs to x, and U, weight_hh, to h",
         with(Way::weights_exchanged)});
  }
  return known;
}

}  // namespace

EXERCISE("padded", "gru.hpp") {
  const std::vector<std::vector<int64_t>> words = {{5, 3}, {7, 2, 9, 4}, {}, {6}};
  const course::Sentences table = course::padded(words);
  same("padded of sentences of 2, 4, 0 and 1 words: B", static_cast<double>(table.B), 4);
  same("padded of sentences of 2, 4, 0 and 1 words: S", static_cast<double>(table.S), 4,
       {{"S is the length of the longest sentence, not of the first", 2},
        {"S is the length of the longest sentence, not of the last", 1},
        {"S is the length of the longest sentence, not of all together", 7}});
  const Values ids{{4, 4}, {5, 3, 0, 0, 7, 2, 9, 4, 0, 0, 0, 0, 6, 0, 0, 0}};
  Values got{{4, 4}, {table.ids.begin(), table.ids.end()}};
  if (table.ids.size() != 16) got.shape = {static_cast<int64_t>(table.ids.size())};
  same("padded: ids", got, ids,
       {{"padding stands behind the words, not before them",
         {{4, 4}, {0, 0, 5, 3, 7, 2, 9, 4, 0, 0, 0, 0, 0, 0, 0, 6}}},
        {"every sentence has S ids: the missing words have id 0", {{7}, {5, 3, 7, 2, 9, 4, 6}}}});
  const Values keep{{4, 4}, {1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0}};
  same("padded: keep", table.keep, keep,
       {{"1 is a word and 0 is padding: here it is the other way round",
         each({keep}, [](const std::vector<double>& x) { return 1 - x[0]; })},
        {"every word is marked as a word, padding too",
         each({keep}, [](const auto&) { return 1; })}});
  const course::Sentences none = course::padded({});
  same("padded of no sentences: keep", none.keep, Values{{0, 0}, {}});
}

EXERCISE("gate", "gru.hpp") {
  for (const int64_t k : {0, 1, 2}) {
    for (const Case& one : cases("09_gru", "gate " + std::to_string(k))) {
      const Values& x = one["gates"];
      const int64_t size = x.shape.back(), n = size / 3;
      Mistakes mistakes = {
          {"block k begins at k n, not at k", last_axis(x, k, std::min(k + n, size))},
          {"a block is one n wide, and all behind it belongs to others", last_axis(x, k * n, size)},
          {"n is the third part of the last axis", x}};
      Values interleaved{last_axis(x, 0, n).shape, {}};
      for (std::size_t i = k; i < x.numbers.size(); i += 3) {
        interleaved.numbers.push_back(x.numbers[i]);
      }
      mistakes.push_back({"the gates lie block after block, not in turns", interleaved});
      composed("gate", one, {"gates"},
               [k](const std::vector<Tensor>& in) { return course::gate(in[0], k); },
               {{"y", mistakes}});
    }
  }
}

EXERCISE("gru_step", "gru.hpp") {
  for (const Case& one : cases("09_gru", "step")) {
    composed("gru_step", one, {"gates_x", "gates_h", "h"},
             [](const std::vector<Tensor>& x) { return course::gru_step(x[0], x[1], x[2]); },
             {{"y", mistakes_of_step(one)}});
  }
}

EXERCISE("keep_rows", "gru.hpp") {
  for (const Case& one : cases("09_gru", "rows")) {
    const Values &fresh = one["fresh"], &old = one["old"], &keep = one["keep"];
    Values wide{fresh.shape, {}};
    for (std::size_t i = 0; i < fresh.numbers.size(); ++i) {
      wide.numbers.push_back(keep.numbers[i / fresh.shape[1]]);
    }
    const std::vector<Values> all = {fresh, old, wide};
    const auto with = [&](auto f) { return each(all, f); };
    using At = std::vector<double>;
    const Mistakes mistakes = {
        {"keep is ignored: rows where it is 0 are those of `old`", fresh},
        {"rows where keep is 0 are those of `old`, not 0",
         with([](const At& x) { return x[0] * x[2]; })},
        {"1 keeps the fresh row, 0 the old one: here it is the other way round",
         with([](const At& x) { return x[1] * x[2] + x[0] * (1 - x[2]); })},
        {"the old row is added everywhere: take it only where keep is 0",
         with([](const At& x) { return x[0] * x[2] + x[1]; })}};
    const course::Array rows = contiguous_array(keep);
    composed("keep_rows", one, {"fresh", "old"},
             [&rows](const std::vector<Tensor>& x) { return course::keep_rows(x[0], x[1], rows); },
             {{"y", mistakes}});
  }
}

EXERCISE("gru_sequence", "gru.hpp") {
  for (const bool backward : {false, true}) {
    for (const Case& one : cases("09_gru", backward ? "backward sequence" : "sequence")) {
      const course::Array keep = contiguous_array(one["keep"]);
      composed("gru_sequence", one, {"x", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "first"},
               [&](const std::vector<Tensor>& in) {
                 const course::GRU gru{in[1], in[2], in[3], in[4]};
                 return course::gru_sequence(gru, in[0], in[5], keep, backward);
               },
               {{"y", mistakes_of_sequence(one, backward)}});
    }
  }
}
