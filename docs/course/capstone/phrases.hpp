#pragma once

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "command.hpp"
#include "gru.hpp"

/// The capstone's text: pairs of sentences as `heed data phrases` writes them, one sentence a line.
namespace capstone {

using Words = std::vector<int64_t>;

/// The first four words of every vocabulary: padding, an unknown word, and the symbols that begin
/// and end a sentence.
constexpr int64_t pad = 0, unk = 1, bos = 2, eos = 3;

/// Which number is which word.
struct Vocabulary {
  std::vector<std::string> words = {"<pad>", "<unk>", "<s>", "</s>"};
  std::map<std::string, int64_t> ids = {};

  int64_t size() const { return static_cast<int64_t>(words.size()); }
  void add(const std::string& word) {
    if (ids.emplace(word, size()).second) words.push_back(word);
  }
  int64_t id(const std::string& word) const {
    const auto found = ids.find(word);
    return found == ids.end() ? unk : found->second;
  }
};

struct Pair {
  Words source, target;  ///< the source ends in </s>, the target has neither <s> nor </s>
};

inline std::vector<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) stop("cannot read " + path + ": make it by `heed data phrases --out FOLDER`");
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    lines.emplace_back();
    for (std::string word; words >> word;) lines.back().push_back(word);
  }
  return lines;
}

/// The words of two vocabularies, from the training text.
inline void learn_words(const std::string& folder, Vocabulary& source, Vocabulary& target) {
  for (const auto& line : read_lines(folder + "/train.src")) {
    for (const std::string& word : line) source.add(word);
  }
  for (const auto& line : read_lines(folder + "/train.tgt")) {
    for (const std::string& word : line) target.add(word);
  }
}

/// The pairs of FOLDER/PART.src and FOLDER/PART.tgt.
inline std::vector<Pair> read_pairs(const std::string& folder, const std::string& part,
                                    const Vocabulary& source, const Vocabulary& target) {
  const auto left = read_lines(folder + "/" + part + ".src");
  const auto right = read_lines(folder + "/" + part + ".tgt");
  if (left.empty() || left.size() != right.size()) {
    stop(folder + ": " + part + ".src has " + std::to_string(left.size()) + " sentences, " + part +
         ".tgt " + std::to_string(right.size()) + ": there must be as many, and some");
  }
  std::vector<Pair> pairs(left.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    for (const std::string& word : left[i]) pairs[i].source.push_back(source.id(word));
    pairs[i].source.push_back(eos);
    for (const std::string& word : right[i]) pairs[i].target.push_back(target.id(word));
  }
  return pairs;
}

/// What to learn from, what to stop by, and what is never seen.
struct Text {
  Vocabulary source = {}, target = {};
  std::vector<Pair> train = {}, valid = {}, test = {};
};

inline Text read_text(const std::string& folder) {
  Text text;
  learn_words(folder, text.source, text.target);
  const auto pairs = [&](const std::string& part) {
    return read_pairs(folder, part, text.source, text.target);
  };
  text.train = pairs("train");
  text.valid = pairs("valid");
  text.test = pairs("test");
  return text;
}

/// What a step trains on. before: the target behind <s>; after: its words and </s>, row after row,
/// -1 where there is padding.
struct Batch {
  course::Sentences source, before;
  std::vector<int64_t> after;
};

inline Batch batch_of(const std::vector<Pair>& pairs) {
  std::vector<Words> sources, befores;
  for (const Pair& pair : pairs) {
    sources.push_back(pair.source);
    befores.push_back(pair.target);
    befores.back().insert(befores.back().begin(), bos);
  }
  Batch batch{course::padded(sources), course::padded(befores), {}};
  batch.after.assign(batch.before.ids.size(), -1);
  for (std::size_t b = 0; b < pairs.size(); ++b) {
    int64_t* row = batch.after.data() + static_cast<int64_t>(b) * batch.before.S;
    for (int64_t word : pairs[b].target) *row++ = word;
    *row = eos;
  }
  return batch;
}

/// All pairs once, in a random order, in batches of about as long sentences.
inline std::vector<Batch> batches_of(std::vector<Pair> pairs, int64_t size, std::mt19937_64& bits) {
  std::shuffle(pairs.begin(), pairs.end(), bits);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.target.size() < b.target.size(); });
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < pairs.size(); i += size) {
    const std::size_t end = std::min(pairs.size(), i + size);
    batches.push_back(batch_of({pairs.begin() + i, pairs.begin() + end}));
  }
  std::shuffle(batches.begin(), batches.end(), bits);
  return batches;
}

}  // namespace capstone
