#include "../../../models/config/model_folder.hpp"

#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/files/safetensors.hpp"
#include "../../../models/translate/translator.hpp"
#include "../../temporary_folder.hpp"
#include "../model_support.hpp"

using namespace model_support;
using Catch::Matchers::Contains;

namespace {

Vocabulary words(int64_t count, char letter) {
  std::vector<std::string> tokens{"<pad>", "<unk>", "<s>", "</s>"};
  while (static_cast<int64_t>(tokens.size()) < count) {
    tokens.push_back(letter + std::to_string(tokens.size()));
  }
  return Vocabulary(tokens);
}

/// A folder with a random model in it.
struct SavedModel {
  TemporaryFolder temporary;
  std::string folder = temporary / "m";
  Config config;
  RNNsearch model{small_config()};
  SavedModel() {
    config.recurrent = small_config();
    save();
  }
  void save() {
    save_model_folder(folder, config, words(23, 'a'), words(19, 'b'), state_dict(model));
  }
  std::string file(const char* name) const { return folder + "/" + name; }
  /// Writes the weights after `change` has changed them.
  template <class F>
  void change_weights(F change) {
    TensorFile weights = load_safetensors(file("model.safetensors"));
    change(weights);
    save_safetensors(file("model.safetensors"), weights);
  }
  /// The message of the `E` that loading raises.
  template <class E>
  std::string refusal() const {
    try {
      Translator::load(folder);
    } catch (const E& error) {
      return error.what();
    }
    return "accepted";
  }
};

double sum_of(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number;
  return sum;
}

}  // namespace

TEST_CASE("a model folder gives back the weights, the vocabularies and the configuration") {
  SavedModel saved;
  const ModelFolder loaded = load_model_folder(saved.folder);
  CHECK(differences(loaded.config, saved.config).empty());
  CHECK(loaded.source == words(23, 'a'));
  CHECK(loaded.target == words(19, 'b'));
  const auto before = state_dict(saved.model), after = state_dict(loaded.model);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].name == after[i].name);
    CHECK(difference(before[i].tensor, after[i].tensor) == 0);
  }
  REQUIRE(loaded.model.as<RNNsearch>());
  CHECK(loaded.model.as<RNNsearch>()->config.hidden == 7);
}

TEST_CASE("a translator searches as its model's folder says where nothing else is said") {
  SavedModel saved;
  const auto options = [&] { return Translator::load(saved.folder).options(); };
  CHECK(options().search.beam == 5);
  CHECK(options().search.length_penalty.alpha == 1);
  for (const char* setting : {"search.beam=1", "search.length_penalty=wu:0.6",
                              "search.max_length_factor=0", "search.max_length_offset=3"}) {
    apply_setting(saved.config, setting);
  }
  saved.save();
  CHECK(options().search.beam == 1);
  CHECK(options().search.length_penalty.wu);
  const Translator translator = Translator::load(saved.folder);
  for (const Translation& t :
       {translator.translate("a4 a5"), translator.translate(std::vector<std::string>{"a4"})[0]}) {
    CHECK(t.target.size() <= 4);
    CHECK(t.score == Approx(sum_of(t.log_probabilities) /
                            std::pow((5 + static_cast<double>(t.target.size())) / 6, 0.6)));
  }
  const Translator both = Translator::load_ensemble({saved.folder, saved.folder});
  CHECK(both.options().search.beam == 1);
}

TEST_CASE("saving a model twice gives the same bytes, and leaves no temporary files") {
  SavedModel saved;
  const auto read = [&] {
    std::string all;
    for (const std::string& name : folder_entries(saved.folder)) {
      all += name + read_file(join_path(saved.folder, name));
    }
    return all;
  };
  const std::string first = read();
  saved.save();
  CHECK(read() == first);
  CHECK(folder_entries(saved.folder).size() == 4);
}

TEST_CASE("a missing file of a model folder is named") {
  for (const char* name : {"config.json", "model.safetensors", "source.vocab", "target.vocab"}) {
    SavedModel saved;
    std::filesystem::remove(saved.file(name));
    CHECK_THAT(saved.refusal<IoError>(), Contains(name));
  }
}

TEST_CASE("a path that is not the folder of a model is named as what it is") {
  SavedModel saved;
  CHECK_THROWS_WITH(Translator::load("/nowhere/at/all"), "/nowhere/at/all: no such folder");
  CHECK_THROWS_WITH(Translator::load(saved.file("model.safetensors")),
                    Contains(": a file, expected"));
  std::filesystem::remove(saved.file("config.json"));
  CHECK_THROWS_WITH(Translator::load(saved.folder), Contains("is not the folder of a model"));
}

TEST_CASE("a vocabulary of another size than the embedding is refused with both sizes") {
  SavedModel saved;
  words(22, 'a').save(saved.file("source.vocab"));
  CHECK_THAT(saved.refusal<FormatError>(),
             Contains("source.vocab") && Contains("22 tokens") && Contains("23 rows"));
}

TEST_CASE("weights that are not finite are named and refused") {
  SavedModel saved;
  saved.change_weights([](TensorFile& weights) {
    weights.find("initial.bias").data<float>()[2] = std::numeric_limits<float>::quiet_NaN();
  });
  CHECK_THAT(saved.refusal<FormatError>(), Contains("initial.bias") && Contains("not finite"));
}

