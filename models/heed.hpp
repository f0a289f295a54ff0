#pragma once

// The whole library.
#include <heed/core/operations.hpp>
#include <heed/layers/attention.hpp>
#include <heed/layers/dropout.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/initializers.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/module.hpp>
#include <heed/layers/norm.hpp>
#include <heed/layers/recurrent.hpp>
#include <heed/optim/adam.hpp>
#include <heed/optim/clipping.hpp>
#include <heed/optim/schedules.hpp>
#include <heed/optim/sgd.hpp>
