#include <algorithm>
#include <sstream>

#include "../../core/files/json_writer.hpp"
#include "../attention/json.hpp"
#include "../attention/svg.hpp"
#include "../terminal/text_table.hpp"
#include "reports.hpp"
#include "statistics.hpp"

namespace heed::tools {

namespace {

constexpr std::size_t shown = 4, across = 2;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool negates(const std::string& word) { return word == "not" || word == "never"; }

bool has_negation(const Pair& pair) {
  const std::vector<std::string> words = words_of(pair.source);
  return std::any_of(words.begin(), words.end(), negates);
}

/// How often the gold alignment goes back from one target word to the next, but for the steps
/// around a negation: adjectives that stand behind their noun.
int swaps(const Pair& pair) {
  const std::vector<std::string> words = words_of(pair.source);
  int count = 0;
  for (std::size_t i = 1; i < pair.alignment.size(); ++i) {
    const auto [before, target_before] = pair.alignment[i - 1];
    const auto [source, target] = pair.alignment[i];
    count += target != target_before && source < before &&
             !negates(words[static_cast<std::size_t>(before)]) &&
             !negates(words[static_cast<std::size_t>(source)]);
  }
  return count;
}

/// A sentence to show; the smaller, the better.
struct Candidate {
  bool odd_length;
  int fewer_swaps;
  std::size_t number;
  auto operator<=>(const Candidate&) const = default;
};

/// Names of the exact share, the agreement and BLEU over all test sentences.
std::string overall(const std::vector<Pair>& test, const ModelResults& model) {
  const Sentences all = all_sentences(test);
  return "BLEU " + with_decimals(bleu_measure(model, test)(0, all), 1) + ", " +
         with_decimals(exact_measure(model, test)(0, all), 1) + " % exactly right, " +
         with_decimals(agreement_measure(model)(0, all), 1) +
         " % of the strongest weights on the gold alignment";
}

std::string json_of(const Translation& translation, const Pair& pair) {
  return "{\"translation\": " + json_string(translation.text) +
         ", \"reference\": " + json_string(pair.target) +
         ",\n     \"gold\": " + json_string(pharaoh(pair.alignment)) +
         ", \"alignment\": " + json_string(to_pharaoh(alignment(translation))) +
         ",\n     \"attention\": " + attention_json(translation) + '}';
}

std::string text_of(const Translation& translation, const Pair& pair, const TerminalStyle& style) {
  std::vector<std::vector<std::string>> rows = {
      {"source", pair.source}, {"translation", translation.text}, {"reference", pair.target}};
  std::string out;
  for (const auto& row : rows) out += row[0] + std::string(13 - row[0].size(), ' ') + row[1] + '\n';
  return out + '\n' + draw_attention(translation, style) + '\n';
}

}  // namespace

std::vector<std::size_t> telling_sentences(const std::vector<Pair>& test, std::size_t count) {
  std::vector<Candidate> negated, others;
  for (std::size_t i = 0; i < test.size(); ++i) {
    const int64_t words = word_count(test[i].source);
    (has_negation(test[i]) ? negated : others)
        .push_back({words < 7 || words > 12, -swaps(test[i]), i});
  }
  std::sort(negated.begin(), negated.end());
  std::sort(others.begin(), others.end());
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; chosen.size() < std::min(count, test.size()); ++i) {
    if (i < negated.size()) chosen.push_back(negated[i].number);
    if (i < others.size() && chosen.size() < count) chosen.push_back(others[i].number);
  }
  return chosen;
}

StudyReport alignment_report(const Translator& translator, const std::vector<Pair>& test,
                             const ModelResults& model, const TerminalStyle& style) {
  std::vector<Translation> translations;
  StudyReport report;
  std::string sentences;
  report.table =
      "Attention of " + model.model.name + ", " + std::to_string(model.seeds[0].parameters) +
      " weights, after " + std::to_string(model.seeds[0].steps) + " updates; on " +
      std::to_string(test.size()) + " unseen sentences: " + overall(test, model) + "\n\n";
  for (const std::size_t i : telling_sentences(test, shown)) {
    translations.push_back(translator.translate(test[i].source, {.beam = 1}));
    sentences += (sentences.empty() ? "" : ",\n    ") + json_of(translations.back(), test[i]);
    report.table += text_of(translations.back(), test[i], style);
  }
  const Sentences all = all_sentences(test);
  report.json = "{\"study\": \"alignment\", \"model\": " + json_string(model.model.name) +
                ", \"parameters\": " + std::to_string(model.seeds[0].parameters) +
                ", \"steps\": " + std::to_string(model.seeds[0].steps) +
                ", \"test_sentences\": " + std::to_string(test.size()) +
                ", \"bleu\": " + json_number(bleu_measure(model, test)(0, all)) +
                ", \"exact\": " + json_number(exact_measure(model, test)(0, all)) +
                ", \"agreement\": " + json_number(agreement_measure(model)(0, all)) +
                ",\n  \"sentences\": [\n    " + sentences + "]}\n";
  report.svg = attention_svg(translations, across);
  return report;
}

}  // namespace heed::tools
