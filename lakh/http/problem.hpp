// Problem details (RFC 9457): how an app says no, as application/problem+json.
//
//   throw http::problem(409, "the order is being created by another request").extra("retry_after", 1);
//   co_return std::unexpected(http::problem(404, "there is no order 17"));
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/http/decoding.hpp>
#include <lakh/http/value.hpp>

#include <string>
#include <string_view>

namespace lakh::http {

class problem : public error {
 public:
  // A status from 400 to 599; anything else becomes 500. The detail is for people, and reaches the client.
  explicit problem(int status, const std::string& detail = {});

  // In place of the status's reason phrase. A title names a kind of problem, never a single case of it.
  problem& title(std::string_view title);
  // A URI that names the kind of problem; "about:blank" unless given.
  problem& type(std::string_view uri);
  // A further member of the object. Names that RFC 9457 defines are refused with input_error.
  template <json_value T> problem& extra(std::string_view name, const T& value) {
    return extra_json(name, to_json(value));
  }
  problem& extra(std::string_view name, std::string_view value);
  problem& extra(std::string_view name, const char* value) { return extra(name, std::string_view(value)); }
  // A field of the answer, such as Retry-After. Throws input_error for what cannot be sent.
  problem& header(std::string_view name, std::string_view value);

  [[nodiscard]] int status() const noexcept { return status_; }
  // Field lines, each with its line end.
  [[nodiscard]] const std::string& header_lines() const noexcept { return lines_; }
  void append_json(std::string& out) const;

 private:
  problem& extra_json(std::string_view name, const std::string& json);
  std::string title_;
  std::string type_;
  std::string extra_;  // ,"name":value for each
  std::string lines_;
  int status_;
};

// 422, with the faults in its member `errors`, each with place, expected and got.
problem invalid_values(const field_errors& errors);
// 400 with line, column and offset; `text` is the document that could not be read.
problem unreadable_json(std::string_view text, const json_outcome& outcome);

// Appends "Name: value" with its line end. Throws input_error for a field that could not be sent (line ends and other
// control characters could inject fields), and for the fields that frame a message, which are the connection's.
void append_answer_header(std::string& lines, std::string_view name, std::string_view value);

}  // namespace lakh::http
