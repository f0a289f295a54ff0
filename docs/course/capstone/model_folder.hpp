#pragma once

#include <cstring>
#include <filesystem>

#include "phrases.hpp"

/// Writes a learner's model as a folder that heed reads: docs/model-format.md.
namespace capstone {

/// A weight under heed's name for it.
struct Named {
  std::string name;
  course::Array numbers;
};

/// Ends the program where a file is not whole: no permission, or a disk that is full.
inline void close(std::ofstream& file, const std::string& path) {
  file.close();
  if (!file) stop("cannot write " + path);
}

/// Names, types, shapes and places of the weights in the file, as JSON.
inline std::string header_of(const std::vector<Named>& weights) {
  std::string json = "{";
  int64_t place = 0;
  for (const Named& one : weights) {
    std::string shape;
    for (int64_t size : one.numbers.shape) {
      shape += (shape.empty() ? "" : ",") + std::to_string(size);
    }
    const int64_t end = place + 4 * course::count(one.numbers.shape);
    json += (json.size() > 1 ? ",\"" : "\"") + one.name + "\":{\"dtype\":\"F32\",\"shape\":[" +
            shape + "],\"data_offsets\":[" + std::to_string(place) + "," + std::to_string(end) +
            "]}";
    place = end;
  }
  return json + "}";
}

/// safetensors: the length of the header in 8 bytes, the header, then all numbers as float32.
inline void write_weights(const std::string& folder, const std::vector<Named>& weights) {
  const std::string path = folder + "/model.safetensors";
  std::ofstream file(path, std::ios::binary);
  const std::string header = header_of(weights);
  for (int byte = 0; byte < 8; ++byte) file.put(static_cast<char>(header.size() >> 8 * byte));
  file << header;
  for (const Named& one : weights) {
    const course::Array a = course::contiguous(one.numbers);
    for (int64_t i = 0, n = course::count(a.shape); i < n; ++i) {
      const float number = static_cast<float>(course::numbers(a)[i]);
      char bytes[4];
      std::memcpy(bytes, &number, 4);
      file.write(bytes, 4);
    }
  }
  close(file, path);
}

inline void write_words(const std::string& path, const Vocabulary& vocabulary) {
  std::ofstream file(path);
  for (const std::string& word : vocabulary.words) file << word << "\n";
  close(file, path);
}

/// Makes the folder and writes all but the weights, before the training: what cannot be written is
/// known before minutes of work, and a model that is there already stays as it is. `keys`: the
/// model's part of config.json, `"model": "rnn_search", ...`.
inline void begin_folder(const std::string& folder, const std::string& keys, const Text& text) {
  std::error_code error;
  if (std::filesystem::exists(folder, error)) {
    stop(folder + " is there already and stays as it is: name a new folder");
  }
  std::filesystem::create_directories(folder, error);
  if (error) stop("cannot make the folder " + folder + ": " + error.message());
  const std::string path = folder + "/config.json";
  std::ofstream file(path);
  file << "{\"format\": \"heed\", \"version\": 1, \"source_vocab\": " << text.source.size()
       << ", \"target_vocab\": " << text.target.size()
       << ", \"pad\": 0, \"unk\": 1, \"bos\": 2, \"eos\": 3, \"tokenizer\": \"word\", " << keys
       << "}\n";
  close(file, path);
  write_words(folder + "/source.vocab", text.source);
  write_words(folder + "/target.vocab", text.target);
}

}  // namespace capstone
