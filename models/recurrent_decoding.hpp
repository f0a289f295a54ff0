#pragma once

#include <utility>

#include "../core/indexing.hpp"
#include "../core/memory.hpp"
#include "../core/softmax.hpp"
#include "../core/views.hpp"
#include "decoder.hpp"
#include "recurrent_decoder.hpp"

/// From a recurrent model's `encode`, `step` and `logits`: teacher forcing, and the decoder that
/// search asks. RNNsearch and the EncoderDecoder differ in these functions alone.
namespace heed {

/// The read-outs t_i of a model that reads a given target, and where it looked.
struct TeacherForced {
  Tensor t;              // [B, T, L]
  Pooled<Tensor> alpha;  // [B, S] for each of the T words
};

template <class Model>
TeacherForced teacher_forcing(const Model& m, const Tensor& source, const Tensor& keep,
                              const Tensor& target) {
  const RecurrentSource x = m.encode(source, keep);
  check_target(Model::name, target, source.size(0));
  const DecoderInput y = m.decoder.read(m.dropout(m.target_embedding(target)), x.c);  // [B, T, .]
  DecoderState state = x.start;
  TeacherForced result;
  Pooled<Tensor> s, c, t;
  for (int64_t i = 0; i < target.size(1); ++i) {
    DecoderStep step = m.step(x, state, y.at(i));
    s.push_back(step.terms.s);
    c.push_back(step.terms.c);
    result.alpha.push_back(step.alpha);
    state = std::move(step.s);
    if (state.fed.defined()) t.push_back(state.fed = m.readout(step.terms));
  }
  // Unless t_i is fed back, no step needs it: the read-outs of all words are one product.
  result.t =
      t.empty() ? m.readout({stack(s, 1), y.Ey, x.c.defined() ? x.c : stack(c, 1)}) : stack(t, 1);
  return result;
}

/// Word by word. What depends on the source alone is there once for each of N sentences; what the
/// decoder remembers is there for each of their K hypotheses, [N, K, .].
template <class Model>
class RecurrentSearch final : public Decoder {
 public:
  RecurrentSearch(const Model& model, const Tensor& source, const Tensor& keep)
      : model_(model),
        x_(model.encode(source, keep)),
        state_(x_.start),
        rows_{Model::name, source.size(0)} {
    each_of_state([](Tensor& one) { one = unsqueeze(one, 1); });
    if (x_.c.defined()) gates_of_c_ = model.decoder.context_gates(x_.c);
  }

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    return log_softmax(scores(last).scores);
  }

  WordScores scores(const Tensor& last) override {
    NoGrad no_grad;
    rows_.check_step(last);
    const int64_t R = rows_.rows;
    const Tensor words = reshape(last, {rows_.sentences, rows_.each()});
    const Tensor Ey = model_.dropout(model_.target_embedding(words));  // [N, K, E]
    const RecurrentDecoder& decoder = model_.decoder;
    DecoderStep step = model_.step(
        x_, state_, x_.c.defined() ? decoder.read_with(Ey, gates_of_c_) : decoder.read(Ey));
    const Tensor t = model_.readout(step.terms);
    state_ = std::move(step.s);
    if (state_.fed.defined()) state_.fed = t;
    alpha_ = step.alpha.defined() ? reshape(step.alpha, {R, step.alpha.size(2)}) : step.alpha;
    const Tensor logits = model_.logits(t);
    return {reshape(logits, {R, logits.size(2)}), true};
  }

  Tensor attention() const override { return alpha_; }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    NoGrad no_grad;
    const int64_t before = rows_.sentences;
    rows_.reorder(sentences, rows);
    each_of_state([&](Tensor& one) {
      const int64_t size = one.size(2);
      const Tensor of_rows = reshape(one, {one.size(0) * one.size(1), size});
      one = reshape(index_select(of_rows, 0, rows), {rows_.sentences, rows_.each(), size});
    });
    if (rows_.sentences == before) return;
    for (Tensor* one :
         {&x_.memory.annotations, &x_.memory.keys, &x_.memory.keep, &x_.c, &gates_of_c_}) {
      if (one->defined()) *one = index_select(*one, 0, sentences);
    }
  }

 private:
  template <class Change>
  void each_of_state(const Change& change) {
    for (Tensor& layer : state_.layers) change(layer);
    if (state_.past.coverage.defined()) change(state_.past.coverage);
    if (state_.fed.defined()) change(state_.fed);
  }

  const Model& model_;
  RecurrentSource x_;
  Tensor gates_of_c_;  // of the EncoderDecoder, [N, G n]
  DecoderState state_;
  DecoderRows rows_;
  Tensor alpha_;  // of the last step, [R, S]
};

}  // namespace heed
