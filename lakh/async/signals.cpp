#include <lakh/async/event.hpp>
#include <lakh/async/signals.hpp>

#include <boost/asio/signal_set.hpp>

#include <deque>

namespace lakh {
namespace asio = boost::asio;

struct signal_watch::state : std::enable_shared_from_this<state> {
  explicit state(loop& on) : set(on.context()) {}
  void listen() {
    set.async_wait([self = shared_from_this()](const boost::system::error_code& error, int number) {
      if (error) return;
      self->caught.push_back(number);
      self->arrived.set();
      self->listen();
    });
  }
  asio::basic_signal_set<asio::io_context::executor_type> set;
  std::deque<int> caught;
  event arrived;
};

signal_watch::signal_watch(std::initializer_list<int> signals) : state_(std::make_shared<state>(loop::current())) {
  for (const int number : signals) state_->set.add(number);
  state_->listen();
}

signal_watch::~signal_watch() {
  boost::system::error_code ignored;
  state_->set.cancel(ignored);  // fails only for a set that is already gone
}

task<int> signal_watch::next() {
  while (state_->caught.empty()) {
    state_->arrived.clear();
    co_await state_->arrived.wait();
  }
  const int number = state_->caught.front();
  state_->caught.pop_front();
  co_return number;
}

}  // namespace lakh
