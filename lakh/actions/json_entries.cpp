#include <lakh/actions/json_entries.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/json_text.hpp>

namespace lakh::actions {
namespace {

protocol_error no_json(const std::string& who) {
  return protocol_error(who + " gives an answer that is not JSON");
}

std::string_view text_at(const std::optional<json_path>& path, std::string_view entry, std::string& room) {
  if (!path) return {};
  const json_raw raw = path->raw(entry);
  if (raw.status != json_lookup::found || raw.text == "null") return {};
  if (raw.text.front() != '"') return raw.text;
  if (raw.text.find('\\') == std::string_view::npos) return raw.text.substr(1, raw.text.size() - 2);
  room.clear();
  return append_json_text(room, raw.text) ? std::string_view(room) : std::string_view();
}

}  // namespace

json_fields::json_fields(config_reader& read, const std::string& label) {
  if (const config* at = read.find("reference")) reference_.emplace(at->text(label + ".reference"), at->place());
  if (const config* at = read.find("digest")) digest_.emplace(at->text(label + ".digest"), at->place());
}

json_fields::values json_fields::reader::read(std::string_view entry) {
  values found;
  found.reference = text_at(fields_.reference_, entry, reference_);
  found.digest = text_at(fields_.digest_, entry, digest_);
  return found;
}

std::size_t for_each_entry(std::string_view document, const json_path& entries, const json_fields& fields,
                           const std::string& who, const std::function<void(const json_fields::values&)>& tell) {
  const json_raw array = entries.raw(document);
  if (array.status == json_lookup::malformed || array.status == json_lookup::too_deep) throw no_json(who);
  if (array.status == json_lookup::absent || array.text.front() != '[')
    throw protocol_error(who + " has no array at " + entries.text(),
                         "does `entries` in the plan name the right place?");
  json_fields::reader reader(fields);
  std::size_t count = 0;
  json_cursor in(array.text);
  in.take('[');
  in.skip_space();
  while (!in.take(']')) {
    std::string_view entry;
    if (in.value(entry) != json_status::ok) throw no_json(who);
    in.skip_space();
    in.take(',');
    in.skip_space();
    tell(reader.read(entry));
    ++count;
  }
  return count;
}

std::string_view checked_document(std::string_view document, const std::string& who) {
  if (check_json(document) != json_status::ok) throw no_json(who);
  return document;
}

}  // namespace lakh::actions
