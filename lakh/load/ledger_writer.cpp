#include <lakh/core/clock.hpp>
#include <lakh/core/unique_fd.hpp>
#include <lakh/load/ledger_writer.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace lakh::load {
namespace {

enum class job_kind : std::uint8_t { claim, release, batch, flush, close };

struct job {
  job_kind kind = job_kind::flush;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  outcome_batch batch;
  ledger_writer::claim_callback done;  // may be empty
};

constexpr bool needs_sync(job_kind kind) {
  return kind != job_kind::batch && kind != job_kind::release;
}

// Large pages: a batch is some 50 KB, which small ones would scatter over a chain of a dozen.
constexpr int page_size = 16384;
constexpr int checkpoint_pages = 512;  // 8 MB of log, then into the database

void put_meta(sql::database& db, std::string_view key, std::string_view value) {
  db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)").run(key, value);
}

// The file is either without tables, and then nothing was ever claimed through it, or complete.
sql::database create_ledger(const std::filesystem::path& file, const ledger_identity& identity) {
  (void)open_file(file, O_RDWR | O_CREAT | O_EXCL);  // rule 5, whoever else tries
  sync_folder(file.parent_path());
  sql::database db(file, sql::open_options()
                             .mode(sql::open_mode::read_write)
                             .busy_timeout(std::chrono::seconds(30))
                             .page_size(page_size)
                             .wal()
                             .wal_autocheckpoint(checkpoint_pages)
                             .synchronous(sql::sync_level::full));
  sql::transaction all(db);
  create_ledger_schema(db);
  put_meta(db, "format", std::to_string(ledger_format_version));
  put_meta(db, "run_id", identity.run_id);
  put_meta(db, "plan_digest", identity.plan_digest);
  put_meta(db, "session", std::to_string(identity.session));
  put_meta(db, "writer", std::to_string(identity.writer));
  put_meta(db, "created_at", identity.created_at);
  all.commit();
  return db;
}

storage_error closed_error_for(const std::filesystem::path& file) {
  return {errc::queue_closed, file.string() + ": the ledger is closed; nothing more can be written to it"};
}

}  // namespace

struct ledger_writer::state {
  state(std::filesystem::path name, const ledger_identity& identity, ledger_options how)
      : options(std::move(how)),
        file(std::move(name)),
        db(create_ledger(file, identity)),
        chain(identity),
        insert_claim(db.prepare(
            "INSERT INTO claim(id, kind, first_item, count, written_at, digest) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")),
        insert_batch(db.prepare("INSERT INTO batch(id, first_item, last_item, count, confirmed, failed, unknown, "
                                "written_at, digest, items) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")) {}

  // ---- the queue, on any thread

  void submit(job work) {
    std::unique_lock lock(mutex);
    if (closing) {  // nothing may come behind the closing entry
      lock.unlock();
      if (work.done) work.done(make_error_code(errc::queue_closed));
      return;
    }
    closing = work.kind == job_kind::close;
    queue.push_back(std::move(work));
    lock.unlock();
    wake.notify_one();
  }

  bool has_room() const { return waiting_batches < options.queue_limit_ || broken.has_value() || closing; }

  // Waits for one job. The writer answers every job, also after a failure.
  void wait_for(job_kind kind, std::uint64_t first = 0, std::uint64_t count = 0) {
    std::binary_semaphore answered(0);
    std::error_code result;
    job work;
    work.kind = kind;
    work.first = first;
    work.count = count;
    work.done = [&](std::error_code code) {
      result = code;
      answered.release();
    };
    submit(std::move(work));
    answered.acquire();
    if (!result) return;
    const std::lock_guard lock(mutex);
    throw broken ? *broken : closed_error_for(file);
  }

  // ---- the writer's thread

  void run() {
    std::vector<job> work;
    while (take(work)) {
      std::error_code result = refusal();
      if (!result) result = write(work);
      answer(work, result);
      work.clear();
    }
  }

