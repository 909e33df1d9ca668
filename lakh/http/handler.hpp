// Functions as handlers: takes the arguments out of the request, calls the function, answers with what it returns.
// A function that is no coroutine costs no coroutine frame.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/http/extract.hpp>
#include <lakh/http/respond.hpp>

#include <functional>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace lakh::http {

class handler {
 public:
  handler() = default;
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  virtual ~handler() = default;
  // As service::answer. Called on several threads at once where several serve.
  virtual task<void> handle(request& in, response_writer& out) const = 0;
};

namespace detail {

template <class T> struct answer_of {
  using type = T;
  static constexpr bool waits = false;
};
template <class T> struct answer_of<task<T>> {
  using type = T;
  static constexpr bool waits = true;
};

// What a function takes and gives. Generic lambdas have no such signature and cannot be handlers.
template <class F> struct signature : signature<decltype(&F::operator())> {};
template <class R, class... A> struct signature<R(A...)> {
  using result = R;
  using arguments = std::tuple<A...>;
};
template <class R, class... A> struct signature<R (*)(A...)> : signature<R(A...)> {};
template <class R, class... A> struct signature<R (*)(A...) noexcept> : signature<R(A...)> {};
template <class C, class R, class... A> struct signature<R (C::*)(A...)> : signature<R(A...)> {};
template <class C, class R, class... A> struct signature<R (C::*)(A...) const> : signature<R(A...)> {};
template <class C, class R, class... A> struct signature<R (C::*)(A...) noexcept> : signature<R(A...)> {};
template <class C, class R, class... A> struct signature<R (C::*)(A...) const noexcept> : signature<R(A...)> {};

template <class A>
concept whole_request = std::same_as<A, request&> || std::same_as<A, const request&>;

// Holds one argument between its extraction and the call.
template <class A> struct argument {
  static constexpr bool takes_body = extractor<std::remove_cvref_t<A>>::takes_body;
  void extract(request& in, extraction& to) { extractor<std::remove_cvref_t<A>>::extract(in, value, to); }
  std::remove_cvref_t<A>&& get() noexcept { return std::move(value); }
  static void describe(operation& o) { extractor<std::remove_cvref_t<A>>::describe(o); }
  std::remove_cvref_t<A> value;
};
template <whole_request A> struct argument<A> {
  static constexpr bool takes_body = false;
  void extract(request& in, extraction& /*to*/) noexcept { value = &in; }
  A get() noexcept { return *value; }
  static void describe(operation& /*o*/) {}
  request* value = nullptr;
};

void send_refusal(response_writer& out, const extraction& why);

template <class F, class R, class... A> class function_handler final : public handler {
  using answer_type = typename answer_of<R>::type;
  static constexpr bool waits = answer_of<R>::waits;
  static_assert(std::is_void_v<answer_type> || answerable<answer_type>,
                "a handler returns nothing, a described type, or one of those in respond.hpp; or a task of these");
  static_assert(!waits || ((!std::is_reference_v<A> || whole_request<A>) && ...),
                "a coroutine takes its arguments by value: references would dangle once it has waited");

 public:
  explicit function_handler(F function) : function_(std::move(function)) {}

  task<void> handle(request& in, response_writer& out) const override {
    std::tuple<argument<A>...> arguments;
    if constexpr (sizeof...(A) != 0) {
      extraction found;
      std::apply([&](auto&... a) { (a.extract(in, found), ...); }, arguments);
      if (found.refusal || !found.errors.empty()) {
        send_refusal(out, found);
        return {};
      }
    }
    const auto call = [&](auto&... a) -> R { return std::invoke(function_, a.get()...); };
    if constexpr (waits) {
      return finish(out, std::apply(call, arguments));
    } else if constexpr (std::is_void_v<R>) {
      std::apply(call, arguments);
      responder<no_content>::send(out, {});
      return {};
    } else {
      const R value = std::apply(call, arguments);
      responder<R>::send(out, value);
      return {};
    }
  }

  static void describe(operation& o) {
    (argument<A>::describe(o), ...);
    if constexpr (std::is_void_v<answer_type>)
      responder<no_content>::describe(o);
    else
      responder<answer_type>::describe(o);
  }
  static constexpr bool takes_body = (argument<A>::takes_body || ...);

 private:
  static task<void> finish(response_writer& out, task<answer_type> work) {
    if constexpr (std::is_void_v<answer_type>) {
      co_await std::move(work);
      responder<no_content>::send(out, {});
    } else {
      const answer_type value = co_await std::move(work);
      responder<answer_type>::send(out, value);
    }
  }
  mutable F function_;
};

template <class F, class Signature, class Arguments> struct handler_type;
template <class F, class Signature, class... A> struct handler_type<F, Signature, std::tuple<A...>> {
  using type = function_handler<F, typename Signature::result, A...>;
};
template <class F> using handler_for = typename handler_type<F, signature<F>, typename signature<F>::arguments>::type;

}  // namespace detail

}  // namespace lakh::http
