#include <lakh/actions/wanted_text.hpp>
#include <lakh/core/json_text.hpp>

#include <utility>

namespace lakh::actions {

std::string shortened(std::string_view text) {
  std::size_t most = 80;
  if (text.size() <= most) return std::string(text);
  while (most != 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;  // a character stays whole
  return std::string(text.substr(0, most)) + "…";
}

std::string wanted_text::shown(std::span<const std::string> values) const {
  return shortened(instead_.empty() ? of(values) : instead_);
}

bool wanted_json::fits(std::string_view bytes, std::string_view name, std::string& why,
                       std::span<const std::string> values) const {
  const json_raw found = path_.raw(bytes);
  if (found.status != json_lookup::found) {
    why.append(name).append(found.status == json_lookup::absent ? " has no " + path_.text() : " is not JSON");
    return false;
  }
  const std::string& text = value_.of(values);
  bool equal = false;
  if (!is_string_)
    equal = found.text == text;
  else if (found.text.size() >= 2 && found.text.front() == '"')
    equal = json_string_equals(found.text.substr(1, found.text.size() - 2), text);
  if (equal) return true;
  why.append(path_.text()).append(" is ").append(shortened(found.text)).append(", not ");
  why.append(is_string_ ? "\"" + value_.shown(values) + "\"" : value_.shown(values));
  return false;
}

std::vector<wanted_json> wanted_reader::read_json(const config& values, const std::string& name,
                                                  const std::string& label) {
  std::vector<wanted_json> all;
  for (const auto& [path, value] : values.entries(name)) {
    wanted_json one(json_path(path, value.place()));
    if (value.is_null())
      one.value_.text_ = "null";
    else
      one.value_ = read(value, label + path, &one.is_string_);
    all.push_back(std::move(one));
  }
  return all;
}

wanted_text wanted_reader::read(const config& value, const std::string& label, bool* is_string) {
  wanted_text one;
  const std::string& written = value.text(label);
  if (is_string != nullptr) *is_string = value.quoted() || meaning_of_plain(written) == plain_meaning::text;
  if (scope_ == nullptr) {
    one.text_ = written;
    return one;
  }
  one.instead_ = secrets_->shown(written);
  load::text_template text = load::text_template::from(value, load::text_format::plain, *scope_, label);
  if (text.constant()) {
    one.text_ = text.constant_text();
    return one;
  }
  if (is_string != nullptr) *is_string = text.type() == load::value_type::text;
  one.varying_ = into_.templates_.size();
  into_.templates_.push_back(std::move(text));
  return one;
}

bool wanted_texts::render(const load::render_input& item, std::vector<std::string>& values, std::string& reason) const {
  values.resize(templates_.size());
  for (std::size_t i = 0; i < templates_.size(); ++i) {
    values[i].clear();
    if (const load::render_result result = templates_[i].render(item, values[i]); !result) {
      reason = templates_[i].explain(result);
      return false;
    }
  }
  return true;
}

}  // namespace lakh::actions
