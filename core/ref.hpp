#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace heed {

/// Base of objects that count their owners. `T` supplies `static void destroy(T*)`.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  bool unique() const { return owners_.load(std::memory_order_acquire) == 1; }

 private:
  template <class T>
  friend class Ref;
  std::atomic<uint32_t> owners_{0};
};

/// A shared owner of a `Counted` object; the last one calls `T::destroy`.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) : object_(object) { retain(); }
  Ref(const Ref& other) : object_(other.object_) { retain(); }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ && object_->owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      T::destroy(object_);
    }
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref& other) const { return object_ == other.object_; }

 private:
  void retain() {
    if (object_) object_->owners_.fetch_add(1, std::memory_order_relaxed);
  }
  T* object_ = nullptr;
};

}  // namespace heed
