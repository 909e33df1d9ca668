#include <lakh/async/timer_queue.hpp>

namespace lakh {
namespace {
constexpr std::size_t arity = 4;
}

void timer_queue::sift_up(timer_node& timer, std::size_t index) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / arity;
    if (!before(timer, *heap_[parent])) break;
    place(*heap_[parent], index);
    index = parent;
  }
  place(timer, index);
}

void timer_queue::sift_down(timer_node& timer, std::size_t index) noexcept {
  const std::size_t size = heap_.size();
  for (;;) {
    const std::size_t first = index * arity + 1;
    if (first >= size) break;
    std::size_t best = first;
    for (std::size_t child = first + 1; child < first + arity && child < size; ++child)
      if (before(*heap_[child], *heap_[best])) best = child;
    if (!before(*heap_[best], timer)) break;
    place(*heap_[best], index);
    index = best;
  }
  place(timer, index);
}

void timer_queue::add(timer_node& timer, loop& home, time_point when) {
  heap_.push_back(&timer);
  timer.home_ = &home;
  timer.when_ = when;
  timer.order_ = next_order_++;
  sift_up(timer, heap_.size() - 1);
}

void timer_queue::remove(timer_node& timer) noexcept {
  const std::size_t index = timer.index_;
  timer.home_ = nullptr;
  timer_node* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  if (index > 0 && before(*last, *heap_[(index - 1) / arity]))
    sift_up(*last, index);
  else
    sift_down(*last, index);
}

timer_node& timer_queue::pop() noexcept {
  timer_node& first = *heap_.front();
  remove(first);
  return first;
}

}  // namespace lakh
