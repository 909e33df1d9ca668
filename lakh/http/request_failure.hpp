// What is certain about a request that a session could not bring to an answer.
//
//   try { co_await http.post(url).json(order); }
//   catch (const lakh::error& e) { if (http::certainty_of(e) == certainty::not_sent) ...send it again... }
#pragma once

#include <lakh/core/certainty.hpp>
#include <lakh/core/error.hpp>

#include <utility>

namespace lakh::http {

// Errors that a session throws once it has begun to send are of the tree of lakh/core/error.hpp, and this besides.
class request_failure {
 public:
  explicit request_failure(certainty certain) noexcept : certain_(certain) {}
  [[nodiscard]] certainty certain() const noexcept { return certain_; }

 protected:
  ~request_failure() = default;

 private:
  certainty certain_;
};

// Throws `what` as an error of its own class that is a request_failure too.
template <class Error> [[noreturn]] void throw_with(certainty certain, Error what) {
  class failed_request final : public Error, public request_failure {
   public:
    failed_request(Error&& what, certainty certain) : Error(std::move(what)), request_failure(certain) {}
  };
  throw failed_request(std::move(what), certain);
}

// What is certain about the request for which a session threw `e`. Of several that were sent, one after the other
// because of redirects, it speaks of the last; of one that was sent again on a fresh connection, as is done for
// idempotent requests on a stale one, of all times together. For an error that no session marked, the cautious word.
inline certainty certainty_of(const error& e) noexcept {
  if (const auto* failure = dynamic_cast<const request_failure*>(&e)) return failure->certain();
  const bool before =
      e.kind() == error_kind::input || e.kind() == error_kind::resolve || e.kind() == error_kind::connect;
  return before ? certainty::not_sent : certainty::maybe_sent;
}

}  // namespace lakh::http
