#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../pictures/chart.hpp"
#include "run.hpp"

namespace heed::tools {

/// Numbers of test sentences.
using Sentences = std::vector<std::size_t>;

/// A figure of one seed on some sentences; a sentence may stand there several times.
using Measure = std::function<double(std::size_t seed, const Sentences&)>;

/// The mean of a figure over the seeds, and its 95 % interval by the bootstrap (Efron 1979): the
/// figure of 500 draws, with replacement, of as many seeds and as many sentences (Koehn 2004 for
/// BLEU). It tells how the figure varies with both; with one seed, with the sentences alone.
Estimate estimate(std::size_t seeds, const Sentences& sentences, const Measure& measure);

/// BLEU of a model's translations, as `heed bleu` prints it.
Measure bleu_measure(const ModelResults& model, const std::vector<Pair>& test);
/// Percent of the sentences that equal their reference.
Measure exact_measure(const ModelResults& model, const std::vector<Pair>& test);
/// Percent of the words of the references whose strongest weight lies on their gold alignment; NaN
/// for a model without attention.
Measure agreement_measure(const ModelResults& model);

/// `, "low": 1.5, "high": 2`.
std::string json_interval(const Estimate& estimate);

/// `task phrases, 480 unseen sentences, 2 seeds; 95 % intervals (bootstrap)`.
std::string sample_text(const StudyPlan& plan, const std::vector<Pair>& test);

/// All of them; and those from `from` to `to` words.
Sentences all_sentences(const std::vector<Pair>& test);
Sentences sentences_of_length(const std::vector<Pair>& test, int64_t from, int64_t to);
/// The shortest and the longest fifth (at least one sentence).
Sentences shortest_fifth(const std::vector<Pair>& test);
Sentences longest_fifth(const std::vector<Pair>& test);

}  // namespace heed::tools
