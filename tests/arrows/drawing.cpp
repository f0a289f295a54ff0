#include "drawing.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "tree.hpp"

namespace fs = std::filesystem;

namespace {

/// The lines of the drawing that are folders.
std::vector<std::string> folder_lines() {
  std::ifstream stream(root / "CONTRIBUTING.md");
  std::vector<std::string> out;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("heed.hpp ")) {
      inside = true;
    } else if (inside && line.starts_with("```")) {
      return out;
    } else if (inside) {
      out.push_back(line);
    }
  }
  throw std::runtime_error("CONTRIBUTING.md has no drawing that starts with heed.hpp");
}

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

/// Full paths for the names in `arrows`.
std::set<std::string> paths(const std::set<std::string>& names, const Drawing& drawing) {
  std::set<std::string> out;
  for (const std::string& name : names) {
    std::string found;
    for (const auto& [path, subject] : drawing.subjects)
      if (!path.starts_with("tests/") && fs::path(path).filename() == name) found = path;
    if (found.empty()) throw std::runtime_error("the drawing has an arrow to no folder: " + name);
    out.insert(found);
  }
  return out;
}

}  // namespace

Drawing read_drawing() {
  static const std::regex form("( *)([a-z_]+)/ +(.+?)(?: +<- ([a-z_ ]+))?");
  Drawing drawing;
  std::vector<std::string> above;  // the folders that hold the next one
  for (const std::string& line : folder_lines()) {
    std::smatch part;
    if (!std::regex_match(line, part, form) || part[3].str().find("<-") != std::string::npos)
      throw std::runtime_error("no folder of the drawing: " + line);
    above.resize(std::min(above.size(), static_cast<std::size_t>(part[1].length()) / 2));
    const std::string path = (above.empty() ? "" : above.back() + "/") + part[2].str();
    above.push_back(path);
    drawing.subjects[path] = part[3];
    if (part[4].matched || path == "core") drawing.arrows[path] = words(part[4]);
  }
  for (auto& [room, names] : drawing.arrows) names = paths(names, drawing);
  return drawing;
}

std::set<std::string> Drawing::reached(const std::string& room) const {
  std::set<std::string> seen;
  std::vector<std::string> open = {room};
  while (!open.empty()) {
    const std::string from = open.back();
    open.pop_back();
    for (const std::string& to : arrows.at(from))
      if (seen.insert(to).second) open.push_back(to);
  }
  return seen;
}

std::string Drawing::room_of(fs::path path) const {
  while (!path.empty() && arrows.count(path.string()) == 0) path = path.parent_path();
  return path.string();
}
