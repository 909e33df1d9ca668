#include <lakh/async/run.hpp>
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
    thread_ = std::thread([this] {
      cancel_scope root;
      run_on(loop_, root, until_stopped());
    });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
  call([] {});  // a turn of the loop after its first: scope_ is there
}

loop_thread::~loop_thread() {
  loop_.post([this] { stop_.set(); });
  thread_.join();
}

task<void> loop_thread::until_stopped() {
  co_await in_scope([this](scope& all) -> task<void> {
    scope_ = &all;
    co_await stop_.wait();
    all.cancel();
  });
}

}  // namespace lakh::detail
