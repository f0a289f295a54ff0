#pragma once

#include "composed.hpp"

// The learner's own.
#include "encoder_decoder.hpp"

/// Grades what a whole model computes, against heed's model with the same parameters.
namespace grade {

/// The sizes of the cases' models; A = 4.
inline const course::Sizes small_sizes{6, 5, 2, 3, 2};

/// Sentences of a case: "source" with "keep", or "before".
inline course::Sentences sentences(const Case& one, const std::string& key) {
  const std::vector<int64_t>& shape = one[key].shape;
  course::Sentences x;
  x.B = shape[0];
  x.S = shape[1];
  x.ids = one.ids(key);
  x.keep = contiguous_array(key == "source" ? one["keep"]
                                            : Values{shape, std::vector<double>(count(shape), 1)});
  return x;
}

/// A model's parameters from a case, as variables.
inline void load(const std::vector<course::Parameter>& parameters, const Case& one, bool strided) {
  for (const course::Parameter& p : parameters)
    *p.tensor = course::variable(array_of(one[p.name], strided));
}

/// A mistake by what it gives on the tape.
inline Mistake mistake(const std::string& says, const course::Tensor& gives) {
  return {says, values_of(says, gives.value())};
}

/// The known mistakes of a parameter's gradient: those that can be said of any.
inline Mistakes known_of_gradient(const Case& one, const std::vector<course::Parameter>& parameters,
                                  const course::Parameter& p, const Values& got,
                                  const std::function<course::Tensor()>& run) {
  if (got.shape != p.shape || alike(got, one["d" + p.name])) return {};
  load(parameters, one, false);
  const Behind before = behind(run());
  load(parameters, one, false);
  *p.tensor = course::variable(contiguous_array(moved(one[p.name])));
  return {{is_cut(before, behind(run())) ? cut : way_back, got}};
}

/// What `run` gives with the case's parameters, and the gradient of each that heed has one of.
/// `mistakes` is called when they are there.
inline void model(const std::string& name, const Case& one,
                  const std::vector<course::Parameter>& parameters,
                  const std::function<course::Tensor()>& run,
                  const std::function<Mistakes()>& mistakes) {
  for (const bool strided : {false, true}) {
    const std::string what = name + " (" + one.name + ")" +
                             (strided ? ", of parameters that do not lie row after row" : "");
    load(parameters, one, strided);
    const course::Tensor y = run();
    holds(y.node != nullptr, what, "the result is not a tensor");
    Mistakes of_result = mistakes();
    if (strided) of_result.push_back({row_after_row, values_of(what, y.value())});
    same(what + ": the result", y.value(), one["y"], of_result);
    course::backward(y, array_of(one["g"], strided));
    const std::string of = what + ": the gradient of ";
    for (const course::Parameter& p : parameters) {
      if (!one.has("d" + p.name) || p.tensor->grad().data) continue;
      fail(of + p.name, "no gradient has arrived", lost(y, *p.tensor));
    }
    for (const course::Parameter& p : parameters) {
      if (!one.has("d" + p.name)) continue;
      const Values got = values_of(of + p.name, p.tensor->grad());
      same(of + p.name, got, one["d" + p.name], known_of_gradient(one, parameters, p, got, run));
    }
  }
}

}  // namespace grade
