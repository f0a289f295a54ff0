#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../../models/model.hpp"

namespace model_support {

/// A small model with one choice of its configuration, or several together.
struct Variant {
  std::string name;
  std::function<heed::TranslationModel()> make;
};

/// Every model with every switch: what holds for all is tested on these.
std::vector<Variant> variants();

}  // namespace model_support
