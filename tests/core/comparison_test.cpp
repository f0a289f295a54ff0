// Every operation against PyTorch, where numbers, sizes and shapes are at their edges.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "../../core/error.hpp"
#include "../../core/files/safetensors.hpp"
#include "comparison.hpp"
#include "public_operations.hpp"

using namespace heed;
using namespace heed::test;

namespace {

/// ROW:CASE:PRECISION, and its tensors under what follows: `in/0`, `out/0`, `grad/0`, `error`.
struct Case {
  std::string key, row, label;
  std::map<std::string, Array> tensors;

  bool has(const std::string& name) const { return tensors.count(name) > 0; }
};

std::vector<Case> cases() {
  std::map<std::string, Case> found;
  const TensorFile file = load_safetensors(HEED_SOURCE_DIR "/tests/golden/comparison.safetensors");
  for (const auto& [name, array] : file.tensors) {
    const std::size_t row = name.find(':'), label = name.find(':', row + 1);
    const std::size_t end = name.find('/', label);
    Case& one = found[name.substr(0, end)];
    one.key = name.substr(0, end);
    one.row = name.substr(0, row);
    one.label = name.substr(row + 1, label - row - 1);
    one.tensors[name.substr(end + 1)] = array;
  }
  std::vector<Case> all;
  for (auto& [key, one] : found) all.push_back(std::move(one));
  return all;
}

/// The same numbers in memory laid out backwards, with gaps of NaN (or what stands for it).
Array scattered(const Array& x) {
  if (x.rank() == 0) return x.clone();
  Axes backwards;
  Shape wide;
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    backwards.push_back(axis);
    wide.push_back(x.size(axis) * (axis == 0 ? 2 : 1));
  }
  const Array memory = Array::full(wide, is_floating(x.dtype()) ? NAN : 1, x.dtype());
  Tensor view(memory.slice(-1, 0, wide.back(), 2).permute(backwards));
  view.copy_(Tensor(x));
  return view.array();
}

using Layout = Array (*)(const Array&);

Tensor directions(const Tensor& y) {
  constexpr double direction[] = {1, -0.5, 2, 0.75, -1.25};
  std::vector<double> values(static_cast<std::size_t>(y.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = direction[i % 5];
  return Tensor(Array::from(values, y.shape()).to(y.dtype()));
}

/// What heed computes for a case, under the same names.
std::map<std::string, Array> computed(const ComparedRow& row, const Case& one, Layout layout) {
  Inputs leaves, arguments;
  for (int i = 0; one.has("in/" + std::to_string(i)); ++i) {
    const std::string place = std::to_string(i);
    Tensor leaf(layout(one.tensors.at("in/" + place)));
    if (is_floating(leaf.dtype())) leaf.set_requires_grad();
    leaves.push_back(leaf);
    if (one.has("shape/" + place)) {
      Shape shape;
      for (const int32_t size : one.tensors.at("shape/" + place).to_vector<int32_t>()) {
        shape.push_back(size);
      }
      leaf = expand(leaf, shape);
    }
    arguments.push_back(leaf);
  }
  std::map<std::string, Array> results;
  try {
    const std::vector<Tensor> outputs = row.call(arguments);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      results["out/" + std::to_string(i)] = outputs[i].array();
      if (outputs[i].requires_grad()) outputs[i].backward(directions(outputs[i]), {.retain = true});
    }
  } catch (const Error&) {
    return {{"error", Array::zeros({0})}};
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i].grad().defined()) results["grad/" + std::to_string(i)] = leaves[i].grad_array();
  }
  return results;
}

struct Tolerance {
  double relative, smallest, scale;
  bool signs;
};

bool agree(double got, double wanted, const Tolerance& tolerance) {
  if (std::isnan(got) || std::isnan(wanted)) return std::isnan(got) && std::isnan(wanted);
  if (got == wanted)
    return got != 0 || !tolerance.signs || std::signbit(got) == std::signbit(wanted);
  if (std::isinf(got) || std::isinf(wanted)) return false;
  const double size = std::max(std::abs(wanted), tolerance.scale);
  return std::abs(got - wanted) <= tolerance.relative * size + 2 * tolerance.smallest;
}

/// Values at special numbers are compared each by itself, signs of zeros as well. Those of plain
/// numbers may be sums of some as large as the largest; a gradient may be what is left of
/// directions near 1, and IEEE 754 gives its zeros no sign.
Tolerance tolerance_of(const std::vector<double>& wanted, DType dtype, bool special, bool value) {
  const bool single = dtype == float32;
  Tolerance tolerance{
      single ? 1e-6 : 4e-15,
      single ? std::numeric_limits<float>::denorm_min() : std::numeric_limits<double>::denorm_min(),
      special ? value ? 0 : 0.25 : 1, value};
  for (const double number : wanted) {
    if (!special && std::isfinite(number)) {
      tolerance.scale = std::max(tolerance.scale, std::abs(number));
    }
  }
  return tolerance;
}

