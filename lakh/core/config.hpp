// What a user configured, as a tree in which every node knows where it was written, so that every complaint can say so.
// Immutable and shared: copying a config copies a pointer.
#pragma once

#include <lakh/core/duration.hpp>
#include <lakh/core/error.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh {

class config {
 public:
  enum class kind : std::uint8_t { null, scalar, sequence, mapping };

  // A scalar that was written in quotes is text whatever it looks like; a plain one may be a number, a boolean or null.
  enum class style : std::uint8_t { plain, quoted };

  using entry = std::pair<std::string, config>;

  config();  // null, nowhere
  static config null(input_place place = {});
  static config scalar(std::string text, style how = style::quoted, input_place place = {});
  static config sequence(std::vector<config> items, input_place place = {});
  // Throws input_error for a name that occurs twice. `key_places` says where the names stand, if known: as many as
  // entries.
  static config mapping(std::vector<entry> entries, input_place place = {}, std::vector<input_place> key_places = {});

  [[nodiscard]] kind type() const noexcept;
  [[nodiscard]] bool is_null() const noexcept { return type() == kind::null; }
  [[nodiscard]] bool is_scalar() const noexcept { return type() == kind::scalar; }
  [[nodiscard]] bool is_sequence() const noexcept { return type() == kind::sequence; }
  [[nodiscard]] bool is_mapping() const noexcept { return type() == kind::mapping; }
  [[nodiscard]] bool quoted() const noexcept;
  [[nodiscard]] const input_place& place() const noexcept;
  // The place of the character at `offset` of a scalar's text, as well as it can be told.
  [[nodiscard]] input_place place_in_text(std::size_t offset) const;

  // Each throws input_error where the node is of another kind, or the text says something else.
  // `what` names the thing in the message: "items", "timeouts.connect".
  [[nodiscard]] const std::string& text(std::string_view what) const;
  [[nodiscard]] std::uint64_t integer(std::string_view what, std::uint64_t least = 0,
                                      std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
  [[nodiscard]] double number(std::string_view what, double least, double most) const;
  [[nodiscard]] bool boolean(std::string_view what) const;
  [[nodiscard]] std::chrono::nanoseconds duration(std::string_view what) const;
  [[nodiscard]] std::uint64_t size(std::string_view what) const;
  // The position in `names` of the word that was written.
  [[nodiscard]] std::size_t one_of(std::string_view what, std::span<const std::string_view> names) const;
  [[nodiscard]] const std::vector<config>& items(std::string_view what) const;
  [[nodiscard]] const std::vector<entry>& entries(std::string_view what) const;

  // Where the name of an entry stands; the place of its value if that is not known.
  [[nodiscard]] const input_place& key_place(std::size_t entry_number) const;

  // The entry of a mapping, or null where it has none or this is no mapping.
  [[nodiscard]] const config* find(std::string_view key) const noexcept;

  // This mapping with the entries of `over` put over its own, and without those whose value in `over` is null.
  [[nodiscard]] config overlaid(const config& over) const;

  // As JSON, indented; a plain scalar stays plain where JSON can write it so. Reading it as YAML gives an equal tree.
  void append_json(std::string& out, unsigned indent = 0) const;
  // Equal in kind, text, style of scalars that style makes different, and order; places do not matter.
  friend bool operator==(const config& a, const config& b);

  [[noreturn]] void fail(const std::string& message, std::string hint = {}) const;

 private:
  struct node;
  explicit config(std::shared_ptr<const node> n) noexcept : node_(std::move(n)) {}
  std::shared_ptr<const node> node_;
};

// Reads a mapping key by key and then complains about keys that nobody asked for.
//   config_reader read(node, "retry");
//   if (auto* n = read.find("attempts")) policy.attempts = n->integer(read.path("attempts"), 1, 100);
//   read.finish();
class config_reader {
 public:
  // `path` is what the mapping is called in messages; empty for the top.
  config_reader(config mapping, std::string path);

  // The entry, or null; a key with no value (null) counts as not given.
  const config* find(std::string_view key);
  // Throws input_error where it is missing.
  const config& require(std::string_view key);
  [[nodiscard]] std::string path(std::string_view key) const;
  // Throws input_error at the first key that was never asked for, with the nearest that was.
  void finish() const;
  [[nodiscard]] const config& node() const noexcept { return mapping_; }

 private:
  config mapping_;
  std::string path_;
  std::vector<std::string> asked_;
};

// What a plain scalar means by YAML's core schema, as far as JSON can say it too.
enum class plain_meaning : std::uint8_t { text, number, boolean, null };
plain_meaning meaning_of_plain(std::string_view text) noexcept;

}  // namespace lakh