TEST_CASE("weights that are missing, unexpected or mis-shaped are all listed") {
  SavedModel saved;
  saved.change_weights([](TensorFile& weights) {
    for (auto& [name, array] : weights.tensors) {
      if (name == "initial.weight") name = "other.weight";
      if (name == "generator.bias") array = Array::zeros({18});
    }
  });
  CHECK_THAT(saved.refusal<FormatError>(),
             Contains("model.safetensors") && Contains("initial.weight") &&
                 Contains("other.weight") && Contains("generator.bias") && Contains("[18]"));
}

TEST_CASE("weights of another element type are refused") {
  SavedModel saved;
  saved.change_weights([](TensorFile& weights) {
    weights.tensors[0].second = weights.tensors[0].second.to(float64);
  });
  CHECK_THAT(saved.refusal<FormatError>(), Contains("float64"));
  saved.change_weights(
      [](TensorFile& weights) { weights.tensors[0].second = weights.tensors[0].second.to(int32); });
  CHECK_THAT(saved.refusal<FormatError>(), Contains("int32"));
}

TEST_CASE("files that are not what their names say are refused") {
  const auto refused = [](const char* name, const std::string& bytes) {
    SavedModel saved;
    std::ofstream(saved.file(name)) << bytes;
    return saved.refusal<Error>();
  };
  CHECK_THAT(refused("model.safetensors", "PK\x03\x04"), Contains("model.safetensors"));
  CHECK_THAT(refused("source.vocab", "a\nb\n"), Contains("source.vocab"));
  CHECK_THAT(refused("config.json", "{"), Contains("config.json"));
  CHECK_THAT(refused("config.json", R"({"format": "heed", "version": 7, "model": "rnn_search"})"),
             Contains("version 7"));
}

TEST_CASE("a model too large for the machine is refused before its weights are read") {
  SavedModel saved;
  saved.config.recurrent.hidden = INT32_MAX;
  std::ofstream(saved.file("config.json")) << to_json(saved.config);
  CHECK_THAT(saved.refusal<FormatError>(), Contains("needs") && Contains("may use"));
}

namespace {

/// The file's tensors again, each float32 one as its upper half (BF16) or as zeros in F16.
void halve(const std::string& path, const std::string& type) {
  const TensorFile file = load_safetensors(path);
  std::string header = "{", data;
  for (const auto& [name, array] : file.tensors) {
    const std::string begin = std::to_string(data.size());
    for (const float value : Tensor(array).to_vector<float>()) {
      uint32_t bits = 0;
      if (type == "BF16") std::memcpy(&bits, &value, 4);
      data += {static_cast<char>(bits >> 16), static_cast<char>(bits >> 24)};
    }
    std::string shape;
    for (const int64_t size : array.shape())
      shape += (shape.empty() ? "" : ",") + std::to_string(size);
    header += (header.size() > 1 ? ",\"" : "\"") + name + "\":{\"dtype\":\"" + type +
              "\",\"shape\":[" + shape + "],\"data_offsets\":[" + begin + "," +
              std::to_string(data.size()) + "]}";
  }
  header += '}';
  const uint64_t length = header.size();
  std::ofstream(path, std::ios::binary)
      << std::string(reinterpret_cast<const char*>(&length), 8) << header << data;
}

}  // namespace

TEST_CASE("weights in half precision are converted with a note") {
  SavedModel saved;
  CHECK(load_model_folder(saved.folder).notes.empty());
  halve(saved.file("model.safetensors"), "BF16");
  const ModelFolder loaded = load_model_folder(saved.folder);
  const std::string count = std::to_string(state_dict(saved.model).size());
  REQUIRE(loaded.notes.size() == 1);
  CHECK_THAT(loaded.notes[0],
             Contains("of " + count + " tensors, converted to float32: " + count + " from BF16"));
  for (const NamedTensor& weight : state_dict(loaded.model))
    CHECK(weight.tensor.dtype() == float32);
  CHECK(difference(state_dict(loaded.model)[0].tensor, state_dict(saved.model)[0].tensor) < 0.04);
  halve(saved.file("model.safetensors"), "F16");
  CHECK_THAT(load_model_folder(saved.folder).notes.at(0), Contains(count + " from F16"));
}

TEST_CASE("vocabularies whose tokens changed places are refused") {
  for (const char* name : {"source.vocab", "target.vocab"}) {
    SavedModel saved;
    std::string text = read_file(saved.file(name));
    std::swap(text[text.find("5\n")], text[text.find("6\n")]);
    write_file_atomically(saved.file(name), text);
    CHECK_THAT(saved.refusal<FormatError>(),
               Contains(name) && Contains("another order") && Contains("_vocab_sha256"));
    // A folder made elsewhere need not know checksums.
    write_file_atomically(saved.file("config.json"), to_json(saved.config));
    CHECK(saved.refusal<FormatError>() == "accepted");
  }
}

TEST_CASE("of 100,000 unexpected names a message shows a few and how many more there are") {
  SavedModel saved;
  saved.change_weights([](TensorFile& weights) {
    const Array empty = Array::zeros({0});
    for (int i = 0; i < 99'000; ++i) {
      weights.tensors.emplace_back("surplus" + std::to_string(i), empty);
    }
  });
  const std::string message = saved.refusal<FormatError>();
  CHECK_THAT(message, Contains("unexpected: surplus0, ") && Contains(" and 98980 more"));
  CHECK(message.size() < 2000);
}
