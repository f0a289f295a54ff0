// Translators of model folders, of one or of several as an ensemble.
#include "../../core/error.hpp"
#include "../config/model_folder.hpp"
#include "../ensemble.hpp"
#include "translator.hpp"

namespace heed {

namespace {

/// Throws unless both models cut a text into the same tokens.
void check_same_text(const std::string& a_folder, const ModelFolder& a, const std::string& b_folder,
                     const ModelFolder& b) {
  const auto refuse = [&](const std::string& what, const std::string& a_has,
                          const std::string& b_has) {
    throw DataError("ensemble: " + what + ": " + escaped(a_folder, 400) + " has " + a_has + ", " +
                    escaped(b_folder, 400) + " has " + b_has);
  };
  if (a.config.tokenizer != b.config.tokenizer) {
    refuse("the tokenizers differ", to_string(a.config.tokenizer), to_string(b.config.tokenizer));
  }
  const auto lower = [](const ModelFolder& m) {
    return m.config.data.lowercase ? "true" : "false";
  };
  if (a.config.data.lowercase != b.config.data.lowercase) {
    refuse("data.lowercase differs", lower(a), lower(b));
  }
  const auto compare = [&](const std::string& side, const Vocabulary& x, const Vocabulary& y) {
    const auto token = [](const Vocabulary& v, int64_t id) {
      return id < v.size() ? '\'' + escaped(v.token(id)) + '\'' : std::string("no more");
    };
    int64_t id = 0;
    while (id < x.size() && id < y.size() && x.token(id) == y.token(id)) ++id;
    if (id == x.size() && id == y.size()) return;
    refuse("the " + side + " vocabularies differ from token " + std::to_string(id) + " on",
           token(x, id), token(y, id));
  };
  compare("source", a.source, b.source);
  compare("target", a.target, b.target);
}

}  // namespace

Translator Translator::load(const std::string& folder) { return load(folder, nullptr); }

Translator Translator::load(const std::string& folder, ModelBuilder build) {
  ModelFolder parts = load_model_folder(folder, build);
  Translator result(std::move(parts.model), make_tokenizer(to_string(parts.config.tokenizer)),
                    std::move(parts.source), std::move(parts.target), parts.config.data.lowercase);
  result.search_ = parts.config.search;
  result.notes_ = std::move(parts.notes);
  return result;
}

Translator Translator::load_ensemble(const std::vector<std::string>& folders) {
  if (folders.empty()) throw ConfigError("ensemble: no folder; it needs at least 1");
  ModelFolder first = load_model_folder(folders[0]);
  std::vector<TranslationModel> models;
  for (std::size_t i = 1; i < folders.size(); ++i) {
    ModelFolder next = load_model_folder(folders[i]);
    check_same_text(folders[0], first, folders[i], next);
    first.notes.insert(first.notes.end(), next.notes.begin(), next.notes.end());
    models.push_back(std::move(next.model));
  }
  models.insert(models.begin(), std::move(first.model));
  Translator result(TranslationModel(Ensemble(std::move(models))),
                    make_tokenizer(to_string(first.config.tokenizer)), std::move(first.source),
                    std::move(first.target), first.config.data.lowercase);
  result.search_ = first.config.search;
  result.notes_ = std::move(first.notes);
  return result;
}

}  // namespace heed
