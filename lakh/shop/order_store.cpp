#include <lakh/shop/order_store.hpp>
#include <lakh/shop/order_writer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lakh::shop {

using parcel = place_operation::parcel;

// ---- waiting

place_operation::place_operation(order_store& store, order_entry entry)
    : store_(store), unsent_(std::make_unique<parcel>(std::move(entry), mailbox::here())) {}

place_operation::~place_operation() {
  give_up();
}

bool place_operation::send() {
  // Memory that this thread will free is taken by this thread: the two do not meet in the allocator.
  placed& result = unsent_->entry.result;
  result.id.reserve(32);
  result.answer.reserve(unsent_->entry.rest.size() + 128);

  unsent_->waiting = this;
  parcel* const sent = unsent_.get();
  const std::shared_ptr<mailbox> home = unsent_->sender;
  // Before it is sent: its outcome may be on the way before try_put returns.
  home->expect(lakh::waiter::home());
  sent_ = sent;
  if (store_.try_put(unsent_)) return true;
  sent_ = nullptr;
  home->leave();
  unsent_.reset();
  placed_.outcome = placement::busy;
  return false;
}

void place_operation::give_up() noexcept {
  parcel* const sent = std::exchange(sent_, nullptr);
  if (sent == nullptr) return;
  sent->waiting = nullptr;
  // The parcel may go the moment this thread no longer expects it, so the mailbox is held.
  const std::shared_ptr<mailbox> home = sent->sender;
  home->leave();
}

void place_operation::parcel::open() noexcept {
  place_operation* const operation = std::exchange(waiting, nullptr);
  if (operation == nullptr) return;
  operation->placed_ = std::move(entry.result);
  operation->sent_ = nullptr;
  sender->leave();
  operation->wake();
}

// ---- the store

struct order_store::state {
  state(const std::filesystem::path& path, store_options chosen)
      : options(std::move(chosen)), file(path), writer(open_to_write(path, options.tuning)) {}

  void write_all();
  static void refuse_all(std::span<order_entry* const> entries, placement outcome);
  void write_group(std::span<const std::unique_ptr<mailbox::letter>> group);
  void send_home(std::vector<std::unique_ptr<mailbox::letter>>& group);
  void checkpoint_all();
  void trouble(const error& failure) const noexcept;

  template <class Ask> auto ask(Ask question) {
    std::unique_ptr<order_reader> reader;
    {
      const std::lock_guard lock(readers_mutex);
      if (!readers.empty()) {
        reader = std::move(readers.back());
        readers.pop_back();
      }
    }
    if (!reader) reader = std::make_unique<order_reader>(open_to_read(file));
    auto answer = question(*reader);
    const std::lock_guard lock(readers_mutex);
    readers.push_back(std::move(reader));
    return answer;
  }

  const store_options options;
  const std::filesystem::path file;
  keys_in_progress keys;
  order_writer writer;

  std::mutex queue_mutex;
  std::condition_variable queue_filled;
  std::vector<std::unique_ptr<mailbox::letter>> queue;
  bool writer_sleeps = false;
  bool stopping = false;

  std::mutex readers_mutex;
  std::vector<std::unique_ptr<order_reader>> readers;  // as many as were ever needed at once

  std::mutex checkpoint_mutex;
  std::condition_variable checkpoint_wanted;
  std::size_t uncopied = 0;  // orders since the last copy
  bool checkpoint_stopping = false;
  std::atomic<bool> log_is_long = false;

  std::thread writing;
  std::thread checkpointing;
};

order_store::order_store(const std::filesystem::path& file, store_options options)
    : state_(std::make_unique<state>(file, std::move(options))) {
  state_->checkpointing = std::thread([s = state_.get()] { s->checkpoint_all(); });
  state_->writing = std::thread([s = state_.get()] { s->write_all(); });
}

order_store::~order_store() {
  {
    const std::lock_guard lock(state_->queue_mutex);
    state_->stopping = true;
  }
  state_->queue_filled.notify_one();
  state_->writing.join();
  {
    const std::lock_guard lock(state_->checkpoint_mutex);
    state_->checkpoint_stopping = true;
  }
  state_->checkpoint_wanted.notify_one();
  state_->checkpointing.join();
}

keys_in_progress& order_store::keys() noexcept {
  return state_->keys;
}

bool order_store::try_put(std::unique_ptr<parcel>& entry) {
  bool wake = false;
  {
    const std::lock_guard lock(state_->queue_mutex);
    if (state_->stopping || state_->queue.size() >= state_->options.queue_limit) return false;
    state_->queue.push_back(std::move(entry));
    wake = std::exchange(state_->writer_sleeps, false);
  }
  if (wake) state_->queue_filled.notify_one();
  return true;
}

