#include <lakh/actions/http_expectation.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>

namespace lakh::actions {

http_expectation::http_expectation(const config& expect, const load::template_scope& scope, const std::string& label) {
  read(expect, &scope, label);
}

void http_expectation::read(const config& expect, const load::template_scope* scope, const std::string& label) {
  if (expect.is_null()) return;
  config_reader reader(expect, "expect");
  if (const config* status = reader.find("status")) {
    const auto add = [&](const config& one) {
      statuses_.push_back(static_cast<int>(one.integer("expect.status", 100, 999)));
    };
    if (status->is_sequence())
      for (const config& one : status->items("expect.status")) add(one);
    else
      add(*status);
    if (statuses_.empty()) status->fail("expect.status names no status", "leave it out to accept any 2xx");
  }
  if (const config* wanted = reader.find("headers"))
    for (const auto& [name, value] : wanted->entries("expect.headers")) {
      if (value.is_null())
        headers_.push_back({name, {}, true});
      else
        headers_.push_back({name, value_of(value, scope, label + "headers." + name), false});
    }
  if (const config* wanted = reader.find("json"))
    for (const auto& [path, value] : wanted->entries("expect.json")) {
      wanted_json one{json_path(path, value.place()), {"null", std::nullopt}, false};
      if (!value.is_null()) one.value = value_of(value, scope, label + "json." + path, &one.is_string);
      values_.push_back(std::move(one));
    }
  reader.finish();
}

http_expectation::wanted_value http_expectation::value_of(const config& value, const load::template_scope* scope,
                                                          const std::string& label, bool* is_string) {
  const std::string& written = value.text(label);
  if (is_string != nullptr) *is_string = value.quoted() || meaning_of_plain(written) == plain_meaning::text;
  if (scope == nullptr) return {written, std::nullopt};
  load::text_template text = load::text_template::from(value, load::text_format::plain, *scope, label);
  if (text.constant()) return {text.constant_text(), std::nullopt};
  if (is_string != nullptr) *is_string = text.type() == load::value_type::text;
  templates_.push_back(std::move(text));
  return {{}, templates_.size() - 1};
}

bool http_expectation::render(const load::render_input& item, std::vector<std::string>& values,
                              std::string& reason) const {
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

bool http_expectation::status_fits(int status) const noexcept {
  if (statuses_.empty()) return status >= 200 && status < 300;
  return std::ranges::find(statuses_, status) != statuses_.end();
}

bool http_expectation::fits(const wire::response_head& head, std::string_view body, std::string& why,
                            std::span<const std::string> values) const {
  if (!status_fits(head.status)) {
    why += "answered ";
    append_number(why, static_cast<std::uint64_t>(head.status));
    if (!head.reason.empty()) why.append(" ").append(head.reason);
    return false;
  }
  for (const wanted_header& wanted : headers_) {
    const auto value = head.fields.find(wanted.name);
    if (!value) {
      why += "the answer has no header " + wanted.name;
      return false;
    }
    if (!wanted.any_value && *value != wanted.value.of(values)) {
      why += "header " + wanted.name + " is '" + std::string(*value) + "', not '" + wanted.value.of(values) + "'";
      return false;
    }
  }
  for (const wanted_json& wanted : values_) {
    const json_raw found = wanted.path.raw(body);
    if (found.status != json_lookup::found) {
      why += found.status == json_lookup::absent ? "the answer has no " + wanted.path.text() : "the answer is not JSON";
      return false;
    }
    const std::string& text = wanted.value.of(values);
    bool equal = false;
    if (!wanted.is_string) {
      equal = found.text == text;
    } else if (found.text.size() >= 2 && found.text.front() == '"') {
      std::string said;
      equal = append_json_unescaped(said, found.text.substr(1, found.text.size() - 2)) && said == text;
    }
    if (!equal) {
      why += wanted.path.text() + " is " + std::string(found.text.substr(0, 80)) + ", not " +
             (wanted.is_string ? "\"" + text + "\"" : text);
      return false;
    }
  }
  return true;
}

}  // namespace lakh::actions
