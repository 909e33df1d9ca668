// What can be asked of a group of workers, be they processes of this program (process_pool.hpp) or programs on other
// machines (master.hpp). Python's names, where it has them (multiprocessing.Pool).
//
//   int nine = group.apply(square, 3);                                  // waits
//   lakh::future<int> later = group.submit(square, 4);                  // apply_async; later.get(), or co_await later
//   std::vector<int> all = group.map(square, numbers);                  // in order; waits
//   auto coming = group.map_async(square, numbers);                     // future<std::vector<int>>
//   for (int one : group.imap_unordered(square, numbers)) use(one);     // as they come, also over an endless range
//
// 1. Arguments and results travel as bytes (packed.hpp). Parameters are taken by value or const&; what is
//    std::string_view or const char* travels as std::string. The function runs in the worker: what it changes in memory
//    stays there.
// 2. Each element's result comes once. The function is called once per element, unless its worker dies: then it is
//    called again in another worker where that is allowed (retry_on_death), and otherwise fails with worker_died.
// 3. What the function throws arrives as remote_error.hpp says. In map, the failure of the first element among those
//    that failed is thrown; what has not begun is left out, what runs is waited for.
// 4. Elements go to workers in chunks: `lakh::chunk(100)`. Without one, map makes about 16 for each worker, imap single
//    elements. A chunk is a worker's from its first element to its last, also where these take long.
// 5. A task's arguments, and an element's result, have at most message_limit bytes; more is an error (errc::too_large)
//    of that task, or element.
// 6. cancel() of a future works while no worker has the task; of a map's, while no worker has any of it.
// 7. What waits is held in memory: for very many elements take imap, which holds few.
// 8. Every function may be called from any thread.
#pragma once

#include <lakh/parallel/future.hpp>
#include <lakh/parallel/remote_error.hpp>
#include <lakh/parallel/result_stream.hpp>

#include <algorithm>
#include <concepts>
#include <limits>
#include <memory>
#include <mutex>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

namespace lakh {

// Elements of one message. 0: as is thought best. More than a million count as that.
class chunk {
 public:
  constexpr explicit chunk(std::size_t elements = 0) noexcept : elements_(std::min(elements, most)) {}
  [[nodiscard]] constexpr std::size_t elements() const noexcept { return elements_; }