/// How many elements differ, and in `text` which.
int differing(const Array& got, const Array& wanted, bool special, bool value, std::string& text) {
  if (got.shape() != wanted.shape() || got.dtype() != wanted.dtype()) {
    text += " " + to_string(got.shape()) + " not " + to_string(wanted.shape());
    return 1;
  }
  const std::vector<double> a = got.to(float64).to_vector<double>();
  const std::vector<double> b = wanted.to(float64).to_vector<double>();
  const Tolerance tolerance = tolerance_of(b, wanted.dtype(), special, value);
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (agree(a[i], b[i], tolerance)) continue;
    char line[128];
    std::snprintf(line, sizeof line, " [%zu] %.9g not %.9g", i, a[i], b[i]);
    text += line;
    ++count;
  }
  return count;
}

struct Found {
  int elements;
  std::string text;
};

/// What differs, by its full key.
std::map<std::string, Found> differences(const ComparedRow& row, const Case& one, Layout layout) {
  const std::map<std::string, Array> got = computed(row, one, layout);
  std::map<std::string, Found> found;
  if (got.count("error") != one.tensors.count("error")) {
    found[one.key + "/error"] = {1, one.has("error") ? " PyTorch raises" : " heed throws"};
    return found;
  }
  const bool special = std::regex_search(one.label, std::regex("^(special|beyond|large|infinite)"));
  std::set<std::string> names;
  for (const auto* side : {&got, &one.tensors}) {
    for (const auto& [name, array] : *side) {
      if (name[0] == 'o' || name[0] == 'g') names.insert(name);
    }
  }
  for (const std::string& name : names) {
    Found here{1, " is missing on one side"};
    if (got.count(name) && one.has(name)) {
      here.text.clear();
      here.elements =
          differing(got.at(name), one.tensors.at(name), special, name[0] == 'o', here.text);
    }
    if (here.elements > 0) found[one.key + "/" + name] = here;
  }
  return found;
}

void compare_all(Layout layout) {
  std::map<std::string, const ComparedRow*> by_name;
  const std::vector<ComparedRow> rows = compared_rows();
  for (const ComparedRow& row : rows) by_name[row.name] = &row;
  const std::vector<KnownDifference> known = known_differences();
  std::vector<std::regex> patterns;
  for (const KnownDifference& one : known) patterns.emplace_back(one.key);
  std::vector<int> seen(known.size(), 0);
  std::set<std::string> used;
  for (const Case& one : cases()) {
    INFO(one.key);
    REQUIRE(by_name.count(one.row) == 1);
    used.insert(one.row);
    for (const auto& [key, found] : differences(*by_name[one.row], one, layout)) {
      std::size_t which = 0;
      while (which < known.size() && !std::regex_match(key, patterns[which])) ++which;
      if (which < known.size()) {
        seen[which] += found.elements;
      } else {
        FAIL_CHECK(key << " differs:" << found.text);
      }
    }
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    INFO(known[i].key << ": " << known[i].reason);
    CHECK(seen[i] == known[i].elements);
  }
  for (const ComparedRow& row : rows) {
    INFO(row.name << ": tests/golden/make_comparison.py has not written what PyTorch makes of it");
    CHECK(used.count(row.name) == 1);
  }
}

}  // namespace

TEST_CASE("every operation agrees with PyTorch but for the differences that are known") {
  compare_all([](const Array& x) { return x.clone(); });
}

TEST_CASE("every operation agrees with PyTorch on transposed and sliced inputs as well") {
  compare_all(scattered);
}

TEST_CASE("every operation of the public headers is compared with PyTorch") {
  std::set<std::string> compared;
  for (const ComparedRow& row : compared_rows()) {
    compared.insert(std::regex_replace(row.name, std::regex("[0-9.]*(inf)?/.*"), ""));
  }
  for (const std::string& name : public_operations()) {
    CAPTURE(name);
    CHECK(compared.count(name) == 1);
  }
}

TEST_CASE("every known difference from PyTorch has its reason in the documentation") {
  std::ifstream file(HEED_SOURCE_DIR "/docs/pytorch.md");
  REQUIRE(file);
  std::stringstream all;
  all << file.rdbuf();
  const std::string text = std::regex_replace(all.str(), std::regex("\\s+"), " ");
  for (const KnownDifference& one : known_differences()) {
    INFO(one.key);
    CHECK_THAT(text, Catch::Contains(one.reason));
  }
}
