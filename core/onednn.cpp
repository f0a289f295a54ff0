// The only file that calls oneDNN.
#include "onednn.hpp"

#include "error.hpp"

#if defined(HEED_HAS_ONEDNN)

#include <dlfcn.h>

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <tuple>

#include <oneapi/dnnl/dnnl.hpp>

#include "memory.hpp"

namespace heed::onednn {

namespace {

using dnnl::memory;

/// How OpenMP is told its number of threads, as oneDNN's own calls find it; null without OpenMP.
struct OpenMp {
  int (*get)() = nullptr;
  void (*set)(int) = nullptr;
};
const OpenMp& open_mp() {
  static const OpenMp found = {
      reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads")),
      reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"))};
  return found;
}

/// heed cuts its products itself, so oneDNN keeps to the calling thread while one lives, also where
/// it plans a product. The setting is the calling thread's own, and is put back.
class OneThread {
 public:
  OneThread() {
    if (!open_mp().set || !open_mp().get) return;
    before_ = open_mp().get();
    open_mp().set(1);
  }
  ~OneThread() {
    if (before_ > 0) open_mp().set(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = 0;
};

dnnl::engine& processor() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/// What a planned product depends on.
using Key =
    std::tuple<Operands, int64_t, int64_t, int64_t, int64_t, bool, int64_t, bool, int64_t, bool>;

/// A product planned and compiled for one key. It has no state: any number of threads run it.
class Plan {
 public:
  Plan(const Gemm& p, Operands operands)
      : a_(matrix(p.m, p.k, p.lda, p.transpose_a, type_of(operands))),
        b_(matrix(p.k, p.n, p.ldb, p.transpose_b, type_of(operands))),
        c_(matrix(p.m, p.n, p.ldc, false, memory::data_type::f32)) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (p.accumulate) {
      dnnl::post_ops add;
      add.append_sum(1);
      attributes.set_post_ops(add);
    }
    const dnnl::matmul::primitive_desc description({a_, b_, c_}, attributes, processor());
    implementation = description.impl_info_str();
    scratch_ = description.scratchpad_desc();
    matmul_ = dnnl::matmul(description);
  }

  void run(const Gemm& p) const {
    static thread_local dnnl::stream stream(processor());
    const std::size_t bytes = scratch_.get_size();
    const auto give_back = [bytes](void* room) { deallocate(room, bytes); };
    const std::unique_ptr<void, decltype(give_back)> scratch(bytes > 0 ? allocate(bytes) : nullptr,
                                                             give_back);
    matmul_.execute(stream, {{DNNL_ARG_SRC, on(a_, p.a)},
                             {DNNL_ARG_WEIGHTS, on(b_, p.b)},
                             {DNNL_ARG_DST, on(c_, p.c)},
                             {DNNL_ARG_SCRATCHPAD, on(scratch_, scratch.get())}});
    stream.wait();
  }

  std::string implementation;

 private:
  static memory::data_type type_of(Operands operands) {
    return operands == Operands::bfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
  }
  static memory::desc matrix(int64_t rows, int64_t columns, int64_t ld, bool transposed,
                             memory::data_type type) {
    return {{rows, columns}, type, transposed ? memory::dims{1, ld} : memory::dims{ld, 1}};
  }
  static memory on(const memory::desc& description, const void* data) {
    return {description, processor(), const_cast<void*>(data)};
  }

  memory::desc a_, b_, c_, scratch_;
  dnnl::matmul matmul_;
};

/// Planning compiles code, which takes as long as hundreds of products: each shape is planned once.
std::shared_ptr<const Plan> plan_of(const Gemm& p, Operands operands) {
  constexpr std::size_t most = 2048;  // texts of other lengths make other shapes, for ever
  static std::shared_mutex mutex;
  static std::map<Key, std::shared_ptr<const Plan>> plans;
  const Key key{operands,      p.m,   p.n,           p.k,   p.lda,
                p.transpose_a, p.ldb, p.transpose_b, p.ldc, p.accumulate};
  {
    const std::shared_lock reading(mutex);
    const auto found = plans.find(key);
    if (found != plans.end()) return found->second;
  }
  const std::unique_lock writing(mutex);
  const auto found = plans.find(key);  // others may have planned it meanwhile
  if (found != plans.end()) return found->second;
  if (plans.size() >= most) plans.clear();
  return plans[key] = std::make_shared<Plan>(p, operands);
}

/// Calls `f` on one thread; oneDNN's errors become heed's.
template <class F>
auto on_one_thread(F f) {
  const OneThread one_thread;
  try {
    return f();
  } catch (const dnnl::error& error) {
    throw Error(std::string("oneDNN: ") + error.what());
  }
}

bool keeps_to_its_caller() {
  const unsigned runtime = dnnl_version()->cpu_runtime;
  return runtime == DNNL_RUNTIME_SEQ ||
         (runtime == DNNL_RUNTIME_OMP && open_mp().set && open_mp().get);
}

/// Are products planned by its fast implementations, whatever their layout?
bool is_planned_fast() {
  for (int layout = 0; layout < 8; ++layout) {
    const bool transpose_a = (layout & 1) != 0, transpose_b = (layout & 2) != 0;
    for (const int64_t m : {1, 128}) {
      const Gemm product{float32,
                         m,
                         96,
                         64,
                         nullptr,
                         transpose_a ? m : 64,
                         transpose_a,
                         nullptr,
                         transpose_b ? 64 : 96,
                         transpose_b,
                         nullptr,
                         96,
                         (layout & 4) != 0};
      const std::string_view name = implementation(product, Operands::bfloat16);
      if (name.starts_with("ref")) return false;
    }
  }
  return true;
}

}  // namespace

bool is_there() { return true; }

bool is_fast() {
  static const bool fast = [] {
    const unsigned needed = dnnl_cpu_isa_avx512_core_bf16;
    return keeps_to_its_caller() && (dnnl_get_effective_cpu_isa() & needed) == needed &&
           is_planned_fast();
  }();
  return fast;
}

// The last piece of a product has any number of rows: in sixteens, and a rest, there are few plans.
void multiply(const Gemm& product, Operands operands) {
  const int64_t size = operands == Operands::bfloat16 ? 2 : 4;
  const int64_t rest = product.m % 16, row = product.m - rest;
  Gemm first = product, last = product;
  first.m = row;
  last.m = rest;
  last.a =
      static_cast<const char*>(product.a) + (product.transpose_a ? row : row * product.lda) * size;
  last.c = static_cast<float*>(product.c) + row * product.ldc;
  on_one_thread([&] {
    for (const Gemm& part : {first, last}) {
      if (part.m > 0) plan_of(part, operands)->run(part);
    }
  });
}

const char* implementation(const Gemm& product, Operands operands) {
  static thread_local std::string name;
  on_one_thread([&] { name = plan_of(product, operands)->implementation; });
  return name.c_str();
}

}  // namespace heed::onednn

#else

namespace heed::onednn {

namespace {
[[noreturn]] void refuse() { throw Error("oneDNN: heed is built without it (CMake: HEED_ONEDNN)"); }
}  // namespace

bool is_there() { return false; }
bool is_fast() { return false; }
void multiply(const Gemm&, Operands) { refuse(); }
const char* implementation(const Gemm&, Operands) { refuse(); }

}  // namespace heed::onednn

#endif

namespace heed::onednn {

void multiply_bfloat16(const Gemm& product) { multiply(product, Operands::bfloat16); }

}  // namespace heed::onednn
