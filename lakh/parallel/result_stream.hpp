// Results of workers as they come, over a range that may have no end.
//
//   for (int square : pool.imap_unordered(square, std::views::iota(1))) if (square > 1000) break;
//
//   auto squares = pool.imap(square, numbers);                       // in a coroutine
//   while (auto one = co_await squares.async_next()) use(*one);
//
// 1. Elements of the range are taken while results are asked for, and never more of them ahead than 16 chunks for each
//    worker: so many results at most wait to be fetched, or are being worked on. (Four workers are counted at least:
//    others may be on their way.)
// 2. What the function throws for an element is thrown where its result would have come; the stream goes on behind it.
//    What the range throws ends the stream, and is thrown behind the last result.
// 3. A stream that dies drops what no worker has begun, and what becomes of the rest. The pool may die first: then what
//    is left comes as errors.
// Belongs to one thread or coroutine at a time.
#pragma once

#include <lakh/parallel/blocking_queue.hpp>
#include <lakh/parallel/dispatcher.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace lakh {

namespace detail {

// What comes back from a void function.
template <class T> using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T> struct batch {
  std::uint64_t first = 0;
  std::vector<std::variant<T, std::exception_ptr>> items;
};

// Shared by a stream and its parts.
template <class T> class stream_state {
 public:
  // Without a bound of its own: it holds no more than is under way.
  blocking_queue<batch<T>> ready{std::numeric_limits<std::size_t>::max()};
  std::atomic<bool> abandoned{false};
};

template <class T> class stream_part final : public part {
 public:
  stream_part(part_message message, std::uint64_t first, std::shared_ptr<stream_state<T>> to)
      : part(std::move(message), first), to_(std::move(to)), left_(items()) {
    batch_.first = first;
  }
  stream_part(const stream_part&) = delete;
  stream_part& operator=(const stream_part&) = delete;
  ~stream_part() override { fail(std::make_exception_ptr(cancelled())); }

  bool begin() noexcept override { return !to_->abandoned.load(std::memory_order_relaxed); }
  std::uint32_t take(unpacker& in, std::uint32_t most) override {
    const std::uint32_t taken = take_results(
        in, most, batch_.items, [&in](auto& to) { to.emplace_back(std::in_place_index<0>, in.next<T>()); });
    left_ -= taken;
    return taken;
  }
  void take_failure(std::exception_ptr failure) override {
    batch_.items.emplace_back(std::in_place_index<1>, std::move(failure));
    --left_;
  }
  void flush() noexcept override {
    if (batch_.items.empty()) return;
    const std::uint64_t next = batch_.first + batch_.items.size();
    (void)to_->ready.try_push(std::exchange(batch_, {next, {}}));
  }
  void end() noexcept override {}
  void fail(std::exception_ptr why) noexcept override {
    while (left_ > 1) take_failure(why);
    if (left_ > 0) take_failure(std::move(why));
    flush();
  }
  // It was refused: nobody waits for its results, and it has none to tell.
  void withdraw() noexcept { left_ = 0; }

 private:
  std::shared_ptr<stream_state<T>> to_;
  batch<T> batch_;
  std::uint32_t left_;
};

}  // namespace detail

