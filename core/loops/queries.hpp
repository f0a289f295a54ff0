#pragma once

#include <cstdint>

#include "table.hpp"

namespace heed::loops {

/// One query of attention on S keys that lie anywhere: key s begins at keys + places[s].
template <class T>
struct QueryLoops {
  /// e_s = q . k_s, vectors of K numbers.
  void (*scores)(const T* query, const T* keys, const int64_t* places, int64_t S, int64_t K, T* e);
  /// c = sum_s alpha_s v_s, vectors of C numbers.
  void (*context)(const T* alpha, const T* values, const int64_t* places, int64_t S, int64_t C,
                  T* c);
};

using QueryTables = FloatingLoops<QueryLoops>;

HEED_DECLARE_TABLE(QueryTables, query_loops)

}  // namespace heed::loops
