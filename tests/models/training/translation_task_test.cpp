#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "../../../core/files/files.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../models/training/translation_task.hpp"
#include "../../../models/translate/translator.hpp"
#include "../../temporary_folder.hpp"
#include "../counting_tokenizer.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

/// Text files of a few pairs, and a configuration that names them.
struct Texts {
  Texts() {
    write("train.src", "a b\nb c a\n\nc\nA b c d\nd a\nb\n");
    write("train.tgt", "b a\na c b\nx\nc\nd c b A\na d\nb\n");
    write("valid.src", "c b\na d b\nd\n");
    write("valid.tgt", "b c\nb d a\nd\n");
    config.recurrent.embedding = 5;
    config.recurrent.hidden = 7;
    config.recurrent.attention_size = 3;
    config.recurrent.readout_size = 11;
    config.data.train_source = folder / "train.src";
    config.data.train_target = folder / "train.tgt";
    config.data.valid_source = folder / "valid.src";
    config.data.valid_target = folder / "valid.tgt";
  }
  void write(const std::string& name, const std::string& text) {
    write_file_atomically(folder / name, text);
  }
  TemporaryFolder folder;
  Config config;
  std::vector<std::string> notes;
};

/// The weights after one update on all pairs, read `batch_tokens` at a time; `batches` is told into
/// how many batches that cut them.
std::vector<float> weights_after_one_update(const Config& config, const TranslationData& data,
                                            int64_t batch_tokens, int64_t& batches) {
  Config changed = config;
  changed.training.batch_tokens = batch_tokens;
  changed.training.optimizer = OptimizerKind::sgd;
  changed.training.learning_rate = 0.5;
  changed.training.clip_norm = 0;
  changed.training.steps = 1;
  manual_seed(3);
  TranslationModel model = make_model(changed);
  TranslationTask task(model, data, changed);
  batches = task.start_epoch(0);
  changed.training.accumulate = batches;
  Trainer(task, {.training = changed.training, .catch_signals = false}).run();
  std::vector<float> all;
  for (const NamedTensor& entry : state_dict(model)) {
    const std::vector<float> values = entry.tensor.to_vector<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

TEST_CASE("loading parallel text drops blank pairs and says so, and counts the vocabularies") {
  Texts texts;
  const TranslationData data = load_translation_data(texts.config, texts.notes);
  CHECK(data.train.size() == 6);
  CHECK(texts.config.recurrent.source_vocab == 4 + 5);
  CHECK(texts.config.recurrent.target_vocab == data.target_vocabulary.size());
  REQUIRE(texts.notes.size() == 1);
  CHECK_THAT(texts.notes[0], Contains("7 pairs read, 6 kept, 1 with a blank side"));
}

TEST_CASE("lower-casing reaches training, validation and vocabularies") {
  Texts texts;
  texts.config.data.lowercase = true;
  const TranslationData data = load_translation_data(texts.config, texts.notes);
  CHECK(texts.config.recurrent.source_vocab == 4 + 4);
  CHECK(data.train.source[3] == "a b c d");
}

TEST_CASE("every line of a training is tokenised once, whatever is asked of it") {
  Config config;
  config.data.max_length = 4;
  config.data.length_ratio = 3;
  config.data.min_count = 2;
  for (const bool shared : {false, true}) {
    config.data.shared_vocabulary = shared;
    const auto tokenizer = std::make_shared<CountingTokenizer>();
    std::vector<std::string> notes;
    const TranslationData data =
        make_translation_data(config, {{"a b", "", "c c c c c", "b"}, {"B A", "x", "C", "B B"}},
                              {{"a d"}, {"D A B"}}, tokenizer, notes);
    const TranslationModel model = make_model(config);
    CHECK(tokenizer->lines ==
          std::vector<std::string>{"a b", "B A", "c c c c c", "C", "b", "B B", "a d", "D A B"});
    CHECK(data.source_vocabulary.tokens().back() == "b");  // once is unknown
    CHECK(data.train_ids.source ==
          std::vector<std::vector<int32_t>>{{1, shared ? 5 : 4, 3}, {shared ? 5 : 4, 3}});
    REQUIRE(notes.size() == 5);
    CHECK_THAT(notes[1], Contains("training text: 1 of 3 source words are unknown") &&
                             Contains("the first is 'a'"));
    CHECK_THAT(notes[3], Contains("validation text: 2 of 2 source words are unknown"));
  }
}

TEST_CASE("validation text that is the training text is a warning") {
  Texts texts;
  texts.config.data.valid_source = texts.config.data.train_source;
  texts.config.data.valid_target = texts.config.data.train_target;
  load_translation_data(texts.config, texts.notes);
  REQUIRE_FALSE(texts.notes.empty());
  CHECK_THAT(texts.notes[0], Contains("validation text is the training text"));
}

TEST_CASE("unknown words are counted for each side and the first is shown, a tab in it too") {
  Texts texts;
  texts.write("valid.src", "c b\na\td b\nd\n");
  texts.write("valid.tgt", "b c\nb z\nq\n");
  load_translation_data(texts.config, texts.notes);
  REQUIRE(texts.notes.size() == 3);
  CHECK_THAT(texts.notes[1], Contains("validation text: 1 of 5 source words are unknown") &&
                                 Contains("'a\\x09d'") && Contains("a tab parts no words"));
  CHECK_THAT(texts.notes[2], Contains("validation text: 2 of 5 target words are unknown") &&
                                 Contains("'z'") && !Contains("tab"));
  texts.notes.clear();
  texts.config.data.min_count = 2;
  load_translation_data(texts.config, texts.notes);
  CHECK_THAT(texts.notes[1], Contains("training text: 1 of 13 source words are unknown"));
}

TEST_CASE("text of which nothing is left is refused with the counts") {
  Texts texts;
  texts.write("train.src", "a b\n\n");
  texts.config.data.train_target = texts.config.data.train_source;
  texts.config.data.max_length = 1;
  CHECK_THROWS_WITH(load_translation_data(texts.config, texts.notes),
                    Contains("2") && Contains("longer than 1"));
}

TEST_CASE("batches that are accumulated make the same update as one batch of all pairs") {
  Texts texts;
  const TranslationData data = load_translation_data(texts.config, texts.notes);
  int64_t one = 0, several = 0;
  const std::vector<float> once = weights_after_one_update(texts.config, data, 1000, one);
  const std::vector<float> parts = weights_after_one_update(texts.config, data, 5, several);
  CHECK(one == 1);
  CHECK(several > 2);
  REQUIRE(once.size() == parts.size());
  float largest = 0;
  for (std::size_t i = 0; i < once.size(); ++i) {
    largest = std::max(largest, std::abs(once[i] - parts[i]));
  }
  INFO(largest);
  CHECK(largest < 1e-6F);
}

TEST_CASE("validation counts tokens, keeps the training mode, and what it saves translates alike") {
  Texts texts;
  texts.config.recurrent.dropout = 0.3;
  const TranslationData data = load_translation_data(texts.config, texts.notes);
  manual_seed(3);
  TranslationModel model = make_model(texts.config);
  TranslationTask task(model, data, texts.config);
  train(model);
  const Validation validation = task.validate();
  CHECK(task.validate().loss == validation.loss);
  CHECK(validation.loss == Approx(std::log(texts.config.recurrent.target_vocab)).margin(0.2));
  task.start_epoch(0);
  CHECK(task.loss(0).item() != task.loss(0).item());

  task.begin(texts.folder.path());
  save_weights(texts.folder / "model.safetensors", task.state());
  const Translator translator = Translator::load(texts.folder.path());
  double sum = 0;
  int64_t tokens = 0;
  for (const ReferenceScore& score : translator.score(data.valid.source, data.valid.target)) {
    sum -= score.log_probability;
    tokens += score.tokens;
  }
  CHECK(validation.loss == Approx(sum / static_cast<double>(tokens)).epsilon(1e-6));
}
