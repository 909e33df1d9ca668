#include <lakh/load/begun_marks.hpp>
#include <lakh/load/ledger_open.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/ledger_rows.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <ranges>
#include <tuple>
#include <utility>

namespace lakh::load {
namespace {

// Walks a file's claims and batches in the order of their ids and checks rules 1 to 3 of ledger_format.hpp.
//   on_claim(kind, first, count, id), on_batch(records, id)
template <typename OnClaim, typename OnBatch> class file_walk {
 public:
  file_walk(ledger_file& info, std::uint64_t item_limit, OnClaim on_claim, OnBatch on_batch)
      : info_(info),
        limit_(item_limit),
        on_claim_(std::move(on_claim)),
        on_batch_(std::move(on_batch)),
        ledger_(info.file),
        db_(ledger_.db()),
        chain_(info.identity) {}

  void run() {
    // One snapshot for both tables and the closing marks, while the writer goes on.
    sql::transaction snapshot(db_, sql::transaction_kind::deferred);
    const ledger_meta meta = read_ledger_meta(info_.file, db_);
    auto claims = db_.prepare(
        "SELECT id, kind, first_item, count, written_at, digest, typeof(kind) = 'text' AND typeof(first_item) = "
        "'integer' AND typeof(count) = 'integer' AND typeof(written_at) = 'text' AND typeof(digest) = 'blob' "
        "FROM claim ORDER BY id");
    auto batches = db_.prepare(
        "SELECT id, first_item, last_item, count, confirmed, failed, unknown, written_at, digest, items, "
        "typeof(first_item) = 'integer' AND typeof(last_item) = 'integer' AND typeof(count) = 'integer' AND "
        "typeof(confirmed) = 'integer' AND typeof(failed) = 'integer' AND typeof(unknown) = 'integer' AND "
        "typeof(written_at) = 'text' AND typeof(digest) = 'blob' AND typeof(items) = 'text' FROM batch ORDER BY id");
    claims.start();
    batches.start();
    bool more_claims = claims.step();
    bool more_batches = batches.step();
    while (more_claims || more_batches) {
      if (more_claims && (!more_batches || claims.integer(0) < batches.integer(0))) {
        claim(claims);
        more_claims = claims.step();
      } else {
        batch(batches);
        more_batches = batches.step();
      }
    }
    close(meta);
  }

 private:
  void claim(sql::statement& row) {
    const std::uint64_t id = next_id(row);
    check_form("claim", id, row.integer(6) != 0, row.text(4));
    const std::string_view kind = row.text(1);
    const claim_row entry{kind == name(claim_kind::release) ? claim_kind::release : claim_kind::claim, number(row, 2),
                          number(row, 3), row.text(4)};
    check_digest("claim", id, chain_.add(entry), row.blob(5));
    if (kind != name(entry.kind) || entry.count == 0 || entry.first >= limit_ || entry.count > limit_ - entry.first) {
      refuse_ledger(info_.file, fmt::format("claim {} names items that the run does not have", id));
    }
    on_claim_(entry.kind, entry.first, entry.count, id);
  }

  void batch(sql::statement& row) {
    const std::uint64_t id = next_id(row);
    check_form("batch", id, row.integer(10) != 0, row.text(7));
    const batch_row entry{number(row, 1), number(row, 2), number(row, 3), number(row, 4),
                          number(row, 5), number(row, 6), row.text(7),    row.text(9)};
    check_digest("batch", id, chain_.add(entry), row.blob(8));
    if (const auto fault = rows_.parse(entry.items))
      refuse_ledger(info_.file, fmt::format("batch {} is malformed at byte {} of its items", id, *fault));
    check_sums(entry, id);
    on_batch_(rows_.records(), id);
  }

  void check_sums(const batch_row& entry, std::uint64_t id) const {
    std::uint64_t states[3] = {};
    std::uint64_t first = rows_.records().front().item;
    std::uint64_t last = first;
    for (const outcome_record& record : rows_.records()) {
      ++states[static_cast<std::size_t>(record.state)];
      first = std::min(first, record.item);
      last = std::max(last, record.item);
    }
    const bool same = entry.count == rows_.records().size() && entry.confirmed == states[0] &&
                      entry.failed == states[1] && entry.unknown == states[2] && entry.first == first &&
                      entry.last == last;
    if (!same) refuse_ledger(info_.file, fmt::format("batch {} does not hold what its own columns say", id));
  }

  void close(const ledger_meta& meta) {
    info_.entries = chain_.entries();
    info_.head = chain_.head();
    info_.closed = meta.contains("closed_at");
    if (!info_.closed) return;
    if (required_number<std::uint64_t>(info_.file, meta, "entries") != chain_.entries()) {
      refuse_ledger(info_.file, fmt::format("{} entries are there, {} were written", chain_.entries(),
                                            required_meta(info_.file, meta, "entries")));
    }
    info_.closed_at = required_meta(info_.file, meta, "closed_at");
    if (!is_ledger_time(info_.closed_at)) refuse_ledger(info_.file, "its closing entry has no time");
    info_.head = chain_.close(info_.closed_at);
    if (required_meta(info_.file, meta, "head") != to_hex(info_.head))
      refuse_ledger(info_.file, "the closing digest does not fit");
  }

  std::uint64_t next_id(const sql::statement& row) const {
    const auto id = static_cast<std::uint64_t>(row.integer(0));
    if (id != chain_.entries() + 1)
      refuse_ledger(info_.file,
                    fmt::format("entry {} is missing (the next is {})", chain_.entries() + 1, row.integer(0)));
    return id;
  }

  // A negative number becomes one that no limit allows.
  static std::uint64_t number(const sql::statement& row, int column) {
    return static_cast<std::uint64_t>(row.integer(column));
  }

  // The digest is over the columns as text: another type, or a time that runs into what follows it, would be the same.
  void check_form(const char* table, std::uint64_t id, bool well_typed, std::string_view written_at) const {
    if (!well_typed || !is_ledger_time(written_at))
      refuse_ledger(info_.file, fmt::format("{} {} is not in the form in which it is written", table, id));
  }

  void check_digest(const char* table, std::uint64_t id, const chain_digest& computed,
                    std::span<const std::byte> stored) const {
    if (!std::equal(computed.begin(), computed.end(), stored.begin(), stored.end())) {
      refuse_ledger(info_.file, fmt::format("{} {} is not what was written: its digest does not fit", table, id));
    }
  }

  ledger_file& info_;
  std::uint64_t limit_;
  OnClaim on_claim_;
  OnBatch on_batch_;
  opened_ledger ledger_;
  sql::database& db_;
  ledger_chain chain_;
  ledger_rows rows_;
};

std::string last_written_at(sql::database& db) {
  auto last = db.prepare(
      "SELECT written_at FROM (SELECT * FROM (SELECT id, written_at FROM batch ORDER BY id DESC LIMIT 1) UNION ALL "
      "SELECT * FROM (SELECT id, written_at FROM claim ORDER BY id DESC LIMIT 1)) ORDER BY id DESC LIMIT 1");
  last.start();
  return last.step() ? std::string(last.text(0)) : std::string();
}

// What one file says of its items, gathered while walking it.
class file_states {
 public:
  file_states(const ledger_file& info, item_states& states)
      : info_(info), states_(states), claimed_(states.size()), settled_(states.size()) {}

