// What is wrong with the values that a client sent: each fault with its place, all of them together.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

struct field_error {
  std::string place;     // "body.lines[2].quantity", "query.limit", "header.Idempotency-Key"
  std::string expected;  // "an integer from 1 to 999"
  std::string got;       // "1000", "nothing", "an array"; at most a few dozen bytes of what the client sent
};

// Bounded: a body that is wrong in ten thousand places gets the first `most`.
class field_errors {
 public:
  static constexpr std::size_t most = 50;

  void add(std::string place, std::string expected, std::string got);
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] const field_error& operator[](std::size_t i) const noexcept { return all_[i]; }
  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }
  [[nodiscard]] bool full() const noexcept { return all_.size() >= most; }

 private:
  std::vector<field_error> all_;
};

// Where a value stands, as a chain of places on the stack: it becomes text only when something is wrong.
class value_place {
 public:
  explicit value_place(std::string_view root) noexcept : name_(root) {}
  value_place(const value_place& parent, std::string_view member) noexcept : parent_(&parent), name_(member) {}
  value_place(const value_place& parent, std::size_t element) noexcept : parent_(&parent), element_(element) {}

  [[nodiscard]] std::string text() const;

 private:
  void append(std::string& out) const;
  const value_place* parent_ = nullptr;
  std::string_view name_;  // empty for an element
  std::size_t element_ = 0;
};

// At most 40 bytes of a text from outside, cut between characters, for `got`.
std::string shortened(std::string_view text);

}  // namespace lakh::http
