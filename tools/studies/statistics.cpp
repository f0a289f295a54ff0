#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../core/files/json_writer.hpp"
#include "../../core/random.hpp"
#include "../../models/metrics/bleu.hpp"

namespace heed::tools {

namespace {

constexpr std::size_t draws = 500;

Sentences by_length(const std::vector<Pair>& test) {
  std::vector<std::pair<int64_t, std::size_t>> order;
  for (std::size_t i = 0; i < test.size(); ++i) order.push_back({word_count(test[i].source), i});
  std::sort(order.begin(), order.end());
  Sentences out;
  for (const auto& entry : order) out.push_back(entry.second);
  return out;
}

std::size_t fifth(const std::vector<Pair>& test) {
  return std::max<std::size_t>(test.size() / 5, test.empty() ? 0 : 1);
}

}  // namespace

Estimate estimate(std::size_t seeds, const Sentences& sentences, const Measure& measure) {
  const auto count = static_cast<double>(seeds);
  double mean = 0;
  for (std::size_t seed = 0; seed < seeds; ++seed) mean += measure(seed, sentences) / count;
  if (std::isnan(mean)) return {mean, mean, mean};
  Generator generator(1);
  std::vector<double> drawn(draws);
  Sentences sample(sentences.size());
  for (double& figure : drawn) {
    for (std::size_t& sentence : sample) sentence = sentences[generator.below(sentences.size())];
    for (std::size_t k = 0; k < seeds; ++k)
      figure += measure(generator.below(seeds), sample) / count;
  }
  std::sort(drawn.begin(), drawn.end());
  const std::size_t tail = draws * 25 / 1000;
  return {mean, std::min(drawn[tail], mean), std::max(drawn[draws - 1 - tail], mean)};
}

Measure bleu_measure(const ModelResults& model, const std::vector<Pair>& test) {
  std::vector<std::vector<BleuStatistics>> statistics;
  for (const PartResult& part : model.seeds) {
    statistics.emplace_back();
    for (std::size_t i = 0; i < test.size(); ++i) {
      statistics.back().push_back(bleu_statistics(part.translations[i], {test[i].target}));
    }
  }
  return [statistics](std::size_t seed, const Sentences& sentences) {
    BleuStatistics sum;
    for (const std::size_t i : sentences) sum += statistics[seed][i];
    return bleu_score(sum).score;
  };
}

Measure exact_measure(const ModelResults& model, const std::vector<Pair>& test) {
  std::vector<std::vector<bool>> equal;
  for (const PartResult& part : model.seeds) {
    equal.emplace_back();
    for (std::size_t i = 0; i < test.size(); ++i) {
      equal.back().push_back(part.translations[i] == test[i].target);
    }
  }
  return [equal](std::size_t seed, const Sentences& sentences) {
    double sum = 0;
    for (const std::size_t i : sentences) sum += equal[seed][i];
    return 100 * sum / static_cast<double>(sentences.size());
  };
}

Measure agreement_measure(const ModelResults& model) {
  return [seeds = model.seeds](std::size_t seed, const Sentences& sentences) {
    const PartResult& part = seeds[seed];
    if (part.linked.empty()) return std::nan("");
    int64_t linked = 0, agreeing = 0;
    for (const std::size_t i : sentences) {
      linked += part.linked[i];
      agreeing += part.agreeing[i];
    }
    return 100 * static_cast<double>(agreeing) / static_cast<double>(std::max<int64_t>(linked, 1));
  };
}

std::string json_interval(const Estimate& estimate) {
  return ", \"low\": " + json_number(estimate.low) + ", \"high\": " + json_number(estimate.high);
}

std::string sample_text(const StudyPlan& plan, const std::vector<Pair>& test) {
  return "task phrases, " + std::to_string(test.size()) + " unseen sentences, " +
         std::to_string(plan.seeds) + (plan.seeds == 1 ? " seed" : " seeds") +
         "; 95 % intervals (bootstrap)";
}

Sentences all_sentences(const std::vector<Pair>& test) {
  Sentences out(test.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  return out;
}

Sentences sentences_of_length(const std::vector<Pair>& test, int64_t from, int64_t to) {
  Sentences out;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const int64_t words = word_count(test[i].source);
    if (from <= words && words <= to) out.push_back(i);
  }
  return out;
}

Sentences shortest_fifth(const std::vector<Pair>& test) {
  Sentences all = by_length(test);
  all.resize(fifth(test));
  return all;
}

Sentences longest_fifth(const std::vector<Pair>& test) {
  const Sentences all = by_length(test);
  return {all.end() - static_cast<std::ptrdiff_t>(fifth(test)), all.end()};
}

}  // namespace heed::tools