  void claim(claim_kind kind, std::uint64_t first, std::uint64_t count, std::uint64_t id) {
    end_ = std::max(end_, first + count);
    states_.grow(end_);
    if (kind == claim_kind::claim) {
      claimed_.set(first, count);
      return;
    }
    for (std::uint64_t item = first; item < first + count; ++item) {
      if (!claimed_.get(item) || settled_.get(item))
        refuse_ledger(info_.file, fmt::format("entry {} releases item {}, which was not waiting to be sent", id, item));
      claimed_.clear(item);
    }
  }

  void settle(const outcome_record& record, std::uint64_t id) {
    if (!claimed_.get(record.item)) {
      refuse_ledger(info_.file,
                    fmt::format("batch {} has an outcome for item {}, which was never claimed", id, record.item));
    }
    settled_.set(record.item);
    states_.set(record.item, to_item_state(record.state));
  }

  void leave_out(const std::vector<item_range>& never_begun) {
    for (const item_range& range : never_begun)
      for (std::uint64_t item = range.first; item < std::min(range.end(), end_); ++item)
        if (!settled_.get(item)) claimed_.clear(item);
  }

  // What was claimed and has no outcome is doubtful.
  void finish() {
    for (std::uint64_t index = 0; index < (end_ + 63) / 64; ++index) {
      std::uint64_t doubtful = claimed_.word(index) & ~settled_.word(index);
      for (; doubtful != 0; doubtful &= doubtful - 1) {
        const std::uint64_t item = index * 64 + static_cast<std::uint64_t>(std::countr_zero(doubtful));
        if (states_.get(item) != item_state::confirmed) states_.set(item, item_state::claimed);
      }
    }
  }

