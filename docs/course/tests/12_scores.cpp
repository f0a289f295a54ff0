#include "scores.hpp"

#include "models.hpp"

using namespace grade;
using namespace course;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor given(const Case& one, const std::string& key) {
  return constant(contiguous_array(one[key]));
}

/// keep as large as the scores.
Values wide(const Case& one) {
  return values_of("keep", broadcast_to(contiguous_array(one["keep"]), one["scores"].shape));
}

/// A softmax of each row, whatever is in it.
Values softmax_of(const Values& x) {
  Values y = x;
  const int64_t n = x.shape.back(), rows = n ? grade::count(x.shape) / n : 0;
  for (int64_t r = 0; r < rows; ++r) {
    double total = 0;
    double largest = -infinity;
    for (int64_t i = 0; i < n; ++i) largest = std::max(largest, x.numbers[r * n + i]);
    for (int64_t i = 0; i < n; ++i) {
      total += y.numbers[r * n + i] = std::exp(x.numbers[r * n + i] - largest);
    }
    for (int64_t i = 0; i < n; ++i) y.numbers[r * n + i] /= total;
  }
  return y;
}

using At = std::vector<double>;

Mistakes mistakes_of_masked(const Case& one) {
  const Values scores = one["scores"], keep = wide(one), plain = softmax_of(scores);
  const auto masked = [&](auto f) { return softmax_of(each({scores, keep}, f)); };
  Values again = each({plain, keep}, [](const At& x) { return x[0] * x[1]; });
  const std::string after =
      "the mask is applied after the softmax: what is hidden has taken its "
      "share, and the rest does not sum to 1";
  const std::string large =
      "a large negative number is not -infinity: a row that keeps nothing "
      "gets attention weights, as if it kept all";
  Mistakes all = {
      {after, again},
      {"nothing is hidden: keep is not used", plain},
      {"a score of 0 is not hidden, exp(0) is 1: add -infinity to it, do not multiply it by keep",
       masked([](const At& x) { return x[0] * x[1]; })},
      {"a score of 0 is not hidden, exp(0) is 1: add -infinity to what is not kept",
       masked([](const At& x) { return x[0] + x[1]; })},
      {"1 is kept and 0 is hidden: here it is the other way round",
       masked([](const At& x) { return x[1] ? -infinity : x[0]; })}};
  for (const double low : {-1e30, -1e20, -1e10, -1e9, -1e8, -1e6, -1e5, -1e4}) {
    all.push_back({large, masked([low](const At& x) { return x[1] ? x[0] : x[0] + low; })});
    all.push_back({large, masked([low](const At& x) { return x[1] ? x[0] : low; })});
  }
  const int64_t n = scores.shape.back();
  for (std::size_t i = 0; i < again.numbers.size(); i += n) {
    double total = 0;
    for (int64_t j = 0; j < n; ++j) total += again.numbers[i + j];
    for (int64_t j = 0; j < n; ++j) again.numbers[i + j] /= total;
  }
  all.push_back(
      {"0 / 0: attention weights that are masked afterwards and divided by what is left fail where "
       "nothing is left; mask the scores",
       again});
  return all;
}

/// Dot products times a factor, turned round if asked for.
Mistake product(const std::string& says, const Tensor& s, const Tensor& h, double factor,
                bool turned = false) {
  const Tensor e = matmul(s, transpose(h, 1, 2));
  return mistake(says, scale(turned ? transpose(e, 1, 2) : e, factor));
}

Mistakes mistakes_of_scaled(const Case& one) {
  const Tensor s = given(one, "s"), h = given(one, "h");
  const double n = static_cast<double>(s.shape()[2]), S = static_cast<double>(h.shape()[1]);
  return {product("the products are not divided by sqrt(n)", s, h, 1),
          product("divided by n, must be sqrt(n)", s, h, 1 / n),
          product("multiplied by sqrt(n), must be divided", s, h, std::sqrt(n)),
          product("n is the size of a vector, not the number of words", s, h, 1 / std::sqrt(S)),
          product("divided by sqrt(n) twice", s, h, 1 / n),
          product("queries are rows, words are columns: [B, T, S]", s, h, 1 / std::sqrt(n), true)};
}

