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

// Steady timer on the concrete executor: no type erasure on the path.
using wake_timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, asio::io_context::executor_type>;

// In one turn, what resumed coroutines made runnable goes on within these bounds: giving the turn to Asio costs as much
// as a hundred resumptions.
constexpr auto longest_turn = std::chrono::microseconds(100);
constexpr std::size_t most_unwatched = 128;  // resumptions between two looks at the clock

}  // namespace

struct loop::state {
  explicit state(time_source source)
      // UNSAFE_IO: the reactor need not lock, since one thread drives it; the scheduler still does, for `post`.
      : context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), wake(context), source(source) {}

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
  wake_timer wake;
  std::optional<time_point> wake_set;
  time_point virtual_now{};
  time_source source;
  bool stopped = false;
};

loop::loop(time_source source) : state_(std::make_unique<state>(source)) {}
loop::~loop() = default;

constinit thread_local loop* loop::current_ = nullptr;

void loop::run() {
  struct make_current {
    explicit make_current(loop* now) noexcept : before(std::exchange(current_, now)) {}
    ~make_current() { current_ = before; }
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

void loop::post_drain() {
  drain_posted_ = true;
  asio::post(state_->context, [this] { drain(); });
}

void loop::drain() {
  for (std::size_t n = ready_.size(); n > 0; --n) ready_.pop().resume();
  if (!ready_.empty()) {
    // The clock is looked at seldom, since that takes longer than most resumptions; and at once, since some take long.
    const time_point until = clock::now() + longest_turn;
    for (std::size_t more = 1; !ready_.empty() && !state_->stopped; more = std::min(more * 2, most_unwatched)) {
      for (std::size_t n = more; n > 0 && !ready_.empty(); --n) ready_.pop().resume();
      if (clock::now() >= until) break;
    }
  }
  drain_posted_ = false;
  if (!ready_.empty()) post_drain();
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
