#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "../core/losses.hpp"
#include "../core/views.hpp"
#include "../layers/linear.hpp"
#include "attention_weights.hpp"
#include "decoder.hpp"

namespace heed {

/// A translating model of any type behind one handle: what `Trainer` and `Translator` work with.
/// A struct M of the user's own will do if it has
///
///     Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const;
///     std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const;
///     void members(Members& m);
///
/// source [B, S] int32 with its keep mask [B, S]; target [B, T] from `<s>` on; the result [B, T, V]
/// are the logits of the words that follow (teacher forcing). What `start_decoder` gives refers to
/// the model and is used no longer than that lives. Three more functions are optional,
/// `attention_weights`, `loss` and `length_limits`, as below. With a Linear `generator` that makes
/// the logits of `hidden(source, keep, target)`, [B, T, L], training needs no [B, T, V].
class TranslationModel {
 public:
  template <class M>
  explicit TranslationModel(M model) : held_(new Of<M>(std::move(model))) {}

  Tensor operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
    return held_->forward(source, keep, target);
  }
  /// What training minimises, and whose gradients `Translator::gradients` and `heed graph` show:
  /// the model's own `loss` if it has one with these parameters, else the cross-entropy of the
  /// logits with the words that should follow, target_out: [B, T] int32. An own loss heeds the
  /// options: target words with `ignore_index` count nothing, `reduction` is `mean` over those that
  /// do in training and `sum` elsewhere. `logits`, if given, receives what the default computed
  /// them to be.
  Tensor loss(const Tensor& source, const Tensor& keep, const Tensor& target_in,
              const Tensor& target_out, const CrossEntropyOptions& options,
              Tensor* logits = nullptr) const {
    return held_->loss(source, keep, target_in, target_out, options, logits);
  }
  std::unique_ptr<Decoder> start_decoder(const Tensor& source, const Tensor& keep) const {
    return held_->start_decoder(source, keep);
  }
  /// The weights of every attention, [B, H, queries, keys], while `target` is read; empty for a
  /// model without.
  std::vector<AttentionWeights> attention_weights(const Tensor& source, const Tensor& keep,
                                                  const Tensor& target) const {
    return held_->attention_weights(source, keep, target);
  }
  /// The longest texts that it takes: learned positions and location scores end somewhere.
  LengthLimits length_limits() const { return held_->length_limits(); }
  void members(Members& m) { held_->members(m); }

  /// The model itself; null unless it is an M.
  template <class M>
  M* as() const {
    auto* held = dynamic_cast<Of<M>*>(held_.get());
    return held ? &held->model : nullptr;
  }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual Tensor forward(const Tensor&, const Tensor&, const Tensor&) const = 0;
    virtual Tensor loss(const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                        const CrossEntropyOptions&, Tensor*) const = 0;
    virtual std::unique_ptr<Decoder> start_decoder(const Tensor&, const Tensor&) const = 0;
    virtual std::vector<AttentionWeights> attention_weights(const Tensor&, const Tensor&,
                                                            const Tensor&) const = 0;
    virtual LengthLimits length_limits() const = 0;
    virtual void members(Members&) = 0;
  };
  template <class M>
  struct Of final : Held {
    explicit Of(M m) : model(std::move(m)) {}
    Tensor forward(const Tensor& x, const Tensor& keep, const Tensor& y) const override {
      return model(x, keep, y);
    }
    Tensor loss(const Tensor& x, const Tensor& keep, const Tensor& y, const Tensor& next,
                const CrossEntropyOptions& options, Tensor* computed) const override {
      if constexpr (requires { model.loss(x, keep, y, next, options); }) {
        return model.loss(x, keep, y, next, options);
      } else {
        if (!computed) return loss_without_logits(x, keep, y, next, options);
        *computed = model(x, keep, y);
        return cross_entropy(rows_of(*computed), reshape(next, {-1}), options);
      }
    }
    Tensor loss_without_logits(const Tensor& x, const Tensor& keep, const Tensor& y,
                               const Tensor& next, const CrossEntropyOptions& options) const {
      const Tensor words = reshape(next, {-1});
      if constexpr (requires {
                      model.generator.weight;
                      model.hidden(x, keep, y);
                    }) {
        const Linear& last = model.generator;
        return linear_cross_entropy(rows_of(model.hidden(x, keep, y)), last.weight, words,
                                    last.bias, options);
      } else {
        return cross_entropy(rows_of(model(x, keep, y)), words, options);
      }
    }
    static Tensor rows_of(const Tensor& x) { return reshape(x, {-1, x.size(-1)}); }
    std::unique_ptr<Decoder> start_decoder(const Tensor& x, const Tensor& keep) const override {
      return model.start_decoder(x, keep);
    }
    std::vector<AttentionWeights> attention_weights(const Tensor& x, const Tensor& keep,
                                                    const Tensor& y) const override {
      if constexpr (requires { model.attention_weights(x, keep, y); }) {
        return model.attention_weights(x, keep, y);
      } else {
        return {};
      }
    }
    LengthLimits length_limits() const override {
      if constexpr (requires { model.length_limits(); }) {
        return model.length_limits();
      } else {
        return {};
      }
    }
    void members(Members& m) override { model.members(m); }
    M model;
  };
  std::unique_ptr<Held> held_;
};

}  // namespace heed
