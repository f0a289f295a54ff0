#pragma once

#include <string>

namespace heed {

/// Bytes of memory that this process may use: what the machine has, or less where a limit of its
/// addresses (`ulimit -v`) or of its control group (a container's) says so.
double memory_limit();

/// `1.5 GiB`, to three digits.
std::string gibibytes(double bytes);

}  // namespace heed
