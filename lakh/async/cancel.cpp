#include <lakh/async/cancel.hpp>

namespace lakh {

cancel_scope::cancel_scope(cancel_scope& parent) noexcept : reason_(parent.reason_) {
  parent.children_.push_back(*this);
}

void cancel_scope::cancel(std::error_code reason) noexcept {
  if (reason_) return;
  reason_ = reason;
  // A hook may detach others, and may end scopes; each is detached before it is told. None comes to be attached again.
  if (only_ != nullptr) tell(*only_);
  while (!hooks_.empty()) tell(hooks_.front());
  intrusive_list<cancel_scope, cancel_scope> told;
  while (!children_.empty()) {
    cancel_scope& child = children_.pop_front();
    told.push_back(child);
    child.cancel(reason);
  }
  children_.splice(told);
}

void cancel_scope::tell(cancel_hook& hook) noexcept {
  hook.detach();
  hook.on_cancel(reason_);
}

}  // namespace lakh