 private:
  static constexpr std::size_t most = std::size_t{1} << 20U;
  std::size_t elements_;
};

namespace detail {

// The state of a future whose work is done in a worker.
template <class T> class remote_state final : public result_state<T> {
 public:
  remote_state() : result_state<T>(nullptr) {}
  void set(value_of<T> value) { value_.emplace(std::move(value)); }
  void set(std::exception_ptr failure) noexcept { failure_ = std::move(failure); }

 private:
  void execute() noexcept override {
    if (failure_) {
      this->fail(std::move(failure_));
      return;
    }
    auto hand_over = [](auto& value) -> T {
      if constexpr (!std::is_void_v<T>) return std::move(value);
    };
    auto give = [&]() -> T { return hand_over(*value_); };
    this->keep(give);
    value_.reset();
  }
  void discard() noexcept override {}
  std::optional<value_of<T>> value_;
  std::exception_ptr failure_;
};

// One call.
template <class T> class call_part final : public part {
 public:
  call_part(part_message message, remote_state<T>* state) : part(std::move(message), 0), state_(state) {}
  call_part(const call_part&) = delete;
  call_part& operator=(const call_part&) = delete;
  ~call_part() override {
    fail(std::make_exception_ptr(cancelled()));
    state_->release();
  }
  bool begin() noexcept override { return begun_ = state_->begin(); }
  std::uint32_t take(unpacker& in, std::uint32_t most) override {
    if (most == 0 || !in.take_if(item_done)) return 0;
    state_->set(in.next<value_of<T>>());
    return 1;
  }
  void take_failure(std::exception_ptr failure) override { state_->set(std::move(failure)); }
  void end() noexcept override {
    if (std::exchange(ended_, true)) return;
    state_->complete();
  }
  void fail(std::exception_ptr why) noexcept override {
    if (ended_) return;
    if (begun_) {
      state_->set(std::move(why));
      end();
    } else {
      ended_ = true;
      state_->refuse(std::move(why));  // unless it was cancelled
    }
  }

 private:
  remote_state<T>* state_;
  bool begun_ = false;
  bool ended_ = false;
};

// What the parts of one map fill in together.
template <class T> class map_state {
 public:
  using results = std::conditional_t<std::is_void_v<T>, void, std::vector<value_of<T>>>;
  // Where one result comes to stand, in any order.
  using slot = std::conditional_t<std::default_initializable<value_of<T>> && !std::same_as<T, bool>, value_of<T>,
                                  std::optional<value_of<T>>>;

  explicit map_state(remote_state<results>* state) : state_(state) {}
  map_state(const map_state&) = delete;
  map_state& operator=(const map_state&) = delete;
  ~map_state() { state_->release(); }

  // Before a part is given; the map itself holds one more until all of them are.
  void expect(std::size_t elements) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++parts_left_;
    if constexpr (!std::is_void_v<T>) slots_.resize(slots_.size() + elements);
  }
  bool begin() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!begun_) claimed_ = begun_ = state_->begin();
    return claimed_ && !failure_;
  }
  // Elements of one part, in order from `first`: moved from.
  void keep(std::uint64_t first, std::vector<value_of<T>>& values) noexcept {
    if constexpr (!std::is_void_v<T>) {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto&& value : values) slots_[first++] = std::move(value);
    }
  }
  void fail(std::uint64_t element, std::exception_ptr why) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_ && element >= failed_at_) return;
    failure_ = std::move(why);
    failed_at_ = element;
  }
  void part_ended() noexcept {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--parts_left_ != 0) return;
      if (!begun_) claimed_ = begun_ = state_->begin();
    }
    if (!claimed_) return;  // it was cancelled
    if (failure_)
      state_->set(std::move(failure_));
    else
      hand_over();
    state_->complete();
  }

 private:
  void hand_over() noexcept {
    if constexpr (std::is_void_v<T>) {
      state_->set(std::monostate());
    } else if constexpr (std::same_as<slot, T>) {
      state_->set(std::move(slots_));
    } else {
      std::vector<T> all;
      all.reserve(slots_.size());
      for (auto& one : slots_) all.push_back(std::move(*one));
      state_->set(std::move(all));
    }
  }

  remote_state<results>* state_;
  std::mutex mutex_;
  std::conditional_t<std::is_void_v<T>, std::monostate, std::vector<slot>> slots_;
  std::exception_ptr failure_;
  std::uint64_t failed_at_ = 0;
  std::size_t parts_left_ = 1;
  bool begun_ = false;
  bool claimed_ = false;
};

template <class T> class map_part final : public part {
 public:
  map_part(part_message message, std::uint64_t first, std::shared_ptr<map_state<T>> of)
      : part(std::move(message), first), of_(std::move(of)), at_(first) {}
  map_part(const map_part&) = delete;
  map_part& operator=(const map_part&) = delete;
  ~map_part() override {
    if (!ended_) fail(std::make_exception_ptr(cancelled()));
  }

  bool begin() noexcept override { return of_->begin(); }
  std::uint32_t take(unpacker& in, std::uint32_t most) override {
    return take_results(in, most, values_, [&in](auto& to) { to.push_back(in.next<value_of<T>>()); });
  }
  void take_failure(std::exception_ptr failure) override { of_->fail(at_ + values_.size(), std::move(failure)); }
  void flush() noexcept override {
    of_->keep(at_, values_);
    at_ += values_.size();
    values_.clear();
  }
  void end() noexcept override {
    if (!std::exchange(ended_, true)) of_->part_ended();
  }
  void fail(std::exception_ptr why) noexcept override {
    flush();
    of_->fail(at_, std::move(why));
    end();
  }

 private:
  std::shared_ptr<map_state<T>> of_;
  std::vector<value_of<T>> values_;  // taken, and not yet among the others
  std::uint64_t at_;                 // where they belong
  bool ended_ = false;
};

