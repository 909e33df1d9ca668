#include <lakh/parallel/loop_thread.hpp>

#include <csignal>

#include <pthread.h>

namespace lakh::detail {

loop_thread::loop_thread(const std::string& name) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { loop_.run(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

loop_thread::~loop_thread() {
  loop_.post([this] { loop_.stop(); });
  thread_.join();
}

}  // namespace lakh::detail
