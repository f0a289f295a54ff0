#pragma once

// All array functions.
#include "elementwise.hpp"
#include "indexing.hpp"
#include "ordered.hpp"
#include "products.hpp"
#include "random.hpp"
#include "reductions.hpp"
#include "rows.hpp"
#include "updates.hpp"