template <class Result> class [[nodiscard]] result_stream {
 public:
  using value_type = detail::value_of<Result>;
  enum class order : std::uint8_t { as_given, as_completed };

  // For worker groups. `next_item` packs an element's arguments, or says that there is none any more.
  result_stream(std::shared_ptr<detail::dispatcher> to, std::string function,
                std::move_only_function<bool(std::string&)> next_item, std::size_t chunk, std::size_t most, order which)
      : to_(std::move(to)),
        function_(std::move(function)),
        next_item_(std::move(next_item)),
        chunk_(chunk),
        most_(most),
        state_(std::make_shared<detail::stream_state<value_type>>()),
        order_(which) {}
  result_stream(result_stream&&) noexcept = default;
  result_stream& operator=(result_stream&&) = delete;
  ~result_stream() {
    if (state_) state_->abandoned.store(true, std::memory_order_relaxed);
  }

  // The next result; waits for it. Nothing once all have come. Throws what the function threw for this element.
  std::optional<value_type> next() {
    while (true) {
      if (auto one = at_hand()) return hand_out(std::move(*one));
      fill();
      if (under_way_ == 0) return at_end();
      keep(*state_->ready.pop());
    }
  }
  // As next, for coroutines. A wait that is cancelled has taken none.
  task<std::optional<value_type>> async_next() {
    while (true) {
      if (auto one = at_hand()) co_return hand_out(std::move(*one));
      fill();
      if (under_way_ == 0) co_return at_end();
      auto came = co_await state_->ready.async_pop();
      keep(std::move(*came));
    }
  }

  class iterator {
   public:
    using value_type = result_stream::value_type;
    using difference_type = std::ptrdiff_t;
    explicit iterator(result_stream& from) : from_(&from), now_(from.next()) {}
    value_type& operator*() noexcept { return *now_; }
    iterator& operator++() {
      now_ = from_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return !now_; }

   private:
    result_stream* from_;
    std::optional<value_type> now_;
  };
  iterator begin() { return iterator(*this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  using item = std::variant<value_type, std::exception_ptr>;

  std::optional<item> at_hand() {
    if (at_ == now_.items.size()) {
      if (order_ == order::as_completed || early_.empty() || early_.begin()->first != expected_) return std::nullopt;
      now_ = std::move(early_.begin()->second);
      early_.erase(early_.begin());
      expected_ += now_.items.size();
      at_ = 0;
    }
    return std::move(now_.items[at_++]);
  }
  std::optional<value_type> hand_out(item one) {
    --under_way_;
    if (one.index() == 1) std::rethrow_exception(std::move(std::get<1>(one)));
    return std::move(std::get<0>(one));
  }
  std::optional<value_type> at_end() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return std::nullopt;
  }
  void keep(detail::batch<value_type> came) {
    if (order_ == order::as_given) {
      early_.emplace(came.first, std::move(came));
    } else {
      now_ = std::move(came);
      at_ = 0;
    }
  }
  // Gives the workers as much as the lead allows.
  void fill() {
    const std::size_t lead = chunk_ * detail::chunks_ahead(to_->progress().workers);
    if (under_way_ > lead / 2) return;  // several at a time cost less
    while (!ended_ && under_way_ + chunk_ <= lead) {
      detail::part_message message(function_);
      while (!ended_ && message.items() < chunk_ && message.size() < detail::message_ahead) take_element(message);
      if (message.items() == 0) return;
      message.seal(most_ + detail::message_ahead + detail::message_overhead);
      const std::size_t count = message.items();
      auto* const next = new detail::stream_part<value_type>(std::move(message), given_, state_);
      std::unique_ptr<detail::part> owned(next);
      try {
        to_->add(owned);
      } catch (...) {
        stop();
      }
      if (owned) {
        next->withdraw();
        return;
      }
      given_ += count;
      under_way_ += count;
    }
  }
  void take_element(detail::part_message& into) {
    const std::size_t before = into.bytes().size();
    try {
      ended_ = !next_item_(into.bytes());
      if (into.bytes().size() - before > most_) detail::refuse_arguments(into.bytes().size() - before, most_);
      if (!ended_) into.count_item();
    } catch (...) {
      into.bytes().resize(before);
      stop();
    }
  }
  // Nothing more is given; the reason comes behind what is under way.
  void stop() noexcept {
    ended_ = true;
    failure_ = std::current_exception();
  }

  std::shared_ptr<detail::dispatcher> to_;
  std::string function_;
  std::move_only_function<bool(std::string&)> next_item_;
  std::size_t chunk_;
  std::size_t most_;
  std::shared_ptr<detail::stream_state<value_type>> state_;
  detail::batch<value_type> now_;
  std::size_t at_ = 0;  // of now_
  std::map<std::uint64_t, detail::batch<value_type>> early_;
  std::uint64_t expected_ = 0;
  std::uint64_t given_ = 0;
  std::size_t under_way_ = 0;  // given and not handed out
  order order_;
  bool ended_ = false;
  std::exception_ptr failure_;
};

}  // namespace lakh
