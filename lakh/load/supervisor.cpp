#include <lakh/async/event.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/load/dead_process.hpp>
#include <lakh/load/process_messages.hpp>
#include <lakh/load/shared_dispenser.hpp>
#include <lakh/load/supervisor.hpp>
#include <lakh/parallel/fork_server.hpp>
#include <lakh/parallel/message_pipe.hpp>
#include <lakh/parallel/on_pool.hpp>

#include <algorithm>
#include <vector>

namespace lakh::load {
namespace {

constexpr unsigned most_barren_deaths = 8;
constexpr auto patience_after_abort = std::chrono::seconds(5);

std::string how_it_ended(const std::optional<exit_status>& end) {
  if (!end) return "died";
  if (end->signal() != 0) return "was killed (signal " + std::to_string(end->signal()) + ")";
  return "ended by a fault of its own (exit code " + std::to_string(end->code()) + ")";
}

std::string items(std::uint64_t count) {
  return grouped(count) + (count == 1 ? " item" : " items");
}

}  // namespace

struct supervisor::state {
  // A place for one process after the other.
  struct slot {
    run_stats latest;              // of the process that is alive
    message_pipe* pipe = nullptr;  // to it; null between two processes
    process* child = nullptr;
  };
  // How a process's life ended.
  struct end_of_life {
    bool in_order = false;
    std::string how;
    std::uint32_t writer = 0;
    pid_t id = 0;
  };

  state(process_heritage given, std::optional<std::uint64_t> count)
      : heritage(std::move(given)),
        repeatable(may_be_repeated(*heritage.the_plan, heritage.steps)),
        dispenser(count, heritage.shape.processes * heritage.shape.threads),
        slots(heritage.shape.processes) {
    heritage.items = &dispenser;
    server.emplace();  // last: what it copies is ready
  }

  void request_stop(run_end why, const std::string& message) {
    if (end == run_end::complete || why == run_end::aborted || why == run_end::ledger_failed) {
      end = why;
      if (!message.empty()) reason = message;
    }
    dispenser.stop();
    stopping.set();
    command(stop_command);
  }
  void command(std::string_view what) {
    for (slot& one : slots) tell(one, what);
  }
  static void tell(const slot& to, std::string_view what) {
    if (to.pipe == nullptr) return;
    try {
      to.pipe->send(what, clock::now() + std::chrono::milliseconds(100));
    } catch (const error&) {
      // It is dead or hangs; both are seen elsewhere.
    }
  }
  void say(const std::string& sentence) const {
    if (session.tell) session.tell(sentence);
  }

  [[nodiscard]] process_orders orders_for(std::size_t number, std::uint32_t writer) const;
  task<void> attend(std::size_t number);
  task<end_of_life> live(std::size_t number);
  task<void> listen(slot& mine, message_pipe& pipe, std::optional<process_report>& last);
  task<bool> bury(std::size_t number, const end_of_life& dead);
  task<void> end_in_time();
  task<void> lose_patience();

  process_heritage heritage;
  bool repeatable;
  shared_dispenser dispenser;
  std::vector<slot> slots;
  std::optional<fork_server> server;
  std::optional<thread_pool> readers;  // of dead processes' ledgers; there is none before somebody dies

