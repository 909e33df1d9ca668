// The way in: runs a task to its end on an event loop of this thread, and hands back its result.
//
//   int main() { return lakh::run(greet()); }
//
// A task<int>'s result is the program's exit code; with a task<void>, run returns nothing. Exceptions reach the caller.
// run_main prints an error's message and hint to stderr and returns 1 instead.
#pragma once

#include <lakh/async/cancel.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace lakh {

namespace detail {

void drive(loop& on, cancel_scope& under, task<void> root);

template <class T> task<void> keep_result(task<T> work, std::optional<T>& result) {
  result.emplace(co_await std::move(work));
}

}  // namespace detail

// Runs `work` on `on`, which no other thread drives, under `under` (so that another party can cancel it by on.post).
template <class T> T run_on(loop& on, cancel_scope& under, task<T> work) {
  if constexpr (std::is_void_v<T>) {
    detail::drive(on, under, std::move(work));
  } else {
    std::optional<T> result;
    detail::drive(on, under, detail::keep_result(std::move(work), result));
    return std::move(*result);
  }
}

template <class T> T run(task<T> work) {
  loop here;
  cancel_scope root;
  return run_on(here, root, std::move(work));
}

// As `run`, on virtual time: sleeps and deadlines take no time at all. For tests.
template <class T> T run_virtual(task<T> work) {
  loop here(loop::time_source::virtual_time);
  cancel_scope root;
  return run_on(here, root, std::move(work));
}

// For main(): 0 if the task ends, 1 with the error on stderr if it throws.
int run_main(task<void> work);

}  // namespace lakh
