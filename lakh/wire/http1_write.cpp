#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_status.hpp>

#include <cassert>
#include <charconv>

namespace lakh::wire {

bool append_request_line(std::string& out, std::string_view method, std::string_view target) {
  if (!is_token(method) || !is_request_target(target)) return false;
  append_request_line_unchecked(out, method, target);
  return true;
}

void append_request_line_unchecked(std::string& out, std::string_view method, std::string_view target) {
  constexpr std::string_view rest = " HTTP/1.1\r\n";
  out.append(method).push_back(' ');
  out.append(target).append(rest);
}

void append_status_line(std::string& out, int status) {
  assert(status >= 100 && status <= 999);
  if (const std::string_view line = status_line(status); !line.empty()) {
    out.append(line);
    return;
  }
  // The space behind the code is part of the grammar even where there is no reason (RFC 9112 §4).
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" \r\n");
}

bool append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!is_field_name(name) || !is_field_value(value)) return false;
  append_field_unchecked(out, name, value);
  return true;
}

void append_field_unchecked(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ", 2);
  out.append(value).append("\r\n", 2);
}

void append_line(std::string& out, literal_line line) {
  out.append(line.text()).append("\r\n", 2);
}

void append_content_length(std::string& out, std::uint64_t length) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  append_field_unchecked(out, "Content-Length", std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void append_chunk_header(std::string& out, std::uint64_t size) {
  assert(size > 0);
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, size, 16).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits)).append("\r\n", 2);
}

void append_chunk(std::string& out, std::string_view data) {
  append_chunk_header(out, data.size());
  out.append(data).append("\r\n", 2);
}

}  // namespace lakh::wire
