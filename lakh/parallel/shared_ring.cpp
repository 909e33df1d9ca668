#include <lakh/async/sleep.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/descriptor_io.hpp>
#include <lakh/parallel/shared_ring.hpp>
#include <lakh/parallel/spin_pause.hpp>

#include <climits>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <new>

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lakh::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t magic = shared_magic("lakh-qu");
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 40U;
constexpr std::size_t line = 64;

// Of `waiting`.
constexpr std::uint32_t consumers_asleep = 1;
constexpr std::uint32_t producers_asleep = 2;
constexpr std::uint32_t consumer_coroutines = 4;
constexpr std::uint32_t producer_coroutines = 8;

// What is about to come is cheaper to wait for awake: going to sleep and being woken cost some microseconds, and the
// other side a system call.
constexpr int spins_for_lock = 64;
constexpr int spins_for_news = 200;
constexpr auto look_again = 100ms;  // invariant 3
// So that a coroutine that always finds something does not keep the others of its loop waiting.
constexpr unsigned most_in_a_row = 64;

constexpr std::string_view pushing = "push to a queue between processes";
constexpr std::string_view popping = "pop from a queue between processes";

std::error_code would_block() noexcept {
  return std::make_error_code(std::errc::operation_would_block);
}

[[noreturn]] void damaged() {
  throw error(error_kind::internal, errc::protocol_violation, "the memory of a queue between processes is damaged",
              "one of the processes that share it has written where it should not");
}

unique_fd make_event() {
  unique_fd event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event) throw_error(std::error_code(errno, std::system_category()), "make a queue between processes");
  return event;
}

void signal(const unique_fd& event) noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof one);  // refused only when it is full, and then everybody is told already
}

void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected, duration at_most) noexcept {
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(at_most).count();
  const timespec time{.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000),
                      .tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000)};
  ::syscall(SYS_futex, &word, FUTEX_WAIT, expected, &time, nullptr, 0);
}
long futex_wake(std::atomic<std::uint32_t>& word, int how_many) noexcept {
  return ::syscall(SYS_futex, &word, FUTEX_WAKE, how_many, nullptr, nullptr, 0);
}

// Every so often, one turn for the others; and a scope that is cancelled stops here.
task<void> give_way() {
  static thread_local unsigned in_a_row = 0;
  cancel_scope& scope = co_await this_scope();
  if (scope.is_cancelled() || ++in_a_row % most_in_a_row == 0) co_await yield();
}

}  // namespace

struct shared_ring::entry {
  std::uint64_t begin;
  std::uint64_t end;
};

struct shared_ring::control {
  shared_header head;
  // What every push and pop touches shares a line, as the lock brings it along.
  alignas(line) robust_mutex mutex;
  std::atomic<std::uint64_t> pushed{0};
  std::atomic<std::uint64_t> popped{0};
  std::uint32_t waiting = 0;
  std::atomic<std::uint32_t> closed{0};
  alignas(line) std::atomic<std::uint32_t> item_signal{0};
  std::atomic<std::uint32_t> room_signal{0};
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free,
                "atomic across processes");
};

class shared_ring::holder {
 public:
  explicit holder(control& of) : of_(of) {
    for (int i = 0; i < spins_for_lock; ++i) {
      if (of_.mutex.try_lock()) return;
      spin_pause();
    }
    of_.mutex.lock();
  }
  holder(const holder&) = delete;
  holder& operator=(const holder&) = delete;
  ~holder() { of_.mutex.unlock(); }

 private:
  control& of_;
};

namespace {

std::uint64_t entries_for(std::uint64_t items) noexcept {
  return std::bit_ceil(items);
}
std::size_t room_for(std::size_t control, std::size_t entry, std::uint64_t items, std::uint64_t bytes) noexcept {
  return control + static_cast<std::size_t>(entries_for(items)) * entry + static_cast<std::size_t>(bytes);
}
std::uint64_t checked(std::uint64_t number, const char* of) {
  if (number == 0 || number > most_bytes / 64)
    throw input_error("a queue between processes of " + std::to_string(number) + " " + of + " cannot be made");
  return number;
}

}  // namespace

shared_ring::shared_ring(std::size_t items, std::size_t bytes, std::uint64_t type)
    : memory_(room_for(sizeof(control), sizeof(entry), checked(items, "items"), checked(bytes, "bytes"))),
      item_event_(make_event()),
      room_event_(make_event()),
      items_(items),
      bytes_(bytes) {
  auto* const made = new (memory_.bytes().data()) control;
  made->head = {magic, bytes, items, type};
  place();
}