Mistakes mistakes_of_general(const Case& one) {
  const Tensor s = given(one, "s"), h = given(one, "h"), W = given(one, "weight");
  Mistakes all = {
      product("queries are rows, words are columns: [B, T, S]", s, linear(h, W), 1, true),
      mistake("there is no tanh in this score", dot_scores(s, tanh(linear(h, W))))};
  if (W.shape()[0] == W.shape()[1]) {
    all.push_back(product("W stands the other way: s^T W h_j, not h_j^T W s", s,
                          linear(h, transpose(W, 0, 1)), 1));
    all.push_back(product("W is missing", s, h, 1));
  }
  return all;
}

/// v^T f(query + keys) for W's columns split at `first`.
Tensor concat(const Case& one, bool with_tanh, bool with_v, bool turned) {
  const Tensor s = given(one, "s"), h = given(one, "h"), W = given(one, "weight");
  const int64_t B = s.shape()[0], T = s.shape()[1], S = h.shape()[1], A = W.shape()[0];
  const int64_t all = W.shape()[1], n = s.shape()[2], C = h.shape()[2];
  const Tensor query = linear(s, turned ? slice(W, 1, C, all) : slice(W, 1, 0, n));
  const Tensor keys = linear(h, turned ? slice(W, 1, 0, C) : slice(W, 1, n, all));
  const Tensor inner = reshape(query, {B, T, 1, A}) + reshape(keys, {B, 1, S, A});
  const Tensor bent = with_tanh ? tanh(inner) : inner;
  const Tensor v = with_v ? given(one, "v") : constant(full({1, A}, 1));
  return reshape(linear(bent, v), {B, T, S});
}

Mistakes mistakes_of_concat(const Case& one) {
  return {mistake("the tanh is missing", concat(one, false, true, false)),
          mistake("v is missing", concat(one, true, false, false)),
          mistake("W's first n columns belong to s, the others to h: [s; h]",
                  concat(one, true, true, true)),
          mistake("queries are rows, words are columns: [B, T, S]",
                  transpose(concat(one, true, true, false), 1, 2))};
}

}  // namespace

EXERCISE("additive_mask", "scores.hpp") {
  const Values keep{{2, 3}, {1, 1, 0, 1, 0, 0}},
      right{{2, 3}, {0, 0, -infinity, 0, -infinity, -infinity}};
  for (const bool strided : {false, true}) {
    const std::string what =
        strided ? "additive_mask of an array that does not lie row after row" : "additive_mask";
    const Values got = values_of(what, additive_mask(array_of(keep, strided)));
    for (std::size_t i = 0; got.shape == keep.shape && i < keep.numbers.size(); ++i) {
      holds(keep.numbers[i] || std::isinf(got.numbers[i]) || got.numbers[i] > -1000, what,
            "element " + text({static_cast<int64_t>(i) / 3, static_cast<int64_t>(i) % 3}) + " is " +
                std::to_string(got.numbers[i]) + ", expected -inf",
            "a large negative number is not -infinity: a row that keeps nothing would get "
            "attention weights");
    }
    const auto with = [&](auto f) { return each({keep}, f); };
    same(what, got, right,
         {{"1 is kept and 0 is hidden: here it is the other way round",
           with([](const At& x) { return x[0] ? -infinity : 0; })},
          {"what is added must be 0 where a word is kept, and -infinity where it is not: this is "
           "keep itself",
           keep},
          {"what is added must be -infinity where a word is hidden; this is a factor's 0",
           with([](const At&) { return 0; })},
          {"the sign: exp(+infinity) is infinite, exp(-infinity) is 0",
           with([](const At& x) { return x[0] ? 0 : infinity; })},
          {"what is kept stays as it is: add 0, not 1",
           with([](const At& x) { return x[0] ? 1 : -infinity; })}});
  }
  same("additive_mask of no rows", additive_mask(contiguous_array({{0, 2}, {}})),
       Values{{0, 2}, {}});
}

