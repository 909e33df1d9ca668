// Entries of a JSON document and what a plan wants of them, read where they lie. Internal to the room.
#pragma once

#include <lakh/core/config.hpp>
#include <lakh/core/json_path.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::actions {

// Where an entry has its reference and digest.
class json_fields {
 public:
  // From `reference` and `digest` of the mapping, where they are given.
  json_fields(config_reader& read, const std::string& label);

  [[nodiscard]] bool has_reference() const noexcept { return reference_.has_value(); }
  [[nodiscard]] bool any() const noexcept { return reference_ || digest_; }

  struct values {
    std::string_view reference;
    std::string_view digest;
  };

  // Keeps the room that texts with escapes need.
  class reader {
   public:
    explicit reader(const json_fields& fields) : fields_(fields) {}
    // Views of `entry` or of the reader's own room: until its next use. What is not there, or null, is empty; a number
    // reads as it is written.
    values read(std::string_view entry);

   private:
    const json_fields& fields_;
    std::string reference_;
    std::string digest_;
  };

 private:
  std::optional<json_path> reference_;
  std::optional<json_path> digest_;
};

// Tells of every element of the array at `entries`; gives their number. Throws protocol_error, with `who` ("the listing
// at …"), where the document is not JSON or has no array there.
std::size_t for_each_entry(std::string_view document, const json_path& entries, const json_fields& fields,
                           const std::string& who, const std::function<void(const json_fields::values&)>& tell);

// The document, if it is JSON. Throws protocol_error if it is not.
std::string_view checked_document(std::string_view document, const std::string& who);

}  // namespace lakh::actions