shared_ring::shared_ring(std::span<unique_fd> from, std::uint64_t type)
    : memory_(from.size() == 3 ? std::move(from[0]) : unique_fd()),
      item_event_(from.size() == 3 ? std::move(from[1]) : unique_fd()),
      room_event_(from.size() == 3 ? std::move(from[2]) : unique_fd()),
      items_(0),
      bytes_(0) {
  shared_header found;
  std::memcpy(&found, memory_.bytes().data(), sizeof found);
  items_ = found.count;
  bytes_ = found.element_size;
  const bool sensible = items_ > 0 && items_ <= most_bytes / 64 && bytes_ > 0 && bytes_ <= most_bytes / 64;
  check_shared(memory_, {magic, bytes_, items_, type},
               sensible ? room_for(sizeof(control), sizeof(entry), items_, bytes_) : SIZE_MAX);
  for (const unique_fd* event : {&item_event_, &room_event_}) {
    std::array<char, 64> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(event->get());
    if (::readlink(link.c_str(), target.data(), target.size() - 1) < 0 ||
        std::string_view(target.data()) != "anon_inode:[eventfd]")
      throw input_error("descriptor " + std::to_string(event->get()) + " is no signal of a queue between processes",
                        "pass on all that descriptors() gives, in that order");
  }
  place();
}

void shared_ring::place() {
  char* const base = static_cast<char*>(static_cast<void*>(memory_.bytes().data()));
  control_ = std::launder(reinterpret_cast<control*>(base));
  entries_ = reinterpret_cast<entry*>(base + sizeof(control));
  entry_mask_ = entries_for(items_) - 1;
  data_ = base + sizeof(control) + (entry_mask_ + 1) * sizeof(entry);
}

void shared_ring::check_fits(std::size_t size) const {
  if (size > bytes_)
    throw error(error_kind::limit, errc::too_large,
                std::string(pushing) + ": an item of " + std::to_string(size) + " bytes never fits the queue's " +
                    std::to_string(bytes_),
                "make the queue with more bytes");
}

void shared_ring::copy_in(std::uint64_t at, std::string_view bytes) noexcept {
  const std::uint64_t place = at % bytes_;
  const std::size_t first = std::min<std::uint64_t>(bytes.size(), bytes_ - place);
  std::memcpy(data_ + place, bytes.data(), first);
  if (first < bytes.size()) std::memcpy(data_, bytes.data() + first, bytes.size() - first);
}

void shared_ring::copy_out(std::uint64_t at, std::string& bytes) const {
  const std::uint64_t place = at % bytes_;
  const std::size_t first = std::min<std::uint64_t>(bytes.size(), bytes_ - place);
  std::memcpy(bytes.data(), data_ + place, first);
  if (first < bytes.size()) std::memcpy(bytes.data() + first, data_, bytes.size() - first);
}

// Under the lock, before what is announced is real (invariant 2).
void shared_ring::announce(std::uint32_t& waiting, bool items, bool everybody) noexcept {
  const std::uint32_t asleep = items ? consumers_asleep : producers_asleep;
  const std::uint32_t coroutines = items ? consumer_coroutines : producer_coroutines;
  if ((waiting & asleep) != 0) {
    std::atomic<std::uint32_t>& word = items ? control_->item_signal : control_->room_signal;
    word.fetch_add(1, std::memory_order_relaxed);
    // Set until nobody is left: one call in vain, instead of a count that the dead would spoil.
    if (futex_wake(word, everybody ? INT_MAX : 1) <= 0) waiting &= ~asleep;
  }
  if ((waiting & coroutines) != 0) {
    signal(items ? item_event_ : room_event_);
    waiting &= ~coroutines;
  }
}

std::error_code shared_ring::attempt_push(std::string_view item, std::uint32_t wait_bit) {
  check_fits(item.size());
  control& c = *control_;
  const holder lock(c);
  if (c.closed.load(std::memory_order_relaxed) != 0) return errc::queue_closed;
  const std::uint64_t pushed = c.pushed.load(std::memory_order_relaxed);
  const std::uint64_t inside = pushed - c.popped.load(std::memory_order_relaxed);
  if (inside > items_) damaged();
  std::uint64_t begin = 0;
  std::uint64_t room = bytes_;
  if (inside != 0) {
    begin = entries_[(pushed - 1) & entry_mask_].end;
    const std::uint64_t used = begin - entries_[(pushed - inside) & entry_mask_].begin;
    if (used > bytes_) damaged();
    room -= used;
  }
  if (inside == items_ || item.size() > room) {
    c.waiting |= wait_bit;
    return would_block();
  }
  copy_in(begin, item);
  entries_[pushed & entry_mask_] = {begin, begin + item.size()};
  if ((c.waiting & (consumers_asleep | consumer_coroutines)) != 0) announce(c.waiting, true, false);
  // A pop wakes one producer, and may have made room for several smaller items: one like this would still fit.
  if ((c.waiting & producers_asleep) != 0 && inside + 1 < items_ && item.size() <= room - item.size())
    announce(c.waiting, false, false);
  c.pushed.store(pushed + 1, std::memory_order_release);
  return {};
}