void order_store::state::write_all() {
  std::vector<std::unique_ptr<mailbox::letter>> taken;
  std::vector<std::unique_ptr<mailbox::letter>> group;
  while (true) {
    {
      std::unique_lock lock(queue_mutex);
      while (queue.empty() && !stopping) {
        writer_sleeps = true;
        queue_filled.wait(lock);
      }
      writer_sleeps = false;
      if (queue.empty()) return;
      taken.swap(queue);
    }
    // Each group is answered when it is on the disk, and does not wait for those behind it.
    for (std::size_t first = 0; first < taken.size(); first += options.group_limit) {
      const auto begin = taken.begin() + static_cast<std::ptrdiff_t>(first);
      group.assign(std::make_move_iterator(begin),
                   std::make_move_iterator(
                       begin + static_cast<std::ptrdiff_t>(std::min(options.group_limit, taken.size() - first))));
      write_group(group);
      send_home(group);
    }
    taken.clear();
    if (log_is_long.exchange(false, std::memory_order_relaxed)) {
      try {
        writer.rewind_log();
      } catch (const error& failure) {
        trouble(failure);  // it stays long: commits still work
      }
    }
  }
}

void order_store::state::refuse_all(std::span<order_entry* const> entries, placement outcome) {
  for (order_entry* entry : entries) {
    entry->result = {};
    entry->result.outcome = outcome;
  }
}

void order_store::state::write_group(std::span<const std::unique_ptr<mailbox::letter>> group) {
  std::vector<order_entry*> entries;
  entries.reserve(group.size());
  for (const auto& each : group) entries.push_back(&static_cast<parcel&>(*each).entry);
  try {
    writer.write(entries);
    const std::lock_guard lock(checkpoint_mutex);
    uncopied += entries.size();
    if (uncopied >= options.checkpoint_every) checkpoint_wanted.notify_one();
  } catch (const error& failure) {
    const auto* sql = dynamic_cast<const sql::sql_error*>(&failure);
    refuse_all(entries, writer.in_doubt()                  ? placement::in_doubt
                        : sql != nullptr && sql->is_full() ? placement::disk_full
                                                           : placement::failed);
    trouble(failure);
  } catch (const std::exception& failure) {  // no memory: the shop lives on
    refuse_all(entries, writer.in_doubt() ? placement::in_doubt : placement::failed);
    trouble(error(error_kind::internal, {}, failure.what()));
  }
  for (order_entry* entry : entries) entry->claim.release();
}

// One delivery for each loop that has something to come.
void order_store::state::send_home(std::vector<std::unique_ptr<mailbox::letter>>& group) {
  while (!group.empty()) {
    const std::shared_ptr<mailbox> home = static_cast<parcel&>(*group.back()).sender;
    const auto others = std::partition(group.begin(), group.end(),
                                       [&](const auto& each) { return static_cast<parcel&>(*each).sender != home; });
    std::vector<std::unique_ptr<mailbox::letter>> letters(std::make_move_iterator(others),
                                                          std::make_move_iterator(group.end()));
    group.erase(others, group.end());
    home->deliver(std::move(letters));
  }
}

// Copies the log into the file while the writer goes on writing it. Wakes for every `checkpoint_every` orders, and when
// a second has passed without one.
void order_store::state::checkpoint_all() {
  using namespace std::chrono_literals;
  std::optional<sql::database> db;
  std::optional<sql::statement> copy;
  std::unique_lock lock(checkpoint_mutex);
  std::size_t seen = 0;
  while (!checkpoint_stopping) {
    checkpoint_wanted.wait_for(lock, 1s, [&] { return checkpoint_stopping || uncopied >= options.checkpoint_every; });
    const bool idle = uncopied == std::exchange(seen, uncopied);
    if (checkpoint_stopping || uncopied == 0 || (uncopied < options.checkpoint_every && !idle)) continue;
    seen = uncopied = 0;
    lock.unlock();
    try {
      if (!copy) {
        db.emplace(file, sql::open_options().mode(sql::open_mode::read_write));
        copy.emplace(db->prepare("PRAGMA wal_checkpoint(PASSIVE)"));
      }
      copy->start();
      if (copy->step() && copy->integer(1) > static_cast<std::int64_t>(options.longest_log)) log_is_long = true;
      copy->reset();
    } catch (const error& failure) {
      trouble(failure);
      copy.reset();
      db.reset();
    }
    lock.lock();
  }
}

void order_store::state::trouble(const error& failure) const noexcept {
  if (options.on_trouble) options.on_trouble(failure);
}

std::optional<std::string> order_store::find(std::string_view id) {
  return state_->ask([&](order_reader& reader) { return reader.find(id); });
}
std::string order_store::list(const std::optional<std::string>& run, std::int64_t after, std::int64_t limit,
                              order_fields fields) {
  return state_->ask([&](order_reader& reader) { return reader.list(run, after, limit, fields); });
}
std::optional<customer_view> order_store::find_customer(std::string_view email) {
  return state_->ask([&](order_reader& reader) { return reader.find_customer(email); });
}
order_counts order_store::count() {
  return state_->ask([](order_reader& reader) { return reader.count(); });
}

}  // namespace lakh::shop
