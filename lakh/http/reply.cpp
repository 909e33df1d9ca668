#include <lakh/http/problem.hpp>
#include <lakh/http/reply.hpp>
#include <lakh/wire/http1_write.hpp>

namespace lakh::http {

reply::reply(int status) : status_(status) {
  if (status < 200 || status > 999)
    throw input_error("an answer cannot have the status " + std::to_string(status), "choose one from 200 to 599");
}

reply& reply::header(std::string_view name, std::string_view value) {
  append_answer_header(lines_, name, value);
  return *this;
}

reply& reply::content(std::string_view type, std::string body) {
  if (!wire::is_field_value(type) || type.empty()) throw input_error("not a content type: " + shortened(type));
  type_.assign(type);
  body_ = std::move(body);
  return *this;
}

}  // namespace lakh::http
