#include <cmath>

#include "models.hpp"

using namespace heed;
using course_cases::File;

namespace {

Tensor mask_of(std::vector<int32_t> keep, const Shape& shape) {
  return Tensor::from<int32_t>(std::move(keep), shape);
}

void write_masked(File& file) {
  const auto masked = [](const std::vector<Tensor>& x) {
    return softmax(x[0], -1, x[1].to(boolean));
  };
  const auto begin = [&](const std::string& name, const Tensor& scores, const Tensor& keep) {
    file.operation_of("masked: " + name, {{"scores", scores}, {"keep", keep}}, masked);
  };
  begin("rows of two sentences", file.random({2, 4}), mask_of({1, 1, 0, 1, 1, 0, 0, 0}, {2, 4}));
  begin("one mask for all queries of a sentence", file.random({2, 3, 3}),
        mask_of({1, 1, 0, 1, 0, 0}, {2, 1, 3}));
  begin("a row with nothing to look at", file.random({2, 3}), mask_of({0, 0, 0, 1, 1, 0}, {2, 3}));
  begin("a large score that is hidden", Tensor::from<double>({1, 2, 2000}, {1, 3}),
        mask_of({1, 1, 0}, {1, 3}));
  begin("no query", file.random({0, 2}), mask_of({1, 0}, {1, 2}));
  begin("one word", file.random({1, 1}), mask_of({1}, {1, 1}));
}

void write_scores(File& file) {
  struct Sizes {
    int64_t B, T, S, n, C, A;
  };
  for (const auto& [B, T, S, n, C, A] :
       {Sizes{1, 2, 3, 2, 2, 3}, {2, 3, 4, 3, 2, 5}, {1, 1, 1, 1, 1, 1}, {2, 0, 2, 2, 3, 1}}) {
    const std::string of = ": B = " + std::to_string(B) + ", T = " + std::to_string(T) +
                           ", S = " + std::to_string(S) + ", n = " + std::to_string(n);
    const Shape s = {B, T, n}, same = {B, S, n}, h = {B, S, C};
    file.operation("dot" + of, {{"s", s}, {"h", same}}, [](const std::vector<Tensor>& x) {
      return matmul(x[0], transpose(x[1], 1, 2));
    });
    file.operation("scaled" + of, {{"s", s}, {"h", same}}, [n = n](const std::vector<Tensor>& x) {
      return matmul(x[0] * (1 / std::sqrt(static_cast<double>(n))), transpose(x[1], 1, 2));
    });
    file.operation("general" + of, {{"s", s}, {"h", h}, {"weight", {n, C}}},
                   [](const std::vector<Tensor>& x) {
                     return matmul(x[0], transpose(linear(x[1], x[2]), 1, 2));
                   });
    file.operation("concat" + of, {{"s", s}, {"h", h}, {"weight", {A, n + C}}, {"v", {1, A}}},
                   [n = n, C = C](const std::vector<Tensor>& x) {
                     const Tensor queries = linear(x[0], slice(x[2], 1, 0, n));
                     const Tensor keys = linear(x[1], slice(x[2], 1, n, n + C));
                     return additive_scores(queries, keys, squeeze(x[3], 0));
                   });
  }
}

void write_padded(File& file) {
  file.begin("padded: sentences of three and two words");
  const course_cases::Text x = course_cases::text({3, 2}, 2);
  RNNsearch model(course_cases::small_config());
  course_cases::draw(file, model);
  put(file, x);
  course_cases::put_result(file, model, model(x.source, x.keep.to(boolean), x.before));
}

void write(File& file) {
  write_masked(file);
  write_scores(file);
  write_padded(file);
}

const course_cases::Chapter added("12_scores", write);

}  // namespace
