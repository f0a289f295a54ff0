#pragma once

namespace heed {

/// The version of this library, `MAJOR.MINOR.PATCH`.
inline constexpr const char* version = "0.1.0";

}  // namespace heed