EXERCISE("masked_softmax", "scores.hpp") {
  for (const Case& one : cases("12_scores", "masked")) {
    const course::Array keep = contiguous_array(one["keep"]);
    composed("masked_softmax", one, {"scores"},
             [&](const std::vector<Tensor>& x) { return masked_softmax(x[0], keep); },
             {{"y", mistakes_of_masked(one)}});
  }
}

EXERCISE("hide_padding", "scores.hpp") {
  for (const Case& one : cases("12_scores", "padded")) {
    RNNsearch m;
    const Sentences x = sentences(one, "source"), before = sentences(one, "before");
    const auto all = parameters(m, small_sizes, 4);
    const auto with = [&](const Values& mask) {
      Memory memory = annotate(m, x);
      memory.mask = constant(contiguous_array(mask));
      return search(m, memory, before).logits;
    };
    model(
        "hide_padding: the logits of a search", one, all,
        [&] {
          const Memory memory = hide_padding(annotate(m, x), x.keep);
          holds(memory.mask.node != nullptr, "hide_padding", "the mask is not defined",
                "put it into a copy of the memory: masked.mask = constant(...)");
          holds(memory.h.node && memory.keys.node && memory.s_0.node, "hide_padding",
                "h, keys or s_0 are gone", "the memory is the same but for its mask");
          holds(
              memory.mask.shape() == one["keep"].shape, "hide_padding",
              "the mask is " + text(memory.mask.shape()) + ", expected " + text(one["keep"].shape));
          return search(m, memory, before).logits;
        },
        [&] {
          const Values& keep = one["keep"];
          const Values inverted = each({keep}, [](const At& x) { return x[0] ? -infinity : 0; });
          return Mistakes{
              mistake("keep itself is added: make the mask of it that is added", with(keep)),
              mistake("words are hidden and padding is shown", with(inverted)),
              mistake("nothing is hidden", search(m, annotate(m, x), before).logits)};
        });
  }
}

EXERCISE("dot_scores", "scores.hpp") {
  for (const Case& one : cases("12_scores", "dot")) {
    const Tensor s = given(one, "s"), h = given(one, "h");
    const double n = static_cast<double>(s.shape()[2]);
    composed("dot_scores", one, {"s", "h"},
             [](const std::vector<Tensor>& x) { return dot_scores(x[0], x[1]); },
             {{"y",
               {product("queries are rows, words are columns: [B, T, S]", s, h, 1, true),
                product("this score is not divided by anything", s, h, 1 / std::sqrt(n)),
                mistake("a tanh is in other scores, not in this one", tanh(dot_scores(s, h)))}}});
  }
}

EXERCISE("scaled_dot_scores", "scores.hpp") {
  for (const Case& one : cases("12_scores", "scaled")) {
    composed("scaled_dot_scores", one, {"s", "h"},
             [](const std::vector<Tensor>& x) { return scaled_dot_scores(x[0], x[1]); },
             {{"y", mistakes_of_scaled(one)}});
  }
}

EXERCISE("general_scores", "scores.hpp") {
  for (const Case& one : cases("12_scores", "general")) {
    composed("general_scores", one, {"s", "h", "weight"},
             [](const std::vector<Tensor>& x) { return general_scores(x[0], x[1], x[2]); },
             {{"y", mistakes_of_general(one)}});
  }
}

EXERCISE("concat_scores", "scores.hpp") {
  for (const Case& one : cases("12_scores", "concat")) {
    composed("concat_scores", one, {"s", "h", "weight", "v"},
             [](const std::vector<Tensor>& x) { return concat_scores(x[0], x[1], x[2], x[3]); },
             {{"y", mistakes_of_concat(one)}});
  }
}
