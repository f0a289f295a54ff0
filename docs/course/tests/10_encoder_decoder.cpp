#include "encoder_decoder.hpp"

#include "models.hpp"

using namespace grade;
using namespace course;

namespace {

/// The parts of the encoder, made of what chapter 9 has graded.
struct Read {
  Tensor right, left;
};

Read read(const GRU& forward, const GRU& backward, const EncoderDecoder& m, const Sentences& x) {
  const Tensor words = embed(x, m.source_embedding);
  const Tensor zero = constant(zeros({x.B, m.forward.weight_hh.shape()[1]}));
  return {gru_sequence(forward, words, zero, x.keep),
          gru_sequence(backward, words, zero, x.keep, true)};
}

Tensor both(const Encoded& x) { return cat({x.c, x.s_0}, 1); }

Mistakes mistakes_of_encode(const EncoderDecoder& m, const Sentences& x) {
  const Read r = read(m.forward, m.backward, m, x), one = read(m.forward, m.forward, m, x);
  Sentences all = x;
  all.keep = full(x.keep.shape, 1);
  const Read read_padding = read(m.forward, m.backward, m, all);
  const auto start = [&](const Tensor& h) { return linear(h, m.initial_weight, m.initial_bias); };
  const auto parts = [&](const Tensor& right, const Tensor& left) {
    return cat({right, left, tanh(start(left))}, 1);
  };
  const int64_t end = x.S - 1;
  const Tensor last = select(r.right, 1, end), first = select(r.left, 1, 0);
  return {
      mistake("the backward net ends at the first word: its last state is number 0, not S - 1",
              parts(last, select(r.left, 1, end))),
      mistake("the backward net ends at the first word: its last state is number 0, not S - 1",
              cat({last, select(r.left, 1, end), tanh(start(first))}, 1)),
      mistake("the forward net ends at the last word: its last state is number S - 1, not 0",
              parts(select(r.right, 1, 0), first)),
      mistake("c is [forward; backward], in this order", cat({first, last, tanh(start(first))}, 1)),
      mistake("s_0 is made of the backward state, which has just read the first word",
              cat({last, first, tanh(start(last))}, 1)),
      mistake("the tanh of s_0 is missing", cat({last, first, start(first)}, 1)),
      mistake("the backward net has weights of its own: m.backward",
              parts(select(one.right, 1, end), select(one.left, 1, 0))),
      mistake("padding is read like words: hand source.keep on",
              parts(select(read_padding.right, 1, end), select(read_padding.left, 1, 0)))};
}

Tensor step(const GRU& gru, const Tensor& input, const Tensor& s, bool with_bias = true) {
  return gru_step(linear(input, gru.weight_ih, gru.bias_ih),
                  linear(s, gru.weight_hh, with_bias ? gru.bias_hh : Tensor{}), s);
}

/// f of the inputs of a case as constants: what a mistake gives.
Tensor given(const Case& one, const std::string& key) {
  return constant(contiguous_array(one[key]));
}

/// The elements that from(row, j) chooses, for L elements in each row.
template <class F>
Values chosen(const Values& x, F from) {
  const int64_t B = x.shape[0], L = x.shape[1] / 2;
  Values y{{B, L}, {}};
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t j = 0; j < L; ++j) y.numbers.push_back(from(x.numbers.data() + b * 2 * L, j, L));
  }
  return y;
}

MistakesOf mistakes_of_maxout(const Case& one) {
  Values everywhere{one["x"].shape, {}}, smaller = everywhere;
  for (std::size_t i = 0; i < one["x"].numbers.size(); ++i) {
    const double g = one["g"].numbers[i / 2];
    const bool larger = one["x"].numbers[i] > one["x"].numbers[i ^ 1];
    everywhere.numbers.push_back(g);
    smaller.numbers.push_back(larger ? 0 : g);
  }
  using Row = const double*;
  return {
      {"y",
       {{"the pairs are neighbours, 2j and 2j + 1, not j and j + L",
         chosen(one["x"], [](Row x, int64_t j, int64_t L) { return std::max(x[j], x[j + L]); })},
        {"the larger one is taken, not the smaller",
         chosen(one["x"],
                [](Row x, int64_t j, int64_t) { return std::min(x[2 * j], x[2 * j + 1]); })},
        {"the first of each pair is taken, whichever is larger",
         chosen(one["x"], [](Row x, int64_t j, int64_t) { return x[2 * j]; })}}},
      {"dx",
       {{"the gradient goes to the larger one alone: the other did not matter", everywhere},
        {"the gradient has gone to the smaller one", smaller}}}};
}

