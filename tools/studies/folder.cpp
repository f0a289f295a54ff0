#include "folder.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "../../core/files/json_reader.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../models/text/parallel_text.hpp"

namespace heed::tools {

namespace {

constexpr int64_t most = INT64_C(1) << 53;

std::string to_json(const StudyPlan& plan) {
  std::string out;
  for (const auto& [name, value] : describe(plan)) {
    out += (out.empty() ? "{\n  " : ",\n  ") + json_string(name) + ": " + json_string(value);
  }
  return out + "\n}\n";
}

/// How the study of `study.json` differs from `plan`, `train: 200 there, 30000 here; ...`.
std::string differences(const Json& there, const StudyPlan& plan) {
  std::string out;
  const auto differs = [&](const std::string& name, const std::string& a, const std::string& b) {
    if (a == b) return;
    out += (out.empty() ? "" : "; ") + name + ": " + (a.empty() ? "none" : escaped(a)) +
           " there, " + (b.empty() ? "none" : b) + " here";
  };
  const auto here = describe(plan);
  for (const auto& [name, value] : here) differs(name, there.text(name, ""), value);
  for (const std::string& name : there.keys()) {
    const bool known = std::any_of(here.begin(), here.end(),
                                   [&](const auto& setting) { return setting.first == name; });
    if (!known) differs(name, there.text(name, ""), "");
  }
  return out;
}

/// Reads, and changes nothing.
void check_folder(const std::string& path, const StudyPlan& plan) {
  if (!path_exists(path)) return;
  if (!is_folder(path)) throw IoError(escaped(path) + ": is a file; a study needs a folder");
  const std::string file = join_path(path, "study.json");
  if (path_exists(file)) {
    const Json there = Json::read(file, JsonFault::format);
    const std::string kind = there.required_text("study");
    if (kind != to_string(plan.kind)) {
      throw ConfigError(escaped(path) + ": holds a study of another kind, " + escaped(kind) +
                        "; choose another --out");
    }
    const std::string different = differences(there, plan);
    if (different.empty()) return;
    throw ConfigError(escaped(path) + ": holds another study: " + different +
                      "; give its flags to go on with it, or choose another --out");
  }
  for (const std::string& name : folder_entries(path)) {
    if (name == ".lock" || name.starts_with(".tmp-")) continue;
    throw ConfigError(escaped(path) + ": is not empty and holds no study; choose another --out");
  }
}

/// The folder, checked and there, before it is locked.
const std::string& prepared(const std::string& path, const StudyPlan& plan) {
  check_folder(path, plan);
  make_folder(path);
  return path;
}

std::string list(const std::vector<int64_t>& numbers) {
  std::string out;
  for (const int64_t number : numbers) out += (out.empty() ? "" : ", ") + std::to_string(number);
  return '[' + out + ']';
}

std::vector<int64_t> integers(const Json& json, const std::string& key) {
  std::vector<int64_t> out;
  for (const Json& item : json.array(key)) out.push_back(item.as_integer(0, most));
  return out;
}

}  // namespace

StudyFolder::StudyFolder(const std::string& path, const StudyPlan& plan)
    : path_(prepared(path, plan)), lock_(path) {
  check_folder(path, plan);
  remove_temporaries(path);
  if (!path_exists(file("study.json"))) write_file_atomically(file("study.json"), to_json(plan));
  make_folder(file("parts"));
  remove_temporaries(file("parts"));
}

std::string StudyFolder::part(const StudyModel& model, int64_t seed) const {
  return join_path(file("parts"), model.folder + '-' + std::to_string(seed));
}

void StudyFolder::write_data(const TaskData& data) const {
  if (!path_exists(file("data"))) write_task(data, file("data"));
}

int64_t StudyFolder::fitted_steps(const StudyModel& model) const {
  const std::string path = join_path(file("parts"), model.folder + ".json");
  if (!path_exists(path)) return 0;
  return Json::read(path, JsonFault::format).required_integer("steps", 1, most);
}

void StudyFolder::write_fitted_steps(const StudyModel& model, int64_t steps) const {
  write_file_atomically(join_path(file("parts"), model.folder + ".json"),
                        "{\"steps\": " + std::to_string(steps) + "}\n");
}

bool StudyFolder::has_result(const StudyModel& model, int64_t seed) const {
  return path_exists(join_path(part(model, seed), "result.json"));
}

PartResult StudyFolder::read_result(const StudyModel& model, int64_t seed,
                                    std::size_t sentences) const {
  const Json json = Json::read(join_path(part(model, seed), "result.json"), JsonFault::format);
  PartResult result;
  result.parameters = json.required_integer("parameters", 1, most);
  result.steps = json.required_integer("steps", 1, most);
  result.seconds = json.number("seconds", 0, 0, 1e12);
  result.seconds_per_epoch = json.number("seconds_per_epoch", 0, 0, 1e12);
  result.linked = integers(json, "linked");
  result.agreeing = integers(json, "agreeing");
  std::vector<std::string> notes;
  const std::string lines = join_path(part(model, seed), "test.out");
  result.translations = read_lines(lines, notes);
  const std::size_t aligned = result.linked.size();
  if (result.translations.size() != sentences) {
    throw FormatError(escaped(lines) + ": " + std::to_string(result.translations.size()) +
                      " translations of " + std::to_string(sentences) + " test sentences");
  }
  if (result.agreeing.size() != aligned || (aligned != 0 && aligned != sentences)) {
    json.fail("linked and agreeing need a number for each of " + std::to_string(sentences) +
              " test sentences");
  }
  return result;
}

void StudyFolder::write_result(const StudyModel& model, int64_t seed,
                               const PartResult& result) const {
  std::string lines;
  for (const std::string& line : result.translations) lines += line + '\n';
  write_file_atomically(join_path(part(model, seed), "test.out"), lines);
  // Last: a part is finished once this file is there.
  write_file_atomically(join_path(part(model, seed), "result.json"),
                        "{\n  \"parameters\": " + std::to_string(result.parameters) +
                            ",\n  \"steps\": " + std::to_string(result.steps) +
                            ",\n  \"seconds\": " + json_number(result.seconds) +
                            ",\n  \"seconds_per_epoch\": " + json_number(result.seconds_per_epoch) +
                            ",\n  \"linked\": " + list(result.linked) +
                            ",\n  \"agreeing\": " + list(result.agreeing) + "\n}\n");
}

}  // namespace heed::tools
