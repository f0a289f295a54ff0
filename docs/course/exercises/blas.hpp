#pragma once

#include "array.hpp"

#ifdef COURSE_BLAS
#include <cblas.h>
#endif

/// The machine's own matrix product, for the capstone. Given; without COURSE_BLAS it does nothing.
namespace course {

// [blas]
/// c [M, N] += a [M, K] b [K, N] by the BLAS. False, and nothing done, where there is none, or where
/// neither rows nor columns of a matrix lie without gaps.
inline bool blas_product([[maybe_unused]] const Array& a, [[maybe_unused]] const Array& b,
                         [[maybe_unused]] const Array& c) {
#ifdef COURSE_BLAS
  const auto rows = [](const Array& x) { return x.strides[1] == 1 && x.strides[0] >= x.shape[1]; };
  const auto fits = [&rows](const Array& x) {
    return rows(x) || (x.strides[0] == 1 && x.strides[1] >= x.shape[0]);
  };
  if (!fits(a) || !fits(b) || !rows(c) || count(a.shape) == 0 || count(b.shape) == 0) return false;
  const auto order = [&rows](const Array& x) { return rows(x) ? CblasNoTrans : CblasTrans; };
  const auto step = [&rows](const Array& x) {
    return static_cast<blasint>(x.strides[rows(x) ? 0 : 1]);
  };
  const auto size = [](int64_t n) { return static_cast<blasint>(n); };
  cblas_dgemm(CblasRowMajor, order(a), order(b), size(a.shape[0]), size(b.shape[1]),
              size(a.shape[1]), 1, numbers(a), step(a), numbers(b), step(b), 1, numbers(c),
              step(c));
  return true;
#else
  return false;
#endif
}
// [/blas]

}  // namespace course
