#pragma once

#include <string>
#include <vector>

#include "../../models/translate/translator.hpp"
#include "../attention/terminal.hpp"
#include "run.hpp"

namespace heed::tools {

/// What a finished study shows: its numbers, its picture, and a text for the terminal.
struct StudyReport {
  std::string json, svg, table;
};

/// BLEU by the length of the source, a line for each model; under the table, what each model loses
/// from the shortest to the longest fifth of the test sentences.
StudyReport length_report(const StudyPlan& plan, const std::vector<Pair>& test,
                          const std::vector<ModelResults>& models);

/// BLEU, share of exact translations, agreement of the attention with the gold alignment and
/// seconds per epoch of each model.
StudyReport variants_report(const StudyPlan& plan, const std::vector<Pair>& test,
                            const std::vector<ModelResults>& models);

/// The attention of `translator`, which `model` is about, in four test sentences whose words change
/// places, two of them with a negation.
StudyReport alignment_report(const Translator& translator, const std::vector<Pair>& test,
                             const ModelResults& model, const TerminalStyle& style);

/// The numbers of `count` sentences that show what attention does, chosen by their text and gold
/// alignment alone: 7 to 12 words where they can be had, half of them with a negation, those with
/// the most swaps first.
std::vector<std::size_t> telling_sentences(const std::vector<Pair>& test, std::size_t count);

}  // namespace heed::tools
