#pragma once

// Everything that can be done to a Tensor.
#include "attention.hpp"
#include "creation.hpp"
#include "dropout.hpp"
#include "einsum.hpp"
#include "elementwise.hpp"
#include "indexing.hpp"
#include "losses.hpp"
#include "products.hpp"
#include "random.hpp"
#include "reductions.hpp"
#include "softmax.hpp"
#include "views.hpp"
