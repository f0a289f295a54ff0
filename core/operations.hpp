#pragma once

// Everything that can be done to a Tensor.
#include <heed/core/dropout.hpp>
#include <heed/core/einsum.hpp>
#include <heed/core/elementwise.hpp>
#include <heed/core/indexing.hpp>
#include <heed/core/losses.hpp>
#include <heed/core/products.hpp>
#include <heed/core/random.hpp>
#include <heed/core/reductions.hpp>
#include <heed/core/softmax.hpp>
#include <heed/core/views.hpp>