/// What `logits` may do wrong.
enum class Slip { state_is_lost, state_before, other_word, no_context };

Tensor teacher(const EncoderDecoder& m, const Sentences& x, const Sentences& before, Slip slip) {
  const Encoded encoded = encode(m, x);
  const Tensor y = embed(before, m.target_embedding);
  Tensor s = encoded.s_0;
  std::vector<Tensor> steps;
  for (int64_t i = 0; i < before.S; ++i) {
    const Tensor y_i = select(y, 1, slip == Slip::other_word ? 0 : i);
    const Tensor next =
        decoder_step(m, y_i, encoded.c, slip == Slip::state_is_lost ? encoded.s_0 : s);
    const Tensor c = slip == Slip::no_context ? scale(encoded.c, 0) : encoded.c;
    steps.push_back(read_out(m, slip == Slip::state_before ? s : next, c, y_i));
    s = next;
  }
  return stack(steps, 1);
}

Mistakes mistakes_of_logits(const EncoderDecoder& m, const Sentences& x, const Sentences& before,
                            const Values& right) {
  Mistakes all = {mistake("each step starts from s_0: hand the state on",
                          teacher(m, x, before, Slip::state_is_lost)),
                  mistake("the read-out takes the new state s_i, not s_{i-1}",
                          teacher(m, x, before, Slip::state_before)),
                  mistake("every step reads the first word: step i reads word i of `before`",
                          teacher(m, x, before, Slip::other_word)),
                  mistake("the read-out looks at c too", teacher(m, x, before, Slip::no_context))};
  all.push_back(
      {"time is axis 1: [B, T, V]", values_of("", transpose(contiguous_array(right), 0, 1))});
  return all;
}

/// Words of the first step at every step, or the state before them.
std::vector<int64_t> written_wrongly(const EncoderDecoder& m, const Sentences& x, int64_t T,
                                     bool same_word, bool same_state) {
  const Encoded encoded = encode(m, x);
  Tensor s = encoded.s_0;
  std::vector<int64_t> last(x.B, 1), written(x.B * T);
  for (int64_t i = 0; i < T; ++i) {
    const Tensor y = embedding(same_word ? std::vector<int64_t>(x.B, 1) : last, m.target_embedding);
    const Tensor next = decoder_step(m, y, encoded.c, s);
    last = best(read_out(m, next, encoded.c, y).value());
    if (!same_state) s = next;
    for (int64_t b = 0; b < x.B; ++b) written[b * T + i] = last[b];
  }
  return written;
}

Values table(const std::vector<int64_t>& ids, int64_t B, int64_t T) {
  if (static_cast<int64_t>(ids.size()) != B * T) {
    return {{static_cast<int64_t>(ids.size())}, {ids.begin(), ids.end()}};
  }
  return {{B, T}, {ids.begin(), ids.end()}};
}

}  // namespace

EXERCISE("encode", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "encode")) {
    EncoderDecoder m;
    const Sentences x = sentences(one, "source");
    model(
        "encode: c and s_0 side by side", one, parameters(m, small_sizes),
        [&] {
          const Encoded encoded = encode(m, x);
          holds(encoded.c.node && encoded.s_0.node, "encode", "c or s_0 is no tensor");
          const course::Shape c = {x.B, 6}, s_0 = {x.B, 3};
          holds(encoded.c.shape() == c, "encode",
                "c is " + text(encoded.c.shape()) + ", expected " + text(c),
                "c is the last state of each direction side by side, [B, 2n]: `cat` along axis 1");
          holds(encoded.s_0.shape() == s_0, "encode",
                "s_0 is " + text(encoded.s_0.shape()) + ", expected " + text(s_0));
          return both(encoded);
        },
        [&] { return mistakes_of_encode(m, x); });
  }
}

EXERCISE("decoder_step", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "step")) {
    const Tensor y = given(one, "y_before"), c = given(one, "c"), s = given(one, "s");
    const GRU gru{given(one, "weight_ih"), given(one, "weight_hh"), given(one, "bias_ih"),
                  given(one, "bias_hh")};
    composed("decoder_step", one,
             {"y_before", "c", "s", "weight_ih", "weight_hh", "bias_ih", "bias_hh"},
             [](const std::vector<Tensor>& x) {
               EncoderDecoder m;
               m.decoder = {x[3], x[4], x[5], x[6]};
               return decoder_step(m, x[0], x[1], x[2]);
             },
             {{"y",
               {mistake("the input is [y; c], in this order", step(gru, cat({c, y}, 1), s)),
                mistake("bias_hh is missing", step(gru, cat({y, c}, 1), s, false)),
                mistake("the context is not in the input", step(gru, cat({y, scale(c, 0)}, 1), s)),
                mistake("the old state is not used", step(gru, cat({y, c}, 1), scale(s, 0)))}}});
  }
}

