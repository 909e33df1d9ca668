#include <lakh/http/problem.hpp>
#include <lakh/http/reply.hpp>
#include <lakh/http/request.hpp>
#include <lakh/http/response_writer.hpp>
#include <lakh/wire/http1_write.hpp>
#include <lakh/wire/http_date.hpp>
#include <lakh/wire/http_status.hpp>

#include <algorithm>
#include <chrono>

namespace lakh::http {

void answer_cache::renew(time_point now) {
  const auto wall = std::chrono::system_clock::now();
  const auto second = std::chrono::floor<std::chrono::seconds>(wall);
  next_ = now + std::chrono::duration_cast<duration>(std::chrono::seconds(1) - (wall - second));
  date_line_ = "Date: ";
  wire::append_http_date(date_line_, second);
  date_line_ += "\r\n";
}

void response_writer::start(const request& to, std::string& out, bool keep_alive) noexcept {
  out_ = &out;
  to_ = &to;
  size_ = 0;
  status_ = 0;
  keep_alive_ = keep_alive;
}

void response_writer::send(int status, std::string_view content_type, std::string_view content,
                           std::string_view lines) {
  if (sent()) return;
  std::string& out = *out_;
  const std::size_t begin = out.size();
  wire::append_status_line(out, status);
  out.append(cache_.date_line());
  if (!wire::forbids_body(status)) {
    if (!content_type.empty()) wire::append_field_unchecked(out, "Content-Type", content_type);
    wire::append_content_length(out, content.size());
  }
  if (!keep_alive_)
    wire::append_line(out, "Connection: close");
  else if (to_->head().minor_version == 0)
    wire::append_line(out, "Connection: keep-alive");
  if (!lines.empty()) out.append(lines);
  if (!to_->answer_lines().empty()) out.append(to_->answer_lines());
  wire::append_head_end(out);
  status_ = status;
  if (!wire::forbids_body(status) && to_->method_code() != wire::http_method::head) {
    out.append(content);
    size_ = content.size();
  }
  if (to_->answer_cut()) cut(begin);
}

// After all is written, so that the answer does not say beforehand that it will end early.
void response_writer::cut(std::size_t begin) noexcept {
  const std::size_t whole = out_->size() - begin;
  out_->resize(begin + std::min<std::uint64_t>(*to_->answer_cut(), whole - 1));
  keep_alive_ = false;
}

void response_writer::send(const reply& answer) {
  send(answer.status(), answer.content_type(), answer.body(), answer.header_lines());
}

void response_writer::send(const problem& answer, std::string_view more_lines) {
  std::string& content = scratch();
  answer.append_json(content);
  if (more_lines.empty())
    send(answer.status(), "application/problem+json", content, answer.header_lines());
  else
    send(answer.status(), "application/problem+json", content, answer.header_lines() + std::string(more_lines));
}

void response_writer::send_created(std::string_view content_type, std::string_view content, std::string_view location) {
  std::string line;
  if (!location.empty()) append_answer_header(line, "Location", location);
  send(201, content_type, content, line);
}

}  // namespace lakh::http
