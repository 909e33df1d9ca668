#include <lakh/async/event.hpp>
#include <lakh/async/run.hpp>
#include <lakh/async/scope.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/open_files.hpp>
#include <lakh/load/begun_marks.hpp>
#include <lakh/load/descriptors.hpp>
#include <lakh/load/ledger_writer.hpp>
#include <lakh/load/process_messages.hpp>
#include <lakh/load/shared_dispenser.hpp>
#include <lakh/load/worker_process.hpp>
#include <lakh/parallel/message_pipe.hpp>
#include <lakh/parallel/packed.hpp>

#include <boost/describe/class.hpp>

#include <csignal>
#include <deque>
#include <memory>
#include <optional>

#include <unistd.h>

namespace lakh::load {

BOOST_DESCRIBE_STRUCT(process_orders, (),
                      (heritage, run_id, plan_digest, folder, session, writer, first_taker, started_at, start,
                       first_position))

namespace {

constexpr auto tell_every = std::chrono::milliseconds(200);

// Reports on their way to the supervisor. Of numbers only the latest are worth sending.
class outbox {
 public:
  void put(process_report report) {
    if (report.kind == report_kind::counted && !waiting_.empty() && waiting_.back().kind == report_kind::counted)
      waiting_.back() = std::move(report);
    else
      waiting_.push_back(std::move(report));
    more_.set();
  }
  // Nothing comes after it.
  void close(process_report last) {
    put(std::move(last));
    closed_ = true;
  }
  // Until it is closed and all is sent. Not to be cancelled: half a report would be taken for something else.
  task<void> send_through(message_pipe& pipe) {
    for (;;) {
      while (!waiting_.empty()) {
        const std::string bytes = to_bytes(waiting_.front());
        waiting_.pop_front();
        co_await pipe.async_send(bytes);
      }
      if (closed_) co_return;
      more_.clear();
      co_await more_.wait();
    }
  }

 private:
  std::deque<process_report> waiting_;
  event more_;
  bool closed_ = false;
};

// A terminal's signals go to all processes of a run, and `timeout` sends its own to all of them as well: the supervisor
// heeds them, and tells the others what to do.
void leave_signals_to_the_supervisor() {
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
}

class worker_process {
 public:
  worker_process(process_orders orders, unique_fd pipe)
      : orders_(std::move(orders)),
        // NOLINTNEXTLINE(performance-no-int-to-ptr): memory is where it was in the process that this is a copy of
        from_(*reinterpret_cast<const process_heritage*>(static_cast<std::uintptr_t>(orders_.heritage))),
        pipe_(std::move(pipe), report_limit) {}

  task<void> work() {
    raise_open_files(descriptors_needed(std::uint64_t{from_.shape.threads} * from_.shape.coroutines,
                                        descriptors_per_lane(from_.steps)));
    co_await in_scope([this](scope& all) -> task<void> {
      all.spawn(out_.send_through(pipe_));
      process_report last(report_kind::ended, run_end::complete, {});
      try {
        co_await send_items(last);
      } catch (const storage_error& broken) {  // a ledger that could not be made, or closed
        last.end = run_end::ledger_failed;
        last.message = broken.what();
      }
      out_.close(std::move(last));
    });
  }

 private:
  task<void> send_items(process_report& last) {
    process_dispenser items(*from_.items, orders_.first_taker, from_.shape.threads, orders_.writer);
    std::optional<ledger_writer> ledger;
    std::optional<side_records> records;
    std::optional<begun_marks> marks;
    if (!orders_.folder.empty()) {
      const ledger_identity writer(orders_.run_id, orders_.plan_digest, orders_.session, orders_.writer);
      ledger.emplace(orders_.folder, writer);
      if (!may_be_repeated(*from_.the_plan, from_.steps)) marks.emplace(orders_.folder, writer);
      records.emplace(orders_.folder, orders_.run_id, orders_.session, orders_.writer);
    }
    run_setup setup;
    setup.the_plan = from_.the_plan;
    setup.feeds = from_.feeds;
    setup.steps = from_.steps;
    setup.kept_count = from_.kept_count;
    setup.run_id = orders_.run_id;
    setup.started_at = std::chrono::sys_seconds(std::chrono::seconds(orders_.started_at));
    setup.requested = from_.requested;
    setup.shape = from_.shape;
    setup.shape.processes = 1;
    setup.items = &items;
    setup.ledger = ledger ? &*ledger : nullptr;
    setup.records = records ? &*records : nullptr;
    setup.marks = marks && marks->there() ? &*marks : nullptr;
    setup.first_position = orders_.first_position;
    setup.part.emplace();
    setup.part->counters = &from_.items->counters();
    setup.part->start = time_point(std::chrono::nanoseconds(orders_.start));
    setup.part->on_end = [this](run_end why, const std::string& message) {
      if (!commanded_) out_.put({report_kind::ending, why, message});
    };
    engine runs(std::move(setup));

    run_result result;
    co_await in_scope([&](scope& all) -> task<void> {
      all.spawn(obey(runs));
      const auto tell = [this](const run_progress& now) {
        process_report report(report_kind::counted, run_end::complete, {});
        report.stats = now.stats;
        out_.put(std::move(report));
      };
      result = co_await runs.run(tell, tell_every);
      all.cancel();
    });
    last.end = result.end;
    last.message = std::move(result.message);
    last.stats = std::move(result.stats);
    if (records) last.notes = records->close();
    if (!ledger || result.end == run_end::ledger_failed) co_return;
    ledger->close();
    if (marks) marks->forget();
  }

  // Until the supervisor is gone: nothing more may be sent then, and the run's lock must go.
  task<void> obey(engine& runs) {
    while (const auto command = co_await pipe_.async_receive()) {
      commanded_ = true;
      if (*command == stop_command)
        runs.stop();
      else if (*command == abort_command)
        runs.abort();
    }
    ::_exit(1);
  }

  process_orders orders_;
  const process_heritage& from_;
  message_pipe pipe_;
  outbox out_;
  bool commanded_ = false;
};

}  // namespace

std::string to_bytes(const process_orders& orders) {
  return pack(orders);
}

int work_as_process(std::string_view orders, std::span<unique_fd> descriptors) {
  leave_signals_to_the_supervisor();
  worker_process self(unpack<process_orders>(orders), std::move(descriptors[0]));
  try {
    run(self.work());
  } catch (const closed_error&) {
    return 1;  // the supervisor is gone: there is nobody to whom anything could be told
  }
  return 0;
}

}  // namespace lakh::load
