// A function that workers know by a name: for workers on other machines, where addresses differ.
//
//   // primes.hpp, seen by master and workers
//   inline const lakh::worker_function count_primes("count_primes", [](int from, int to) { ... return count; });
//
//   // master
//   int sum = group.apply(count_primes, 2, 1000);
//
// Master and worker programs are built from the same source. When they meet they compare, for each function of the
// master, its name and a digest of how its parameters and its result are packed; a worker that differs is refused.
// Names are registered while static objects are made, before main, and before a fork server, so that its children know
// them.
#pragma once

#include <lakh/parallel/callable.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace lakh {

namespace detail {

struct named_function {
  part_runner run = nullptr;
  std::string state;  // what the runner makes the function of
  std::uint64_t layout = 0;
};
// Throws input_error where the name is taken by another function, is empty, or has more than 255 bytes.
void register_function(std::string_view name, named_function function);
// Null if there is none.
const named_function* find_function(std::string_view name);
// Names and layouts of all.
std::map<std::string, std::uint64_t> registered_functions();

template <class F> std::uint64_t signature_digest() {
  using parameters = typename parameters_of<F>::type;
  using result = typename call_result<F, parameters>::type;
  if constexpr (std::is_void_v<result>)
    return layout_digest<parameters>();
  else
    return layout_digest<parameters, result>();
}

}  // namespace detail

// F is a function pointer, or a lambda or function object without members, with one signature. The object lives as long
// as it is used; the name stays known.
template <class F> class worker_function {
 public:
  using function_type = F;

  // Throws input_error where the name is empty, too long (255 bytes), or belongs to another function.
  worker_function(std::string name, F function) : name_(std::move(name)), function_(function) {
    static_assert(detail::function_pointer<F> || detail::stateless<F>,
                  "what a lambda captures does not exist on another machine: make it an argument");
    using parameters = typename detail::parameters_of<F>::type;
    std::string state;
    detail::write_function(state, function_);
    detail::register_function(name_,
                              {&detail::runner<F, parameters>::run, std::move(state), detail::signature_digest<F>()});
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  // Calls it here.
  template <class... A> decltype(auto) operator()(A&&... args) const {
    return std::invoke(function_, std::forward<A>(args)...);
  }

 private:
  std::string name_;
  F function_;
};

}  // namespace lakh
