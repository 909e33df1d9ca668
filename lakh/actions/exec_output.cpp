#include <lakh/actions/exec_output.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/balance.hpp>
#include <lakh/sql/sqlite.hpp>

#include <condition_variable>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace lakh::actions {
namespace {

// More than this is written at once; twice as much may wait.
constexpr std::size_t enough = std::size_t{16} << 20U;

struct waiting_row {
  waiting_row(const exec_output_row& row, bool with_texts) : facts(row), step(row.step) {
    if (!with_texts) return;
    output = row.output;
    errors = row.errors;
  }
  [[nodiscard]] std::size_t size() const noexcept { return sizeof *this + output.size() + errors.size(); }
  exec_output_row facts;  // its views are not used
  std::string step;
  std::string output;
  std::string errors;
};

void put_meta(sql::database& db, std::string_view key, std::string_view value) {
  db.prepare("INSERT INTO meta(key, value) VALUES(?1, ?2)").run(key, value);
}

sql::database create(const load::side_records& run) {
  sql::database db(
      run.folder() / ("output-" + std::to_string(run.writer()) + ".db"),
      sql::open_options().wal().synchronous(sql::sync_level::normal).busy_timeout(std::chrono::seconds(30)));
  sql::transaction all(db);
  db.execute(
      "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
      "CREATE TABLE output(id INTEGER PRIMARY KEY, item INTEGER NOT NULL, step TEXT NOT NULL,"
      " attempt INTEGER NOT NULL, exit_code INTEGER, signal INTEGER, stdout, stderr,"
      " stdout_bytes INTEGER NOT NULL, stderr_bytes INTEGER NOT NULL);"
      "CREATE INDEX output_item ON output(item);");
  put_meta(db, "format", "1");
  put_meta(db, "run_id", run.run_id());
  put_meta(db, "session", std::to_string(run.session()));
  put_meta(db, "writer", std::to_string(run.writer()));
  put_meta(db, "created_at", rfc3339(wall_now()));
  all.commit();
  return db;
}

bool is_text(std::string_view bytes) noexcept {
  return bytes.find('\0') == std::string_view::npos && is_utf8(bytes);
}

}  // namespace

struct exec_output::state {
  explicit state(const load::side_records& of) : run(of) {}

  void work() {
    try {
      std::optional<sql::database> db;
      std::optional<sql::statement> insert;
      std::vector<waiting_row> rows;
      while (take(rows)) {
        if (!db) {
          db.emplace(create(run));
          insert.emplace(
              db->prepare("INSERT INTO output(item, step, attempt, exit_code, signal, stdout, stderr, "
                          "stdout_bytes, stderr_bytes) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
        }
        sql::transaction all(*db);
        for (const waiting_row& row : rows) write(*insert, row);
        all.commit();
        rows.clear();
      }
      insert.reset();
      if (db) (void)db->leave_wal();
    } catch (const std::exception& caught) {
      const std::lock_guard lock(mutex);
      give_up(caught.what());
    }
  }

  // Both under the mutex. False: there is no thread to be had.
  bool begin() {
    try {
      thread = std::thread([this] { work(); });
      return true;
    } catch (const std::system_error& caught) {
      give_up(std::string("no thread can be started to write it: ") + caught.code().message());
      return false;
    }
  }
  void give_up(std::string why) {
    problem = std::move(why);
    waiting.clear();
    waiting_bytes = 0;
  }

  bool take(std::vector<waiting_row>& rows) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return closing || !waiting.empty(); });
    if (!closing) wake.wait_for(lock, linger, [&] { return closing || waiting_bytes >= enough; });
    if (waiting.empty()) return false;
    rows.swap(waiting);
    waiting_bytes = 0;
    return true;
  }

  static void write(sql::statement& insert, const waiting_row& row) {
    const exec_output_row& facts = row.facts;
    const auto bytes = [](const std::string& text) { return std::as_bytes(std::span(text)); };
    const auto run_with = [&](const auto& output, const auto& errors) {
      insert.run(facts.item, row.step, facts.attempt, facts.exit_code, facts.signal, output, errors, facts.output_size,
                 facts.errors_size);
    };
    const bool output_is_text = is_text(row.output);
    const bool errors_is_text = is_text(row.errors);
    if (output_is_text && errors_is_text)
      run_with(row.output, row.errors);
    else if (output_is_text)
      run_with(row.output, bytes(row.errors));
    else if (errors_is_text)
      run_with(bytes(row.output), row.errors);
    else
      run_with(bytes(row.output), bytes(row.errors));
  }

  const load::side_records& run;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<waiting_row> waiting;  // all below under the mutex
  std::size_t waiting_bytes = 0;
  std::uint64_t kept_bytes = 0;
  std::uint64_t dropped = 0;  // rows beyond the bound
  std::string problem;
  bool closing = false;
  std::thread thread;  // begins with the first row
};

exec_output::exec_output(const load::side_records& run) : state_(std::make_unique<state>(run)) {}

exec_output::~exec_output() {
  (void)close();
}

bool exec_output::add(const exec_output_row& row, std::uint64_t most_bytes) {
  state& my = *state_;
  bool first = false;
  {
    const std::lock_guard lock(my.mutex);
    const std::uint64_t size = row.output.size() + row.errors.size();
    if (my.closing || !my.problem.empty()) return true;
    const bool fits = my.kept_bytes + size <= most_bytes;
    const bool supersedes = row.attempt > 1;
    if ((fits || supersedes) && my.waiting_bytes >= 2 * enough) return false;
    if (!fits) ++my.dropped;
    if (!fits && !supersedes) return true;
    first = my.waiting.empty();
    my.waiting.emplace_back(row, fits);
    if (fits) my.kept_bytes += size;
    const std::size_t before = std::exchange(my.waiting_bytes, my.waiting_bytes + my.waiting.back().size());
    if (!my.thread.joinable() && !my.begin()) return true;
    if (!first && (before >= enough || my.waiting_bytes < enough)) return true;
  }
  my.wake.notify_one();
  return true;
}

std::string exec_output::close() {
  state& my = *state_;
  {
    const std::lock_guard lock(my.mutex);
    my.closing = true;
  }
  my.wake.notify_one();
  if (my.thread.joinable()) my.thread.join();
  if (!my.problem.empty()) return "not all output of the programs could be kept: " + my.problem;
  if (my.dropped != 0)
    return "the output of " + load::grouped(my.dropped) +
           " programs was not kept, since the run keeps no more (exec: output_total)";
  return {};
}

}  // namespace lakh::actions
