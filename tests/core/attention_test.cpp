// Tiled attention against the same of elementary operations, which keep all weights.
#include <catch2/catch.hpp>
#include <cmath>

#include "../../core/error.hpp"
#include "../../core/gradcheck.hpp"
#include "../../core/memory.hpp"
#include "../../core/operations.hpp"
#include "../../core/parallel.hpp"

using Catch::Contains;
using namespace heed;

namespace {

enum class Mask { none, keys, ahead, window, any, nothing };

struct Case {
  int64_t H, G, T, S, K, C;
  Mask mask = Mask::none;
  double dropout = 0;
  bool alibi = false;
};

/// j - i for queries that are the last T of S places.
Tensor places(int64_t T, int64_t S) {
  return Tensor::arange(S, float64) -
         unsqueeze(Tensor::arange(T, float64) + static_cast<double>(S - T), 1);
}

Tensor mask_of(const Case& c, int64_t B) {
  switch (c.mask) {
    case Mask::keys:
      return gt(Tensor::randn({B, 1, 1, c.S}, float64), 0);
    case Mask::ahead:
      return le(places(c.T, c.S), 0);
    case Mask::window:
      return le(abs(places(c.T, c.S)), 3);
    case Mask::any:
      return gt(Tensor::randn({B, c.H, c.T, c.S}, float64), 0.7);
    case Mask::nothing:
      return Tensor::zeros({1, 1, 1, c.S}, boolean);
    case Mask::none:
      break;
  }
  return {};
}

/// Each head of y for H / G heads in a row.
Tensor shared(const Tensor& y, int64_t H) {
  const Shape s = y.shape();
  const Shape wide{s[0], s[1], H / s[1], s[2], s[3]};
  return reshape(expand(unsqueeze(y, 2), wide), {s[0], H, s[2], s[3]});
}

Tensor composed(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& keep,
                const Tensor& slopes, TiledAttentionOptions options) {
  const int64_t H = q.size(1), T = q.size(2), S = k.size(2);
  Tensor e = matmul(q, transpose(shared(k, H), -2, -1)) * options.scale;
  if (slopes.defined()) e = e - reshape(slopes, {H, 1, 1}) * abs(places(T, S)).to(q.dtype());
  Tensor alpha = softmax(e, -1, keep);
  if (options.dropout > 0) alpha = dropout(alpha, options.dropout);
  return matmul(alpha, shared(v, H));
}

/// The result and the gradients of query, key and value for a random cotangent.
template <class Function>
std::vector<Tensor> results(const Function& attention, const std::vector<Tensor>& inputs,
                            const Tensor& keep, const Tensor& slopes,
                            TiledAttentionOptions options) {
  manual_seed(7);
  const Tensor y = attention(inputs[0], inputs[1], inputs[2], keep, slopes, options);
  manual_seed(8);
  const Tensor g = Tensor::randn(y.shape(), y.dtype());
  std::vector<Tensor> all = grad({sum(y * g)}, inputs);
  all.insert(all.begin(), y.detach());
  return all;
}

/// The largest difference, relative to the largest number where that is above 1.
double relative(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  if (a.numel() == 0) return 0;
  const double size = std::max(1.0, max(abs(b.detach())).item());
  return max(abs(a.detach() - b.detach())).item() / size;
}

void compare(const Case& c, DType dtype, double tolerance) {
  CAPTURE(c.H, c.G, c.T, c.S, c.K, c.C, static_cast<int>(c.mask), c.dropout, c.alibi);
  constexpr int64_t B = 3;
  manual_seed(static_cast<uint64_t>(c.T + c.S));
  std::vector<Tensor> inputs = {Tensor::randn({B, c.H, c.T, c.K}, float64).to(dtype),
                                Tensor::randn({B, c.G, c.S, c.K}, float64).to(dtype),
                                Tensor::randn({B, c.G, c.S, c.C}, float64).to(dtype)};
  for (Tensor& x : inputs) x.set_requires_grad(true);
  const Tensor keep = mask_of(c, B);
  const Tensor slopes = c.alibi ? (Tensor::arange(c.H, float64) * 0.3 + 0.1).to(dtype) : Tensor();
  const TiledAttentionOptions options{1 / std::sqrt(static_cast<double>(c.K)), c.dropout};
  const auto tiled = results(tiled_attention, inputs, keep, slopes, options);
  const auto whole = results(composed, inputs, keep, slopes, options);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    CHECK(relative(tiled[i], whole[i]) < tolerance);
  }
}