EXERCISE("maxout", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "maxout")) {
    operation(
        "maxout", one, {"x"}, [](const std::vector<Tensor>& x) { return maxout(x[0]); },
        mistakes_of_maxout(one));
  }
  const Tensor equal = variable(contiguous_array({{1, 2}, {3, 3}}));
  backward(maxout(equal), contiguous_array({{1, 1}, {5}}));
  const Values arrived = values_of("maxout of two equal numbers", equal.grad());
  same("maxout of two equal numbers: the gradients together",
       arrived.numbers[0] + arrived.numbers[1], 5,
       {{"of two equal numbers both receive the gradient: it counts twice", 10},
        {"of two equal numbers neither receives the gradient", 0}});
}

EXERCISE("read_out", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "read_out")) {
    const auto run = [](const std::vector<Tensor>& x, const Tensor& input) {
      return linear(maxout(linear(input, x[3], x[4])), x[5], x[6]);
    };
    const std::vector<std::string> names = {"s",
                                            "c",
                                            "y_before",
                                            "readout.weight",
                                            "readout.bias",
                                            "generator.weight",
                                            "generator.bias"};
    std::vector<Tensor> x;
    for (const std::string& name : names) x.push_back(given(one, name));
    std::vector<Tensor> bare = x, half = x;
    bare[4] = {};
    half[6] = {};
    const Tensor input = cat({x[0], x[1], x[2]}, 1);
    const std::string order = "the input is [s; c; y], in this order";
    composed("read_out", one, names,
             [](const std::vector<Tensor>& in) {
               EncoderDecoder m;
               m.readout_weight = in[3];
               m.readout_bias = in[4];
               m.generator_weight = in[5];
               m.generator_bias = in[6];
               return read_out(m, in[0], in[1], in[2]);
             },
             {{"y",
               {mistake(order, run(x, cat({x[2], x[1], x[0]}, 1))),
                mistake(order, run(x, cat({x[0], x[2], x[1]}, 1))),
                mistake(order, run(x, cat({x[2], x[0], x[1]}, 1))),
                mistake(order, run(x, cat({x[1], x[0], x[2]}, 1))),
                mistake("the bias of the read-out is missing", run(bare, input)),
                mistake("the bias of the generator is missing", run(half, input))}}});
  }
}

EXERCISE("logits", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "logits")) {
    EncoderDecoder m;
    const Sentences x = sentences(one, "source"), before = sentences(one, "before");
    model(
        "logits", one, parameters(m, small_sizes), [&] { return logits(m, x, before); },
        [&] { return mistakes_of_logits(m, x, before, one["y"]); });
  }
}

EXERCISE("write", "encoder_decoder.hpp") {
  for (const Case& one : cases("10_encoder_decoder", "logits")) {
    EncoderDecoder m;
    load(parameters(m, small_sizes), one, false);
    const Sentences x = sentences(one, "source");
    const int64_t T = one["written"].shape[1];
    const std::vector<int64_t> right = one.ids("written"), got = course::write(m, x, 1, T);
    std::vector<int64_t> turned(x.B * T), late(x.B * T);
    for (int64_t b = 0; b < x.B; ++b) {
      for (int64_t i = 0; i < T; ++i) {
        turned[i * x.B + b] = right[b * T + i];
        late[b * T + i] = i ? right[b * T + i - 1] : 1;
      }
    }
    const auto wrongly = [&](bool word, bool state) {
      return table(written_wrongly(m, x, T, word, state), x.B, T);
    };
    same("write (" + one.name + ")", table(got, x.B, T), table(right, x.B, T),
         {{"each step reads `begin`: hand the word on that was written", wrongly(true, false)},
          {"each step starts from s_0: hand the state on", wrongly(false, true)},
          {"each step starts from s_0 and `begin`: hand both on", wrongly(true, true)},
          {"word i of sentence b is number b T + i", table(turned, x.B, T)},
          {"what is written is the word that was read, one step late", table(late, x.B, T)}});
  }
}
