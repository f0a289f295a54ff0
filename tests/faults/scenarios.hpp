#pragma once

#include <vector>

#include "fault_injection.hpp"

namespace faults {

/// A checkpoint is written beside an older one; read again.
Scenario saving_a_checkpoint();
/// A model is saved over an older one of the same sizes.
Scenario saving_a_model();
/// Six updates with validations and checkpoints: from the start, and from the middle on.
Scenario training();
Scenario resuming();
/// A model's folder is loaded and translates a line.
Scenario translating();

/// A training is loaded from its one file, makes a step and is saved over it.
Scenario saving_in_one_file();

}  // namespace faults