std::vector<Case> cases() {
  std::vector<Case> all;
  const Case shapes[] = {{4, 4, 16, 16, 8, 8},   {2, 2, 7, 5, 3, 2},    {4, 2, 100, 130, 32, 17},
                         {4, 1, 49, 97, 5, 7},   {1, 1, 1, 50, 16, 16}, {2, 2, 48, 48, 20, 33},
                         {2, 1, 96, 145, 64, 48}};
  for (Case c : shapes) {
    for (const Mask mask : {Mask::none, Mask::keys, Mask::ahead, Mask::window, Mask::any}) {
      c.mask = mask;
      for (const double dropout : {0.0, 0.3}) {
        c.dropout = dropout;
        c.alibi = !c.alibi;  // half of the combinations
        all.push_back(c);
      }
    }
  }
  all.push_back({2, 1, 800, 60, 4, 4, Mask::any});
  all.push_back({2, 2, 5, 60, 4, 4, Mask::nothing});
  all.push_back({2, 2, 0, 3, 4, 4});
  all.push_back({2, 2, 3, 0, 4, 4});
  all.push_back({2, 2, 3, 4, 4, 0});
  return all;
}

}  // namespace

TEST_CASE("tiled attention is the attention of elementary operations") {
  for (const Case& c : cases()) compare(c, float64, 1e-12);
}

TEST_CASE("tiled attention is the attention of elementary operations in float32 too") {
  for (const Case& c : cases()) compare(c, float32, 1e-5);
}

TEST_CASE("tiled attention of no heads is empty, of vectors without numbers the mean") {
  Tensor none = Tensor::zeros({2, 0, 9, 3}).set_requires_grad(true);
  const Tensor y = tiled_attention(none, none, none);
  CHECK(y.shape() == Shape{2, 0, 9, 3});
  sum(y).backward();
  CHECK(none.grad().shape() == none.shape());
  const Tensor empty = Tensor::zeros({1, 1, 9, 0}), v = Tensor::randn({1, 1, 9, 2}, float32);
  CHECK(relative(tiled_attention(empty, empty, v), expand(mean(v, {2}, true), v.shape())) < 1e-6);
}

TEST_CASE("tiled attention weighs equal scores equally in its gradient however large they are") {
  for (const double score : {1e3, 1e6, 1e10}) {
    INFO(score);
    Tensor q = Tensor::full({1, 1, 9, 1}, score).set_requires_grad(true);
    Tensor k = Tensor::ones({1, 1, 60, 1}).set_requires_grad(true);
    Tensor v = Tensor::zeros({1, 1, 60, 2}).set_requires_grad(true);
    sum(tiled_attention(q, k, v)).backward();
    CHECK(relative(v.grad(), Tensor::full({1, 1, 60, 2}, 9.0 / 60)) < 1e-6);
  }
}

TEST_CASE("what is not a number stays in the row of tiled attention that it comes to") {
  manual_seed(5);
  Tensor q = Tensor::randn({1, 1, 60, 3}), k = Tensor::randn({1, 1, 100, 3});
  const Tensor v = Tensor::randn({1, 1, 100, 2});
  const auto is_number = [&](const Tensor& keep) {
    const Tensor y = tiled_attention(q, k, v, keep);
    return eq(y, y).to(float64);
  };
  const auto in_row = [](const Tensor& x, int64_t i) { return sum(select(x, 2, i)).item(); };
  slice(q, 2, 7, 8).fill_(std::nan(""));
  CHECK(sum(is_number({})).item() == 2 * 59);
  CHECK(in_row(is_number({}), 7) == 0);
  q = Tensor::randn({1, 1, 60, 3});
  slice(k, 2, 70, 71).fill_(std::nan(""));  // which the first 30 queries don't see
  const Tensor ahead = is_number(le(places(60, 100), 0));
  CHECK(sum(ahead).item() == 2 * 30);
  CHECK(in_row(ahead, 29) == 2);
  CHECK(in_row(ahead, 30) == 0);
}

