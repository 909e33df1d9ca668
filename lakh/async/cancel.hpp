// Cancellation: a tree of scopes, each of which can be told to stop once.
//
// 1. Every coroutine runs under exactly one cancel_scope, inherited from whoever awaits it.
// 2. Cancelling a scope cancels the scopes below it, and ends every wait in them with the scope's reason.
// 3. A cancelled scope stays cancelled: each later wait in it ends at once with the same reason.
// 4. A wait that was already satisfied when the cancellation came is not undone: what it obtained (a permit, an item)
//    is delivered, and the next wait reports the cancellation. So nothing is lost between two coroutines.
// 5. Scopes and hooks belong to the thread of their loop.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/core/intrusive_list.hpp>

#include <system_error>

namespace lakh {

class cancel_scope;

// Something that waits inside a scope and wants to be told. `on_cancel` is called at most once, after unlinking.
class cancel_hook : public list_node<cancel_hook> {
 public:
  void attach(cancel_scope& scope) noexcept;
  void detach() noexcept { list_node<cancel_hook>::unlink(); }

 protected:
  cancel_hook() = default;
  ~cancel_hook() = default;

 private:
  friend class cancel_scope;
  virtual void on_cancel(std::error_code reason) noexcept = 0;
};

class cancel_scope : public list_node<cancel_scope> {
 public:
  // A root: nothing above it.
  cancel_scope() = default;
  // Below `parent`, which must outlive it. Born cancelled if the parent is.
  // NOLINTNEXTLINE(google-explicit-constructor,cppcoreguidelines-*,bugprone-*): not a copy, but a child
  explicit cancel_scope(cancel_scope& parent) noexcept;
  cancel_scope(const cancel_scope&) = delete;
  cancel_scope& operator=(const cancel_scope&) = delete;
  ~cancel_scope() = default;

  void cancel(std::error_code reason = errc::cancelled) noexcept;

  [[nodiscard]] bool is_cancelled() const noexcept { return static_cast<bool>(reason_); }
  // Why it was cancelled: errc::cancelled, errc::timed_out, ...; empty if it was not.
  [[nodiscard]] std::error_code reason() const noexcept { return reason_; }

 private:
  friend class cancel_hook;
  intrusive_list<cancel_hook, cancel_hook> hooks_;
  intrusive_list<cancel_scope, cancel_scope> children_;
  std::error_code reason_;
};

inline void cancel_hook::attach(cancel_scope& scope) noexcept {
  scope.hooks_.push_back(*this);
}

}  // namespace lakh