  bool take(std::vector<job>& work) {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return !queue.empty() || stopping; });
    if (queue.empty()) return false;
    work.swap(queue);
    return true;
  }

  std::error_code refusal() const {
    const std::lock_guard lock(mutex);
    return broken ? broken->code() : std::error_code();
  }

  std::error_code write(std::vector<job>& work) {
    try {
      bool sync = false;
      bool flush = false;
      for (const job& one : work) {
        sync = sync || needs_sync(one.kind);
        flush = flush || one.kind == job_kind::flush;
      }
      set_level(sync ? sql::sync_level::full : sql::sync_level::normal);
      const std::string now = rfc3339(wall_now());
      sql::transaction all(db);
      for (job& one : work) write_one(one, now);
      // A flush must reach the disk even if it has nothing of its own to write: a commit without changes would not
      // sync.
      if (flush) put_meta(db, "flushes", std::to_string(++flushes));
      all.commit();
      return {};
    } catch (const storage_error& caught) {
      return fail(caught);
    } catch (const std::exception& caught) {
      return fail(storage_error(errc::storage_failure, file.string() + ": cannot write the ledger: " + caught.what()));
    }
  }

  void set_level(sql::sync_level wanted) {
    if (level == wanted) return;
    db.set_synchronous(wanted);
    level = wanted;
  }

  void write_one(job& one, const std::string& now) {
    switch (one.kind) {
      case job_kind::claim: write_claim(claim_kind::claim, one, now); break;
      case job_kind::release: write_claim(claim_kind::release, one, now); break;
      case job_kind::batch: write_batch(one.batch, now); break;
      case job_kind::flush: break;
      case job_kind::close: write_close(now); break;
    }
  }

  void write_claim(claim_kind kind, const job& one, const std::string& now) {
    const claim_row row{kind, one.first, one.count, now};
    const chain_digest& digest = chain.add(row);
    insert_claim.run(chain.entries(), name(kind), row.first, row.count, row.written_at,
                     std::span<const std::byte>(digest));
  }

  void write_batch(outcome_batch& batch, const std::string& now) {
    const batch_row row{batch.first_item(),
                        batch.last_item(),
                        batch.count(),
                        batch.count(outcome_state::confirmed),
                        batch.count(outcome_state::failed),
                        batch.count(outcome_state::unknown),
                        now,
                        batch.items()};
    const chain_digest& digest = chain.add(row);
    insert_batch.run(chain.entries(), row.first, row.last, row.count, row.confirmed, row.failed, row.unknown,
                     row.written_at, std::span<const std::byte>(digest), row.items);
  }

  void write_close(const std::string& now) {
    const chain_digest& head = chain.close(now);
    put_meta(db, "entries", std::to_string(chain.entries()));
    put_meta(db, "closed_at", now);
    put_meta(db, "head", to_hex(head));
  }

  std::error_code fail(const storage_error& caught) {
    {
      const std::lock_guard lock(mutex);
      broken.emplace(caught);
    }
    if (options.on_failure_) options.on_failure_(caught);
    return caught.code();
  }

  // Gives the buffers back, then tells everybody who waits.
  void answer(std::vector<job>& work, std::error_code result) {
    std::vector<room_callback> ready;
    {
      const std::lock_guard lock(mutex);
      for (job& one : work) {
        if (one.kind != job_kind::batch) continue;
        one.batch.clear();
        spare.push_back(std::move(one.batch));
        --waiting_batches;
      }
      if (has_room()) ready.swap(room_waiters);
    }
    for (job& one : work) {
      if (one.done) one.done(result);
    }
    for (auto& call : ready) call();
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_one();
    if (thread.joinable()) thread.join();
  }

  ledger_options options;
  std::filesystem::path file;

  // Only the writer's thread once it runs.
  sql::database db;
  ledger_chain chain;
  sql::statement insert_claim;
  sql::statement insert_batch;
  std::uint64_t flushes = 0;
  sql::sync_level level = sql::sync_level::full;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::vector<job> queue;  // all below under the mutex
  std::vector<outcome_batch> spare;
  std::vector<room_callback> room_waiters;
  std::optional<storage_error> broken;
  std::size_t waiting_batches = 0;
  bool closing = false;
  bool stopping = false;

  std::thread thread;
};

ledger_writer::ledger_writer(const std::filesystem::path& folder, ledger_identity identity, ledger_options options) {
  identity.created_at = rfc3339(wall_now());
  state_ = std::make_unique<state>(folder / ledger_file_name(identity.writer), identity, std::move(options));
  state_->thread = std::thread([raw = state_.get()] { raw->run(); });
}

ledger_writer::~ledger_writer() {
  if (!state_->thread.joinable()) return;
  try {
    flush();
  } catch (const std::exception&) {
    // Reported through on_failure; the items stay doubtful.
  }
  state_->stop();
}

void ledger_writer::submit_claim(std::uint64_t first, std::uint64_t count, claim_callback done) {
  job work;
  work.kind = job_kind::claim;
  work.first = first;
  work.count = count;
  work.done = std::move(done);
  state_->submit(std::move(work));
}

void ledger_writer::claim(std::uint64_t first, std::uint64_t count) {
  state_->wait_for(job_kind::claim, first, count);
}

void ledger_writer::submit_release(std::uint64_t first, std::uint64_t count) {
  job work;
  work.kind = job_kind::release;
  work.first = first;
  work.count = count;
  state_->submit(std::move(work));
}

bool ledger_writer::submit(outcome_batch& batch) {
  if (batch.empty()) return true;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closing) throw closed_error_for(state_->file);
    if (!state_->has_room()) return false;
    job work;
    work.kind = job_kind::batch;
    work.batch.swap(batch);
    if (!state_->spare.empty()) {
      batch.swap(state_->spare.back());
      state_->spare.pop_back();
    }
    state_->queue.push_back(std::move(work));
    ++state_->waiting_batches;
  }
  state_->wake.notify_one();
  return true;
}

void ledger_writer::when_room(room_callback call) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->has_room()) {
      state_->room_waiters.push_back(std::move(call));
      return;
    }
  }
  call();
}

void ledger_writer::flush() {
  state_->wait_for(job_kind::flush);
}

ledger_summary ledger_writer::close() {
  state_->wait_for(job_kind::close);
  state_->stop();
  // Readers may hold it in WAL mode, or the disk may have no room to copy the log: then it stays in two files, as valid
  // as one.
  try {
    (void)state_->db.leave_wal();
  } catch (const storage_error&) {
    // All of it is durable already.
  }
  return {state_->chain.entries(), state_->chain.head()};
}

bool ledger_writer::failed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->broken.has_value();
}

std::optional<storage_error> ledger_writer::failure() const {
  const std::lock_guard lock(state_->mutex);
  return state_->broken;
}

const std::filesystem::path& ledger_writer::file() const noexcept {
  return state_->file;
}

}  // namespace lakh::load
