#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>

#include "cases.hpp"

using namespace heed;

namespace course_cases {
namespace {

std::map<std::string, void (*)(File&)>& chapters() {
  static std::map<std::string, void (*)(File&)> all;
  return all;
}

}  // namespace

Chapter::Chapter(const char* name, void (*write)(File& file)) { chapters()[name] = write; }

File::File(const std::string& folder, const std::string& name)
    : out_(folder + "/" + name + ".txt") {
  for (const char letter : name) state_ = state_ * 31 + static_cast<unsigned char>(letter);
}

void File::begin(const std::string& name) { out_ << "= " << name << "\n"; }

void File::put(const std::string& key, const Tensor& x) {
  out_ << key << " " << x.rank();
  for (int64_t axis = 0; axis < x.rank(); ++axis) out_ << " " << x.size(axis);
  for (double number : x.to(float64).to_vector<double>()) {
    char digits[32];
    std::snprintf(digits, sizeof digits, " %.12g", number);
    out_ << digits;
  }
  out_ << "\n";
}

void File::put(const std::string& key, const std::vector<int64_t>& ids) {
  out_ << key << " 1 " << ids.size();
  for (int64_t id : ids) out_ << " " << id;
  out_ << "\n";
}

// Splitmix64 (Steele, Lea, Flood 2014); rounded so that the file holds the very number.
Tensor File::random(const Shape& shape) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  std::vector<double> numbers;
  for (int64_t i = 0; i < n; ++i) {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    const double unit = static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
    numbers.push_back(std::round(unit * 1e6) / 1e6);
  }
  return Tensor::from(numbers, shape);
}

void File::operation(const std::string& name,
                     const std::vector<std::pair<std::string, Shape>>& inputs,
                     const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  std::vector<std::pair<std::string, Tensor>> given;
  for (const auto& [key, shape] : inputs) given.emplace_back(key, random(shape));
  operation_of(name, given, f);
}

void File::operation_of(const std::string& name,
                        const std::vector<std::pair<std::string, Tensor>>& inputs,
                        const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  begin(name);
  std::vector<Tensor> x;
  for (const auto& [key, value] : inputs) {
    Tensor input = value.clone();
    if (input.dtype() == float64) input.set_requires_grad(true);
    put(key, value);
    x.push_back(input);
  }
  const Tensor y = f(x);
  const Tensor g = random(y.shape());
  put("g", g);
  put("y", y);
  y.backward(g);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].dtype() != float64) continue;
    const Tensor grad = x[i].grad();
    put("d" + inputs[i].first, grad.defined() ? grad : Tensor::zeros(x[i].shape(), float64));
  }
}

}  // namespace course_cases

/// make_course_cases FOLDER: writes the cases of all chapters into a folder.
int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_course_cases FOLDER\n";
    return 2;
  }
  for (const auto& [name, write] : course_cases::chapters()) {
    course_cases::File file(argv[1], name);
    write(file);
  }
}