  process_session session;
  time_point start{};
  std::uint32_t next_writer = 0;
  run_stats past;  // of processes that have ended
  run_end end = run_end::complete;
  std::string reason;
  std::vector<std::string> notes;
  event stopping;
  event aborting;
  unsigned barren_deaths = 0;  // in a row
  std::uint64_t deaths = 0;
  std::uint64_t in_doubt = 0;
};

supervisor::supervisor(process_heritage heritage, std::optional<std::uint64_t> count)
    : state_(std::make_unique<state>(std::move(heritage), count)) {}
supervisor::~supervisor() = default;

void supervisor::begin(process_session session) {
  state& my = *state_;
  my.session = std::move(session);
  my.next_writer = my.session.first_writer;
  my.past = {};
  my.in_doubt = 0;
  my.notes.clear();
  my.dispenser.counters().positions = my.session.first_position;
  if (my.session.before != nullptr) my.dispenser.resume(*my.session.before, my.session.wanted, my.session.count);
}

void supervisor::stop() {
  state_->request_stop(run_end::stopped, {});
}

void supervisor::abort() {
  state_->request_stop(run_end::aborted, {});
  state_->command(abort_command);
  state_->aborting.set();
}

run_stats supervisor::snapshot() const {
  run_stats sum = state_->past;
  for (const state::slot& one : state_->slots) sum.merge(one.latest);
  return sum;
}

std::uint64_t supervisor::left_in_doubt() const noexcept {
  return state_->in_doubt;
}

// --- one process after the other -----------------------------------------------------------------------------------

process_orders supervisor::state::orders_for(std::size_t number, std::uint32_t writer) const {
  process_orders orders;
  orders.heritage = reinterpret_cast<std::uintptr_t>(&heritage);
  orders.run_id = session.run_id;
  orders.plan_digest = session.plan_digest;
  orders.folder = session.folder.string();
  orders.session = session.session;
  orders.writer = writer;
  orders.first_taker = static_cast<std::uint32_t>(number) * heritage.shape.threads;
  orders.started_at = session.started_at.time_since_epoch().count();
  orders.start = start.time_since_epoch().count();
  orders.first_position = session.first_position;
  return orders;
}

task<void> supervisor::state::attend(std::size_t number) {
  for (;;) {
    end_of_life life;
    std::string cannot;
    try {
      life = co_await live(number);
    } catch (const cancelled&) {
      throw;
    } catch (const error& e) {  // the fork server is gone, or the kernel has no room
      cannot = e.what();
    }
    if (!cannot.empty()) {
      request_stop(run_end::processes_lost, "no worker process can be started: " + cannot);
      co_return;
    }
    if (life.in_order) co_return;
    const bool another = co_await bury(number, life);
    if (!another) co_return;
  }
}

task<supervisor::state::end_of_life> supervisor::state::live(std::size_t number) {
  slot& mine = slots[number];
  end_of_life life;
  life.writer = next_writer++;
  auto ends = message_pipe::make(report_limit);
  message_pipe& pipe = ends.first;
  std::vector<int> descriptors{ends.second.descriptor()};
  if (session.lock >= 0) descriptors.push_back(session.lock);
  process child = server->start(work_as_process, to_bytes(orders_for(number, life.writer)), descriptors,
                                child_options().name("lakh worker " + std::to_string(number + 1)));
  ends.second.close();
  life.id = child.id();

  struct place {
    place(slot& of, message_pipe& pipe, process& child) : mine(of) {
      mine.pipe = &pipe;
      mine.child = &child;
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { leave(); }
    void leave() const { mine.pipe = nullptr, mine.child = nullptr; }
    slot& mine;
  } taken(mine, pipe, child);
  if (stopping.is_set()) tell(mine, stop_command);
  if (aborting.is_set()) tell(mine, abort_command);

  std::optional<process_report> last;
  co_await listen(mine, pipe, last);
  if (!last) child.kill();  // it has said something that it never says, or is dead
  std::optional<exit_status> status;
  try {
    status = co_await child.async_wait();
  } catch (const closed_error&) {
    // The fork server is gone, and the process with it.
  }
  taken.leave();
  life.in_order = last && status && status->success();
  life.how = how_it_ended(status);
  if (!life.in_order) co_return life;
  past.merge(last->stats);
  mine.latest = {};
  for (std::string& note : last->notes) notes.push_back(std::move(note));
  if (last->end != run_end::complete && (!stopping.is_set() || last->end == run_end::ledger_failed))
    request_stop(last->end, last->message);
  co_return life;
}

// Until the process has closed its end.
task<void> supervisor::state::listen(slot& mine, message_pipe& pipe, std::optional<process_report>& last) {
  try {
    while (auto bytes = co_await pipe.async_receive()) {
      process_report report = report_of(*bytes);
      if (report.kind == report_kind::ending) {
        if (!stopping.is_set()) request_stop(report.end, report.message);
        continue;
      }
      mine.latest = report.stats;
      if (report.kind == report_kind::ended) last = std::move(report);
    }
  } catch (const cancelled&) {
    throw;
  } catch (const error&) {
    last.reset();  // cut off within a report, or no report at all
  }
}

// What is to be done after a death; whether another process should take the place.
task<bool> supervisor::state::bury(std::size_t number, const end_of_life& dead) {
  slot& mine = slots[number];
  const std::string who = "worker process " + std::to_string(dead.id) + " " + dead.how;
  ++deaths;
  if (session.folder.empty()) {
    past.merge(mine.latest);
    mine.latest = {};
    request_stop(run_end::processes_lost, who + ", and without a ledger nobody can say what it had sent");
    co_return false;
  }
  left_behind left;
  try {
    if (!readers) readers.emplace(1, "lakh reader");
    const auto read = [&] { return read_dead_process(session.folder, dead.writer, heritage.requested.value_or(0)); };
    left = co_await on_pool(*readers, read);
  } catch (const storage_error& unreadable) {
    request_stop(run_end::ledger_failed, unreadable.what());
    co_return false;
  }
  const auto back = dispenser.reclaim(static_cast<unsigned>(number) * heritage.shape.threads, heritage.shape.threads,
                                      dead.writer, left.states, left.never_begun, repeatable);
  barren_deaths = left.stats.settled() == 0 ? barren_deaths + 1 : 0;
  past.merge(left.stats);
  mine.latest = {};

  std::string sentence = who;
  if (back.in_doubt != 0) sentence += ": " + items(back.in_doubt) + " in doubt";
  if (stopping.is_set()) {
    say(sentence);
    co_return false;
  }
  if (back.in_doubt != 0)
    sentence += repeatable ? ", sent again, the target tells a repetition" : ", settled when the rest is done";
  if (!repeatable) in_doubt += back.in_doubt;
  const bool more = dispenser.remaining() != 0;
  if (more && barren_deaths >= most_barren_deaths) {
    request_stop(run_end::processes_lost, who + ", as did " + std::to_string(most_barren_deaths - 1) +
                                              " before it, and none had settled an item");
    co_return false;
  }
  say(sentence + (more ? "; another takes its place" : ""));
  co_return more;
}

// --- the run -------------------------------------------------------------------------------------------------------

task<void> supervisor::state::end_in_time() {
  co_await sleep_until(start + *session.duration);
  request_stop(run_end::out_of_time, {});
}

task<void> supervisor::state::lose_patience() {
  co_await aborting.wait();
  co_await sleep_for(patience_after_abort);
  for (slot& one : slots)
    if (one.child != nullptr) one.child->kill();
}

task<run_result> supervisor::run(std::function<void(const run_progress&)> on_progress, duration progress_every) {
  state& my = *state_;
  my.start = loop::current().now();
  // Fewer items than processes need fewer.
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(my.dispenser.remaining().value_or(my.slots.size()), 1, my.slots.size());
  co_await in_scope([&](scope& beside) -> task<void> {
    if (on_progress)
      beside.spawn(report_regularly(*this, my.heritage.requested, my.start, progress_every, on_progress));
    if (my.session.duration) beside.spawn(my.end_in_time());
    if (const auto grace = my.heritage.the_plan->limits.stop_after)
      beside.spawn([](supervisor& of, event& stopping, duration patience) -> task<void> {
        co_await stopping.wait();
        co_await sleep_for(patience);
        of.abort();
      }(*this, my.stopping, *grace));
    beside.spawn(my.lose_patience());
    co_await in_scope([&](scope& all) -> task<void> {
      for (std::size_t number = 0; number < wanted; ++number) all.spawn(my.attend(number));
      co_return;
    });
    beside.cancel();
  });

  run_result result;
  result.end = my.end;
  result.message = my.reason;
  result.elapsed = loop::current().now() - my.start;
  result.stats = snapshot();
  result.notes = std::move(my.notes);
  if (my.deaths != 0 && my.session.folder.empty()) {
    // Whatever was handed out and not told to be settled may be under way.
    const std::uint64_t out = my.dispenser.counters().positions - my.session.first_position;
    result.stats.in_flight = out - std::min(out, result.stats.settled());
  }
  co_return result;
}

}  // namespace lakh::load
