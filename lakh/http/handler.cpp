#include <lakh/http/handler.hpp>

namespace lakh::http::detail {

void send_refusal(response_writer& out, const extraction& why) {
  out.send(why.refusal ? *why.refusal : invalid_values(why.errors));
}

}  // namespace lakh::http::detail
