// Many at once: run tasks side by side and collect what they hand back, in the order in which they were given.
//
//   auto [user, orders] = co_await lakh::gather(load_user(7), load_orders(7));
//   auto pages = co_await lakh::gather(urls, lakh::limit(64), [&](const auto& url) { return http.get(url); });
//
// If one fails, the others are cancelled and the failure is thrown. With a limit, at most that many run at a time, and
// memory for running work is bounded by it. A function that hands back nothing makes gather hand back nothing.
#pragma once

#include <lakh/async/scope.hpp>
#include <lakh/async/task.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace lakh {

// How many at a time.
struct limit {
  explicit limit(std::size_t most_at_once) noexcept : most(most_at_once == 0 ? 1 : most_at_once) {}
  std::size_t most;
};

namespace detail {

template <class T> task<void> fill(task<T> work, std::optional<T>& slot) {
  slot.emplace(co_await std::move(work));
}

template <class Iterator, class End, class Function, class Collect>
task<void> gather_lane(Iterator& next, const End& end, std::size_t& index, Function& function, Collect& collect) {
  while (next != end) {
    auto&& element = *next;
    const std::size_t at = index++;
    ++next;
    if constexpr (std::is_void_v<await_result_t<std::invoke_result_t<Function&, decltype(element)>>>)
      co_await function(element);
    else
      collect(at, co_await function(element));
  }
}

}  // namespace detail

template <class... T>
  requires(sizeof...(T) > 0 && (!std::is_void_v<T> && ...))
task<std::tuple<T...>> gather(task<T>... work) {
  std::tuple<std::optional<T>...> slots;
  std::tuple<task<T>...> all(std::move(work)...);
  co_await in_scope([&](scope& children) -> task<void> {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (children.spawn(detail::fill(std::move(std::get<I>(all)), std::get<I>(slots))), ...);
    }(std::index_sequence_for<T...>{});
    co_return;
  });
  co_return std::apply([](auto&... slot) { return std::tuple<T...>(std::move(*slot)...); }, slots);
}

template <class... Void>
  requires(sizeof...(Void) > 0 && (std::is_void_v<Void> && ...))
task<void> gather(task<Void>... work) {
  std::tuple<task<Void>...> all(std::move(work)...);
  co_await in_scope([&](scope& children) -> task<void> {
    std::apply([&](auto&... each) { (children.spawn(std::move(each)), ...); }, all);
    co_return;
  });
}

// `function` takes an element and hands back something awaitable. `range` and what `function` refers to must live until
// the gathering has ended: await it in the same expression.
template <std::ranges::forward_range Range, class Function>
auto gather(Range&& range, limit at_once, Function function) -> task<std::conditional_t<
    std::is_void_v<detail::await_result_t<std::invoke_result_t<Function&, std::ranges::range_reference_t<Range>>>>,
    void,
    std::vector<detail::await_result_t<std::invoke_result_t<Function&, std::ranges::range_reference_t<Range>>>>>> {
  using result = detail::await_result_t<std::invoke_result_t<Function&, std::ranges::range_reference_t<Range>>>;
  constexpr bool collects = !std::is_void_v<result>;
  using slot = std::optional<std::conditional_t<collects, result, std::nullptr_t>>;

  const auto count = static_cast<std::size_t>(std::ranges::distance(range));
  std::vector<slot> slots(collects ? count : 0);
  auto next = std::ranges::begin(range);
  const auto end = std::ranges::end(range);
  std::size_t index = 0;
  auto collect = [&slots](std::size_t at, auto&& value) { slots[at].emplace(std::forward<decltype(value)>(value)); };
  co_await in_scope([&](scope& children) -> task<void> {
    for (std::size_t lane = 0; lane < at_once.most && lane < count; ++lane)
      children.spawn(detail::gather_lane(next, end, index, function, collect));
    co_return;
  });
  if constexpr (collects) {
    std::vector<result> results;
    results.reserve(count);
    for (slot& each : slots) results.push_back(std::move(*each));
    co_return results;
  }
}

// All at once.
template <class T>
auto gather(std::vector<task<T>> work)
    -> task<std::conditional_t<std::is_void_v<T>, void, std::vector<std::conditional_t<std::is_void_v<T>, int, T>>>> {
  const limit all(work.size());
  if constexpr (std::is_void_v<T>)
    co_await gather(work, all, [](task<T>& each) { return std::move(each); });
  else
    co_return co_await gather(work, all, [](task<T>& each) { return std::move(each); });
}

}  // namespace lakh