TEST_CASE("tiled attention takes strided operands, and its gradient is right") {
  manual_seed(2);
  // As a layer has them: the heads of one projection [B, T, 3 D].
  Tensor qkv = Tensor::randn({2, 5, 3 * 6}, float64);
  const auto heads = [](const Tensor& x, int64_t i) {
    return transpose(reshape(slice(x, -1, 6 * i, 6 * i + 6), {2, 5, 2, 3}), 1, 2);
  };
  const auto attention = [&](const std::vector<Tensor>& x) {
    const Tensor keep = le(places(5, 5), 0);
    return tiled_attention(heads(x[0], 0), heads(x[0], 1), heads(x[0], 2), keep, {}, {0.7});
  };
  CHECK(gradcheck(attention, {qkv}).message == "");
  const auto across = [&](const std::vector<Tensor>& x) {  // the last axis isn't contiguous
    return tiled_attention(transpose(x[0], -2, -1), transpose(x[0], -2, -1), x[1]);
  };
  CHECK(gradcheck(across,
                  {Tensor::randn({1, 2, 3, 4}, float64), Tensor::randn({1, 2, 4, 5}, float64)})
            .message == "");
}

TEST_CASE("tiled attention takes slopes and a mask that do not lie side by side") {
  manual_seed(4);
  const Tensor x = Tensor::randn({1, 4, 9, 3}, float64);
  const Tensor slopes = slice(Tensor::arange(8, float64), 0, 0, 8, 2) * 1.0;
  const Tensor apart = select(stack({slopes, slopes * -7}, 1), 1, 0);
  REQUIRE(apart.array().strides()[0] == 2);
  const Tensor keep = transpose(gt(Tensor::randn({9, 9}, float64), -1), 0, 1);
  CHECK(relative(tiled_attention(x, x, x, keep, apart), composed(x, x, x, keep, slopes, {})) <
        1e-14);
}

TEST_CASE("tiled attention finds what each tile of a mask keeps, however the mask lies") {
  manual_seed(6);
  const int64_t T = 144;  // three rows of tiles
  const Tensor ahead = le(places(T, T), 0).to(float64);
  const auto blocks = [&](int64_t texts, int64_t heads) {  // all or nothing of a tile
    const Tensor coarse = gt(Tensor::randn({texts, heads, 3, 3}, float64), 0).to(float64);
    const Tensor wide =
        expand(reshape(coarse, {texts, heads, 3, 1, 3, 1}), {texts, heads, 3, 48, 3, 48});
    return gt(reshape(wide, {texts, heads, T, T}) + Tensor::eye(T, float64), 0);
  };
  const Tensor apart = select(stack({blocks(3, 1), blocks(3, 1)}, -1), -1, 0);
  for (const int64_t B : {1, 3}) {
    const Tensor x = Tensor::randn({B, 2, T, 3}, float64);
    for (const Tensor& keep :
         {gt(ahead, 0), transpose(gt(ahead, 0), 0, 1), gt(Tensor::randn({T, 1}, float64), 0),
          blocks(1, 1), blocks(1, 2), blocks(B, 1), transpose(blocks(B, 1), 2, 3), blocks(B, 2),
          slice(apart, 0, 0, B), logical_and(blocks(B, 1), gt(Tensor::randn({T}, float64), 0))}) {
      CAPTURE(B, keep.shape()[0], keep.array().strides()[0]);
      CHECK(relative(tiled_attention(x, x, x, keep), composed(x, x, x, keep, {}, {})) < 1e-13);
    }
  }
}

TEST_CASE("tiled attention of scores that are all -infinity is NaN, of no scores zeros") {
  Tensor q = Tensor::full({1, 1, 60, 1}, -INFINITY), k = Tensor::ones({1, 1, 60, 1});
  Tensor v = k.clone();
  for (Tensor* x : {&q, &k, &v}) x->set_requires_grad(true);
  const Tensor keep = gt(Tensor::arange(60, float64), 29.0);
  const auto nan = [](const Tensor& x) { return ne(x, x).to_vector<bool>(); };
  const auto nans = [&](const Tensor& mask) {
    const std::vector<Tensor> tiled = results(tiled_attention, {q, k, v}, mask, {}, {}),
                              whole = results(composed, {q, k, v}, mask, {}, {});
    for (std::size_t i = 0; i < whole.size(); ++i) CHECK(nan(tiled[i]) == nan(whole[i]));
    return sum(ne(tiled[0], tiled[0]).to(float32)).item();
  };
  CHECK(nans({}) == 60);
  CHECK(nans(keep) == 60);
  CHECK(nans(unsqueeze(keep, 1)) == 30);  // the others see nothing
}

