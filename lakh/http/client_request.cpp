#include <lakh/core/error.hpp>
#include <lakh/core/json.hpp>
#include <lakh/http/client_request.hpp>
#include <lakh/http/session.hpp>
#include <lakh/wire/percent.hpp>

#include <openssl/evp.h>

namespace lakh::http {

client_request::client_request(session& by, std::string_view method, std::string_view url)
    : by_(&by), method_(method), url_(url) {}

client_request&& client_request::header(std::string_view name, std::string_view value) && {
  fields_.set(name, value);
  return std::move(*this);
}

client_request&& client_request::bearer(std::string_view token) && {
  return std::move(*this).header("Authorization", "Bearer " + std::string(token));
}

// RFC 7617
client_request&& client_request::basic_auth(std::string_view user, std::string_view password) && {
  if (user.find(':') != std::string_view::npos)
    throw input_error("a user name for basic authentication cannot hold a ':'", "the password begins behind it");
  const std::string pair = std::string(user) + ":" + std::string(password);
  std::string encoded(4 * ((pair.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),     // NOLINT
                                   reinterpret_cast<const unsigned char*>(pair.data()),  // NOLINT
                                   static_cast<int>(pair.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return std::move(*this).header("Authorization", "Basic " + encoded);
}

// The draft's value is a structured-field string (RFC 9651 §3.3.3).
client_request&& client_request::idempotency_key(std::string_view key) && {
  std::string quoted = "\"";
  for (const char c : key) {
    if (c < 0x20 || c > 0x7e)
      throw input_error("an idempotency key holds printable ASCII characters only",
                        "encode the others, in hexadecimal");
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return std::move(*this).header("Idempotency-Key", quoted + '"');
}

client_request&& client_request::query(std::string_view name, std::string_view value) && {
  append_query(query_, name, value);
  return std::move(*this);
}

client_request&& client_request::body(std::string bytes, std::string_view content_type) && {
  body_ = std::move(bytes);
  content_type_ = content_type;
  has_body_ = true;
  return std::move(*this);
}

client_request&& client_request::json(const boost::json::value& value) && {
  return std::move(*this).json_text(json::serialize(value));
}

client_request&& client_request::json_text(std::string text) && {
  return std::move(*this).body(std::move(text), "application/json");
}

client_request&& client_request::form(std::string_view name, std::string_view value) && {
  append_query(body_, name, value);
  content_type_ = "application/x-www-form-urlencoded";
  has_body_ = true;
  return std::move(*this);
}

client_request&& client_request::timeout(std::chrono::nanoseconds total) && {
  total_ = total;
  return std::move(*this);
}
client_request&& client_request::connect_timeout(std::chrono::nanoseconds limit) && {
  connect_ = limit;
  return std::move(*this);
}
client_request&& client_request::first_byte_timeout(std::chrono::nanoseconds limit) && {
  first_byte_ = limit;
  return std::move(*this);
}
client_request&& client_request::redirects(int most) && {
  redirects_ = most;
  return std::move(*this);
}

task<response> client_request::send() && {
  return by_->send(std::move(*this));
}
task<response>::awaiter client_request::operator co_await() && {
  return std::move(*this).send().operator co_await();
}

}  // namespace lakh::http
