#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heed {

/// Which source token explains which target token, as pairs (source, target) from 0. A token may
/// have several links or none.
using Alignment = std::vector<std::pair<int64_t, int64_t>>;

/// `0-0 2-1 1-2`, Pharaoh's format: the links in their order.
std::string pharaoh(const Alignment& alignment);

}  // namespace heed
