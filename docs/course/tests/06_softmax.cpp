#include "softmax.hpp"

#include "operations.hpp"

using namespace grade;
using course::Array;
using course::Shape;
using course::Tensor;

namespace {

int64_t width(const Values& x) { return x.shape.back(); }

/// f(row, result's row, n) for rows of n numbers each.
template <class F>
Values by_rows(const Values& x, int64_t n, F f) {
  Values y = x;
  for (std::size_t i = 0; n > 0 && i + n <= x.numbers.size(); i += n)
    f(&x.numbers[i], &y.numbers[i], n);
  return y;
}

/// exp(x_i - shift(row)) / sum over rows of n numbers.
template <class F>
Values softmax_of(const Values& x, int64_t n, F shift) {
  return by_rows(x, n, [&](const double* row, double* p, int64_t size) {
    double total = 0, away = shift(row, size);
    for (int64_t i = 0; i < size; ++i) total += p[i] = std::exp(row[i] - away);
    for (int64_t i = 0; i < size; ++i) p[i] /= total;
  });
}

double none(const double*, int64_t) { return 0; }
double largest(const double* row, int64_t n) { return *std::max_element(row, row + n); }

Values combined(const Values& a, const Values& b, const std::function<double(double, double)>& f) {
  Values y = a;
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] = f(a.numbers[i], b.numbers[i]);
  return y;
}

Values mapped(const Values& a, const std::function<double(double)>& f) {
  return combined(a, a, [&](double x, double) { return f(x); });
}

/// The softmax down the columns of a table.
Values down_columns(const Values& x) {
  if (x.shape.size() != 2) return softmax_of(x, static_cast<int64_t>(x.numbers.size()), largest);
  const int64_t M = x.shape[0], N = x.shape[1];
  Values turned = x, y = x;
  for (int64_t i = 0; i < M * N; ++i) turned.numbers[i % N * M + i / N] = x.numbers[i];
  turned = softmax_of(turned, M, largest);
  for (int64_t i = 0; i < M * N; ++i) y.numbers[i] = turned.numbers[i % N * M + i / N];
  return y;
}

const std::string beside_the_sum =
    "the sum itself, with nothing added to it: one of its terms is exp(0), so it is never below 1";
const std::string beside_its_log =
    "log of the sum itself, with nothing added to it: one of its terms is exp(0), so it is never "
    "below 1";

/// Scores whose exps have a sum that is exactly 2: where nothing is added to it, or to one of them,
/// the results are right to the last digits.
const Values two_of_three = {{1, 3}, {0, 0, -10000}};

Mistakes mistakes_of_softmax(const Values& x) {
  const int64_t n = static_cast<int64_t>(x.numbers.size());
  if (n == 0) return {};
  const double all = largest(x.numbers.data(), n);
  const Values whole = softmax_of(x, n, largest);
  Mistakes known = {
      {"a row of nothing but -infinity: -inf - -inf is no number, and its sum is 0. Leave it 0",
       softmax_of(x, width(x), largest)},
      {"exp of a large score is infinite: subtract the largest of the row first",
       softmax_of(x, width(x), none)},
      {"subtract the largest of the row: it is not that of all rows, and may be far below 0 "
       "(begin the search with -infinity, not with 0), else a row is 0 / 0",
       softmax_of(x, width(x), [&](const double*, int64_t) { return all; })},
      {"the sum is not divided by: each row must sum to 1",
       by_rows(x, width(x),
               [](const double* row, double* y, int64_t size) {
                 const double most = largest(row, size);
                 for (int64_t i = 0; i < size; ++i) y[i] = std::exp(row[i] - most);
               })},
      {"exp of each score is not divided by the sum of the row: it must sum to 1",
       mapped(x, [](double score) { return std::exp(score); })},
      {"this is its log, which is `log_softmax`",
       mapped(softmax_of(x, width(x), largest), [](double p) { return std::log(p); })}};
  for (const double more : {1e-6, 1e-7, 1e-8, 1e-9}) {
    known.push_back(
        {beside_the_sum, by_rows(x, width(x), [&](const double* row, double* p, int64_t size) {
           double total = more;
           for (int64_t i = 0; i < size; ++i) total += p[i] = std::exp(row[i] - largest(row, size));
           for (int64_t i = 0; i < size; ++i) p[i] /= total;
         })});
  }
  if (x.shape.size() > 1 && x.shape[0] > 1) {
    known.push_back({"it sums to 1 over the whole array: it must along each row", whole});
    known.push_back({"it sums to 1 along the wrong axis: it must along the last", down_columns(x)});
  }
  return known;
}

/// f(p, g, sum over the row of p g, sum of g) for each element.
Values of_gradient(const Values& p, const Values& g,
                   const std::function<double(double, double, double, double)>& f) {
  const int64_t n = width(p);
  Values d = p;
  for (std::size_t i = 0; i < d.numbers.size(); ++i) {
    double mean = 0, sum = 0;
    for (std::size_t j = i / n * n; j < (i / n + 1) * n; ++j) {
      mean += p.numbers[j] * g.numbers[j];
      sum += g.numbers[j];
    }
    d.numbers[i] = f(p.numbers[i], g.numbers[i], mean, sum);
  }
  return d;
}