std::error_code shared_ring::attempt_pop(std::string& item, std::uint32_t wait_bit) {
  control& c = *control_;
  const holder lock(c);
  const std::uint64_t popped = c.popped.load(std::memory_order_relaxed);
  const std::uint64_t inside = c.pushed.load(std::memory_order_relaxed) - popped;
  if (inside == 0) {
    if (c.closed.load(std::memory_order_relaxed) != 0) return errc::queue_closed;
    c.waiting |= wait_bit;
    return would_block();
  }
  const entry oldest = entries_[popped & entry_mask_];
  if (inside > items_ || oldest.end - oldest.begin > bytes_) damaged();
  item.resize(oldest.end - oldest.begin);
  copy_out(oldest.begin, item);
  if ((c.waiting & (producers_asleep | producer_coroutines)) != 0) announce(c.waiting, false, false);
  c.popped.store(popped + 1, std::memory_order_release);
  return {};
}

namespace {

// As long as it is worth it. Reads one word, and touches nothing.
void spin_while_same(const std::atomic<std::uint64_t>& word) noexcept {
  const std::uint64_t before = word.load(std::memory_order_relaxed);
  for (int i = 0; i < spins_for_news && word.load(std::memory_order_relaxed) == before; ++i) spin_pause();
}

// Attempts until it is done: awake, then asleep between signals, until the time comes.
std::error_code persist(auto&& attempt, std::uint32_t asleep, const std::atomic<std::uint64_t>& changes,
                        std::atomic<std::uint32_t>& signal, std::optional<time_point> until) {
  std::error_code code = attempt(std::uint32_t{0});
  if (code != would_block()) return code;
  spin_while_same(changes);
  for (;;) {
    // Read before the lock is taken: a signal that comes after we have said that we wait changes it.
    const std::uint32_t before = signal.load(std::memory_order_relaxed);
    code = attempt(asleep);
    if (code != would_block()) return code;
    duration most = look_again;
    if (until) {
      const time_point now = clock::now();
      if (now >= *until) return errc::timed_out;
      most = std::min(most, *until - now);
    }
    futex_wait(signal, before, most);
  }
}

}  // namespace

std::error_code shared_ring::push(std::string_view item, std::optional<time_point> until) {
  return persist([&](std::uint32_t bit) { return attempt_push(item, bit); }, producers_asleep, control_->popped,
                 control_->room_signal, until);
}

std::error_code shared_ring::pop(std::string& item, std::optional<time_point> until) {
  return persist([&](std::uint32_t bit) { return attempt_pop(item, bit); }, consumers_asleep, control_->pushed,
                 control_->item_signal, until);
}

task<std::error_code> shared_ring::async_push(std::string item) {
  co_await give_way();
  std::error_code code = attempt_push(item, 0);
  if (code != would_block()) co_return code;
  descriptor_watch watch(room_event_.get(), EPOLLIN);
  for (;;) {
    code = attempt_push(item, producer_coroutines);
    if (code != would_block()) co_return code;
    co_await watch.news(pushing);
  }
}

task<std::error_code> shared_ring::async_pop(std::string& item) {
  co_await give_way();
  std::error_code code = attempt_pop(item, 0);
  if (code != would_block()) co_return code;
  descriptor_watch watch(item_event_.get(), EPOLLIN);
  for (;;) {
    code = attempt_pop(item, consumer_coroutines);
    if (code != would_block()) co_return code;
    co_await watch.news(popping);
  }
}

void shared_ring::close() {
  const holder lock(*control_);
  announce(control_->waiting, true, true);
  announce(control_->waiting, false, true);
  control_->closed.store(1, std::memory_order_release);
}

bool shared_ring::is_closed() const noexcept {
  return control_->closed.load(std::memory_order_acquire) != 0;
}

std::size_t shared_ring::size() const noexcept {
  // Two words, read one after the other: in between others may have pushed and popped.
  const std::uint64_t popped = control_->popped.load(std::memory_order_acquire);
  return std::min(control_->pushed.load(std::memory_order_acquire) - popped, items_);
}

}  // namespace lakh::detail
