#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// The folder that holds everything.
inline const std::filesystem::path root = HEED_SOURCE_DIR;

/// What a file holds; nothing of one that is not there.
inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}
