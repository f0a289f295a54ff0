#include <cmath>

#include "../../../models/search/search.hpp"
#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

/// A model whose next word depends on the word before alone: row w of `table` [V, V] holds
/// log p(next | w).
struct Bigrams : Decoder {
  explicit Bigrams(const Tensor& log_p) : table(log_p) {}
  Tensor step(const Tensor& last) override { return index_select(table, 0, last); }
  void reorder(const Tensor&, const Tensor&) override {}
  Tensor table;
};

/// Log-probabilities of random logits, `sharp` times as large; 0 (<pad>) and 2 (<s>) never follow.
Tensor random_table(File& file, double sharp, double end) {
  std::vector<double> logits = (file.random({7, 7}) * sharp).to_vector<double>();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i % 7 == 0 || i % 7 == 2) logits[i] = -std::numeric_limits<double>::infinity();
    if (i % 7 == 3) logits[i] += end;
  }
  return log_softmax(Tensor::from(logits, {7, 7}));
}

void searches(File& file, const std::string& name, const Tensor& table) {
  file.begin(name);
  file.put("table", table);
  int64_t n = 0;
  for (const int64_t beam : {1, 2, 3, 5}) {
    for (const double alpha : {0.0, 0.6, 2.0}) {
      for (const int64_t max_words : {1, 4, 8}) {
        SearchOptions options;
        options.beam = beam;
        options.length_penalty = {.alpha = alpha, .wu = true};
        options.max_length = max_words;
        Bigrams model(table);
        const Hypothesis best = search(model, {5}, options)[0][0];
        const std::string of = std::to_string(n++);
        file.put("options" + of, Tensor::from(std::vector<double>{static_cast<double>(beam), alpha,
                                                                  static_cast<double>(max_words)},
                                              {3}));
        file.put("words" + of, std::vector<int64_t>(best.ids.begin(), best.ids.end()));
        file.put("score" + of, Tensor::from(std::vector<double>{best.score}, {}));
      }
    }
  }
}

void write(File& file) {
  searches(file, "a sure model", random_table(file, 4, -1));
  searches(file, "an unsure model", random_table(file, 1, 0));
  searches(file, "a model that seldom ends", random_table(file, 2, -4));
  searches(file, "a model that ends soon", random_table(file, 2, 1));
  searches(file, "a model that knows nothing", random_table(file, 0, 0));
  file.begin("length_penalty");
  const LengthPenalty penalty{.alpha = 0.7, .wu = true};
  std::vector<double> values;
  for (int64_t n = 1; n <= 6; ++n) values.push_back(penalty(n));
  file.put("y", Tensor::from(values, {6}));
}

const course_cases::Chapter added("15_search", write);

}  // namespace