Mistakes mistakes_of_gradient(const Values& p, const Values& g) {
  if (count(p.shape) == 0 || width(p) < 2) return {};
  const auto of = [&](auto f) { return of_gradient(p, g, f); };
  return {{"each p_i depends on every x_j: this is the diagonal alone, p_i (1 - p_i) g_i",
           of([](double q, double d, double, double) { return q * (1 - q) * d; })},
          {"p_i g_i is the first half: the mean of the row, sum_j g_j p_j, is subtracted from g_i",
           of([](double q, double d, double, double) { return q * d; })},
          {"the sum over the row is one of g_j p_j, not of g_j alone",
           of([](double q, double d, double, double sum) { return q * (d - sum); })},
          {"the factor p_i is missing",
           of([](double, double d, double mean, double) { return d - mean; })},
          {"the sign: g_i comes first",
           of([](double q, double d, double mean, double) { return q * (mean - d); })},
          {"g_i less the mean: p_i is a factor of both",
           of([](double q, double d, double mean, double) { return q * d - mean; })}};
}

Mistakes mistakes_of_log(const Values& x) {
  if (count(x.shape) == 0) return {};
  const auto of = [&](auto f) {
    return by_rows(x, width(x), [&](const double* row, double* y, int64_t n) {
      const double most = largest(row, n);
      double total = 0;
      for (int64_t i = 0; i < n; ++i) total += std::exp(row[i] - most);
      for (int64_t i = 0; i < n; ++i) y[i] = f(row[i], most, total);
    });
  };
  const auto shifted = [&](auto away) {
    return by_rows(x, width(x), [&](const double* row, double* y, int64_t n) {
      const double most = away(row, n);
      double total = 0;
      for (int64_t i = 0; i < n; ++i) total += std::exp(row[i] - most);
      for (int64_t i = 0; i < n; ++i) y[i] = row[i] - most - std::log(total);
    });
  };
  const std::string of_the_row =
      "subtract the largest of the row: it is not that of all rows, and may be far below 0 (begin "
      "the search with the row's first number, not with 0), else the sum of a row is 0";
  const double all = largest(x.numbers.data(), static_cast<int64_t>(x.numbers.size()));
  const Values p = softmax_of(x, width(x), largest);
  Mistakes known = {
      {"the log of a softmax that has become 0 is -infinity: compute it from the scores",
       mapped(p, [](double q) { return std::log(q); })},
      {"exp of a large score is infinite: subtract the largest of the row first", shifted(none)},
      {of_the_row,
       shifted([](const double* row, int64_t n) { return std::max(0.0, largest(row, n)); })},
      {of_the_row, shifted([all](const double*, int64_t) { return all; })},
      {"the largest is missing: it was subtracted inside of exp, and must be outside too",
       of([](double v, double, double total) { return v - std::log(total); })},
      {"the log is missing: log of the sum",
       of([](double v, double most, double total) { return v - most - total; })},
      {"this is the softmax itself, without the log", p}};
  for (const double more : {1e-6, 1e-7, 1e-8, 1e-9}) {
    known.push_back({beside_its_log, of([=](double v, double most, double total) {
                       return v - most - std::log(total + more);
                     })});
  }
  return known;
}

/// What a loss of these rows gives, and its gradient, made with one thing wrong.
struct Loss {
  Values x, p;
  std::vector<int64_t> targets;
  double g, rows = 0, all;

  Loss(const Case& one)
      : x(one["x"]),
        p(softmax_of(x, width(x), largest)),
        targets(one.ids("targets")),
        g(one["g"].numbers[0]),
        all(static_cast<double>(targets.size())) {
    for (int64_t t : targets) rows += t >= 0;
    rows = std::max(rows, 1.0);
  }

  /// The sum over the rows that count of f(log p, p) of their targets.
  double sum(const std::function<double(double, double)>& f) const {
    double total = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] < 0) continue;
      const double* row = &x.numbers[i * width(x)];
      const double most = largest(row, width(x)), q = p.numbers[i * width(x) + targets[i]];
      double shifted = 0;
      for (int64_t v = 0; v < width(x); ++v) shifted += std::exp(row[v] - most);
      total += f(row[targets[i]] - most - std::log(shifted), q);
    }
    return total;
  }

  Values gradient(const std::function<double(double q, bool target, bool counts)>& f) const {
    Values d = p;
    for (std::size_t i = 0; i < d.numbers.size(); ++i) {
      const int64_t target = targets[i / width(x)];
      d.numbers[i] = f(p.numbers[i], static_cast<int64_t>(i) % width(x) == target, target >= 0);
    }
    return d;
  }
};

