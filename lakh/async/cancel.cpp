#include <lakh/async/cancel.hpp>

namespace lakh {

cancel_scope::cancel_scope(cancel_scope& parent) noexcept : reason_(parent.reason_) {
  parent.children_.push_back(*this);
}

void cancel_scope::cancel(std::error_code reason) noexcept {
  if (reason_) return;
  reason_ = reason;
  // A hook may unlink others, and may end scopes; each is taken off the list before it is told.
  while (!hooks_.empty()) hooks_.pop_front().on_cancel(reason);
  intrusive_list<cancel_scope, cancel_scope> told;
  while (!children_.empty()) {
    cancel_scope& child = children_.pop_front();
    told.push_back(child);
    child.cancel(reason);
  }
  children_.splice(told);
}

}  // namespace lakh
