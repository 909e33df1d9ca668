#include <lakh/actions/exec_output_reader.hpp>
#include <lakh/load/ledger_open.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/sql/sqlite.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace lakh::actions {
namespace {

std::string bytes_of(const sql::statement& row, int column) {
  const std::span<const std::byte> bytes = row.blob(column);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::uint64_t size_of(const sql::statement& row, int column) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(column), 0));
}

// One file of a run, read by item.
class output_file {
 public:
  explicit output_file(const std::filesystem::path& file) : opened_(file) {
    auto tables = opened_.db().prepare("SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'output')");
    tables.start();
    (void)tables.step();
    const std::int64_t found = tables.integer(0);
    tables.reset();
    if (found == 0) return;  // its writer was killed before it had made them
    const std::string format = meta("format");
    if (found != 2 || format.empty())
      throw storage_error(errc::storage_failure, file.string() + ": this is not the output of a run",
                          "was the file changed or damaged?");
    if (format != "1")
      throw storage_error(errc::storage_failure, file.string() + ": output of format " + format + " is not known here",
                          "read it with the version of lakh that wrote it");
    session_ = number("session");
    writer_ = number("writer");
    complete_ = true;
  }

  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] std::pair<std::uint32_t, std::uint32_t> age() const noexcept { return {session_, writer_}; }
  [[nodiscard]] std::uint32_t writer() const noexcept { return writer_; }

  void start(std::optional<std::uint64_t> only) {
    rows_.emplace(opened_.db().prepare(
        "SELECT item, step, attempt, exit_code, signal, stdout, stderr, stdout_bytes, stderr_bytes "
        "FROM output WHERE item BETWEEN ?1 AND ?2 ORDER BY item, id"));
    constexpr auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    rows_->start(std::min(only.value_or(0), last), std::min(only.value_or(last), last));
    advance();
  }
  void advance() { more_ = rows_->step(); }
  // The item of the row that is next.
  [[nodiscard]] std::optional<std::uint64_t> item() const {
    if (!more_) return std::nullopt;
    return size_of(*rows_, 0);
  }
  [[nodiscard]] exec_outputs row() const {
    exec_outputs one;
    one.item = size_of(*rows_, 0);
    one.step = bytes_of(*rows_, 1);
    one.session = session_;
    one.attempt = static_cast<std::uint32_t>(size_of(*rows_, 2));
    if (!rows_->is_null(3)) one.exit_code = rows_->integer(3);
    if (!rows_->is_null(4)) one.signal = rows_->integer(4);
    one.output = bytes_of(*rows_, 5);
    one.errors = bytes_of(*rows_, 6);
    one.output_size = size_of(*rows_, 7);
    one.errors_size = size_of(*rows_, 8);
    return one;
  }

 private:
  std::string meta(std::string_view key) {
    auto select = opened_.db().prepare("SELECT value FROM meta WHERE key = ?1");
    select.start(key);
    return select.step() ? std::string(select.text(0)) : std::string();
  }
  std::uint32_t number(std::string_view key) {
    const std::string text = meta(key);
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  load::opened_ledger opened_;
  std::optional<sql::statement> rows_;
  std::uint32_t session_ = 0;
  std::uint32_t writer_ = 0;
  bool complete_ = false;
  bool more_ = false;
};

// What the ledger knows of items, as far as it has to be asked.
class ledger_facts {
 public:
  ledger_facts(const std::filesystem::path& folder, std::optional<load::state_set> wanted) : wanted_(wanted) {
    load::ledger_reader ledger(folder);
    const bool several = ledger.files().size() > 1;
    if (!several && !wanted) return;
    states_ = ledger.read();
    if (!several) return;
    ledger.for_each_current(states_, [this](const load::outcome_record& one, const load::ledger_file& file) {
      // One without an attempt was settled by asking, or by nobody: it supersedes no output.
      if (one.attempts == 0) return;
      performed_.set(one.item);
      performed_by_[file.identity.writer].set(one.item);
    });
  }
  [[nodiscard]] bool wants(std::uint64_t item) const noexcept {
    return !wanted_ || (item < states_.size() && wanted_->contains(states_.get(item)));
  }
  // False: the outcome that counts is another writer's.
  [[nodiscard]] bool counts(std::uint64_t item, std::uint32_t writer) const {
    if (!performed_.get(item)) return true;
    const auto by = performed_by_.find(writer);
    return by != performed_by_.end() && by->second.get(item);
  }

 private:
  std::optional<load::state_set> wanted_;
  load::item_states states_;
  load::item_bits performed_;
  std::map<std::uint32_t, load::item_bits> performed_by_;
};

}  // namespace

struct exec_output_reader::state {
  explicit state(std::filesystem::path of) : folder(std::move(of)) {}
  std::filesystem::path folder;
  std::vector<std::unique_ptr<output_file>> files;  // the oldest first
};

exec_output_reader::exec_output_reader(const std::filesystem::path& folder) : state_(std::make_unique<state>(folder)) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("output-") || !name.ends_with(".db")) continue;
    auto file = std::make_unique<output_file>(entry.path());
    if (file->complete()) state_->files.push_back(std::move(file));
  }
  std::ranges::sort(state_->files, {}, &output_file::age);
}

exec_output_reader::~exec_output_reader() = default;

bool exec_output_reader::empty() const noexcept {
  return state_->files.empty();
}

void exec_output_reader::for_each(const visitor& visit, const exec_output_choice& choice) {
  auto& files = state_->files;
  if (files.empty()) return;
  const ledger_facts facts(state_->folder, choice.states);
  for (const auto& file : files) file->start(choice.item);
  for (;;) {
    std::optional<std::uint64_t> item;
    for (const auto& file : files)
      if (const auto next = file->item(); next && (!item || *next < *item)) item = next;
    if (!item) return;
    const bool wanted = facts.wants(*item);
    std::vector<exec_outputs> steps;
    for (const auto& file : files) {
      const bool counts = wanted && facts.counts(*item, file->writer());
      for (; file->item() == item; file->advance()) {
        if (!counts) continue;
        exec_outputs row = file->row();
        const auto there = std::ranges::find(steps, row.step, &exec_outputs::step);
        if (there == steps.end())
          steps.push_back(std::move(row));
        else
          *there = std::move(row);  // a later attempt
      }
    }
    for (const exec_outputs& one : steps)
      if (one.output_size + one.errors_size != 0 && !visit(one)) return;
  }
}

}  // namespace lakh::actions
