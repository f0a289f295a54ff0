#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "../core/elementwise.hpp"
#include "linear.hpp"

/// Score functions: e_ij says how well the annotation h_j fits what the decoder's state s_{i-1}
/// looks for. A score is a struct with
///
///     Tensor project(const Tensor& annotations) const;    // once for each sentence
///     Tensor operator()(const Tensor& s, const Tensor& keys) const;
///     void members(Members& m);
///
/// annotations: [B, S, C]; keys: what `project` gave; s: [B, K, n], K queries of each sentence
/// -> e [B, K, S]. `Attention` makes weights and a context of any of them, RNNsearch takes them
/// all. One that can be told what has been attended to has a third parameter, coverage: [B, K, S],
/// and says `takes_coverage()`.
namespace heed {

/// e_ij = v . tanh(q_i + k_j) without the [B, K, S, A] numbers in it, which the backward pass
/// computes once more. queries: [B, K, A], keys: [B, S, A], v: [A] -> [B, K, S]. One recorded
/// operation. Throws `ShapeError`, `TypeError`.
Tensor additive_scores(const Tensor& queries, const Tensor& keys, const Tensor& v);

namespace composed {
/// The same from smaller operations: what tests hold against it.
Tensor additive_scores(const Tensor& queries, const Tensor& keys, const Tensor& v);
}  // namespace composed

/// Sizes of an AdditiveScore or ConcatScore: n of the query, C of the annotations, A inside.
struct AdditiveScoreConfig {
  int64_t query, key, size;
  /// Whether it is told what has been attended to.
  bool coverage = false;
};

/// e = v^T tanh(W s + U h_j): Bahdanau et al. 2014, section 3.1 and appendix A.1.2. W, U, v are
/// query.weight [A, n], key.weight [A, C], energy.weight [1, A], without biases. With coverage
/// c_ij = sum_{k < i} alpha_kj: e = v^T tanh(W s + U h_j + w c_ij), w: coverage.weight [A, 1]; See,
/// Liu and Manning 2017, eq. (11).
struct AdditiveScore {
  AdditiveScoreConfig config;
  Linear query, key, energy;
  std::optional<Linear> coverage;

  explicit AdditiveScore(AdditiveScoreConfig sizes);
  Tensor project(const Tensor& annotations) const;
  Tensor operator()(const Tensor& s, const Tensor& keys, const Tensor& attended = {}) const;
  bool takes_coverage() const { return coverage.has_value(); }
  void members(Members& m) {
    m("query", query)("key", key)("energy", energy)("coverage", coverage);
  }
};

/// e = v^T tanh(W [s; h_j]): Luong et al. 2015, section 3.1, "concat". W, v are key.weight
/// [A, n + C], energy.weight [1, A], without biases. Coverage as in AdditiveScore.
struct ConcatScore {
  AdditiveScoreConfig config;
  Linear key, energy;
  std::optional<Linear> coverage;

  explicit ConcatScore(AdditiveScoreConfig sizes);
  Tensor project(const Tensor& annotations) const;
  Tensor operator()(const Tensor& s, const Tensor& keys, const Tensor& attended = {}) const;
  bool takes_coverage() const { return coverage.has_value(); }
  void members(Members& m) { m("key", key)("energy", energy)("coverage", coverage); }
};

/// Size of a DotScore: n of the query; the annotations have n features, or n of each direction.
struct DotScoreConfig {
  int64_t size;
};

/// e = s . h_j: Luong et al. 2015, section 3.1, "dot". Annotations of two directions,
/// [forward; backward], are added up first. It has no weights.
struct DotScore {
  DotScoreConfig config;

  explicit DotScore(DotScoreConfig sizes);
  Tensor project(const Tensor& annotations) const;
  Tensor operator()(const Tensor& s, const Tensor& keys) const;
  void members(Members&) {}
};

/// e = s . h_j / sqrt(n), otherwise as DotScore: Vaswani et al. 2017, section 3.2.1.
struct ScaledDotScore : DotScore {
  using DotScore::DotScore;
  Tensor operator()(const Tensor& s, const Tensor& keys) const;
};

/// Sizes of a GeneralScore: n of the query, C of the annotations.
struct GeneralScoreConfig {
  int64_t query, key;
};

/// e = s^T W h_j: Luong et al. 2015, section 3.1, "general". W is key.weight [n, C], without bias.
struct GeneralScore {
  GeneralScoreConfig config;
  Linear key;

  explicit GeneralScore(GeneralScoreConfig sizes);
  Tensor project(const Tensor& annotations) const;
  Tensor operator()(const Tensor& s, const Tensor& keys) const;
  void members(Members& m) { m("key", key); }
};

/// Sizes of a LocationScore: n of the query, words of the longest sentence.
struct LocationScoreConfig {
  int64_t query, max_length;
};

/// e = W s, one score for each position whatever stands there: Luong et al. 2015, section 3.1, eq.
/// (8), "location". W is location.weight [max_length, n], without bias.
/// A longer sentence is a `DataError`.
struct LocationScore {
  LocationScoreConfig config;
  Linear location;

  explicit LocationScore(LocationScoreConfig sizes);
  /// Keys tell it the number of words alone.
  Tensor project(const Tensor& annotations) const { return annotations; }
  Tensor operator()(const Tensor& s, const Tensor& keys) const;
  void members(Members& m) { m("location", location); }
};

/// Any score function behind one handle: any of the above, or a struct of the user's own.
class ScoreFunction {
 public:
  template <class S>
  explicit ScoreFunction(S score) : held_(new Of<S>(std::move(score))) {
    static_assert(
        requires(const Tensor& x) { Tensor(score.project(x)); },
        "a score needs `Tensor project(const Tensor& annotations) const`: what it keeps of a "
        "sentence, [B, S, .]; `return annotations;` if that is all");
    static_assert(Module<S>, "a score needs `void members(Members& m)`, empty without weights");
  }

  Tensor project(const Tensor& annotations) const { return held_->project(annotations); }
  /// coverage: [B, K, S], for a score that takes it.
  Tensor operator()(const Tensor& s, const Tensor& keys, const Tensor& coverage = {}) const {
    return held_->score(s, keys, coverage);
  }
  bool takes_coverage() const { return held_->takes_coverage(); }
  void members(Members& m) { held_->members(m); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual Tensor project(const Tensor&) const = 0;
    virtual Tensor score(const Tensor&, const Tensor&, const Tensor&) const = 0;
    virtual bool takes_coverage() const = 0;
    virtual void members(Members&) = 0;
  };
  template <class S>
  struct Of final : Held {
    explicit Of(S s) : function(std::move(s)) {}
    Tensor project(const Tensor& annotations) const override {
      return function.project(annotations);
    }
    Tensor score(const Tensor& s, const Tensor& keys, const Tensor& coverage) const override {
      if constexpr (requires { function(s, keys, coverage); }) {
        return function(s, keys, coverage);
      } else {
        return function(s, keys);
      }
    }
    bool takes_coverage() const override {
      if constexpr (requires { function.takes_coverage(); }) {
        return function.takes_coverage();
      } else {
        return false;
      }
    }
    void members(Members& m) override { function.members(m); }
    S function;
  };
  std::unique_ptr<Held> held_;
};

}  // namespace heed
