#include <lakh/async/loop.hpp>
#include <lakh/async/readiness.hpp>
#include <lakh/async/timer_queue.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace lakh {
namespace asio = boost::asio;

namespace {

thread_local loop* current_loop = nullptr;

// Steady timer on the concrete executor: no type erasure on the path.
using wake_timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, asio::io_context::executor_type>;

// First in, first out, growing by doubling, never shrinking.
class handle_ring {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void push(std::coroutine_handle<> handle) {
    if (size_ == slots_.size()) grow();
    slots_[(first_ + size_) & (slots_.size() - 1)] = handle;
    ++size_;
  }
  std::coroutine_handle<> pop() noexcept {
    const std::coroutine_handle<> handle = slots_[first_];
    first_ = (first_ + 1) & (slots_.size() - 1);
    --size_;
    return handle;
  }

 private:
  void grow() {
    std::vector<std::coroutine_handle<>> larger(slots_.empty() ? 64 : slots_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = slots_[(first_ + i) & (slots_.size() - 1)];
    slots_ = std::move(larger);
    first_ = 0;
  }
  std::vector<std::coroutine_handle<>> slots_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

struct loop::state {
  explicit state(time_source source)
      // UNSAFE_IO: the reactor need not lock, since one thread drives it; the scheduler still does, for `post`.
      : context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), wake(context), source(source) {}

  void drain_ready() {
    // Only what is there now: what these make runnable waits for the next turn, so that sockets get theirs.
    for (std::size_t n = ready.size(); n > 0; --n) ready.pop().resume();
  }

  void post_drain() {
    drain_posted = true;
    asio::post(context, [this] {
      drain_posted = false;
      drain_ready();
      if (ready.size() != 0 && !drain_posted) post_drain();
    });
  }

  void fire_due(time_point now) {
    while (!timers.empty() && timers.earliest() <= now) timer_queue::fire(timers.pop());
  }

  // The Asio timer is moved only to an earlier time. Most timers are deadlines that are disarmed before they are due:
  // then the Asio timer fires early once, finds nothing to do, and moves on; that is cheaper than a system call per
  // timer.
  void wake_at_earliest() {
    if (source == time_source::virtual_time || timers.empty()) return;
    const time_point earliest = timers.earliest();
    if (wake_set && *wake_set <= earliest) return;
    wake_set = earliest;
    wake.expires_at(earliest);
    wake.async_wait([this](const boost::system::error_code& error) {
      if (error) return;  // moved to an earlier time
      wake_set.reset();
      fire_due(clock::now());
      wake_at_earliest();
    });
  }

  asio::io_context context;
  std::optional<readiness> sockets;  // once there are any
  timer_queue timers;
  handle_ring ready;
  wake_timer wake;
  std::optional<time_point> wake_set;
  time_point virtual_now{};
  time_source source;
  bool drain_posted = false;
  bool stopped = false;
};

loop::loop(time_source source) : state_(std::make_unique<state>(source)) {}
loop::~loop() = default;

loop& loop::current() noexcept {
  return *current_loop;
}
bool loop::running() noexcept {
  return current_loop != nullptr;
}

void loop::run() {
  struct make_current {
    explicit make_current(loop* now) noexcept : before(std::exchange(current_loop, now)) {}
    ~make_current() { current_loop = before; }
    make_current(const make_current&) = delete;
    make_current& operator=(const make_current&) = delete;
    loop* before;
  } const current(this);

  const auto guard = asio::make_work_guard(state_->context);
  state_->stopped = false;
  state_->context.restart();
  if (state_->source == time_source::real) {
    state_->context.run();
    return;
  }
  while (!state_->stopped) {
    if (state_->context.poll() != 0) continue;
    if (state_->timers.empty()) {
      state_->context.run_one();  // only a socket or another thread can bring us on
      continue;
    }
    state_->virtual_now = std::max(state_->virtual_now, state_->timers.earliest());
    state_->fire_due(state_->virtual_now);
  }
}

void loop::stop() noexcept {
  state_->stopped = true;
  state_->context.stop();
}

void loop::schedule(std::coroutine_handle<> runnable) {
  state_->ready.push(runnable);
  if (!state_->drain_posted) state_->post_drain();
}

void loop::post(std::move_only_function<void()> work) {
  asio::post(state_->context, std::move(work));
}

time_point loop::now() const noexcept {
  return state_->source == time_source::real ? clock::now() : state_->virtual_now;
}

void loop::arm(timer_node& timer, time_point when) {
  if (timer.armed()) disarm(timer);
  state_->timers.add(timer, *this, when);
  state_->wake_at_earliest();
}

void loop::disarm(timer_node& timer) noexcept {
  if (timer.armed()) state_->timers.remove(timer);
}

asio::io_context& loop::context() noexcept {
  return state_->context;
}

readiness& loop::sockets() {
  if (!state_->sockets) state_->sockets.emplace(state_->context);
  return *state_->sockets;
}

timer_node::~timer_node() {
  if (home_ != nullptr) home_->disarm(*this);
}

}  // namespace lakh