// The front of the queue of parts.
class part_queue {
 public:
  part_queue(std::shared_ptr<dispatcher> to, std::size_t most) : to_(std::move(to)), most_(most) {}

  template <class F, class... A> auto call(const F& f, A&&... args) {
    using function = typename callee<F>::type;
    using traits = call_of<function, A...>;
    using result = typename traits::result;
    part_message message(reference<F, typename traits::parameters>(f));
    pack_arguments<typename traits::parameters>(message, std::forward<A>(args)...);
    message.seal(most_ + message_overhead);
    auto* const state = new remote_state<result>();
    future<result> later(state);
    std::unique_ptr<part> whole = std::make_unique<call_part<result>>(std::move(message), state);
    to_->add(whole);
    return later;
  }

  template <class F, std::ranges::input_range R> auto map(const F& f, R&& elements, std::size_t chunk_size) {
    using function = typename callee<F>::type;
    using traits = call_of<function, std::ranges::range_reference_t<R>>;
    using result = typename traits::result;
    using state = map_state<result>;
    auto* const results = new remote_state<typename state::results>();
    future<typename state::results> later(results);
    const auto all = std::make_shared<state>(results);
    const std::string name = reference<F, typename traits::parameters>(f);
    std::uint64_t first = 0;
    part_message message(name, true);
    const auto give = [&] {
      const std::size_t count = message.items();
      message.seal(most_ + message_ahead + message_overhead);
      all->expect(count);
      std::unique_ptr<part> next =
          std::make_unique<map_part<result>>(std::exchange(message, part_message(name, true)), first, all);
      to_->add(next);
      first += count;
    };
    try {
      for (auto&& element : elements) {
        pack_arguments<typename traits::parameters>(message, std::forward<decltype(element)>(element));
        if (message.items() == chunk_size || message.size() >= message_ahead) give();
      }
      if (message.items() != 0) give();
    } catch (...) {
      all->fail(0, std::current_exception());  // what no worker has yet is left out
      all->part_ended();
      throw;
    }
    all->part_ended();
    return later;
  }

  template <class F, std::ranges::viewable_range R>
  auto stream(const F& f, R&& elements, std::size_t chunk_size, bool in_order) {
    using function = typename callee<F>::type;
    using traits = call_of<function, std::ranges::range_reference_t<R>>;
    using results = result_stream<typename traits::result>;
    // At an address of its own: iterators of a view may point into it.
    auto source = std::make_unique<element_source<std::views::all_t<R>>>(std::views::all(std::forward<R>(elements)));
    auto next = [source = std::move(source)](std::string& out) {
      return source->next([&](auto&& element) {
        pack_into(out, typename traits::parameters{std::forward<decltype(element)>(element)});
      });
    };
    return results(to_, reference<F, typename traits::parameters>(f), std::move(next), chunk_size, most_,
                   in_order ? results::order::as_given : results::order::as_completed);
  }

 private:
  template <class View> class element_source {
   public:
    explicit element_source(View view) : view_(std::move(view)) {}
    template <class Use> bool next(Use use) {
      if (at_)
        ++*at_;
      else
        at_.emplace(std::ranges::begin(view_));
      if (*at_ == std::ranges::end(view_)) return false;
      use(**at_);
      return true;
    }

   private:
    View view_;
    std::optional<std::ranges::iterator_t<View>> at_;
  };

  template <class F, class Parameters> static std::string reference(const F& f) {
    std::string name;
    function_reference<F>::template write<Parameters>(name, f);
    return name;
  }
  template <class Parameters, class... A> void pack_arguments(part_message& into, A&&... args) const {
    const std::size_t before = into.bytes().size();
    pack_into(into.bytes(), Parameters{std::forward<A>(args)...});
    if (into.bytes().size() - before > most_) refuse_arguments(into.bytes().size() - before, most_);
    into.count_item();
  }

