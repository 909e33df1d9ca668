// Writes one answer behind those that are still to be sent: status line, fields, content. Knows what HEAD, HTTP/1.0 and
// a connection that is about to close need. For handlers of the framework's own; a user's handler returns values.
#pragma once

#include <lakh/async/loop.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakh::http {

class problem;
class reply;
class request;

// What the answers of one loop share: the Date line, made anew each second, and room to build content in.
class answer_cache {
 public:
  void refresh(time_point now) {
    if (now >= next_) renew(now);
  }
  [[nodiscard]] const std::string& date_line() const noexcept { return date_line_; }
  // Empty, with memory from before. In use until the answer is written; nothing may be awaited meanwhile.
  std::string& scratch() noexcept {
    if (scratch_.capacity() > most_kept) scratch_ = {};
    scratch_.clear();
    return scratch_;
  }

 private:
  static constexpr std::size_t most_kept = std::size_t{1} << 20;
  void renew(time_point now);
  std::string date_line_;
  std::string scratch_;
  time_point next_{};
};

class response_writer {
 public:
  explicit response_writer(answer_cache& cache) noexcept : cache_(cache) {}

  // The answer to `to` goes to the end of `out`. `keep_alive`: the connection is to be used again.
  void start(const request& to, std::string& out, bool keep_alive) noexcept;

  // The whole answer. `lines` are field lines with their ends, checked before. Statuses that forbid content get none.
  // A second call is ignored: the first answer is on its way.
  void send(int status, std::string_view content_type, std::string_view content, std::string_view lines = {});
  void send(const reply& answer);
  void send(const problem& answer, std::string_view more_lines = {});
  void send_created(std::string_view content_type, std::string_view content, std::string_view location);

  std::string& scratch() noexcept { return cache_.scratch(); }

  void set_keep_alive(bool value) noexcept { keep_alive_ = value; }
  [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
  [[nodiscard]] bool sent() const noexcept { return status_ != 0; }
  // 0 until sent.
  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] std::uint64_t content_size() const noexcept { return size_; }

 private:
  void cut(std::size_t begin) noexcept;
  answer_cache& cache_;
  std::string* out_ = nullptr;
  const request* to_ = nullptr;
  std::uint64_t size_ = 0;
  int status_ = 0;
  bool keep_alive_ = true;
};

}  // namespace lakh::http
