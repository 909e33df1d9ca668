// Which functions can be called in another process, and how they are named there. Internal to the room, but for
// worker_function.hpp, which names functions for other machines.
//
// A process that was forked from this program has its functions at the same addresses: a function pointer goes there as
// its address, a lambda without captures as its type alone (the code that makes one is at an address), and a function
// object whose members are packable takes them along.
#pragma once

#include <lakh/parallel/packed.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lakh::detail {

// --- what a parameter is on the way

template <class T> struct travelling {
  using type = std::remove_cvref_t<T>;
};
template <class T>
  requires std::same_as<std::remove_cvref_t<T>, std::string_view> || std::same_as<std::remove_cvref_t<T>, const char*>
struct travelling<T> {
  using type = std::string;  // whose bytes live as long as the call
};
template <class T> using travelling_t = typename travelling<T>::type;

template <class... P> using parameter_list = std::tuple<travelling_t<P>...>;

// The parameters of a function that has one signature; of one that has several, what it is called with.
template <class F, class... A> struct parameters_of {
  using type = parameter_list<std::decay_t<A>...>;
};
template <class M> struct member_parameters;
template <class R, class C, class... P> struct member_parameters<R (C::*)(P...)> {
  using type = parameter_list<P...>;
};
template <class R, class C, class... P> struct member_parameters<R (C::*)(P...) const> {
  using type = parameter_list<P...>;
};
template <class R, class C, class... P> struct member_parameters<R (C::*)(P...) noexcept> {
  using type = parameter_list<P...>;
};
template <class R, class C, class... P> struct member_parameters<R (C::*)(P...) const noexcept> {
  using type = parameter_list<P...>;
};
template <class R, class... P, class... A> struct parameters_of<R (*)(P...), A...> {
  using type = parameter_list<P...>;
};
template <class R, class... P, class... A> struct parameters_of<R (*)(P...) noexcept, A...> {
  using type = parameter_list<P...>;
};
template <class F, class... A>
  requires requires { &F::operator(); }
struct parameters_of<F, A...> : member_parameters<decltype(&F::operator())> {};

template <class F, class Parameters> struct call_result;
template <class F, class... P> struct call_result<F, std::tuple<P...>> {
  static_assert(std::is_invocable_v<F&, P&...>, "the function cannot be called with these arguments in a worker");
  using type = std::remove_cv_t<std::invoke_result_t<F&, P&...>>;
  static_assert(!std::is_reference_v<type>, "a worker hands back a value");
};

// --- the function itself

template <class F>
concept stateless = std::is_class_v<F> && std::is_empty_v<F> && std::is_default_constructible_v<F>;
template <class F>
concept function_pointer = std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;

template <class F> void write_function(std::string& out, const F& f) {
  if constexpr (function_pointer<F>)
    pack_into(out, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(f)));
  else if constexpr (!stateless<F>) {
    static_assert(packable<F>,
                  "a lambda that captures cannot go to another process: hand what it needs as arguments, or "
                  "describe a function object with BOOST_DESCRIBE_STRUCT");
    pack_into(out, f);
  }
}
template <class F> F read_function(unpacker& in) {
  if constexpr (function_pointer<F>)
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it was a pointer, in the program that forked this one
    return reinterpret_cast<F>(static_cast<std::uintptr_t>(in.next<std::uint64_t>()));
  else if constexpr (stateless<F>)
    return F{};
  else
    return in.next<F>();
}

// --- the worker's side

// What becomes of the items of one message, on the way back. Owned by the worker's loop (part_worker.cpp).
class part_answer {
 public:
  part_answer(const part_answer&) = delete;
  part_answer& operator=(const part_answer&) = delete;

  // Whether there is another item to be read.
  [[nodiscard]] bool more() const noexcept { return item_ < items_ && !stopped_.load(std::memory_order_relaxed); }
  // Whether it is to be done, not only read: its result has not been told before.
  [[nodiscard]] bool wanted() const noexcept { return item_ >= skip_; }
  void skip() noexcept { ++item_; }
  std::string& begin_item() noexcept { return out_; }
  void end_item();
  // Called where the exception is being handled.
  void fail_item();

 protected:
  part_answer() = default;
  ~part_answer() = default;
  virtual void flush(bool last) = 0;

  static constexpr std::size_t flush_at = 256 * 1024;
  std::string out_;
  std::size_t item_begin_ = 0;  // where this item's result begins in out_
  std::size_t most_ = 0;        // bytes of one message
  std::uint32_t items_ = 0;
  std::uint32_t skip_ = 0;
  std::uint32_t item_ = 0;
  std::uint32_t told_ = 0;  // items whose result is in out_
  bool stop_at_failure_ = false;
  std::atomic<bool> stopped_{false};  // nobody wants to know any more
};

inline constexpr char item_done = 0;
inline constexpr char item_failed = 1;

// Does what a message asks for: `state` is what makes the function (write_function), `in` holds the arguments of each
// item. Throws input_error where the bytes are not what it expects.
using part_runner = void (*)(std::string_view state, unpacker& in, part_answer& answer);

template <class F, class Parameters> struct runner;
template <class F, class... P> struct runner<F, std::tuple<P...>> {
  static void run(std::string_view state, unpacker& in, part_answer& answer) {
    using result = typename call_result<F, std::tuple<P...>>::type;
    unpacker of_function(state);
    F function = read_function<F>(of_function);
    of_function.finish();
    while (answer.more()) {
      std::tuple<P...> arguments = in.next<std::tuple<P...>>();
      if (!answer.wanted()) {
        answer.skip();
        continue;
      }
      std::string& out = answer.begin_item();
      try {
        out += item_done;
        if constexpr (std::is_void_v<result>)
          std::apply([&](P&... each) { std::invoke(function, each...); }, arguments);
        else
          pack_into(out, std::apply([&](P&... each) -> result { return std::invoke(function, each...); }, arguments));
      } catch (...) {
        answer.fail_item();
        continue;
      }
      answer.end_item();
    }
  }
};

// A call of F with these arguments: what travels, and what comes back.
template <class F, class... A> struct call_of {
  using parameters = typename parameters_of<F, A...>::type;
  using result = typename call_result<F, parameters>::type;
};

}  // namespace lakh::detail
