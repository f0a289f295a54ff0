#pragma once

#include <cstddef>
#include <string>

namespace heed {

/// How many resampled corpora an interval comes from.
inline constexpr std::size_t bootstrap_resamples = 1000;

/// A 95 % confidence interval of a score in percent: `mean` +- `half_width` (Koehn 2004,
/// "Statistical significance tests for machine translation evaluation"). Both are 0 if none was
/// asked for or every resampled corpus scores 0.
struct Confidence {
  double mean = 0, half_width = 0;
};

/// ` (μ = 34.48 ± 1.20)`, as it stands behind a score, or nothing if the mean is 0.
std::string to_string(const Confidence& confidence);

}  // namespace heed
