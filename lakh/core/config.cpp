#include <lakh/core/config.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace lakh {

struct config::node {
  config::kind type = config::kind::null;
  config::style how = config::style::plain;
  std::string text;
  std::vector<config> items;
  std::vector<config::entry> entries;
  std::vector<input_place> key_places;  // none, or one per entry
  input_place place;
};

namespace {

std::string kind_in_words(const config& node) {
  switch (node.type()) {
    case config::kind::null: return "nothing";
    case config::kind::scalar: return "a text";
    case config::kind::sequence: return "a list";
    case config::kind::mapping: return "a mapping";
  }
  return "nothing";
}

std::string shortened(std::string_view text) {
  std::string out = "'";
  std::size_t end = std::min<std::size_t>(text.size(), 60);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  for (const char c : text.substr(0, end)) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  if (end < text.size()) out += "…";
  return out += "'";
}

}  // namespace

plain_meaning meaning_of_plain(std::string_view text) noexcept {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return plain_meaning::null;
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"})
    if (text == word) return plain_meaning::boolean;
  return is_json_number(text) ? plain_meaning::number : plain_meaning::text;
}

config::config() : config(null()) {}

config config::null(input_place place) {
  auto n = std::make_shared<node>();
  n->place = std::move(place);
  return config(std::move(n));
}

config config::scalar(std::string text, style how, input_place place) {
  auto n = std::make_shared<node>();
  n->type = kind::scalar;
  n->how = how;
  n->text = std::move(text);
  n->place = std::move(place);
  return config(std::move(n));
}

config config::sequence(std::vector<config> items, input_place place) {
  auto n = std::make_shared<node>();
  n->type = kind::sequence;
  n->items = std::move(items);
  n->place = std::move(place);
  return config(std::move(n));
}

config config::mapping(std::vector<entry> entries, input_place place, std::vector<input_place> key_places) {
  auto n = std::make_shared<node>();
  n->type = kind::mapping;
  n->entries = std::move(entries);
  if (key_places.size() == n->entries.size()) n->key_places = std::move(key_places);
  n->place = std::move(place);
  const config made(n);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < n->entries.size(); ++i)
    if (!seen.insert(n->entries[i].first).second)
      throw input_error(made.key_place(i), "the key " + shortened(n->entries[i].first) + " occurs twice");
  return made;
}

config::kind config::type() const noexcept {
  return node_->type;
}
bool config::quoted() const noexcept {
  return node_->type == kind::scalar && node_->how == style::quoted;
}
const input_place& config::place() const noexcept {
  return node_->place;
}

input_place config::place_in_text(std::size_t offset) const {
  input_place place = node_->place;
  if (place.line == 0 || place.column == 0) return place;
  const std::string_view before = std::string_view(node_->text).substr(0, offset);
  if (node_->text.find('\n') != std::string::npos) return place;  // a block: its lines are not where the text's are
  place.column += position_of(before, before.size()).column - 1 + (quoted() ? 1 : 0);
  return place;
}

const input_place& config::key_place(std::size_t entry_number) const {
  return node_->key_places.empty() ? node_->entries[entry_number].second.place() : node_->key_places[entry_number];
}

void config::fail(const std::string& message, std::string hint) const {
  throw input_error(place(), message, std::move(hint));
}

const std::string& config::text(std::string_view what) const {
  if (!is_scalar()) {
    std::string hint;
    // {{item}} without quotation marks is a mapping with a mapping for its key, to YAML.
    if (is_mapping()) hint = "if this is a template, put it in quotation marks: \"{{item}}\"";
    fail(std::string(what) + " must be a text, but is " + kind_in_words(*this), hint);
  }
  return node_->text;
}

std::uint64_t config::integer(std::string_view what, std::uint64_t least, std::uint64_t most) const {
  std::string digits = text(what);
  std::erase(digits, '_');
  std::uint64_t factor = 1;
  if (digits.ends_with('k')) factor = 1000;
  if (digits.ends_with('M')) factor = 1'000'000;
  if (factor != 1) digits.pop_back();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  if (!whole || value > most / factor || value * factor < least) {
    std::string range = most == std::numeric_limits<std::uint64_t>::max()
                            ? (least == 0 ? std::string() : " of at least " + std::to_string(least))
                            : " from " + std::to_string(least) + " to " + std::to_string(most);
    fail(std::string(what) + " must be a whole number" + range + ", but is " + shortened(text(what)));
  }
  return value * factor;
}

double config::number(std::string_view what, double least, double most) const {
  const std::string& written = text(what);
  std::string_view digits = written;
  double factor = 1;
  if (digits.ends_with('%')) {
    digits.remove_suffix(1);
    factor = 0.01;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  value *= factor;
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty() || !std::isfinite(value) ||
      value < least || value > most) {
    const auto shown = [](double bound) {
      char buffer[32];
      return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, bound).ptr);
    };
    fail(std::string(what) + " must be a number from " + shown(least) + " to " + shown(most) + ", but is " +
         shortened(written));
  }
  return value;
}

bool config::boolean(std::string_view what) const {
  const std::string& written = text(what);
  for (const std::string_view yes : {"true", "True", "TRUE", "yes", "on"})
    if (written == yes) return true;
  for (const std::string_view no : {"false", "False", "FALSE", "no", "off"})
    if (written == no) return false;
  fail(std::string(what) + " must be true or false, but is " + shortened(written));
}

