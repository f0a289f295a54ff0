#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "known.hpp"
#include "operations.hpp"

// The learner's own.
#include "fast.hpp"

// Counts the bytes that are in use, to see how much memory a function needs at once.
namespace {
std::atomic<int64_t> in_use{0}, peak{0};
constexpr std::size_t header = 16;
}  // namespace

void* operator new(std::size_t size) {
  char* p = static_cast<char*>(std::malloc(size + header));
  if (!p) throw std::bad_alloc();
  *reinterpret_cast<std::size_t*>(p) = size;
  const int64_t now = in_use += static_cast<int64_t>(size);
  for (int64_t seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) continue;
  return p + header;
}
void operator delete(void* p) noexcept {
  if (!p) return;
  char* start = static_cast<char*>(p) - header;
  in_use -= static_cast<int64_t>(*reinterpret_cast<std::size_t*>(start));
  std::free(start);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

using namespace grade;
using course::Running;
using course::Tensor;

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

Values row(const std::vector<double>& x) { return {{static_cast<int64_t>(x.size())}, x}; }

/// Rows of scores cut into tiles.
const std::vector<std::vector<std::vector<double>>>& rows() {
  static const std::vector<std::vector<std::vector<double>>> all = {
      {{0.5, -1, 2}},
      {{1, 3}, {-2, 5, 0}, {4}},
      {{700, 710}, {720}, {-700}},
      {{none, 1}, {none, none}, {2, none}},
      {{none, none}, {0.5, 1}},
      {{none}, {none, none}},
      {{3, 3}, {3}}};
  return all;
}

/// The mistakes of one `add`: which total, factor and exponentials they give.
struct Added {
  Running r;
  double factor = 1;
  std::vector<double> scores;
};

/// how: 0 right, 1 the total is not measured anew, 2 factor turned round, 3 without the guard,
/// 4 the largest of the tile alone.
Added added(Running r, std::vector<double> x, int how = 0) {
  const double before = r.largest, tile = *std::max_element(x.begin(), x.end());
  r.largest = how == 4 ? tile : std::max(before, tile);
  const bool nothing = r.largest == none && how != 3;
  double factor = nothing ? 1 : std::exp(before - r.largest);
  if (how != 1) r.total *= factor;
  for (double& score : x) r.total += score = nothing ? 0 : std::exp(score - r.largest);
  if (how == 2) factor = 1 / factor;
  return {r, factor, x};
}

Mistakes mistakes_of(const std::function<Values(int)>& gives) {
  return {
      {"the total is not multiplied by the factor: it was measured by another largest", gives(1)},
      {"the factor is turned round: exp(largest before - largest now)", gives(2)},
      {"-infinity less -infinity is not a number: of nothing but -infinity the factor is 1 and "
       "the exponentials 0",
       gives(3)},
      {"the largest is that of this tile alone, not of all scores so far", gives(4)}};
}

/// The attention of one case by plain loops: context, normalisers, weights [N, T, S].
struct Plain {
  Values normalisers, weights;
};

Plain plain(const Case& one) {
  const Values &q = one["query"], &k = one["key"];
  const int64_t N = q.shape[0], T = q.shape[1], K = q.shape[2], S = k.shape[1];
  Plain p{{{N, T}, {}}, {{N, T, S}, {}}};
  for (int64_t r = 0; r < N * T; ++r) {
    std::vector<double> scores(S, 0);
    double largest = none, total = 0;
    for (int64_t s = 0; s < S; ++s) {
      for (int64_t i = 0; i < K; ++i) {
        scores[s] += q.numbers[r * K + i] * k.numbers[(r / T * S + s) * K + i] / std::sqrt(K);
      }
      largest = std::max(largest, scores[s]);
    }
    for (double x : scores) total += std::exp(x - largest);
    p.normalisers.numbers.push_back(largest + std::log(total));
    for (double x : scores) p.weights.numbers.push_back(std::exp(x - largest) / total);
  }
  return p;
}

/// Gradients of a case with a mistake: 0 none, 1 without g . context, 2 without the scale, 3 the
/// last query's alone, 4 g . value alone is not multiplied by the weight.
std::vector<Values> gradients(const Case& one, int how) {
  const Values &q = one["query"], &k = one["key"], &v = one["value"], &g = one["g"], &y = one["y"];
  const int64_t N = q.shape[0], T = q.shape[1], K = q.shape[2], S = k.shape[1], C = v.shape[2];
  const Values w = plain(one).weights;
  std::vector<Values> d = {q, k, v};
  for (Values& x : d) std::fill(x.numbers.begin(), x.numbers.end(), 0);
  for (int64_t r = 0; r < N * T; ++r) {
    double mean = 0;
    for (int64_t c = 0; c < C; ++c) mean += g.numbers[r * C + c] * y.numbers[r * C + c];
    if (how == 1) mean = 0;
    for (int64_t s = 0; s < S; ++s) {
      const int64_t at = r / T * S + s;
      double along = 0;
      for (int64_t c = 0; c < C; ++c) along += g.numbers[r * C + c] * v.numbers[at * C + c];
      const double weight = w.numbers[r * S + s];
      double e = weight * (along - mean) / (how == 2 ? 1 : std::sqrt(K));
      if (how == 4) e = (along - mean) / std::sqrt(K);
      for (int64_t c = 0; c < C; ++c) {
        double& x = d[2].numbers[at * C + c];
        x = (how == 3 ? 0 : x) + weight * g.numbers[r * C + c];
      }
      for (int64_t i = 0; i < K; ++i) {
        double& x = d[1].numbers[at * K + i];
        d[0].numbers[r * K + i] += e * k.numbers[at * K + i];
        x = (how == 3 ? 0 : x) + e * q.numbers[r * K + i];
      }
    }
  }
  return d;
}

course::Head head_of(const Case& one, int64_t i) {
  const Values &k = one["key"], &v = one["value"];
  const int64_t S = k.shape[1], K = k.shape[2], C = v.shape[2];
  return {k.numbers.data() + i * S * K,         v.numbers.data() + i * S * C, S, K, C,
          1 / std::sqrt(static_cast<double>(K))};
}

/// Bytes that f needs at once beside what was there before.
template <class F>
int64_t bytes(F f) {
  const int64_t before = peak = in_use.load();
  f();
  return peak - before;
}

std::vector<double> bits_of(const Case& one, int threads) {
  std::vector<Tensor> x;
  for (const char* key : {"query", "key", "value"}) {
    x.push_back(course::variable(contiguous_array(one[key])));
  }
  const Tensor y = course::tiled_attention(x[0], x[1], x[2], threads);
  course::backward(y, contiguous_array(one["g"]));
  std::vector<double> all = *y.value().data;
  for (const Tensor& input : x) {
    all.insert(all.end(), input.grad().data->begin(), input.grad().data->end());
  }
  return all;
}

/// Two calls that wait for each other end only where they run at the same time.
void runs_two_at_once() {
  std::atomic<int> here{0};
  std::atomic<bool> others{false};
  const auto caller = std::this_thread::get_id();
  course::parallel_for(2, 2, [&](int64_t) {
    ++here;
    if (std::this_thread::get_id() != caller) others = true;
    const auto begin = std::chrono::steady_clock::now();
    while (here < 2 && std::chrono::steady_clock::now() - begin < std::chrono::seconds(3)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (here < 2) here = -100;
  });
  holds(here == 2, "parallel_for(2, 2)", "the second call begins when the first has ended",
        others ? "all threads are started before the first is waited for: `join` belongs behind "
                 "the loop that starts them"
               : "the thread that calls does all of the work: start a std::thread for the rest");
}

/// The whole operation, and the same bits for any number of threads.
void tiled(const Case& one) {
  operation("tiled_attention", one, {"query", "key", "value"}, [](const std::vector<Tensor>& x) {
    return course::tiled_attention(x[0], x[1], x[2], 2);
  });
  for (const int threads : {2, 3}) {
    holds(bits_of(one, threads) == bits_of(one, 1), "tiled_attention (" + one.name + ")",
          std::to_string(threads) + " threads give other bits than one",
          "two threads write to the same place");
  }
}

void needs_little_memory() {
  Case large;
  for (const char* key : {"query", "key", "value", "g"}) large.values[key] = random({1, 300, 2}, 3);
  const int64_t needed = bytes([&] { bits_of(large, 1); });
  holds(needed < 300 * 300 * 8 / 2, "tiled_attention of 300 words",
        "it needs " + std::to_string(needed) + " bytes at once",
        "the weights of all queries and keys are there at once: " + std::to_string(300 * 300 * 8) +
            " bytes");
}

}  // namespace

EXERCISE("add", "fast.hpp") {
  for (std::size_t i = 0; i < rows().size(); ++i) {
    Running r, wanted;
    for (std::size_t t = 0; t < rows()[i].size(); ++t) {
      const std::vector<double>& x = rows()[i][t];
      const std::string what = "add, row " + std::to_string(i) + ", tile " + std::to_string(t);
      const Added right = added(wanted, x);
      std::vector<double> scores = x;
      const double factor = course::add(r, scores.data(), static_cast<int64_t>(x.size()));
      const auto field = [&](auto get) {
        return mistakes_of([&, get](int how) { return Values{{}, {get(added(wanted, x, how))}}; });
      };
      const auto check = [&](const std::string& name, double got, auto get) {
        same(what + ": " + name, Values{{}, {got}}, Values{{}, {get(right)}}, field(get));
      };
      check("the largest", r.largest, [](const Added& a) { return a.r.largest; });
      check("the factor", factor, [](const Added& a) { return a.factor; });
      check("the total", r.total, [](const Added& a) { return a.r.total; });
      Mistakes exponentials =
          mistakes_of([&](int how) { return row(added(wanted, x, how).scores); });
      exponentials.push_back(
          {"the scores stay as they are; their exponentials go in their place", row(x)});
      same(what + ": the exponentials", row(scores), row(right.scores), exponentials);
      wanted = right.r;
    }
  }
}

EXERCISE("merge", "fast.hpp") {
  const auto check = [](const Running& a, const Running& b) {
    const double largest = std::max(a.largest, b.largest);
    const auto part = [&](const Running& r) {
      return r.largest == none ? 0 : r.total * std::exp(r.largest - largest);
    };
    char name[120];
    std::snprintf(name, sizeof name, "merge of {%g, %g} and {%g, %g}", a.largest, a.total,
                  b.largest, b.total);
    const Running got = course::merge(a, b);
    same(std::string(name) + ": the largest", got.largest, largest,
         {{"that is the smaller one", std::min(a.largest, b.largest)},
          {"that is the first one's", a.largest}});
    const auto careless = [&](const Running& r) { return r.total * std::exp(r.largest - largest); };
    same(std::string(name) + ": the total", got.total, part(a) + part(b),
         {{"the totals are added as they are; each is measured by its own largest",
           a.total + b.total},
          {"-infinity less -infinity is not a number: a part without scores changes nothing",
           careless(a) + careless(b)},
          {"the differences are turned round: exp(own largest - largest of both)",
           a.total * std::exp(largest - a.largest) + b.total * std::exp(largest - b.largest)}});
  };
  check({1, 1.5}, {3, 2});
  check({3, 2}, {1, 1.5});
  check({800, 1}, {-800, 4});
  check({2, 1}, {2, 1});
  check({}, {0.5, 1.25});
  check({0.5, 1.25}, {});
  check({}, {});
}

EXERCISE("parallel_for", "fast.hpp") {
  for (const int64_t n : {0, 1, 2, 7, 20}) {
    for (const int threads : {1, 2, 3, 30}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
      std::atomic<int> outside{0};
      course::parallel_for(n, threads, [&](int64_t i) {
        if (i < 0 || i >= n) {
          ++outside;
        } else {
          ++visits[i];
        }
      });
      const std::string what =
          "parallel_for(" + std::to_string(n) + ", " + std::to_string(threads) + ")";
      holds(outside == 0, what, "it calls body with a number outside of [0, count)",
            "the last piece is shorter where the threads do not divide count");
      for (int64_t i = 0; i < n; ++i) {
        const int seen = visits[i];
        holds(seen == 1, what,
              "body(" + std::to_string(i) + ") is called " + std::to_string(seen) + " times",
              seen == 0
                  ? "a rest is left where the threads do not divide count, or the threads are "
                    "not waited for"
                  : "every thread does all of the work: each i is one thread's alone");
      }
    }
  }
  runs_two_at_once();
}

EXERCISE("log_sum_exp", "fast.hpp") {
  for (const int64_t n : {1, 5, 1024, 1025, 5000}) {
    std::vector<double> x = random({n}, static_cast<uint64_t>(n)).numbers;
    for (double& one : x) one = 400 * one;
    double largest = none, total = 0, whole = 0;
    for (double one : x) largest = std::max(largest, one);
    for (int64_t i = 0; i < n; ++i) {
      total += std::exp(x[i] - largest);
      if (i < n / 1024 * 1024) whole += std::exp(x[i] - largest);
    }
    const double wanted = largest + std::log(total);
    const std::string what = "log_sum_exp of " + std::to_string(n) + " numbers";
    const double first = course::log_sum_exp(x, 1);
    same(what, first, wanted,
         {{"that is the logarithm of the total alone: add the largest", std::log(total)},
          {"that is the largest alone", largest},
          {"that is the sum of exp, not its logarithm", std::exp(wanted)},
          {"the last piece, which is shorter, is left out", largest + std::log(whole)}});
  }
  std::vector<double> x = random({20000}, 7).numbers;
  const double one = course::log_sum_exp(x, 1);
  for (const int threads : {2, 3, 4, 7}) {
    for (int again = 0; again < 3; ++again) {
      holds(course::log_sum_exp(x, threads) == one, "log_sum_exp of 20000 numbers",
            std::to_string(threads) + " threads give other bits than one",
            "pieces depend on the number of threads, or are merged in the order in which they end");
    }
  }
}

EXERCISE("attend", "fast.hpp") {
  for (const Case& one : cases("17_fast")) {
    const Values &q = one["query"], &v = one["value"];
    const int64_t N = q.shape[0], T = q.shape[1], K = q.shape[2], C = v.shape[2];
    Values context = one["y"], normalisers{{N, T}, {}};
    std::fill(context.numbers.begin(), context.numbers.end(), 7);
    for (int64_t r = 0; r < N * T; ++r) {
      normalisers.numbers.push_back(course::attend(head_of(one, r / T), q.numbers.data() + r * K,
                                                   context.numbers.data() + r * C));
    }
    same("attend (" + one.name + "): the context", context, one["y"],
         known(one, {{"unscaled", "the scores are not multiplied by the scale"},
                     {"undivided", "the context is not divided by the total"},
                     {"no_rest", "the last keys, fewer than a tile, are left out"},
                     {"context_kept",
                      "the context so far is not multiplied by the factor of `add`: "
                      "it was measured by another largest"}}));
    same("attend (" + one.name + "): what it returns", normalisers, plain(one).normalisers);
  }
  const std::vector<double> none_at_all = {1, 2};
  std::vector<double> context = {5, 5};
  course::attend({nullptr, nullptr, 0, 2, 2, 1}, none_at_all.data(), context.data());
  same("attend to no keys: the context", row(context), row({0, 0}),
       {{"0 is divided by 0", row({std::nan(""), std::nan("")})},
        {"the context is not set to 0 at the beginning", row({5, 5})}});
  const Values key = random({20000, 2}, 1), value = random({20000, 1}, 2);
  const int64_t needed = bytes([&] {
    course::attend({key.numbers.data(), value.numbers.data(), 20000, 2, 1, 1}, none_at_all.data(),
                   context.data());
  });
  holds(needed < 20000, "attend to 20000 keys",
        "it needs " + std::to_string(needed) + " bytes at once",
        "the scores of all keys are there at once: a tile of them is enough");
}

EXERCISE("attend_back", "fast.hpp") {
  for (const Case& one : cases("17_fast")) {
    const Values &q = one["query"], &v = one["value"];
    const int64_t N = q.shape[0], T = q.shape[1], K = q.shape[2], S = v.shape[1], C = v.shape[2];
    const Values normalisers = plain(one).normalisers;
    std::vector<Values> got = {one["query"], one["key"], one["value"]};
    for (Values& x : got) std::fill(x.numbers.begin(), x.numbers.end(), 0);
    for (int64_t r = 0; r < N * T; ++r) {
      course::attend_back(head_of(one, r / T),
                          {q.numbers.data() + r * K, one["y"].numbers.data() + r * C,
                           one["g"].numbers.data() + r * C, normalisers.numbers[r]},
                          {got[0].numbers.data() + r * K, got[1].numbers.data() + r / T * S * K,
                           got[2].numbers.data() + r / T * S * C});
    }
    const char* names[] = {"value", "key", "query"};
    for (int i = 2; i >= 0; --i) {
      same("attend_back (" + one.name + "): the gradient of " + names[2 - i], got[i],
           one[std::string("d") + names[2 - i]],
           {{"g . context is not taken off: the weights of a row sum to 1", gradients(one, 1)[i]},
            {"the scale is missing: the scores were multiplied by it", gradients(one, 2)[i]},
            {"each query's gradient takes the place of those before: add to it",
             gradients(one, 3)[i]},
            {"e is not multiplied by the weight", gradients(one, 4)[i]}});
    }
    tiled(one);
  }
  needs_little_memory();
}
