#include <lakh/core/error.hpp>
#include <lakh/core/json.hpp>
#include <lakh/http/response.hpp>
#include <lakh/wire/http_lists.hpp>

namespace lakh::http {
namespace {

// What a problem document (RFC 9457) or a plain body says, short enough for one line.
std::string said_by(const std::string& body, std::string_view content_type) {
  const auto type = wire::parse_media_type(content_type);
  if (type && type->is_json()) {
    boost::system::error_code error;
    const json::value value = json::parse(body, error);
    if (!error && value.is_object()) {
      const json::object& object = value.get_object();
      for (const char* member : {"detail", "title", "message", "error"})
        if (const json::value* text = object.if_contains(member); text != nullptr && text->is_string())
          return std::string(text->get_string());
    }
  }
  std::string line = body.substr(0, std::min(body.find_first_of("\r\n"), std::size_t{200}));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

}  // namespace

json::value response::json() const {
  json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t parsed = parser.write_some(body_, error);
  if (!error) parser.finish(error);
  if (!error && parsed < body_.size() && body_.find_first_not_of(" \t\r\n", parsed) != std::string::npos)
    error = json::error::extra_data;
  if (error)
    throw protocol_error(
        "the answer from " + url_ + " is not JSON: " + error.message() + " at byte " + std::to_string(parsed),
        "its Content-Type is '" + std::string(header("content-type")) + "'");
  return parser.release();
}

const response& response::raise_for_status() const {
  if (status_ < 400) return *this;
  std::string what = method_ + " " + url_ + ": " + std::to_string(status_);
  if (!reason_.empty()) what += " " + reason_;
  throw status_error(status_, what, said_by(body_, header("content-type")));
}

}  // namespace lakh::http
