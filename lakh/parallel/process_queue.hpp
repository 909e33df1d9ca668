// A bounded queue between processes: many may push, many may pop, threads and coroutines alike.
//
//   lakh::process_queue<order> orders(1000);                          // at most 1000 orders, 1 MiB in all
//   const auto ends = orders.descriptors();
//   lakh::process child = server.start(work, "", ends);               // fork_server.hpp
//   while (auto next = read_order()) orders.push(*next);
//   orders.close();
//
//   int work(std::string_view, std::span<lakh::unique_fd> descriptors) {
//     lakh::process_queue<order> orders(descriptors);
//     while (auto order = orders.pop()) send(*order);                 // or co_await orders.async_pop()
//
// Contract
// 1. First in, first out. An item whose push succeeded is handed out to exactly one pop; items are copied, packed by
//    lakh::pack (packed.hpp); std::string travels as it is.
// 2. Full is: `items` of them, or no room for the packed bytes of the next. An item that would never fit is an error
//    (errc::too_large).
// 3. close() is the end of the input: pops drain what is there, then give nothing; pushes fail from then on, also those
//    that wait. Nobody closes it for processes that died: whoever watches over the producers does.
// 4. A process that dies at whatever instruction, by SIGKILL too, has pushed its item or not, has taken it or not. What
//    it had taken is lost with it; nothing else is, nothing comes twice, and nobody waits for the dead. (A process that
//    is stopped, as by SIGSTOP, at the wrong moment holds up the others until it goes on.)
// 5. Waits end by an item or by room, by close, by their time or by cancellation; then a push has not put its item in,
//    and a pop has taken none. Those who wait are not served in the order in which they came.
// 6. Nothing is in the file system, and nothing is left when the last process that has it ends.
// 7. Coroutines wait on the queue's descriptors (eventfd) in their own loop: no helper thread. A push or pop holds a
//    lock for the time of a copy, for which a loop may wait.
// 8. The processes that share it trust each other with this memory; lengths and places in it are checked nevertheless,
//    and an item that cannot be unpacked is an input_error.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/parallel/packed.hpp>
#include <lakh/parallel/shared_ring.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace lakh {

template <class T> class process_queue {
  static_assert(packable<T>, "describe the struct with BOOST_DESCRIBE_STRUCT, or specialise lakh::packer");
  static constexpr bool is_bytes = std::same_as<T, std::string>;

 public:
  // Memory is taken only as it is used. Throws input_error for 0, error where the kernel refuses.
  explicit process_queue(std::size_t items, std::size_t bytes = std::size_t{1} << 20U)
      : ring_(items, bytes, layout_digest<T>()) {}
  // Joins a queue by its descriptors, which it takes. Throws input_error if they are not those of such a queue.
  explicit process_queue(std::span<unique_fd> from) : ring_(from, layout_digest<T>()) {}

  // For threads. False if the queue is closed.
  bool push(const T& item) { return !ring_.push(packed(item), std::nullopt); }
  // Nothing if the queue is closed and empty.
  std::optional<T> pop() {
    std::string bytes;
    if (ring_.pop(bytes, std::nullopt)) return std::nullopt;
    return unpacked(std::move(bytes));
  }

  // They give up: errc::timed_out or errc::queue_closed.
  [[nodiscard]] std::error_code try_push_until(const T& item, time_point until) {
    return ring_.push(packed(item), until);
  }
  [[nodiscard]] std::expected<T, std::error_code> try_pop_until(time_point until) {
    std::string bytes;
    if (const std::error_code code = ring_.pop(bytes, until)) return std::unexpected(code);
    return unpacked(std::move(bytes));
  }

  // False if it is full or closed.
  [[nodiscard]] bool try_push(const T& item) { return !ring_.try_push(packed(item)); }
  // Nothing if it is empty.
  std::optional<T> try_pop() {
    std::string bytes;
    if (ring_.try_pop(bytes)) return std::nullopt;
    return unpacked(std::move(bytes));
  }

  // For coroutines of any loop. False if the queue is closed; nothing if it is closed and empty.
  task<bool> async_push(T item) { co_return !co_await ring_.async_push(std::string(packed(item))); }
  task<std::optional<T>> async_pop() {
    std::string bytes;
    const std::error_code code = co_await ring_.async_pop(bytes);
    if (code) co_return std::nullopt;
    co_return unpacked(std::move(bytes));
  }

  void close() { ring_.close(); }
  [[nodiscard]] bool is_closed() const noexcept { return ring_.is_closed(); }
  // As it was at the moment of asking.
  [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return ring_.capacity(); }

  // To pass to another process, all of them and in this order.
  [[nodiscard]] std::array<int, 3> descriptors() const noexcept { return ring_.descriptors(); }

 private:
  static decltype(auto) packed(const T& item) {
    if constexpr (is_bytes)
      return std::string_view(item);
    else
      return pack(item);
  }
  static T unpacked(std::string&& bytes) {
    if constexpr (is_bytes)
      return std::move(bytes);
    else
      return unpack<T>(bytes);
  }

  detail::shared_ring ring_;
};

}  // namespace lakh
