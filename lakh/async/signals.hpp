// Waiting for a POSIX signal, such as SIGINT, on the loop.
#pragma once

#include <lakh/async/waiter.hpp>

#include <initializer_list>
#include <memory>

namespace lakh {

// While it lives, the signals given are caught for this process instead of ending it.
class signal_watch {
 public:
  signal_watch(std::initializer_list<int> signals);
  signal_watch(const signal_watch&) = delete;
  signal_watch& operator=(const signal_watch&) = delete;
  ~signal_watch();

  // The number of the next signal. One waiter at a time; signals between two waits are not lost.
  task<int> next();

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace lakh