 private:
  const ledger_file& info_;
  item_states& states_;
  item_bits claimed_;
  item_bits settled_;
  std::uint64_t end_ = 0;  // of all that was claimed
};

}  // namespace

ledger_reader::ledger_reader(const std::filesystem::path& folder, std::uint64_t item_limit) : item_limit_(item_limit) {
  std::error_code code;
  std::filesystem::directory_iterator entries(folder, code);
  if (code)
    throw storage_error(code, folder.string() + ": cannot read the run folder: " + code.message(),
                        "check the name of the run");
  for (const auto& entry : entries) {
    if (ledger_writer_of(entry.path())) add(entry.path());
  }
  std::sort(files_.begin(), files_.end(), [](const ledger_file& left, const ledger_file& right) {
    return std::tie(left.identity.session, left.identity.writer) <
           std::tie(right.identity.session, right.identity.writer);
  });
  for (const ledger_file& info : files_) {
    const ledger_identity& first = files_.front().identity;
    if (info.identity.run_id != first.run_id || info.identity.plan_digest != first.plan_digest) {
      refuse_ledger(info.file, fmt::format("it belongs to another run or plan than {}", files_.front().file.string()),
                    "keep the files of each run in a folder of their own");
    }
  }
}

ledger_reader ledger_reader::of_writer(const std::filesystem::path& folder, std::uint32_t writer,
                                       std::uint64_t item_limit) {
  ledger_reader one(item_limit);
  const std::filesystem::path file = folder / ledger_file_name(writer);
  if (std::filesystem::exists(file)) one.add(file);
  return one;
}

void ledger_reader::add(const std::filesystem::path& file) {
  opened_ledger ledger(file);
  const ledger_meta meta = read_ledger_meta(file, ledger.db());
  if (meta.empty()) return;  // killed before its first claim
  ledger_file info;
  info.file = file;
  info.identity = ledger_identity_of(info.file, meta);
  info.closed = meta.contains("closed_at");
  info.last_written_at = last_written_at(ledger.db());
  files_.push_back(std::move(info));
}

item_states ledger_reader::read(std::uint64_t requested, const ledger_reading& also) {
  if (requested > item_limit_) {
    throw storage_error(errc::too_large, fmt::format("a run of {} items is more than a ledger may name", requested),
                        "run.json was changed or damaged: restore it from a copy");
  }
  item_states states(requested);
  for (ledger_file& info : files_) {
    try {
      file_states own(info, states);
      file_walk walk(
          info, requested != 0 ? requested : item_limit_,
          [&](claim_kind kind, std::uint64_t first, std::uint64_t count, std::uint64_t id) {
            own.claim(kind, first, count, id);
          },
          [&](const std::vector<outcome_record>& records, std::uint64_t id) {
            for (const outcome_record& record : records) own.settle(record, id);
            if (!also.on_outcome_) return;
            for (const outcome_record& record : records) also.on_outcome_(record, info);
          });
      walk.run();
      if (also.heed_marks_) own.leave_out(never_begun(info.file.parent_path(), info.identity));
      own.finish();
      if (also.on_file_) also.on_file_(info, states);
    } catch (const storage_error& caught) {
      if (!also.on_damage_) throw;
      also.on_damage_(info, caught);
    }
  }
  return states;
}

void ledger_reader::for_each(const visitor& visit) {
  for (ledger_file& info : files_) {
    file_walk walk(
        info, item_limit_, [](claim_kind, std::uint64_t, std::uint64_t, std::uint64_t) {},
        [&](const std::vector<outcome_record>& records, std::uint64_t) {
          for (const outcome_record& record : records) visit(record);
        });
    walk.run();
  }
}

void ledger_reader::for_each_current(const item_states& states, const visitor& visit) {
  for_each_current(states, [&visit](const outcome_record& record, const ledger_file&) { visit(record); });
}

void ledger_reader::for_each_current(const item_states& states, const file_visitor& visit) {
  item_bits seen(states.size());
  ledger_rows rows;
  for (const ledger_file& info : std::views::reverse(files_)) {
    opened_ledger ledger(info.file);
    auto batches = ledger.db().prepare("SELECT id, items FROM batch ORDER BY id DESC");
    batches.start();
    while (batches.step()) {
      if (const auto fault = rows.parse(batches.text(1))) {
        refuse_ledger(info.file,
                      fmt::format("batch {} is malformed at byte {} of its items", batches.integer(0), *fault));
      }
      for (const outcome_record& record : std::views::reverse(rows.records())) {
        if (states.get(record.item) != to_item_state(record.state) || seen.get(record.item)) continue;
        seen.set(record.item);
        visit(record, info);
      }
    }
  }
}

}  // namespace lakh::load
