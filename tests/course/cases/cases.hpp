#pragma once

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "../../../heed.hpp"

/// Writes what the chapters' tests compare with: heed's own numbers, in float64.
namespace course_cases {

/// One file of cases: NAME.txt in docs/course/cases.
class File {
 public:
  File(const std::string& folder, const std::string& name);

  /// Begins a case.
  void begin(const std::string& name);
  /// A value of the case: of any element type, written as whole or as real numbers.
  void put(const std::string& key, const heed::Tensor& x);
  void put(const std::string& key, const std::vector<int64_t>& ids);

  /// A case of an operation: the inputs, a random g, y = f(inputs) and "d" + key of each input
  /// of a real element type. Inputs are numbers between -1 and 1 of these shapes.
  void operation(const std::string& name,
                 const std::vector<std::pair<std::string, heed::Shape>>& inputs,
                 const std::function<heed::Tensor(const std::vector<heed::Tensor>&)>& f);
  /// The same of given inputs.
  void operation_of(const std::string& name,
                    const std::vector<std::pair<std::string, heed::Tensor>>& inputs,
                    const std::function<heed::Tensor(const std::vector<heed::Tensor>&)>& f);

  /// Numbers between -1 and 1 in float64, others at each call.
  heed::Tensor random(const heed::Shape& shape);

 private:
  std::ofstream out_;
  uint64_t state_ = 1;
};

/// A chapter's cases, added by its file.
struct Chapter {
  Chapter(const char* name, void (*write)(File& file));
};

}  // namespace course_cases