std::chrono::nanoseconds config::duration(std::string_view what) const {
  const auto value = parse_duration(text(what));
  if (!value) fail(std::string(what) + ": " + value.error());
  return *value;
}

std::uint64_t config::size(std::string_view what) const {
  const auto value = parse_size(text(what));
  if (!value) fail(std::string(what) + ": " + value.error());
  return *value;
}

std::size_t config::one_of(std::string_view what, std::span<const std::string_view> names) const {
  const std::string& written = text(what);
  const auto found = std::ranges::find(names, std::string_view(written));
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  const std::string_view near = nearest(written, names);
  fail(std::string(what) + " must be one of " + list_of(names) + ", but is " + shortened(written),
       near.empty() ? std::string() : "did you mean '" + std::string(near) + "'?");
}

const std::vector<config>& config::items(std::string_view what) const {
  if (!is_sequence()) fail(std::string(what) + " must be a list, but is " + kind_in_words(*this));
  return node_->items;
}

const std::vector<config::entry>& config::entries(std::string_view what) const {
  if (!is_mapping()) fail(std::string(what) + " must be a mapping of names to values, but is " + kind_in_words(*this));
  return node_->entries;
}

const config* config::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(node_->entries, key, &entry::first);
  return found == node_->entries.end() ? nullptr : &found->second;
}

config config::overlaid(const config& over) const {
  std::vector<entry> merged;
  std::vector<input_place> places;
  const auto take = [&](const config& from, auto&& wanted) {
    const auto& all = from.entries("the configuration");
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!wanted(all[i])) continue;
      merged.push_back(all[i]);
      places.push_back(from.key_place(i));
    }
  };
  take(*this, [&](const entry& e) { return over.find(e.first) == nullptr; });
  take(over, [](const entry& e) { return !e.second.is_null(); });
  return mapping(std::move(merged), place(), std::move(places));
}

void config::append_json(std::string& out, unsigned indent) const {
  const auto new_line = [&](unsigned depth) {
    out += '\n';
    out.append(std::size_t{depth} * 2, ' ');
  };
  switch (type()) {
    case kind::null: out += "null"; return;
    case kind::scalar: {
      const auto meaning = quoted() ? plain_meaning::text : meaning_of_plain(node_->text);
      switch (meaning) {
        case plain_meaning::text: append_json_string(out, node_->text); return;
        case plain_meaning::number: out += node_->text; return;
        case plain_meaning::boolean: out += node_->text[0] == 't' || node_->text[0] == 'T' ? "true" : "false"; return;
        case plain_meaning::null: out += "null"; return;
      }
      return;
    }
    case kind::sequence:
      out += '[';
      for (std::size_t i = 0; i < node_->items.size(); ++i) {
        if (i != 0) out += ',';
        new_line(indent + 1);
        node_->items[i].append_json(out, indent + 1);
      }
      if (!node_->items.empty()) new_line(indent);
      out += ']';
      return;
    case kind::mapping:
      out += '{';
      for (std::size_t i = 0; i < node_->entries.size(); ++i) {
        if (i != 0) out += ',';
        new_line(indent + 1);
        append_json_string(out, node_->entries[i].first);
        out += ": ";
        node_->entries[i].second.append_json(out, indent + 1);
      }
      if (!node_->entries.empty()) new_line(indent);
      out += '}';
      return;
  }
}

bool operator==(const config& a, const config& b) {
  if (a.node_ == b.node_) return true;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case config::kind::null: return true;
    case config::kind::scalar: {
      if (a.node_->text != b.node_->text) return false;
      return a.quoted() == b.quoted() || meaning_of_plain(a.node_->text) == plain_meaning::text;
    }
    case config::kind::sequence: return a.node_->items == b.node_->items;
    case config::kind::mapping: return a.node_->entries == b.node_->entries;
  }
  return false;
}

config_reader::config_reader(config mapping, std::string path) : mapping_(std::move(mapping)), path_(std::move(path)) {
  static_cast<void>(mapping_.entries(path_.empty() ? "the configuration" : std::string_view(path_)));
}

std::string config_reader::path(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const config* config_reader::find(std::string_view key) {
  asked_.emplace_back(key);
  const config* found = mapping_.find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

const config& config_reader::require(std::string_view key) {
  if (const config* found = find(key)) return *found;
  mapping_.fail((path_.empty() ? std::string() : path_ + ": ") + "'" + std::string(key) + "' is missing");
}

void config_reader::finish() const {
  const auto& entries = mapping_.entries(path_);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string& key = entries[i].first;
    if (std::ranges::find(asked_, key) != asked_.end()) continue;
    const std::vector<std::string_view> known(asked_.begin(), asked_.end());
    const std::string_view near = nearest(key, known);
    std::string hint;
    if (!near.empty()) {
      hint = "did you mean '" + std::string(near) + "'?";
    } else if (key == "<<") {
      hint = "merge keys are not supported; write the settings out";
    } else if (!known.empty()) {
      hint = "known here: " + list_of(known);
    }
    throw input_error(mapping_.key_place(i),
                      "unknown key " + shortened(key) + (path_.empty() ? std::string() : " in " + path_), hint);
  }
}

}  // namespace lakh
