// An attention with a score function of its own: the negative squared distance between the
// projected query and key, e_ij = -|W s_i - U h_j|^2. Whatever the score, `attend` makes weights
// and context of it, and masked words get nothing.
// prints: gradients agree
#include <cstdio>

#include <heed/heed.hpp>

using namespace heed;

struct DistanceAttention {
  Linear query, key;
  DistanceAttention(int64_t query_size, int64_t key_size, int64_t size)
      : query(query_size, size, false), key(key_size, size, false) {}
  /// s: [B, n], annotations h: [B, S, C], keep: [B, S] -> context [B, C], weights [B, S].
  Attended operator()(const Tensor& s, const Tensor& h, const Tensor& keep) const {
    const Tensor difference = unsqueeze(query(s), 1) - key(h);  // [B, S, A]
    return attend(-sum(square(difference), {-1}), h, keep);
  }
  void members(Members& m) { m("query", query)("key", key); }
};

int main() {
  manual_seed(1);
  constexpr int64_t B = 2, S = 5, n = 4, C = 3, A = 6;
  DistanceAttention attention(n, C, A);
  const Tensor s = Tensor::randn({B, n}), h = Tensor::randn({B, S, C});
  const Tensor keep = Tensor::of({1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, {B, S}).to(boolean);
  const Attended found = attention(s, h, keep);
  std::printf("the second sentence has three words; its weights:\n");
  for (const float w : select(found.weights, 0, 1).to_vector<float>()) std::printf(" %.3f", w);

  // Its gradients are right: central differences in float64 agree with them.
  to(attention, float64);
  const Tensor s64 = s.to(float64), h64 = h.to(float64);
  const auto check =
      gradcheck([&](const std::vector<Tensor>&) { return attention(s64, h64, keep).context; },
                parameters(attention));
  std::printf("\ngradients %s\n", check.ok ? "agree" : check.message.c_str());
  return check.ok ? 0 : 1;
}
