#pragma once

// All array functions.
#include <heed/core/kernels/elementwise.hpp>
#include <heed/core/kernels/indexing.hpp>
#include <heed/core/kernels/ordered.hpp>
#include <heed/core/kernels/products.hpp>
#include <heed/core/kernels/random.hpp>
#include <heed/core/kernels/reductions.hpp>
#include <heed/core/kernels/rows.hpp>
#include <heed/core/kernels/updates.hpp>
