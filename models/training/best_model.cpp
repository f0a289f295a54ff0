#include "best_model.hpp"

#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/files/safetensors.hpp"
#include "../config/model_folder.hpp"

namespace heed {

namespace {

constexpr const char* record_name = "heed.best";
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Record {
  int64_t step;
  Validation validation;
};

std::string record_json(int64_t step, const Validation& validation, const std::string& data) {
  std::string text = "{\"step\": " + std::to_string(step) + ", \"data\": \"" + data + '"';
  if (std::isfinite(validation.score)) text += ", \"score\": " + json_number(validation.score);
  if (std::isfinite(validation.loss)) text += ", \"loss\": " + json_number(validation.loss);
  return text + '}';
}

/// What the file says of its validation; nothing if it says nothing, or is not a model at all.
std::optional<Record> read_record(const std::string& path, const std::string& data) {
  try {
    for (const auto& [name, text] : load_safetensors_header(path).metadata) {
      if (name != record_name) continue;
      const Json json = Json::parse(text, path, JsonFault::format);
      if (json.required_text("data") != data) continue;
      return Record{json.required_integer("step", 1, std::numeric_limits<int64_t>::max()),
                    {.loss = json.number("loss", infinity, -infinity, infinity),
                     .score = json.number("score", -infinity, -infinity, infinity),
                     .metrics = {}}};
    }
  } catch (const Error&) {  // It is written anew.
  }
  return std::nullopt;
}

}  // namespace

bool better(const Validation& a, const Validation& b) {
  const auto score = [](const Validation& v) { return std::isnan(v.score) ? -infinity : v.score; };
  const auto loss = [](const Validation& v) { return std::isnan(v.loss) ? infinity : v.loss; };
  return score(a) > score(b) || (score(a) == score(b) && loss(a) < loss(b));
}

bool is_measured(const Validation& a) { return !std::isnan(a.score) && !std::isnan(a.loss); }

BestModel::BestModel(const std::string& folder, std::string data)
    : path_(folder.empty() ? "" : join_path(folder, "model.safetensors")), data_(std::move(data)) {}

void BestModel::take_over(int64_t step, const Validation& otherwise) {
  if (!path_exists(path_)) return;
  const std::optional<Record> record = read_record(path_, data_);
  step_ = record ? record->step : step;
  validation_ = record ? record->validation : otherwise;
}

void BestModel::write(const std::vector<NamedTensor>& weights) const {
  if (path_.empty()) return;
  std::vector<std::pair<std::string, std::string>> metadata;
  if (step_ > 0) metadata = {{record_name, record_json(step_, validation_, data_)}};
  save_weights(path_, weights, metadata);
}

void BestModel::keep(int64_t step, const Validation& result,
                     const std::vector<NamedTensor>& weights) {
  BestModel next(*this);  // takes this one's place as a whole
  next.step_ = step;
  next.validation_ = result;
  next.waiting_.clear();
  next.failure_.reset();
  try {
    next.write(weights);
  } catch (const IoError& error) {
    next.failure_ = error.what();
    for (const NamedTensor& entry : weights) {
      next.waiting_.push_back({entry.name, entry.tensor.clone()});
    }
  }
  *this = std::move(next);
}

void BestModel::write_waiting() {
  if (!failure_) return;
  try {
    write(waiting_);
    waiting_.clear();
    failure_.reset();
  } catch (const IoError& error) {
    failure_ = error.what();
  }
}

}  // namespace heed