TEST_CASE("tiled attention drops every weight where dropout of weights drops all") {
  const Tensor x = Tensor::ones({1, 1, 60, 4});
  const double almost = std::nextafter(1.0, 0.0);
  CHECK(sum(abs(tiled_attention(x, x, x, {}, {}, {1, almost}))).item() == 0);
  CHECK(sum(abs(composed(x, x, x, {}, {}, {1, almost}))).item() == 0);
}

TEST_CASE("a NaN in a query or a key reaches those contexts that see it") {
  Tensor q = Tensor::zeros({1, 1, 60, 4}), k = Tensor::zeros({1, 1, 60, 4});
  const Tensor v = Tensor::ones({1, 1, 60, 4}), keep = le(places(60, 60), 0);
  const auto nans = [&] {
    const Tensor y = tiled_attention(q, k, v, keep);
    return sum(ne(y, y).to(float32)).item();
  };
  CHECK(nans() == 0);
  select(q, 2, 50).fill_(NAN);
  CHECK(nans() == 4);
  select(k, 2, 55).fill_(NAN);  // seen by the queries 55 to 59
  CHECK(nans() == 4 + 5 * 4);
}

TEST_CASE("tiled attention has the same bits with any number of threads") {
  const int before = threads();
  const Tensor keep = le(places(1700, 1700), 0);
  std::vector<std::vector<float>> found;
  for (const int count : {1, 2, 5}) {
    set_threads(count);
    manual_seed(3);
    Tensor q = Tensor::randn({1, 3, 1700, 8}).set_requires_grad(true);
    const Tensor y = tiled_attention(q, q, q, keep, {}, {1, 0.2});
    sum(square(y)).backward();
    found.push_back(q.grad().to_vector<float>());
  }
  set_threads(before);
  CHECK(found[0] == found[1]);
  CHECK(found[0] == found[2]);
}

TEST_CASE("the memory of tiled attention grows as the texts do") {
  const int threads_before = threads();
  set_threads(1);  // what another thread keeps for itself is not counted
  const auto most = [](int64_t T) {
    Tensor q = Tensor::randn({1, 2, T, 8}).set_requires_grad(true);
    release_cached_memory();
    const auto before = static_cast<double>(memory_stats().live_bytes);
    sum(tiled_attention(q, q, q)).backward();
    const MemoryStats after = memory_stats();  // free lists keep all that was ever needed
    return static_cast<double>(after.live_bytes + after.cached_bytes) - before;
  };
  const double short_text = most(1024), long_text = most(4096);
  set_threads(threads_before);
  CHECK(long_text < 4.2 * short_text);
  CHECK(long_text < 0.05 * 2 * 4096.0 * 4096.0 * 4);
}

TEST_CASE("tiled attention says what does not fit") {
  const Tensor x = Tensor::zeros({2, 4, 3, 5});
  CHECK_THROWS_WITH(tiled_attention(x, Tensor::zeros({2, 3, 3, 5}), x),
                    Contains("tiled_attention: needs query [B, H, T, K]"));
  CHECK_THROWS_WITH(tiled_attention(x, x, Tensor::zeros({2, 4, 2, 5})), Contains("[2, 4, 2, 5]"));
  CHECK_THROWS_AS(tiled_attention(x, x, x.to(float64)), TypeError);
  CHECK_THROWS_AS(tiled_attention(x, x, x, Tensor::zeros({3, 3})), TypeError);
  CHECK_THROWS_AS(tiled_attention(x, x, x, Tensor::ones({2, 2}, boolean)), ShapeError);
  CHECK_THROWS_WITH(tiled_attention(x, x, x, {}, Tensor::zeros({3})), Contains("slopes [4]"));
  CHECK_THROWS_AS(tiled_attention(x, x, x, {}, {}, {1, 1.0}), ConfigError);
}