  std::shared_ptr<dispatcher> to_;
  std::size_t most_;
};

}  // namespace detail

// The group is known by the class that it is: derived from this with a rule for which functions it takes.
template <template <class> class Takes> class worker_group {
 public:
  worker_group(const worker_group&) = delete;
  worker_group& operator=(const worker_group&) = delete;

  // Calls f(args...) in a worker, and waits for the result.
  template <class F, class... A>
    requires Takes<std::decay_t<F>>::value
  auto apply(F&& f, A&&... args) {
    return submit(std::forward<F>(f), std::forward<A>(args)...).get();
  }
  // The same without waiting: a future. Throws what packing throws, and closed_error after close().
  template <class F, class... A>
    requires Takes<std::decay_t<F>>::value
  auto submit(F&& f, A&&... args) {
    const std::decay_t<F> function(std::forward<F>(f));
    return queue().call(function, std::forward<A>(args)...);
  }
  // submit, as Python calls it.
  template <class F, class... A>
    requires Takes<std::decay_t<F>>::value
  auto apply_async(F&& f, A&&... args) {
    return submit(std::forward<F>(f), std::forward<A>(args)...);
  }

  // f(element) for each element: a vector of results in the order of the elements; nothing if f returns nothing.
  template <class F, std::ranges::input_range R>
    requires Takes<std::decay_t<F>>::value
  auto map(F&& f, R&& elements, chunk size = chunk()) {
    return map_async(std::forward<F>(f), std::forward<R>(elements), size).get();
  }
  // Returns once every element has been packed; work begins with the first.
  template <class F, std::ranges::input_range R>
    requires Takes<std::decay_t<F>>::value
  auto map_async(F&& f, R&& elements, chunk size = chunk()) {
    const std::decay_t<F> function(std::forward<F>(f));
    std::size_t count = size.elements();
    if constexpr (std::ranges::forward_range<R> || std::ranges::sized_range<R>) {
      if (count == 0) count = detail::usual_chunk(static_cast<std::size_t>(std::ranges::distance(elements)), workers());
    } else if (count == 0) {
      count = 16;
    }
    return queue().map(function, std::forward<R>(elements), count);
  }

  // Results in the order of the elements.
  template <class F, std::ranges::viewable_range R>
    requires Takes<std::decay_t<F>>::value
  auto imap(F&& f, R&& elements, chunk size = chunk(1)) {
    const std::decay_t<F> function(std::forward<F>(f));
    return queue().stream(function, std::forward<R>(elements), std::max<std::size_t>(1, size.elements()), true);
  }
  // Results as they come.
  template <class F, std::ranges::viewable_range R>
    requires Takes<std::decay_t<F>>::value
  auto imap_unordered(F&& f, R&& elements, chunk size = chunk(1)) {
    const std::decay_t<F> function(std::forward<F>(f));
    return queue().stream(function, std::forward<R>(elements), std::max<std::size_t>(1, size.elements()), false);
  }

  [[nodiscard]] work_progress progress() const { return parts_->progress(); }
  // As the group counts them: a pool those that it keeps, a master those that are there.
  [[nodiscard]] virtual std::size_t workers() const = 0;

 protected:
  worker_group(std::shared_ptr<detail::dispatcher> parts, std::size_t message_limit)
      : parts_(std::move(parts)), message_limit_(message_limit) {}
  virtual ~worker_group() = default;
  [[nodiscard]] detail::dispatcher& parts() const noexcept { return *parts_; }

 private:
  detail::part_queue queue() const { return detail::part_queue(parts_, message_limit_); }
  std::shared_ptr<detail::dispatcher> parts_;
  std::size_t message_limit_;
};

}  // namespace lakh