MistakesOf mistakes_of_loss(const Case& one) {
  const Loss l(one);
  const double right = l.sum([](double log_p, double) { return -log_p; });
  const auto number = [](double v) { return Values{{}, {v}}; };
  const auto times = [&](double factor) {
    return l.gradient(
        [=](double q, bool target, bool counts) { return counts ? factor * (q - target) : 0; });
  };
  const double each = l.g / l.rows;
  return {{"y",
           {{"divide by the number of rows that count: padding does not", number(right / l.all)},
            {"the loss is the mean over the rows, not their sum", number(right)},
            {"the sign: -log p is positive", number(-right / l.rows)},
            {"the log of a softmax that has become 0: take log_softmax",
             number(l.sum([](double, double q) { return -std::log(q); }) / l.rows)},
            {"-log p, not -p", number(-l.sum([](double, double q) { return q; }) / l.rows)},
            {"-log p, not 1 - p", number(l.sum([](double, double q) { return 1 - q; }) / l.rows)},
            {"the mean is over rows, not over all logits", number(right / l.rows / width(l.x))},
            {"no row counts, and 0 / 0 is no number: divide by 1 there", number(std::nan(""))}}},
          {"dx",
           {{"divide by the number of rows that count: padding does not", times(l.g / l.all)},
            {"the loss is a mean: its gradient is divided by the rows that count", times(l.g)},
            {"it is divided by the number of rows twice", times(each / l.rows)},
            {"the gradient that came, g, is a factor too", times(1 / l.rows)},
            {"the sign: p - y, not y - p", times(-each)},
            {"p - y: 1 is subtracted where v is the target",
             l.gradient([=](double q, bool, bool counts) { return counts ? each * q : 0; })},
            {"rows of padding have no gradient: they do not count",
             l.gradient([=](double q, bool target, bool) { return each * (q - target); })},
            {"only the target's logit has a gradient here: every logit of the row has one",
             l.gradient([=](double q, bool target, bool) { return target ? each * (q - 1) : 0; })},
            {"p is the softmax of the logits; here it is the logits themselves", [&] {
               Values d = l.gradient([=](double, bool target, bool) { return -each * target; });
               for (std::size_t i = 0; i < d.numbers.size(); ++i) {
                 if (l.targets[i / width(l.x)] >= 0) d.numbers[i] += each * l.x.numbers[i];
               }
               return d;
             }()}}}};
}

}  // namespace

EXERCISE("softmax (arrays)", "softmax.hpp") {
  for (const Case& one : cases("06_softmax", "softmax")) {
    for (const bool strided : {false, true}) {
      same(one.name + (strided ? ", whose elements do not lie row after row" : ""),
           course::softmax(array_of(one["x"], strided)), one["y"], mistakes_of_softmax(one["x"]));
    }
  }
  for (const double score : {-3.0, 0.0, 5.0}) {
    const Array p = course::softmax(contiguous_array({{1, 1}, {score}}));
    same("softmax of one score", p, Values{{1, 1}, {1}});
    holds(std::abs(values_of("", p).numbers[0] - 1) < 1e-14, "softmax of one score", "is not 1",
          beside_the_sum);
  }
  const Values p = values_of("", course::softmax(contiguous_array(two_of_three)));
  holds(alike(p, {{1, 3}, {0.5, 0.5, 0}}, 1e-14), "softmax of 0, 0 and -10000",
        "is not 0.5, 0.5 and 0 to the last digits", beside_the_sum);
}

EXERCISE("softmax (tensors)", "softmax.hpp") {
  for (const Case& one : cases("06_softmax", "softmax")) {
    operation(
        "softmax", one, {"x"}, [](const std::vector<Tensor>& x) { return course::softmax(x[0]); },
        {{"y", mistakes_of_softmax(one["x"])}, {"dx", mistakes_of_gradient(one["y"], one["g"])}});
  }
}

EXERCISE("log_softmax", "softmax.hpp") {
  for (const Case& one : cases("06_softmax", "log_softmax")) {
    for (const bool strided : {false, true}) {
      same(one.name + (strided ? ", whose elements do not lie row after row" : ""),
           course::log_softmax(array_of(one["x"], strided)), one["y"], mistakes_of_log(one["x"]),
           1e-10);
    }
  }
  const Values y = values_of("", course::log_softmax(contiguous_array(two_of_three)));
  const double half = -std::log(2.0);
  holds(alike(y, {{1, 3}, {half, half, half - 10000}}, 1e-14), "log_softmax of 0, 0 and -10000",
        "is not -log 2, -log 2 and -log 2 - 10000 to the last digits", beside_its_log);
}

EXERCISE("cross_entropy", "softmax.hpp") {
  for (const Case& one : cases("06_softmax", "cross_entropy")) {
    std::vector<int64_t> targets;
    operation(
        "cross_entropy", one, {"x"},
        [&](const std::vector<Tensor>& x) {
          targets = one.ids("targets");
          return course::cross_entropy(x[0], targets);
        },
        mistakes_of_loss(one), 1e-9, "", [&] { std::fill(targets.begin(), targets.end(), 0); });
  }
}
