// A function with its arguments as a process.
//
//   int resize(const std::string& file, int width);                    // its result is the exit code; or returns void
//
//   lakh::fork_server server;                                          // first thing in main
//   lakh::process child = lakh::start_process(server, resize, "a.jpg", 640);
//   child.wait();
//
//   auto named = lakh::start_process(server, lakh::child_options().name("resize").output(lakh::stream_to::pipe),
//                                    [](int n) { std::printf("%d\n", n * n); }, 12);
//
// The function is a function pointer, a lambda without captures, or a function object that can be packed; arguments are
// packed (packed.hpp) as its parameters' types, and unpacked in the child. What else holds of a child stands in
// fork_server.hpp. For results that are more than an exit code: process_pool.hpp.
#pragma once

#include <lakh/parallel/callable.hpp>
#include <lakh/parallel/fork_server.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lakh {

namespace detail {

template <class F, class Parameters> int run_packed_call(std::string_view call, std::span<unique_fd> /*none*/) {
  using result = typename call_result<F, Parameters>::type;
  static_assert(std::is_void_v<result> || std::same_as<result, int>,
                "a process hands back an exit code or nothing; for results use a process_pool");
  unpacker in(call);
  F function = read_function<F>(in);
  auto arguments = in.next<Parameters>();
  in.finish();
  return std::apply(
      [&](auto&... each) {
        if constexpr (std::is_void_v<result>) {
          std::invoke(function, each...);
          return 0;
        } else {
          return std::invoke(function, each...);
        }
      },
      arguments);
}

template <class F, class... A> fork_server::entry entry_for() noexcept {
  using function = std::decay_t<F>;
  return &run_packed_call<function, typename parameters_of<function, A...>::type>;
}

template <class F, class... A> std::string pack_call(const F& f, A&&... args) {
  using function = std::decay_t<const F>;
  std::string call;
  write_function<function>(call, f);
  pack_into(call, typename parameters_of<function, A...>::type(std::forward<A>(args)...));
  return call;
}

}  // namespace detail

// Throws as fork_server::start does.
template <class F, class... A>
process start_process(fork_server& server, const child_options& how, F&& f, A&&... args) {
  return server.start(detail::entry_for<F, A...>(), detail::pack_call(f, std::forward<A>(args)...), {}, how);
}
template <class F, class... A>
  requires(!std::same_as<std::decay_t<F>, child_options>)
process start_process(fork_server& server, F&& f, A&&... args) {
  return start_process(server, child_options(), std::forward<F>(f), std::forward<A>(args)...);
}

}  // namespace lakh
