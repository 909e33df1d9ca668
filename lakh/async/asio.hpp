// Bring any Asio operation: `auto n = co_await lakh::use(socket.async_read_some(buffer, boost::asio::deferred));`
//
// The operation runs on lakh::loop::current().context(), is cancelled with the awaiting coroutine's scope (where the
// operation supports cancellation), and throws lakh's errors. It yields nothing, the one value, or a tuple of values
// that the operation completes with. Includes Asio: for sources that do so anyway.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/async/task.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <optional>
#include <tuple>
#include <utility>

namespace lakh {

namespace detail {

template <class Operation, class... Values> class asio_awaiter final : public cancel_hook {
 public:
  explicit asio_awaiter(Operation operation) : operation_(std::move(operation)) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <scoped_promise Promise> bool await_suspend(std::coroutine_handle<Promise> self) {
    cancel_scope& scope = *self.promise().scope();
    if (scope.is_cancelled()) {
      error_ = scope.reason();
      return false;
    }
    coroutine_ = self;
    attach(scope);
    std::move(operation_)(handler{this});
    return true;
  }
  auto await_resume() {
    if (error_) throw_error(error_, "asynchronous operation");
    if constexpr (sizeof...(Values) == 1)
      return std::move(std::get<0>(*values_));
    else if constexpr (sizeof...(Values) > 1)
      return std::move(*values_);
  }

 private:
  struct handler {
    asio_awaiter* self;
    using cancellation_slot_type = boost::asio::cancellation_slot;
    [[nodiscard]] cancellation_slot_type get_cancellation_slot() const noexcept { return self->signal_.slot(); }
    void operator()(boost::system::error_code error, Values... values) {
      self->detach();
      // A cancellation of ours is reported with its reason (a deadline, for one), not as Asio's "aborted".
      self->error_ =
          error == boost::asio::error::operation_aborted && self->reason_ ? self->reason_ : std::error_code(error);
      self->values_.emplace(std::move(values)...);
      self->coroutine_.resume();
    }
  };
  void on_cancel(std::error_code reason) noexcept override {
    reason_ = reason;
    signal_.emit(boost::asio::cancellation_type::all);
  }

  Operation operation_;
  boost::asio::cancellation_signal signal_;
  std::coroutine_handle<> coroutine_;
  std::error_code error_;
  std::error_code reason_;
  std::optional<std::tuple<Values...>> values_;
};

}  // namespace detail

template <class... Values, class Initiation, class... Arguments>
auto use(boost::asio::deferred_async_operation<void(boost::system::error_code, Values...), Initiation, Arguments...>
             operation) {
  return detail::asio_awaiter<decltype(operation), std::decay_t<Values>...>(std::move(operation));
}

}  // namespace lakh
