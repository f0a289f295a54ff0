#include "few_queries.hpp"

#include "../core/record.hpp"

namespace heed {

bool few_to_answer(const Tensor& query, const Tensor& key, const Tensor& value) {
  const auto plain = [&](const Tensor& x) {
    return x.rank() == 4 && is_floating(x.dtype()) && x.dtype() == query.dtype() &&
           !(grad_enabled() && x.requires_grad());
  };
  return plain(query) && plain(key) && plain(value) && query.size(2) < few_queries;
}

Attended answered(const Tensor& query, const kernels::KeysInPlace& memory, const Tensor& keep,
                  const Tensor& slopes, double scale) {
  const auto array = [](const Tensor& x) { return x.defined() ? x.array() : Array(); };
  const kernels::FewQueries found =
      kernels::attention_of_few(query.array(), memory, array(keep), array(slopes), scale);
  if (observers > 0) observe_result("attention_of_few", found.context);
  return {Tensor(found.context), Tensor(found.weights)};
}

}  // namespace heed
