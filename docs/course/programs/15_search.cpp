// Optimised: it trains for a second.

#include <cstdio>
#include <map>
#include <random>

#include "search.hpp"

// How often each search finds the best sentence of a small random model, and how often it asks it.

using namespace course;

namespace {

constexpr int64_t V = 5, end_symbol = 0;

/// A model that looks at the last two words: log-probabilities of random logits.
struct Model {
  std::map<std::vector<int64_t>, std::vector<double>> rows;
  std::mt19937_64 bits;
  int64_t asked = 0;

  std::vector<double> operator()(const std::vector<int64_t>& words) {
    ++asked;
    const std::size_t known = std::min<std::size_t>(words.size(), 2);
    const std::vector<int64_t> last(words.end() - static_cast<std::ptrdiff_t>(known), words.end());
    std::vector<double>& row = rows[last];
    if (row.empty()) {
      double total = 0;
      for (int64_t v = 0; v < V; ++v) {
        row.push_back(4 * static_cast<double>(bits() >> 11) * 0x1p-53);
        total += std::exp(row.back());
      }
      for (double& x : row) x -= std::log(total);
    }
    return row;
  }
};

struct Row {
  int64_t found = 0, asked = 0;
};

}  // namespace

int main() {
  constexpr int64_t models = 200;
  const std::vector<int64_t> widths = {1, 2, 4, 8};
  Row greedily, all;
  std::map<int64_t, Row> beams;
  for (int64_t i = 0; i < models; ++i) {
    Model model{{}, std::mt19937_64(static_cast<uint64_t>(i)), 0};
    const NextWord next = [&](const std::vector<int64_t>& words) { return model(words); };
    SearchOptions options{end_symbol, 1, 0.6, 5};
    const std::vector<int64_t> best_words = exhaustive(next, options).words;
    const auto count = [&](Row& row, const Hypothesis& h) {
      row.found += h.words == best_words;
      row.asked += model.asked;
      model.asked = 0;
    };
    count(all, {best_words, 0});
    count(greedily, greedy(next, options));
    for (const int64_t width : widths) {
      options.beam = width;
      count(beams[width], beam_search(next, options));
    }
  }
  const auto print = [](const char* name, const Row& row) {
    std::printf("%-14s %3.0f %%   %6.1f\n", name, 100.0 * static_cast<double>(row.found) / models,
                static_cast<double>(row.asked) / models);
  };
  std::printf("               found   questions\n");
  print("greedy", greedily);
  for (const auto& [width, row] : beams) {
    print(("beam of " + std::to_string(width)).c_str(), row);
  }
  print("all sentences", all);
}
